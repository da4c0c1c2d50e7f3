"""Files in a request: bytes, addresses, and files in Google's store."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.chat.parts import AudioPart, DocumentPart, ImagePart, UploadedPart
from llmring.dialects.gemini.decode_media import decode_media
from llmring.dialects.request_decoding import RequestFormatError


def inline(kind: str, data: str = "aGk=", **further: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": kind, "data": data, **further}}


def linked(address: str, kind: str | None = None, **further: Any) -> dict[str, Any]:
    return {"fileData": {"fileUri": address, "mime_type": kind, **further}}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (inline("image/png"), ImagePart(data="aGk=", media_type="image/png")),
        (inline("audio/wav"), AudioPart("aGk=", "audio/wav")),
        (inline("application/pdf"), DocumentPart(data="aGk=")),
        (
            inline("text/plain", displayName="a.txt"),
            DocumentPart(data="aGk=", media_type="text/plain", name="a.txt"),
        ),
        (
            linked("https://a.example/b", "image/jpeg"),
            ImagePart(url="https://a.example/b", media_type="image/jpeg"),
        ),
        (linked("https://a.example/b"), ImagePart(url="https://a.example/b")),
        (linked("https://a.example/b.pdf?c"), DocumentPart(url="https://a.example/b.pdf?c")),
        (
            linked("https://a.example/b.mp3"),
            DocumentPart(url="https://a.example/b.mp3", media_type="audio/mp3"),
        ),
    ],
)
def test_a_file_that_any_api_may_read(part: dict[str, Any], expected: Any) -> None:
    assert decode_media(part, "") == (expected, False)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            linked("https://generativelanguage.googleapis.com/v1beta/files/a", "video/mp4"),
            UploadedPart("https://generativelanguage.googleapis.com/v1beta/files/a", "video/mp4"),
        ),
        (linked("gs://bucket/a", "image/png"), UploadedPart("gs://bucket/a", "image/png")),
        (linked("https://youtu.be/x"), DocumentPart(url="https://youtu.be/x")),
    ],
)
def test_a_file_that_google_alone_reads(part: dict[str, Any], expected: Any) -> None:
    assert decode_media(part, "") == (expected, True)


@pytest.mark.parametrize(
    ("data", "expected"), [("-_-_", "+/+/"), ("aGk", "aGk="), ("-_8", "+/8="), ("", "")]
)
def test_base64_of_any_alphabet_becomes_the_usual_one(data: str, expected: str) -> None:
    found, _ = decode_media(inline("image/png", data), "")

    assert found == ImagePart(data=expected, media_type="image/png")


@pytest.mark.parametrize(
    "part",
    [
        {"text": "a"},
        {**inline("video/mp4"), "videoMetadata": {"fps": 1}},
        inline("image/png", brandNew=1),
        linked("https://a.example/b", brandNew=1),
    ],
)
def test_a_part_with_other_fields_is_no_plain_file(part: dict[str, Any]) -> None:
    assert decode_media(part, "") == (None, False)


@pytest.mark.parametrize(
    ("part", "field"),
    [
        (inline(""), "p.inlineData.mimeType"),
        ({"inlineData": {"mimeType": "image/png"}}, "p.inlineData.data"),
        (inline("image/png", "no base64!"), "p.inlineData.data"),
        (linked(""), "p.fileData.fileUri"),
        ({"inlineData": "aGk="}, "p.inlineData"),
    ],
)
def test_an_incomplete_file_is_an_error_at_its_path(part: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        decode_media(part, "p")

    assert caught.value.field == field
