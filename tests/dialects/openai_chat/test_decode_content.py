"""The content of messages that clients send to Chat Completions."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    Part,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.dialects.openai_chat.decode_content import content_of, part_of
from llmring.dialects.request_decoding import RequestFormatError

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(8)).decode()
PDF = base64.b64encode(b"%PDF-1.7\n").decode()


def read(block: Any) -> tuple[Part, list[str]]:
    required: list[str] = []
    return part_of(block, "messages.0.content.2", required), required


def test_content_of_one_plain_text_is_that_text() -> None:
    assert content_of([{"type": "text", "text": "Hi"}], "content", []) == "Hi"


def test_content_that_has_more_than_a_text_is_parts() -> None:
    mark = {"type": "ephemeral", "ttl": "1h"}
    marked = {"type": "text", "text": "Hi", "cache_control": mark}

    assert content_of([marked], "content", []) == [TextPart("Hi", mark)]
    assert content_of([marked, "you"], "content", []) == [TextPart("Hi", mark), TextPart("you")]


def test_no_parts_are_no_text() -> None:
    assert content_of([], "content", []) == ""


@pytest.mark.parametrize("value", [5, {"type": "text", "text": "Hi"}, True])
def test_content_of_another_form_is_an_error(value: Any) -> None:
    with pytest.raises(RequestFormatError) as caught:
        content_of(value, "messages.0.content", [])

    assert caught.value.field == "messages.0.content"


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "text", "text": "Hi"}, TextPart("Hi")),
        ({"type": "text", "text": "Hi", "cache_control": None}, TextPart("Hi")),
        (
            {"type": "image_url", "image_url": {"url": "https://x.org/a.png", "detail": "low"}},
            ImagePart(url="https://x.org/a.png", detail="low"),
        ),
        ({"type": "image_url", "image_url": "https://x.org/a"}, ImagePart(url="https://x.org/a")),
        (
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            ImagePart(data=PNG, media_type="image/png"),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            AudioPart("AAAA", "audio/mpeg"),
        ),
        (
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
            },
            DocumentPart(data=PDF, name="a.pdf"),
        ),
        (
            {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
            ReasoningPart("Hm", dialect="openai_chat"),
        ),
        ({"type": "input_text", "text": "Hi"}, TextPart("Hi")),
        (
            {"type": "input_image", "image_url": "https://x.org/a.png"},
            ImagePart(url="https://x.org/a.png"),
        ),
    ],
)
def test_a_part_is_read(block: dict[str, Any], part: Part) -> None:
    assert read(block) == (part, [])


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (PDF, "scan", "application/pdf"),
        (base64.b64encode(b"a,b\n").decode(), "table.CSV", "text/csv"),
        (base64.b64encode(b"\0\1").decode(), None, "application/pdf"),
    ],
)
def test_the_type_of_a_file_without_one_is_found(data: str, name: str | None, kind: str) -> None:
    part, _ = read({"type": "file", "file": {"file_data": data, "filename": name}})

    assert part == DocumentPart(data=data, media_type=kind, name=name)


def test_a_stored_file_is_for_the_same_api_alone() -> None:
    assert read({"type": "file", "file": {"file_id": "file-1", "file_data": None}}) == (
        UploadedPart("file-1", "application/pdf"),
        ["messages.0.content.2"],
    )


def test_an_explicit_breakpoint_of_the_cache_is_a_mark() -> None:
    block = {"type": "text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}}

    assert read(block) == (TextPart("Hi", {"type": "ephemeral"}), [])


def test_an_unknown_part_is_kept_for_the_same_api_alone() -> None:
    block = {"type": "video_url", "video_url": {"url": "https://x.org/a.mp4"}}

    assert read(block) == (ProviderPart("openai_chat", block), ["messages.0.content.2"])


def test_a_part_in_the_library_s_own_form_is_not_one_of_the_api() -> None:
    block = {"type": "text", "text": "Hi", "part": "provider", "dialect": "anthropic"}

    assert read(block) == (TextPart("Hi"), [])


@pytest.mark.parametrize(
    "block",
    [
        5,
        [],
        {"text": "Hi"},
        {"type": 5},
        {"type": "text"},
        {"type": "text", "text": 5},
        {"type": "text", "text": None},
        {"type": "text", "text": "Hi", "cache_control": "yes"},
        {"type": "image_url"},
        {"type": "image_url", "image_url": {"url": 5}},
        {"type": "image_url", "image_url": {"url": "ftp://x.org"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,?"}},
        {"type": "image_url", "image_url": {"url": "https://x.org", "detail": 5}},
        {"type": "input_audio", "input_audio": {"data": 5, "format": "wav"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA"}},
        {"type": "file", "file": {}},
        {"type": "file", "file": "a"},
        {"type": "file", "file": {"file_data": "?"}},
        {"type": "file", "file": {"file_id": 5}},
        {"type": "image", "source": {"type": "base64", "data": 5, "media_type": []}},
    ],
)
def test_a_part_of_another_form_is_an_error(block: Any) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(block)

    assert str(caught.value.field).startswith("messages.0.content.2")
