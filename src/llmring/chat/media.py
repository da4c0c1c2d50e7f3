"""Media types, detected from the first bytes, and message parts for files."""

import base64
import codecs
import re
from collections.abc import Sequence

from llmring.chat.parts import AudioPart, DocumentPart, ImagePart, UploadedPart

MediaPart = ImagePart | DocumentPart | AudioPart | UploadedPart

# The number of bytes that `media_type_of` needs from a larger file.
HEAD_BYTES = 4096

# Other spellings of a type, used by operating systems and older programs.
_USUAL = {
    "application/x-pdf": "application/pdf",
    "audio/mp3": "audio/mpeg",
    "audio/mp4a-latm": "audio/mp4",
    "audio/vnd.wave": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-aiff": "audio/aiff",
    "audio/x-flac": "audio/flac",
    "audio/x-m4a": "audio/mp4",
    "audio/x-wav": "audio/wav",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
}

# https://mimesniff.spec.whatwg.org and the formats' own documents.
_SIGNATURES: Sequence[tuple[re.Pattern[bytes], str]] = [
    (re.compile(pattern, re.DOTALL), media_type)
    for pattern, media_type in (
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF.{4}WEBP", "image/webp"),
        (rb"II\*\x00|MM\x00\*", "image/tiff"),
        (rb"BM.{4}\x00{4}", "image/bmp"),
        (rb".{4}ftyp(hei[cx]|hev[cx])", "image/heic"),
        (rb".{4}ftyp(mif1|msf1)", "image/heif"),
        (rb".{4}ftyp(avif|avis)", "image/avif"),
        # Some programs write a few bytes before it.
        (rb".{0,1000}?%PDF-", "application/pdf"),
        (rb"RIFF.{4}WAVE", "audio/wav"),
        (rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]", "audio/mpeg"),
        (rb"\xff[\xf1\xf9]", "audio/aac"),
        (rb"OggS", "audio/ogg"),
        (rb"fLaC", "audio/flac"),
        (rb"FORM.{4}AIF[FC]", "audio/aiff"),
        (rb".{4}ftypM4[AB]", "audio/mp4"),
        (rb".{4}ftypqt", "video/quicktime"),
        (rb".{4}ftyp", "video/mp4"),
        (rb"\x1aE\xdf\xa3", "video/webm"),
    )
]


def media_type_of(head: bytes, by_name: str | None = None) -> str | None:
    """Detect the media type of a file; None if it cannot be determined.

    Args:
        head: The file's bytes, or the first `HEAD_BYTES` of them.
        by_name: The type that the file name suggests; the bytes take precedence.
    """
    for pattern, media_type in _SIGNATURES:
        if pattern.match(head):
            return media_type
    if not is_text(head):
        return usual(by_name) if by_name and not by_name.startswith("text/") else None
    # Models can read any text as a document, including markup for images and source code.
    if by_name and (by_name.startswith("text/") or by_name == "application/json"):
        return by_name
    return "text/plain"


def is_text(head: bytes) -> bool:
    """Return True if the bytes are UTF-8 text; the last character may be cut off."""
    if b"\0" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def usual(media_type: str) -> str:
    """Return the media type as providers spell it, without parameters."""
    bare = media_type.partition(";")[0].strip().lower()
    return _USUAL.get(bare, bare)


def part_of(data: bytes, media_type: str, name: str | None = None) -> MediaPart:
    """Build the message part that holds these bytes."""
    text = base64.b64encode(data).decode("ascii")
    match media_type.partition("/")[0]:
        case "image":
            return ImagePart(data=text, media_type=media_type)
        case "audio":
            return AudioPart(text, media_type)
    return DocumentPart(data=text, media_type=media_type, name=name)
