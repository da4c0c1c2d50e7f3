"""The generation settings of a client's request in the format of Google's Gemini API.

https://ai.google.dev/api/generate-content#v1beta.GenerationConfig
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from llmring.dialects.gemini.openapi_schema import json_schema
from llmring.dialects.gemini.request_fields import (
    at,
    fields,
    flag_at,
    integer_at,
    number_at,
    text_at,
    texts_at,
)
from llmring.dialects.request_decoding import RequestFormatError

_PLACE = "generationConfig"
_THINKING = "generationConfig.thinkingConfig"

# https://ai.google.dev/api/generate-content#ThinkingLevel
_EFFORTS: Mapping[str, str] = {
    "MINIMAL": "minimal",
    "LOW": "low",
    "MEDIUM": "medium",
    "HIGH": "high",
    "XHIGH": "xhigh",
}

# The name of the schema on earlier servers begins with "_".
_SCHEMAS = ("responseJsonSchema", "_responseJsonSchema", "responseSchema")

# Settings that make another answer of the same prompt: sound, images, several answers at once.
_OF_THE_ANSWER = frozenset(
    {
        "audioTranscriptionConfig",
        "imageConfig",
        "responseFormat",
        "speechConfig",
        "translationConfig",
    }
)


class GeminiSettings(Struct, frozen=True):
    """The generation settings of a request.

    Attributes:
        settings: The arguments of `LLMRequest` that they are.
        own: The settings that only this API has.
        required: The paths of those that no other API may do without.
    """

    settings: dict[str, Any]
    own: dict[str, Any]
    required: list[str]


def decode_generation(value: Any) -> GeminiSettings:
    """Read the generation settings.

    Raises:
        RequestFormatError: A setting has another type, or is given in two ways.
    """
    found = {} if value is None else fields(value, _PLACE)
    settings: dict[str, Any] = {
        "temperature": number_at(found, "temperature", _PLACE),
        "top_p": number_at(found, "topP", _PLACE),
        "max_tokens": integer_at(found, "maxOutputTokens", _PLACE),
        "stop": texts_at(found, "stopSequences", _PLACE) or None,
        "seed": integer_at(found, "seed", _PLACE),
    }
    for name in ("temperature", "topP", "maxOutputTokens", "stopSequences", "seed"):
        found.pop(name, None)
    own: dict[str, Any] = {}
    required: list[str] = []
    settings["response_format"] = _output(found, own, required)
    if thinking := found.pop("thinkingConfig", None):
        settings |= _thinking(thinking, own)
    own |= found
    required += [at(_PLACE, name) for name in sorted(found) if _is_needed(found, name)]
    return GeminiSettings({k: v for k, v in settings.items() if v is not None}, own, required)


def _output(found: dict[str, Any], own: dict[str, Any], required: list[str]) -> Any:
    """Take out the form of the answer; None for text."""
    kind = text_at(found, "responseMimeType", _PLACE)
    given = [name for name in _SCHEMAS if found.get(name) is not None]
    if len(given) > 1:
        where = at(_PLACE, given[0])
        raise RequestFormatError(f"{_PLACE} has both {given[0]} and {given[1]}; give one", where)
    schema = found.get(given[0]) if given else None
    if given and not isinstance(schema, Mapping):
        where = at(_PLACE, given[0])
        raise RequestFormatError(f"{where} must be a schema, not {type(schema).__name__}", where)
    found.pop("responseMimeType", None)
    if kind not in (None, "", "text/plain", "application/json"):
        # Such as "text/x.enum": one of the words of the schema, not JSON.
        own["responseMimeType"] = kind
        own |= {name: found.pop(name) for name in given}
        required.append(at(_PLACE, "responseMimeType"))
        return None
    if isinstance(schema, Mapping):
        del found[given[0]]
        shown = json_schema(schema) if given[0] == "responseSchema" else schema
        # The API always enforces the schema.
        form = {"name": "answer", "schema": shown, "strict": True}
        return {"type": "json_schema", "json_schema": form}
    return {"type": "json_object"} if kind == "application/json" else None


def _thinking(value: Any, own: dict[str, Any]) -> dict[str, Any]:
    """Read the amount of reasoning.

    -1 leaves it to the model, as a request without an amount does; that the client does not want
    to see thoughts, which a request with an amount asks for, is a setting of this API alone.
    """
    found = fields(value, _THINKING)
    tokens = integer_at(found, "thinkingBudget", _THINKING)
    level = text_at(found, "thinkingLevel", _THINKING)
    shown = flag_at(found, "includeThoughts", _THINKING)
    effort = _EFFORTS.get((level or "").upper())
    if tokens is not None and effort is not None:
        where = at(_THINKING, "thinkingBudget")
        raise RequestFormatError(
            f"{_THINKING} has both thinkingBudget and thinkingLevel; give one", where
        )
    asked: dict[str, Any] = {}
    if tokens is not None and tokens >= 0:
        asked["reasoning_tokens"] = tokens
        del found["thinkingBudget"]
    elif effort is not None:
        asked["reasoning_effort"] = effort
        del found["thinkingLevel"]
    if effort is not None or (tokens or 0) > 0:
        found.pop("includeThoughts", None)
        if not shown:
            found["includeThoughts"] = False
    if found:
        own["thinkingConfig"] = found
    return asked


def _is_needed(found: Mapping[str, Any], name: str) -> bool:
    match name:
        case "candidateCount":
            return (integer_at(found, name, _PLACE) or 1) > 1
        case "responseLogprobs":
            return flag_at(found, name, _PLACE) is True
        case "responseModalities":
            return any(each.upper() != "TEXT" for each in texts_at(found, name, _PLACE))
    return name in _OF_THE_ANSWER
