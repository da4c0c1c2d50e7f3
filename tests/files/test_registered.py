"""Files of requests: registered files with their copies at providers, and paths."""

import asyncio
import hashlib
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import (
    LLMRequest,
    LLMRing,
    Message,
    MissingFileError,
    NoUsableModelError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnsupportedFeatureError,
    ValidationError,
)
from llmring.clock import SYSTEM
from llmring.files import uploads
from llmring.providers.table import PROVIDERS
from llmring.schemas import UploadedPart
from loopback import Answer, Loopback, Pause, as_json

Serve = Callable[..., Loopback]

PDF = b"%PDF-1.4\n" + bytes(range(16))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)

OPENAI = "openai:gpt-4o-mini"
ANTHROPIC = "anthropic:claude-haiku-4-5"
GOOGLE = "google:gemini-2.5-flash"
GONE = as_json({"deleted": True})


def kept(id_: str = "file-1") -> Answer:
    return as_json({"id": id_})


def gemini(text: str = "from google") -> Answer:
    candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": "STOP"}
    return as_json({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 1}})


def at_google(state: str = "ACTIVE", name: str = "abc") -> dict[str, Any]:
    uri = f"https://generativelanguage.googleapis.com/v1beta/files/{name}"
    return {"name": f"files/{name}", "uri": uri, "state": state, "mimeType": "video/mp4"}


def ring_for(lockfile_path: Path | None = None, **servers: Loopback) -> LLMRing:
    environ = {"LLMRING_RETRIES": "0"}
    for name, server in servers.items():
        row = PROVIDERS[name]
        environ[row.key_env[0]] = f"key-of-{name}-0123456789"
        environ[row.base_url_env[0]] = server.url + ("/v1" if name == "openai" else "")
    return LLMRing(lockfile_path, environ=environ)


def sent(server: Loopback) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in server.requests]


CHAT = ("POST", "/v1/chat/completions")
UPLOAD = ("POST", "/v1/files")


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(PDF)
    return path


# Registering


def test_R46_registering_gives_an_id_and_sends_nothing(pdf: Path) -> None:
    ring = LLMRing(environ={})

    id_ = ring.register_file(pdf)

    assert id_.startswith("llmring-file-")
    assert uuid.UUID(id_.removeprefix("llmring-file-")).version == 4


def test_R47_registered_files_are_listed_with_what_is_known_of_them(pdf: Path) -> None:
    ring = LLMRing(environ={})
    first, second = ring.register_file(str(pdf)), ring.register_file(pdf, file_id="mine")

    listed = ring.list_registered_files()

    assert [each["id"] for each in listed] == [first, second] == [first, "mine"]
    assert listed[0].file_path == listed[0]["file_path"] == str(pdf)
    assert listed[0]["content_hash"] == hashlib.sha256(PDF).hexdigest()
    assert listed[0]["uploads"] == {}
    assert SYSTEM.now() - listed[0]["registered_at"] < timedelta(minutes=1)
    assert dict(listed[0])["media_type"] == "application/pdf"
    assert (listed[0].size, "name" in listed[0]) == (len(PDF), False)
    with pytest.raises(KeyError):
        listed[0]["name"]


def test_R46_a_missing_file_is_not_registered(tmp_path: Path) -> None:
    ring = LLMRing(environ={})

    with pytest.raises(FileNotFoundError, match="no file"):
        ring.register_file(tmp_path / "nothing.pdf")

    assert ring.list_registered_files() == []


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_folders_and_empty_files_are_not_registered(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "thing")

    with pytest.raises(ValidationError):
        LLMRing(environ={}).register_file(tmp_path / "thing")


@pytest.mark.parametrize("file_id", ["mine", ""])
def test_an_invalid_id_is_refused(pdf: Path, file_id: str) -> None:
    ring = LLMRing(environ={})
    ring.register_file(pdf, "mine")

    with pytest.raises(ValidationError, match="ID"):
        ring.register_file(pdf, file_id)


