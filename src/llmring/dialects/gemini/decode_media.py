"""The media of a client's request in the format of Google's Gemini API.

https://ai.google.dev/api/caching#Blob
https://ai.google.dev/api/caching#FileData
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.chat.parts import AudioPart, DocumentPart, ImagePart, UploadedPart
from llmring.data_url import base64_fault
from llmring.dialects.gemini.contents import is_video_page, media_type_of_address
from llmring.dialects.gemini.request_fields import at, fields, text_at
from llmring.dialects.request_decoding import RequestFormatError

Media = ImagePart | DocumentPart | AudioPart | UploadedPart

# Files in Google's own stores, which only Google reads.
_STORES = ("https://generativelanguage.googleapis.com/", "https://storage.googleapis.com/")

_STANDARD = str.maketrans("-_", "+/")


def decode_media(part: Mapping[str, Any], place: str) -> tuple[Media | None, bool]:
    """Read a part that is a file, and whether Google alone can read the file.

    The name that a file is shown under is kept where the library has one.

    Args:
        part: The part, its fields named in camelCase.
        place: Its path in the body.

    Returns:
        None in place of the file if the part has fields that the library has no equivalent for.

    Raises:
        RequestFormatError: The file has no data, or no type.
    """
    match part:
        case {"inlineData": blob} if len(part) == 1:
            return _inline(fields(blob, where := at(place, "inlineData")), where), False
        case {"fileData": data} if len(part) == 1:
            return _linked(fields(data, where := at(place, "fileData")), where)
    return None, False


def _inline(blob: dict[str, Any], place: str) -> Media | None:
    if blob.keys() - {"mimeType", "data", "displayName"}:
        return None
    kind = text_at(blob, "mimeType", place)
    data = text_at(blob, "data", place)
    if not kind or data is None:
        missing = at(place, "data" if kind else "mimeType")
        raise RequestFormatError(f"{missing} is missing", missing)
    data = _standard(data)
    if fault := base64_fault(data):
        where = at(place, "data")
        raise RequestFormatError(f"{where} is not base64: {fault}", where)
    if kind.startswith("image/"):
        return ImagePart(data=data, media_type=kind)
    if kind.startswith("audio/"):
        return AudioPart(data, kind)
    return DocumentPart(data=data, media_type=kind, name=text_at(blob, "displayName", place))


def _standard(data: str) -> str:
    """Return base64 in its usual alphabet, with padding; the API takes it for URLs too."""
    if "-" in data or "_" in data:
        data = data.translate(_STANDARD)
    return data if len(data) % 4 == 0 else data + "=" * (-len(data) % 4)


def _linked(data: dict[str, Any], place: str) -> tuple[Media | None, bool]:
    if data.keys() - {"mimeType", "fileUri", "displayName"}:
        return None, False
    address = text_at(data, "fileUri", place)
    kind = text_at(data, "mimeType", place) or None
    name = text_at(data, "displayName", place)
    if not address:
        where = at(place, "fileUri")
        raise RequestFormatError(f"{where} is missing", where)
    if is_video_page(address):
        return DocumentPart(url=address, name=name), True
    if not address.startswith(("https://", "http://")) or address.startswith(_STORES):
        return UploadedPart(address, kind or "application/octet-stream", name), True
    kind = kind or media_type_of_address(address)
    if kind is None or kind.startswith("image/"):
        return ImagePart(url=address, media_type=kind), False
    return DocumentPart(url=address, media_type=kind, name=name), False
