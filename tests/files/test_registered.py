"""Files of requests: registered files, and paths."""

import asyncio
import hashlib
import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

import answers
from conftest import Way
from files.file_servers import (
    ANTHROPIC,
    CHAT,
    GONE,
    GOOGLE,
    OPENAI,
    PDF,
    PNG,
    UPLOAD,
    kept,
    ring_for,
    sent,
)
from llmring import (
    LLMRequest,
    LLMRing,
    Message,
    MissingFileError,
    NoUsableModelError,
    UnsupportedFeatureError,
    ValidationError,
)
from llmring.clock import SYSTEM
from llmring.schemas import UploadedPart
from loopback import Loopback, as_json

Serve = Callable[..., Loopback]


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