def test_a_file_stays_known_when_the_working_folder_changes(
    serve: Serve, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = ring_for(openai=serve(kept(), answers.openai()))
    monkeypatch.chdir(pdf.parent)
    id_ = ring.register_file("report.pdf")
    monkeypatch.chdir("/")

    assert ring.chat(OPENAI, messages="What?", files=[id_]).content == "from openai"


# Registered files in calls


def test_R48_a_registered_file_is_uploaded_with_the_first_call_and_only_then(
    way: Way, serve: Serve, pdf: Path
) -> None:
    server = serve(kept("file-9"), answers.openai())
    ring = ring_for(openai=server)
    id_ = ring.register_file(pdf)
    request = LLMRequest(model=OPENAI, messages="What?", files=[id_])

    first, second = way.chat(ring, request), way.chat(ring, request)

    assert first.content == second.content == "from openai"
    assert sent(server) == [UPLOAD, CHAT, CHAT]
    [message] = server.requests[2].json["messages"]
    assert message["content"][0] == {"type": "file", "file": {"file_id": "file-9"}}
    assert message["content"][1]["text"] == "What?"
    assert ring.list_registered_files()[0].uploads == {"openai": "file-9"}


def test_a_registered_file_is_uploaded_for_a_stream_too(way: Way, serve: Serve, pdf: Path) -> None:
    server = serve(kept(), answers.openai_stream("a", "b"))
    ring = ring_for(openai=server)

    chunks = way.stream(ring, OPENAI, messages="What?", files=[ring.register_file(pdf)])

    assert "".join(chunk.delta for chunk in chunks) == "ab"
    assert sent(server) == [UPLOAD, CHAT]


def test_R48_the_caller_s_request_is_never_changed(serve: Serve, pdf: Path) -> None:
    ring = ring_for(openai=serve(kept(), answers.openai()))
    message = Message("user", "What?")
    request = LLMRequest(model=OPENAI, messages=[message], files=[ring.register_file(pdf)])
    before = (list(request.files or ()), message.content)

    ring.chat(request).result()

    assert (request.files, message.content, request.messages) == (*before, [message])


def test_files_go_before_the_text_of_the_last_message_from_the_user(
    serve: Serve, pdf: Path
) -> None:
    server = serve(answers.openai())
    turns = [
        Message("user", "one"),
        Message("assistant", "two"),
        Message("user", "three"),
        Message("assistant", "four"),
    ]

    ring_for(openai=server).chat(OPENAI, messages=turns, files=[pdf])

    contents = [message["content"] for message in server.requests[0].json["messages"]]
    assert [contents[0], contents[1], contents[3]] == ["one", "two", "four"]
    assert [part["type"] for part in contents[2]] == ["file", "text"]


def test_files_need_a_message_from_the_user(pdf: Path) -> None:
    ring = LLMRing(environ={"OPENAI_API_KEY": "k"})

    with pytest.raises(ValidationError, match="message from the user"):
        ring.chat(OPENAI, messages=[Message("system", "Be brief.")], files=[pdf])


def test_R48_an_id_that_is_not_registered_is_a_value_error() -> None:
    ring = LLMRing(environ={"OPENAI_API_KEY": "k"})

    with pytest.raises(ValueError, match="no file is registered as 'llmring-file-x'") as caught:
        ring.chat(OPENAI, messages="What?", files=["llmring-file-x"])

    assert isinstance(caught.value, MissingFileError)


def test_an_image_is_sent_as_bytes_if_the_api_takes_no_reference(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "photo.png").write_bytes(PNG)
    server = serve(answers.openai())
    ring = ring_for(openai=server)

    ring.chat(OPENAI, messages="?", files=[ring.register_file(tmp_path / "photo.png")])

    assert sent(server) == [CHAT]
    [message] = server.requests[0].json["messages"]
    assert message["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")


def test_a_server_that_keeps_no_files_gets_the_bytes(
    serve: Serve, pdf: Path, tmp_path: Path
) -> None:
    server = serve(answers.openai())
    path = tmp_path / "llmring.lock"
    path.write_text(
        'version = "1.0"\n[providers.mine]\nkind = "openai"\n'
        f'base_url = "{server.url}/v1"\n[profiles.default]\n'
    )
    ring = LLMRing(path, environ={})

    ring.chat("mine:any", messages="?", files=[ring.register_file(pdf)])

    assert sent(server) == [CHAT]
    assert "file_data" in server.requests[0].json["messages"][0]["content"][0]["file"]


def test_each_provider_of_the_walk_gets_a_copy_of_its_own(
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
            asked = [ring.chat(OPENAI, messages="What?", files=[id_]) for _ in range(5)]
            return [answer.content for answer in await asyncio.gather(*asked)]

    assert asyncio.run(calls()) == 5 * ["from openai"]
    assert sorted(sent(server)) == sorted([UPLOAD, *5 * [CHAT]])


def test_threads_and_event_loops_share_one_upload(serve: Serve, pdf: Path) -> None:
    server = serve(Answer([Pause(0.2), *kept().steps]), answers.openai())
    ring = ring_for(openai=server)
    id_ = ring.register_file(pdf)

    async def ask() -> str:
        return (await ring.chat(OPENAI, messages="What?", files=[id_])).content

    with ThreadPoolExecutor() as threads:
        asked = [threads.submit(asyncio.run, ask()) for _ in range(3)]
        plain = threads.submit(lambda: ring.chat(OPENAI, messages="?", files=[id_]).content)

    assert [each.result() for each in (*asked, plain)] == 4 * ["from openai"]
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
            asked = [ring.chat(OPENAI, messages="What?", files=[id_]) for _ in range(3)]
            return await asyncio.gather(*asked, return_exceptions=True)

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


# Paths


def test_a_path_is_sent_as_bytes_and_nothing_is_kept(way: Way, serve: Serve, pdf: Path) -> None:
    server = serve(answers.openai())
    ring = ring_for(openai=server)

    way.chat(ring, OPENAI, messages="What?", files=[pdf, str(pdf)])

    assert sent(server) == [CHAT]
    parts = server.requests[0].json["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["file", "file", "text"]
    assert parts[0]["file"]["filename"] == "report.pdf"
    assert ring.list_registered_files() == []


def test_a_single_path_needs_no_list(serve: Serve, pdf: Path) -> None:
    server = serve(answers.openai())

    ring_for(openai=server).chat(OPENAI, messages="What?", files=str(pdf))

    assert server.requests[0].json["messages"][0]["content"][0]["type"] == "file"


def test_a_path_that_is_too_large_is_not_even_read(
    serve: Serve, tmp_path: Path, lockfile: Callable[..., Path]
) -> None:
    path = tmp_path / "huge.pdf"
    with path.open("wb") as file:
        file.write(PDF)
        file.truncate(10 * 2**30)
    ring = ring_for(
        lockfile(a=[OPENAI, ANTHROPIC, GOOGLE]),
        **{name: serve() for name in ("openai", "anthropic", "google")},
    )

    with pytest.raises(NoUsableModelError) as caught:
        ring.chat("a", messages="What?", files=[path])

    assert [attempt.outcome for attempt in caught.value.attempts] == 3 * ["skipped"]
    assert all("too large" in (attempt.reason or "") for attempt in caught.value.attempts)


def test_a_file_too_large_for_a_request_can_be_a_registered_file(
    serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"x" * (33 * 2**20))
    server = serve(kept(), answers.anthropic())
    ring = ring_for(anthropic=server)
    with pytest.raises(UnsupportedFeatureError, match=r"at most 32\.0 MB"):
        ring.chat(ANTHROPIC, messages="What?", files=[path])

    answer = ring.chat(ANTHROPIC, messages="What?", files=[ring.register_file(path)])

    assert answer.content == "from anthropic"
    assert len(server.requests[0].body) > 33 * 2**20


# Deregistering


def test_R47_deregistering_removes_the_copies_of_all_providers(
    serve: Serve, pdf: Path, lockfile: Callable[..., Path]
) -> None:
    at_anthropic = serve(kept("file_a"), as_json({}, 529), GONE)
    at_openai = serve(kept("file-o"), answers.openai(), GONE)
    ring = ring_for(lockfile(reader=[ANTHROPIC, OPENAI]), anthropic=at_anthropic, openai=at_openai)
    id_ = ring.register_file(pdf)
    ring.chat("reader", messages="What?", files=[id_])

    async def deregister() -> bool:
        async with ring:
            return await ring.deregister_file(id_)

    assert asyncio.run(deregister()) is True
    assert sent(at_anthropic)[-1] == ("DELETE", "/v1/files/file_a")
    assert sent(at_openai)[-1] == ("DELETE", "/v1/files/file-o")
    assert ring.list_registered_files() == []


def test_R47_deregistering_works_from_synchronous_code(serve: Serve, pdf: Path) -> None:
    server = serve(kept(), answers.openai(), GONE)
    ring = ring_for(openai=server)
    id_ = ring.register_file(pdf)
    ring.chat(OPENAI, messages="What?", files=[id_])

    ended = ring.deregister_file(id_)

    assert sent(server)[-1] == ("DELETE", "/v1/files/file-1")
    assert ended
    assert ended.result() is True
    assert not ring.deregister_file(id_)


def test_a_copy_that_can_not_be_removed_is_logged(
    serve: Serve, pdf: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ring = ring_for(openai=serve(kept(), answers.openai(), answers.openai_error(500, "not now")))
    id_ = ring.register_file(pdf)
    ring.chat(OPENAI, messages="What?", files=[id_])

    with caplog.at_level(logging.WARNING, "llmring"):
        assert ring.deregister_file(id_)

    assert "openai could not remove the file file-1: 500 server_error not now" in caplog.text


def test_calls_without_files_load_nothing_for_them(serve: Serve) -> None:
    ring = ring_for(openai=serve(answers.openai()))

    ring.chat(OPENAI, messages="Hello")

    assert ring._files_ is None


def test_a_file_is_not_uploaded_for_a_model_that_can_not_read_it(
    serve: Serve, tmp_path: Path, lockfile: Callable[..., Path]
) -> None:
    (tmp_path / "photo.png").write_bytes(PNG)
    server = serve()
    ring = ring_for(lockfile(a=["openai:gpt-3.5-turbo"]), openai=server)

    with pytest.raises(NoUsableModelError, match="no vision"):
        ring.chat("a", messages="?", files=[ring.register_file(tmp_path / "photo.png")])

    assert server.requests == []


def test_an_uploaded_file_can_be_part_of_a_message(serve: Serve) -> None:
    server = serve(answers.anthropic())
    photo = UploadedPart("file_1", "image/png")

    ring_for(anthropic=server).chat(ANTHROPIC, messages=[Message("user", [photo, "What?"])])

    [request] = server.requests
    assert request.json["messages"][0]["content"][0] == {
        "type": "image",
        "source": {"type": "file", "file_id": "file_1"},
    }
    assert request.headers["anthropic-beta"] == "files-api-2025-04-14"


def test_a_text_can_be_read_by_a_model_that_takes_no_documents(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("Buy milk.")
    server = serve(answers.openai())
    ring = ring_for(openai=server)

    ring.chat("openai:gpt-3.5-turbo", messages="?", files=[tmp_path / "notes.txt"])

    [message] = server.requests[0].json["messages"]
    assert "Buy milk." in message["content"][0]["text"]
