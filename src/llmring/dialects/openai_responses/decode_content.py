"""The content of a client's messages and tool results, as parts of a message.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input

Of a part that is known, its `detail` is left out where it is not an image with a URL: it is a wish
for the resolution of a file's pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.chat.parts import Part, ProviderPart, TextPart, UploadedPart, parse_part
from llmring.dialects.openai_responses.encode_input import NAME
from llmring.dialects.openai_responses.request_values import (
    list_in,
    missing,
    optional_text,
    present,
    text_in,
    wrong_type,
)
from llmring.dialects.request_decoding import RequestFormatError
from llmring.exceptions import ValidationError

Json = dict[str, Any]

_TEXTS = frozenset({"input_text", "output_text", "text"})
_FILES = frozenset({"input_audio", "input_file", "input_image"})
# One of them has the bytes of a file, or leads to them.
_SOURCES = ("file_data", "file_id", "file_url", "image_url", "input_audio")


class UnknownContentError(Exception):
    """A part of a content has a type that is not known here; the argument is its path."""


def parts_of(content: Any, path: str, required: list[str]) -> str | list[Part]:
    """Return a content, which is a text or a list of parts.

    Args:
        content: The value of the field.
        path: The path of the field.
        required: The paths of what only servers of this API understand; extended in place.

    Raises:
        RequestFormatError: A part is not what the API accepts.
        UnknownContentError: The type of a part is not known.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise wrong_type(path, "a string or an array", content)
    parts: list[Part] = []
    for at, block in enumerate(content):
        place = f"{path}.{at}"
        part = _part(present(block, place), place)
        if isinstance(part, UploadedPart):
            # The files of one vendor are not found at another.
            required.append(place)
        parts.append(part)
    return parts


def _part(block: Json, path: str) -> Part:
    kind = text_in(block, "type", path + ".")
    if kind in _TEXTS:
        return TextPart(text_in(block, "text", path + "."), _cache_mark(block))
    if kind == "refusal":
        return TextPart(text_in(block, "refusal", path + "."))
    if kind not in _FILES or _is_detailed_upload(block):
        raise UnknownContentError(path)
    for name in ("detail", "file_data", "file_id", "file_url", "filename", "image_url"):
        optional_text(block, name, path + ".")
    if not any(block.get(name) for name in _SOURCES):
        raise missing(f"{path}.{'image_url' if kind == 'input_image' else 'file_data'}")
    mark = _cache_mark(block)
    try:
        return parse_part({**block, "cache_control": mark} if mark else block)
    except ValidationError as error:
        raise RequestFormatError(f"{path}: {error}", path, "invalid_value") from None


def _is_detailed_upload(block: Json) -> bool:
    """Return True for an uploaded image to be read in more or less detail, which has a price."""
    return "file_id" in block and block.get("detail", "auto") != "auto"


def _cache_mark(block: Json) -> Json | None:
    # https://platform.openai.com/docs/guides/prompt-caching (`prompt_cache_breakpoint`)
    mark = block.get("cache_control")
    if isinstance(mark, dict):
        return mark
    return {"type": "ephemeral"} if block.get("prompt_cache_breakpoint") else None


def answer_parts(item: Json, path: str) -> list[Part]:
    """Return the text of an assistant's message, and the mark that has the fields of it.

    Raises:
        RequestFormatError: The content is not what the API accepts.
        UnknownContentError: The type of a part is not known.
    """
    content = item.get("content")
    phase = optional_text(item, "phase", path + ".")
    mark: Json = {} if phase is None else {"phase": phase}
    if isinstance(content, str):
        text = content
    elif isinstance(content, list):
        pieces = [_piece(each, f"{path}.content.{at}") for at, each in enumerate(content)]
        text = "".join(_text_of(piece) for piece in pieces)
        if any(piece.get("annotations") or "refusal" in piece for piece in pieces):
            mark["content"] = [piece for piece in pieces if _text_of(piece)]
    else:
        raise wrong_type(f"{path}.content", "a string or an array", content)
    if not text:
        return []
    part = parse_part({"part": "commentary" if phase == "commentary" else "text", "text": text})
    fields = {"type": "message", "role": "assistant", **mark}
    return [part, ProviderPart(NAME, fields)] if mark else [part]


def _piece(value: Any, path: str) -> Json:
    block = present(value, path)
    kind = text_in(block, "type", path + ".")
    if kind == "refusal":
        return {"type": "refusal", "refusal": text_in(block, "refusal", path + ".")}
    if kind not in _TEXTS:
        raise UnknownContentError(path)
    text = text_in(block, "text", path + ".")
    annotations = list_in(block, "annotations", path + ".")
    return {"type": "output_text", "text": text, "annotations": annotations}


def _text_of(piece: Mapping[str, Any]) -> str:
    return str(piece.get("text") or piece.get("refusal") or "")
