"""Media types, detected from the first bytes."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.media import media_type_of, part_of, usual
from llmring.chat.parts import AudioPart, DocumentPart, ImagePart

BEGINNINGS = [
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
    (b"GIF89a\1\0\1\0", "image/gif"),
    (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
    (b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic"),
    (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
    (b"\r\n  %PDF-1.4\n", "application/pdf"),
    (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
    (b"ID3\4\0\0\0\0\0\0", "audio/mpeg"),
    (b"\xff\xfb\x90\x64\0\0", "audio/mpeg"),
    (b"\xff\xf1\x50\x80\0\0", "audio/aac"),
    (b"OggS\0\2\0\0", "audio/ogg"),
    (b"fLaC\0\0\0\x22", "audio/flac"),
    (b"\0\0\0\x20ftypM4A \0\0\0\0", "audio/mp4"),
    (b"\0\0\0\x20ftypisom\0\0\2\0", "video/mp4"),
    (b"\x1aE\xdf\xa3\x9fB\x86", "video/webm"),
    (b"Dear all,\n", "text/plain"),
    ("naïve".encode()[:3], "text/plain"),
    (b"\x80\x81\x82", None),
    (b"a\0b", None),
]


@pytest.mark.parametrize(("head", "media_type"), BEGINNINGS)
def test_the_type_is_detected_from_the_first_bytes(head: bytes, media_type: str | None) -> None:
    assert media_type_of(head) == media_type


@pytest.mark.parametrize(
    "head", [head for head, result in BEGINNINGS if result and result[0] in "iav"]
)
def test_the_bytes_take_precedence_over_the_name(head: bytes) -> None:
    assert media_type_of(head, "application/x-wrong") == media_type_of(head)


@pytest.mark.parametrize(
    ("head", "by_name", "media_type"),
    [
        (b"a,b\n1,2\n", "text/csv", "text/csv"),
        (b"{}", "application/json", "application/json"),
        (b"<svg/>", "image/svg+xml", "text/plain"),
        (b"const x = 1", "video/mp2t", "text/plain"),
        (b"PK\3\4\x14\0", "application/x-docx", "application/x-docx"),
        (b"\xff\xfeh\0i\0", "text/plain", None),
    ],
)
def test_the_name_decides_if_the_bytes_are_ambiguous(
    head: bytes, by_name: str, media_type: str | None
) -> None:
    assert media_type_of(head, by_name) == media_type


@given(st.binary(max_size=64), st.none() | st.sampled_from(["text/plain", "image/png"]))
def test_any_bytes_have_a_type_or_none(head: bytes, by_name: str | None) -> None:
    result = media_type_of(head, by_name)

    assert result is None or "/" in result


@given(st.text(min_size=1).filter(lambda text: "\0" not in text))
def test_text_in_no_other_format_is_plain_text(text: str) -> None:
    result = media_type_of(text.encode())

    assert result is not None


def test_media_types_are_normalized() -> None:
    assert usual("IMAGE/JPG; q=1") == "image/jpeg"
    assert usual("audio/x-wav") == "audio/wav"


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("image/png", ImagePart),
        ("audio/wav", AudioPart),
        ("application/pdf", DocumentPart),
        ("text/plain", DocumentPart),
        ("video/mp4", DocumentPart),
    ],
)
def test_the_media_type_decides_the_kind_of_part(media_type: str, kind: type) -> None:
    part = part_of(b"bytes", media_type, "name")

    assert isinstance(part, kind)
    assert not hasattr(part, "data") or base64.b64decode(part.data or "") == b"bytes"
