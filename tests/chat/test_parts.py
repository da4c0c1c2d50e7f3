"""The parts of a message, in every accepted form."""

from typing import Any

import pytest

from llmring import Message, ValidationError
from llmring.chat.parts import ProviderPart, ReasoningPart, UploadedPart
from llmring.schemas import DocumentPart, ImagePart, TextPart

PIXEL = "data:image/png;base64,iVBORw0KGgo="


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("Hi", TextPart("Hi")),
        ({"type": "text", "text": "Hi"}, TextPart("Hi")),
        (
            {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
            ImagePart(data="iVBORw0KGgo=", media_type="image/png", detail="low"),
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
            ImagePart(url="https://example.com/a.png"),
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "R"}},
            ImagePart(data="R", media_type="image/gif"),
        ),
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
            },
            DocumentPart(data="JVBERi0="),
        ),
        (
            {
                "type": "document",
                "source": {"type": "url", "url": "https://a.b/c", "media_type": "text/plain"},
            },
            DocumentPart(url="https://a.b/c", media_type="text/plain"),
        ),
        (
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}, "title": "It"},
            UploadedPart("file_1", "application/pdf", "It"),
        ),
        (
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            UploadedPart("file_1", "image/*"),
        ),
        (
            {"type": "file", "file": {"file_id": "file-1"}},
            UploadedPart("file-1", "application/pdf"),
        ),
        ({"type": "input_text", "text": "Hi"}, TextPart("Hi")),
        (
            {"type": "input_image", "image_url": "https://a.b/c.png", "detail": "low"},
            ImagePart(url="https://a.b/c.png", detail="low"),
        ),
        ({"type": "input_image", "file_id": "file-1"}, UploadedPart("file-1", "image/*")),
        (
            {"type": "input_file", "file_id": "file-1", "filename": "it.pdf"},
            UploadedPart("file-1", "application/pdf", "it.pdf"),
        ),
        (
            {"type": "input_file", "file_url": "https://a.b/c.pdf"},
            DocumentPart(url="https://a.b/c.pdf"),
        ),
        (
            {"type": "input_file", "filename": "a", "file_data": "data:text/plain;base64,SGk="},
            DocumentPart(data="SGk=", media_type="text/plain", name="a"),
        ),
        (
            {"type": "thinking", "thinking": "So.", "signature": "c2ln"},
            ReasoningPart("So.", "c2ln", dialect="anthropic"),
        ),
        (
            {"type": "redacted_thinking", "data": "gAAA"},
            ProviderPart("anthropic", {"type": "redacted_thinking", "data": "gAAA"}),
        ),
    ],
)
def test_R06_parts_in_the_vendors_formats_are_parsed(given: Any, part: Any) -> None:
    assert Message("user", [given]).parts == [part]


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"type": "hologram"}, "unknown content part type 'hologram'; use one of text"),
        ({"type": "image_url"}, "is incomplete"),
        ({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, r"not an image URL"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,%%"}}, "not base64"),
    ],
)
def test_an_invalid_part_is_refused_when_the_message_is_created(part: Any, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Message("user", [part])


def test_a_cache_mark_on_an_image_is_kept() -> None:
    mark = {"type": "ephemeral"}

    message = Message("user", [{"type": "image_url", "image_url": PIXEL, "cache_control": mark}])

    assert message.parts[0].cache_control == mark  # type: ignore[union-attr]
