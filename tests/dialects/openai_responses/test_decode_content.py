"""The content of clients' messages as parts."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.chat.parts import (
    AudioPart,
    CommentaryPart,
    DocumentPart,
    ImagePart,
    Part,
    ProviderPart,
    TextPart,
    UploadedPart,
)
from llmring.dialects.openai_responses.decode_content import (
    UnknownContentError,
    answer_parts,
    parts_of,
)
from llmring.dialects.request_decoding import RequestFormatError

MARK = {"type": "ephemeral"}


def part(**block: Any) -> Part:
    parts = parts_of([block], "content", [])
    assert not isinstance(parts, str)
    [found] = parts
    return found


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"type": "input_text", "text": "a"}, TextPart("a")),
        ({"type": "output_text", "text": "a"}, TextPart("a")),
        ({"type": "refusal", "refusal": "No"}, TextPart("No")),
        (
            {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}},
            TextPart("a", MARK),
        ),
        ({"type": "input_text", "text": "a", "cache_control": MARK}, TextPart("a", MARK)),
        (
            {"type": "input_image", "image_url": "https://x.test/a", "file_id": None},
            ImagePart("https://x.test/a"),
        ),
        (
            {"type": "input_image", "image_url": "data:image/png;base64,QQ==", "detail": "high"},
            ImagePart(data="QQ==", media_type="image/png", detail="high"),
        ),
        (
            {
                "type": "input_file",
                "filename": "a.pdf",
                "file_data": "data:application/pdf;base64,QQ==",
            },
            DocumentPart(data="QQ==", name="a.pdf"),
        ),
        (
            {"type": "input_file", "file_url": "https://x.test/a.pdf", "detail": "low"},
            DocumentPart("https://x.test/a.pdf"),
        ),
        ({"type": "input_file", "file_id": "f"}, UploadedPart("f", "application/pdf")),
        ({"type": "input_image", "file_id": "f"}, UploadedPart("f", "image/*")),
        (
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}},
            AudioPart("QQ==", "audio/wav"),
        ),
    ],
)
def test_a_block_is_a_part(block: dict[str, Any], expected: Part) -> None:
    assert part(**block) == expected


def test_uploaded_files_are_required_of_the_api() -> None:
    required: list[str] = []
    parts_of([{"type": "input_file", "file_id": "f"}], "input.2.content", required)

    assert required == ["input.2.content.0"]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "input_video", "url": "x"},
        {"type": "input_image", "file_id": "f", "detail": "low"},
    ],
)
def test_a_block_that_parts_cannot_hold_is_unknown(block: dict[str, Any]) -> None:
    with pytest.raises(UnknownContentError, match=r"content\.0"):
        parts_of([block], "content", [])


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ({"text": "a"}, "content.0.type"),
        ({"type": "input_text"}, "content.0.text"),
        ({"type": "input_text", "text": 1}, "content.0.text"),
        ({"type": "input_image"}, "content.0.image_url"),
        ({"type": "input_image", "image_url": {"url": "x"}}, "content.0.image_url"),
        ({"type": "input_image", "image_url": "ftp://x"}, "content.0"),
        ({"type": "input_file", "filename": "a.pdf"}, "content.0.file_data"),
        ({"type": "input_file", "file_data": "QQ=="}, "content.0"),
        ({"type": "input_audio", "input_audio": {}}, "content.0.file_data"),
        ({"type": "input_audio", "input_audio": {"data": "QQ=="}}, "content.0"),
    ],
)
def test_a_faulty_block_is_named(block: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        parts_of([block], "content", [])

    assert caught.value.field == field


def test_an_answer_is_one_text_with_a_mark_only_if_it_has_more() -> None:
    pieces = [{"type": "output_text", "text": t, "annotations": []} for t in "ab"]

    assert answer_parts({"content": pieces}, "input.0") == [TextPart("ab")]
    assert answer_parts({"content": "a", "phase": "commentary"}, "input.0") == [
        CommentaryPart("a"),
        ProviderPart(
            "openai_responses", {"type": "message", "role": "assistant", "phase": "commentary"}
        ),
    ]
