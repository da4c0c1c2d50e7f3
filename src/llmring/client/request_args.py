"""The arguments of `chat` and similar methods, and the request made from them."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, TypedDict

import msgspec

from llmring.chat.request import LLMRequest, Messages
from llmring.chat.tools import AnyTool, NamedTool
from llmring.exceptions import ValidationError


class UnformedFields(TypedDict, total=False):
    """The fields of `RequestFields` without `response_format`, whose type types the answer."""

    temperature: float | None
    max_tokens: int | None
    reasoning_tokens: int | None
    tools: Sequence[AnyTool] | None
    tool_choice: str | NamedTool | Mapping[str, Any] | None
    cache: Any
    metadata: dict[str, Any] | None
    json_response: bool | None
    timeout: float | None
    extra_params: dict[str, Any]
    files: Sequence[str | PathLike[str]] | None
    top_p: float | None
    stop: str | Sequence[str] | None
    seed: int | None
    reasoning_effort: str | None
    max_repairs: int
    allow_empty: bool


class RequestFields(UnformedFields, total=False):
    """The fields of `LLMRequest` that these methods take in addition to the messages."""

    response_format: Any


RequestFields.__module__ = "llmring"


def request_of(
    request: LLMRequest | str, messages: Messages | None, fields: dict[str, Any]
) -> LLMRequest:
    """Return the request given to a method: as a value, or as an alias with messages and fields.

    Raises:
        ValidationError: Both forms were given, or an unknown field.
    """
    if isinstance(request, LLMRequest):
        if messages is not None or fields:
            raise ValidationError(
                "messages and fields can't be given with an LLMRequest; put them into it"
            )
        # Copying checks what was appended since the request was made.
        return msgspec.structs.replace(request)
    if not fields:
        return LLMRequest(model=request, messages=messages or ())
    unknown = [name for name in fields if name not in RequestFields.__annotations__]
    if unknown:
        import difflib

        near = difflib.get_close_matches(unknown[0], RequestFields.__annotations__, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValidationError(f"a request has no field {unknown[0]!r}{hint}")
    return LLMRequest(model=request, messages=messages or (), **fields)
