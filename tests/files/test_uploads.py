"""Providers' copies of a registered file: uploaded when needed, shared, renewed and removed."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import answers
from files.file_servers import (
    ANTHROPIC,
    CHAT,
    GOOGLE,
    OPENAI,
    PDF,
    UPLOAD,
    at_google,
    gemini,
    kept,
    ring_for,
    sent,
)
from llmring import ProviderResponseError, ProviderTimeoutError
from llmring.files import uploads
from loopback import Answer, Loopback, Pause, as_json

Serve = Callable[..., Loopback]


def test_each_provider_of_the_failover_gets_a_copy_of_its_own(
    serve: Serve, pdf: Path, lockfile: Callable[..., Path]
) -> None:
    at_anthropic = serve(kept("file_a"), as_json({"error": {"message": "busy"}}, 529))
    at_openai = serve(kept("file-o"), answers.openai())
    ring = ring_for(lockfile(reader=[ANTHROPIC, OPENAI]), anthropic=at_anthropic, openai=at_openai)

    answer = ring.chat("reader", messages="What?", files=[ring.register_file(pdf)])

    assert [attempt.outcome for attempt in answer.attempts] == ["failed", "ok"]
    [block, _] = at_anthropic.requests[1].json["messages"][0]["content"]
    assert block["source"] == {"type": "file", "file_id": "file_a"}
    assert ring.list_registered_files()[0].uploads == {"anthropic": "file_a", "openai": "file-o"}


@pytest.mark.parametrize("status", [400, 401, 413, 429, 500])
def test_an_upload_that_fails_fails_its_attempt_and_the_next_model_is_asked(
    serve: Serve, pdf: Path, lockfile: Callable[..., Path], status: int
) -> None:
    at_anthropic = serve(
        as_json({"type": "error", "error": {"type": "some_error", "message": "no"}}, status)
    )
    at_openai = serve(kept(), answers.openai())
    ring = ring_for(lockfile(reader=[ANTHROPIC, OPENAI]), anthropic=at_anthropic, openai=at_openai)

    answer = ring.chat("reader", messages="What?", files=[ring.register_file(pdf)])

    first = answer.attempts[0]
    assert (first.outcome, first.status) == ("failed", status)
    assert (first.reason or "").startswith("the upload of 'report.pdf' failed: ")
    assert len(at_anthropic.requests) == 1


def test_an_upload_that_failed_is_tried_again_by_the_next_call(serve: Serve, pdf: Path) -> None:
    server = serve(answers.openai_error(500), kept(), answers.openai())
    ring = ring_for(openai=server)
    id_ = ring.register_file(pdf)

    with pytest.raises(ProviderResponseError, match="upload"):
        ring.chat(OPENAI, messages="What?", files=[id_])

    assert ring.chat(OPENAI, messages="What?", files=[id_]).content == "from openai"


def test_an_upload_has_the_time_of_its_attempt(serve: Serve, pdf: Path) -> None:
    ring = ring_for(openai=serve(Answer([Pause(30), b"{}"])))

    with pytest.raises(ProviderTimeoutError):
        ring.chat(OPENAI, messages="?", files=[ring.register_file(pdf)], timeout=0.2)


def test_errors_of_an_upload_hide_the_key(serve: Serve, pdf: Path) -> None:
    server = serve(answers.openai_error(401, "bad key key-of-openai-0123456789"))
    ring = ring_for(openai=server)

    with pytest.raises(Exception, match="upload") as caught:
        ring.chat(OPENAI, messages="?", files=[ring.register_file(pdf)])

    assert "key-of-openai" not in str(caught.value)


# Changed files


def test_R48_changed_content_is_uploaded_again_and_the_old_copy_removed(
    serve: Serve, pdf: Path
) -> None:
    answer = answers.openai()
    server = serve(kept("file-1"), answer, kept("file-2"), kept("file-2"), answer)
    ring = ring_for(openai=server)
    id_ = ring.register_file(pdf)
    ring.chat(OPENAI, messages="What?", files=[id_])

    pdf.write_bytes(PDF + b"more")
    ring.chat(OPENAI, messages="What?", files=[id_])

    # Upload and removal run concurrently.
    assert sorted(sent(server)[2:4]) == [("DELETE", "/v1/files/file-1"), UPLOAD]
    assert server.requests[4].json["messages"][0]["content"][0]["file"] == {"file_id": "file-2"}
    [listed] = ring.list_registered_files()
    assert listed.content_hash == hashlib.sha256(PDF + b"more").hexdigest()
    assert listed.uploads == {"openai": "file-2"}


def test_a_file_that_was_touched_and_is_the_same_is_not_uploaded_again(
    serve: Serve, pdf: Path
) -> None:
    server = serve(kept(), answers.openai())
    ring = ring_for(openai=server)
    id_ = ring.register_file(pdf)
    ring.chat(OPENAI, messages="What?", files=[id_])

    pdf.write_bytes(PDF)
    ring.chat(OPENAI, messages="What?", files=[id_])

    assert sent(server) == [UPLOAD, CHAT, CHAT]


def test_a_registered_file_that_was_deleted_is_an_error(serve: Serve, pdf: Path) -> None:
    ring = ring_for(openai=serve(kept(), answers.openai()))
    id_ = ring.register_file(pdf)
    pdf.unlink()

    with pytest.raises(FileNotFoundError, match=r"report\.pdf"):
        ring.chat(OPENAI, messages="What?", files=[id_])


def test_R49_a_copy_that_google_has_deleted_is_uploaded_again(
    serve: Serve, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = as_json({"file": at_google()})
    server = serve(upload, gemini(), upload, gemini())
    ring = ring_for(google=server)
    id_ = ring.register_file(pdf)
    ring.chat(GOOGLE, messages="What?", files=[id_])

    later = time.time() + 48 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    ring.chat(GOOGLE, messages="What?", files=[id_])

    assert [path.partition(":")[0] for _, path in sent(server)] == 2 * [
        "/upload/v1beta/files",
        "/v1beta/models/gemini-2.5-flash",
    ]


# Concurrent calls


def test_calls_at_the_same_time_share_one_upload(serve: Serve, pdf: Path) -> None:
    server = serve(Answer([Pause(0.1), *kept().steps]), answers.openai())
    ring = ring_for(openai=server)
    id_ = ring.register_file(pdf)

    async def calls() -> list[str]:
        async with ring:
            request = [ring.chat(OPENAI, messages="What?", files=[id_]) for _ in range(5)]
            return [answer.content for answer in await asyncio.gather(*request)]

    assert asyncio.run(calls()) == 5 * ["from openai"]
    assert sorted(sent(server)) == sorted([UPLOAD, *5 * [CHAT]])


def test_threads_and_event_loops_share_one_upload(serve: Serve, pdf: Path) -> None:
    server = serve(Answer([Pause(0.2), *kept().steps]), answers.openai())
    ring = ring_for(openai=server)
    id_ = ring.register_file(pdf)

    async def ask() -> str:
        return (await ring.chat(OPENAI, messages="What?", files=[id_])).content

    with ThreadPoolExecutor() as threads:
        request = [threads.submit(asyncio.run, ask()) for _ in range(3)]
        plain = threads.submit(lambda: ring.chat(OPENAI, messages="?", files=[id_]).content)

    assert [each.result() for each in (*request, plain)] == 4 * ["from openai"]
    assert sent(server).count(UPLOAD) == 1


def test_if_the_uploading_call_is_cancelled_another_takes_over(serve: Serve, pdf: Path) -> None:
    server = serve(Answer([Pause(30)]), kept(), answers.openai())
    ring = ring_for(openai=server)
    id_ = ring.register_file(pdf)

    async def calls() -> str:
        async with ring:
            first = asyncio.create_task(ring.chat(OPENAI, messages="1", files=[id_]))
            await asyncio.to_thread(server.received)
            second = asyncio.create_task(ring.chat(OPENAI, messages="2", files=[id_]))
            await asyncio.sleep(0.05)
            first.cancel()
            return (await second).content

    assert asyncio.run(calls()) == "from openai"


def test_a_call_that_waits_for_another_s_upload_gets_its_failure(serve: Serve, pdf: Path) -> None:
    server = serve(Answer([Pause(0.2), *answers.openai_error(500, "down").steps], 500))
    ring = ring_for(openai=server)
    id_ = ring.register_file(pdf)

    async def calls() -> list[Any]:
        async with ring:
            request = [ring.chat(OPENAI, messages="What?", files=[id_]) for _ in range(3)]
            return await asyncio.gather(*request, return_exceptions=True)

    errors = asyncio.run(calls())

    assert {error.status for error in errors} == {500}
    assert len({id(error) for error in errors}) == 3
    assert sent(server) == [UPLOAD]


# Files that the provider prepares


def test_a_file_that_the_provider_prepares_is_waited_for(
    serve: Serve, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FIRST_LOOK_SECONDS", 0.01)
    server = serve(
        as_json({"file": at_google("PROCESSING")}),
        as_json(at_google("PROCESSING")),
        as_json(at_google("ACTIVE")),
        gemini(),
    )
    ring = ring_for(google=server)

    ring.chat(GOOGLE, messages="What?", files=[ring.register_file(pdf)])

    assert sent(server)[1:3] == 2 * [("GET", "/v1beta/files/abc")]
    [part, _] = server.requests[3].json["contents"][0]["parts"]
    assert part["fileData"]["fileUri"] == at_google()["uri"]


def test_a_file_that_is_not_ready_in_time_is_not_uploaded_again(
    serve: Serve, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FIRST_LOOK_SECONDS", 0.1)
    busy = as_json(at_google("PROCESSING"))
    server = serve(as_json({"file": at_google("PROCESSING")}), busy, busy, busy, busy)
    ring = ring_for(google=server)
    id_ = ring.register_file(pdf)
    with pytest.raises(ProviderTimeoutError, match="still preparing it"):
        ring.chat(GOOGLE, messages="What?", files=[id_], timeout=0.15)

    server.answers[:] = [as_json(at_google("ACTIVE")), gemini()]
    ring.chat(GOOGLE, messages="What?", files=[id_])

    assert [path for _, path in sent(server)].count("/upload/v1beta/files") == 1


def test_a_file_that_the_provider_can_not_read_is_an_error_and_forgotten(
    serve: Serve, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FIRST_LOOK_SECONDS", 0.01)
    failed = {**at_google("FAILED"), "error": {"code": 3, "message": "bad video"}}
    server = serve(as_json({"file": at_google("PROCESSING")}), as_json(failed))
    ring = ring_for(google=server)

    with pytest.raises(Exception, match="could not process the file: bad video"):
        ring.chat(GOOGLE, messages="What?", files=[ring.register_file(pdf)])

    assert ring.list_registered_files()[0].uploads == {}
