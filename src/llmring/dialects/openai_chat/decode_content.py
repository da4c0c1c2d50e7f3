"""The content of the messages in a client's request of Chat Completions.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages

Parts that the API has no type for are kept as the provider's own, for servers that know them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from llmring.chat.media import HEAD_BYTES, media_type_of
from llmring.chat.parts import (
    DocumentPart,
    Part,
    ProviderPart,
    TextPart,
    UploadedPart,
    parse_part,
)
from llmring.data_url import base64_fault
from llmring.dialects.request_decoding import RequestFormatError, check
from llmring.exceptions import ValidationError

_NAME = "openai_chat"

# The parts of the API, a thought as Mistral has it, and the parts of OpenAI's newer API and of
# Anthropic's, which compatible servers take too.
_KNOWN = frozenset(
    {
        "text",
        "image_url",
        "input_audio",
        "file",
        "thinking",
        "input_text",
        "input_image",
        "input_file",
        "image",
        "document",
    }
)


def content_of(value: Any, path: str, required_own: list[str]) -> str | list[Part]:
    """Return the content of a message: a text if it is only that, else parts.

    Args:
        value: The content.
        path: Its path in the body.
        required_own: The paths of what no other API understands are added to it.

    Raises:
        RequestFormatError: The content is not what the API accepts.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise RequestFormatError(f"{path} must be a text or a list of parts", path)
    parts = [part_of(each, f"{path}.{at}", required_own) for at, each in enumerate(value)]
    match parts:
        case []:
            return ""
        case [TextPart(text=text, cache_control=None)]:
            return text
    return parts


def part_of(block: Any, path: str, required_own: list[str]) -> Part:
    """Return one part.

    Raises:
        RequestFormatError: The part is not what the API accepts.
    """
    if isinstance(block, str):
        return TextPart(block)
    if not isinstance(block, dict) or not isinstance(kind := block.get("type"), str):
        raise RequestFormatError(f"{path} must be an object with a type", path)
    if kind not in _KNOWN:
        required_own.append(path)
        return ProviderPart(_NAME, block)
    part: Part = parsed(parse_part, _plain(block, path), path)
    check(msgspec.structs.asdict(part), type(part), path)
    if isinstance(part, UploadedPart):
        # The file is in the store of the vendor.
        required_own.append(path)
    return part


def parsed(parse: Callable[[Any], Any], value: Any, path: str) -> Any:
    """Return a parsed value, with the path in the error.

    Raises:
        RequestFormatError: The value can't be parsed.
    """
    try:
        return parse(value)
    except RequestFormatError:
        raise
    except ValidationError as error:
        raise RequestFormatError(f"{path}: {error}", path) from None


def _plain(block: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return a part in the form that the library reads."""
    # The library's own form has `part`; it isn't the API's.
    plain = {name: each for name, each in block.items() if name != "part" and each is not None}
    if "text" in plain:
        check(plain["text"], str, f"{path}.text")
    if plain.pop("prompt_cache_breakpoint", None):
        # Its lifetimes are OpenAI's own.
        plain.setdefault("cache_control", {"type": "ephemeral"})
    file = plain.get("file")
    if isinstance(file, dict):
        plain["file"] = _file({name: each for name, each in file.items() if each is not None})
    return plain


# The types of files whose bytes don't show one.
_BY_ENDING: Mapping[str, str] = MappingProxyType(
    {".txt": "text/plain", ".md": "text/markdown", ".csv": "text/csv", ".json": "application/json"}
)


def _file(file: dict[str, Any]) -> dict[str, Any]:
    """Return a file with its data as a URL; some programs send the base64 alone."""
    data, name = file.get("file_data"), file.get("filename")
    if not isinstance(data, str) or data.startswith("data:") or base64_fault(data) is not None:
        return file
    ending = name[name.rfind(".") :].lower() if isinstance(name, str) and "." in name else ""
    head = base64.b64decode(data[: 4 * (HEAD_BYTES // 3)])
    kind = media_type_of(head, _BY_ENDING.get(ending)) or DocumentPart().media_type
    return {**file, "file_data": f"data:{kind};base64,{data}"}


def refusals_apart(blocks: Sequence[Any]) -> tuple[list[Any], str]:
    """Return the parts of an answer without the refusals in it, and the text of these."""
    others: list[Any] = []
    refused: list[str] = []
    for block in blocks:
        match block:
            case {"type": "refusal", "refusal": str(text)}:
                refused.append(text)
            case _:
                others.append(block)
    return others, "".join(refused)
