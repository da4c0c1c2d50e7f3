"""Parts of a message from a path, from bytes and from a URL."""

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from llmring import LLMRing, Message, MissingFileError, ValidationError, attachment
from llmring.chat.parts import AudioPart, DocumentPart, ImagePart
from loopback import Loopback
from rings import MODEL, ring_at

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
PDF = b"%PDF-1.4\n" + bytes(range(8))


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_an_image_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "photo.bin"
    path.write_bytes(PNG)

    expected = ImagePart(data=in_base64(PNG), media_type="image/png")
    assert attachment(path) == attachment(str(path)) == expected


def test_a_relative_path_is_looked_up_from_the_working_folder() -> None:
    Path("notes.md").write_text("# Notes")

    assert attachment("notes.md") == DocumentPart(
        data=in_base64(b"# Notes"), media_type="text/markdown", name="notes.md"
    )


def test_the_type_of_bytes_is_detected_from_their_beginning() -> None:
    assert attachment(bytearray(PDF)) == DocumentPart(
        data=in_base64(PDF), media_type="application/pdf"
    )
    assert attachment(memoryview(b"RIFF....WAVE")) == AudioPart(
        in_base64(b"RIFF....WAVE"), "audio/wav"
    )


def test_a_given_type_and_name_are_used() -> None:
    part = attachment(b"a;b", media_type="text/csv; charset=utf-8", name="table.csv")

    assert part == DocumentPart(data=in_base64(b"a;b"), media_type="text/csv", name="table.csv")


def test_a_url_is_passed_on_and_nothing_is_loaded() -> None:
    assert attachment("https://example.com/a%20b.PNG?x=1#y") == ImagePart(
        url="https://example.com/a%20b.PNG?x=1#y", media_type="image/png"
    )
    assert attachment("http://example.com/file", media_type="application/pdf") == DocumentPart(
        url="http://example.com/file", media_type="application/pdf", name="file"
    )


@pytest.mark.parametrize("url", ["https://example.com/x", "https://example.com/song.mp3"])
def test_a_url_that_can_not_be_passed_on_is_refused_with_the_fix(url: str) -> None:
    with pytest.raises(ValidationError, match="images and documents can be given by URL"):
        attachment(url)


@pytest.mark.parametrize(
    ("url", "data", "media_type"),
    [
        (f"data:image/png;base64,{in_base64(PNG)}", PNG, "image/png"),
        ("data:text/csv;charset=utf-8,a%2Cb", b"a,b", "text/csv"),
        ("DATA:,hello", b"hello", "text/plain"),
    ],
)
def test_a_data_url_is_decoded(url: str, data: bytes, media_type: str) -> None:
    part = attachment(url)

    assert isinstance(part, ImagePart | DocumentPart)
    assert (part.data, part.media_type) == (in_base64(data), media_type)


@pytest.mark.parametrize("url", ["data:image/png;base64,§", "data:image/png", "data:;base64,"])
def test_a_malformed_data_url_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        attachment(url)


def test_a_missing_file_is_a_file_not_found_error_with_the_searched_folder() -> None:
    with pytest.raises(MissingFileError, match=r"no file 'photo\.png'.*looked up from") as caught:
        attachment("photo.png")

    assert isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.touch(), "no content"),
        (lambda path: path.write_bytes(b"\x80\x81"), "can't detect its type"),
    ],
)
def test_what_can_not_be_attached_is_refused_with_the_reason(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "thing"
    make(path)

    with pytest.raises(ValidationError, match=message):
        attachment(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("x")
    path.chmod(0)

    with pytest.raises(ValidationError, match="Permission denied"):
        attachment(path)


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_an_impossible_path_is_refused_with_a_short_message(path: str) -> None:
    with pytest.raises(ValidationError) as caught:
        attachment(path)

    assert len(str(caught.value)) < 400


def test_empty_bytes_are_refused() -> None:
    with pytest.raises(ValidationError, match="no content"):
        attachment(b"")


def test_an_invalid_media_type_is_refused() -> None:
    with pytest.raises(ValidationError, match='use a type like "image/png"'):
        attachment(b"x", media_type="png")


def test_an_attachment_can_be_mixed_with_texts(serve: Callable[..., Loopback]) -> None:
    server = serve(answers.openai())

    ring_at(server).chat(MODEL, messages=[Message("user", ["What is this?", attachment(PNG)])])

    [message] = server.requests[0].json["messages"]
    assert message["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{in_base64(PNG)}"}},
    ]


def test_a_large_attachment_is_sent_without_a_warning(serve: Callable[..., Loopback]) -> None:
    server = serve(answers.openai())
    image = PNG + bytes(3 * 2**20)

    ring_at(server).chat(MODEL, messages=[Message("user", [attachment(image)])])

    assert len(server.requests[0].body) > 4 * 2**20


def test_R6_too_large_an_attachment_is_not_sent_and_the_next_model_is_tried(
    serve: Callable[..., Loopback], lockfile: Callable[..., Path]
) -> None:
    server = serve(answers.openai())
    path = lockfile(vision=["anthropic:claude-haiku-4-5", MODEL])
    ring = LLMRing(
        path,
        environ={
            "ANTHROPIC_API_KEY": "k",
            "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
            "OPENAI_API_KEY": "k",
            "OPENAI_BASE_URL": f"{server.url}/v1",
        },
    )
    image = PNG + bytes(8 * 2**20)

    answer = ring.chat("vision", messages=[Message("user", ["What?", attachment(image)])])

    assert [attempt.outcome for attempt in answer.attempts] == ["skipped", "ok"]
    assert answer.attempts[0].reason == (
        "too large for the provider: a file (image/png): 8.0 MB, at most 7.5 MB are allowed"
    )
