"""The Gemini API of Google: how a request is put, and the dialect as a whole.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, assert_never
from urllib.parse import quote, urlsplit

import msgspec

from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    Part,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolCall
from llmring.dialects import gemini_reply
from llmring.dialects.dialect import Dialect, Outgoing, Quirks, json_object, merged
from llmring.exceptions import UnsupportedFeatureError

# Stands in for the signature of a call that another vendor's model made; newer models refuse
# a call without one. In base64, as all signatures are: "skip_thought_signature_validator".
# https://ai.google.dev/gemini-api/docs/thought-signatures
UNSIGNED = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="

# Fields of generationConfig, so that they may be given among the extra parameters as such.
_GENERATION = frozenset(
    {
        "candidateCount",
        "enableEnhancedCivicAnswers",
        "frequencyPenalty",
        "imageConfig",
        "logprobs",
        "maxOutputTokens",
        "mediaResolution",
        "presencePenalty",
        "responseFormat",
        "responseJsonSchema",
        "responseLogprobs",
        "responseMimeType",
        "responseModalities",
        "responseSchema",
        "seed",
        "speechConfig",
        "stopSequences",
        "temperature",
        "thinkingConfig",
        "topK",
        "topP",
    }
)

_MEDIA_TYPES = {
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}


def encode(request: LLMRequest, model: str, *, stream: bool, quirks: Quirks) -> Outgoing:  # noqa: ARG001
    """The request for `models.generateContent` or `models.streamGenerateContent`.

    Raises:
        UnsupportedFeatureError: A part of a message is of a kind that the API does not take.
    """
    turns = request.turns()
    optional = {
        "systemInstruction": _system(turns),
        "generationConfig": _generation(request),
        "tools": _tools(request.toolset()),
        "toolConfig": _tool_config(request),
    }
    payload: dict[str, Any] = {"contents": _contents(turns)}
    payload |= {name: value for name, value in optional.items() if value}
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    path = model if "/" in model else f"models/{model}"
    return Outgoing(
        f"/v1beta/{quote(path)}:{method}", merged(payload, _placed(request.extra_params))
    )


def _generation(request: LLMRequest) -> dict[str, Any]:
    output = request.output()
    settings = {
        "temperature": request.temperature,
        "topP": request.top_p,
        "maxOutputTokens": _max_tokens(request),
        "stopSequences": request.stops() or None,
        "seed": request.seed,
        "responseMimeType": "application/json" if output else None,
        "responseJsonSchema": output.schema if output else None,
        "thinkingConfig": _thinking(request.reasoning_tokens),
    }
    return {name: value for name, value in settings.items() if value is not None}


def _max_tokens(request: LLMRequest) -> int | None:
    # Reasoning is part of the API's limit; one that it would use up leaves no answer.
    limit, budget = request.max_tokens, request.reasoning_tokens or 0
    return limit if limit is None or limit > budget else limit + budget


def _thinking(budget: int | None) -> dict[str, Any] | None:
    if budget is None:
        return None
    if budget <= 0:
        return {"thinkingBudget": 0}
    return {"thinkingBudget": budget, "includeThoughts": True}


def _system(turns: Iterable[Message]) -> dict[str, Any] | None:
    parts = [part for message in turns if message.role == "system" for part in message.parts]
    if not all(isinstance(part, TextPart) for part in parts):
        raise UnsupportedFeatureError("Google takes only text in a system message")
    return {"parts": _parts(parts)} if parts else None


def _contents(turns: Iterable[Message]) -> list[dict[str, Any]]:
    contents: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    after_result = False
    for message in turns:
        match message.role:
            case "system":
                continue
            case "assistant":
                role, parts = "model", _model_parts(message)
                names |= {call["id"]: call["function"]["name"] for call in message.tool_calls or ()}
            case "tool":
                role, parts = "user", _result(message, names)
            case _:
                role, parts = "user", _parts(message.parts)
        # The results of parallel calls must come in one turn.
        if after_result and message.role == "tool":
            contents[-1]["parts"] += parts
        elif parts:
            contents.append({"role": role, "parts": parts})
        after_result = message.role == "tool"
    return contents


def _model_parts(message: Message) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    # A signature goes back on the part that follows the thought.
    signature: str | None = None
    for part in message.parts:
        if isinstance(part, ReasoningPart):
            if part.signature and part.text:
                parts.append({"text": part.text, "thought": True})
            signature = part.signature or signature
        elif shown := _parts([part]):
            parts += [_signed(shown[0], signature), *shown[1:]]
            signature = None
    calls = message.tool_calls or ()
    if signature and not calls:
        parts.append({"text": "", "thoughtSignature": signature})
    signed = any("signature" in call for call in calls)
    for at, call in enumerate(calls):
        first = (signature or UNSIGNED) if at == 0 and not signed else None
        parts.append(_signed(_call(call), call.get("signature") or first))
    return parts


def _signed(part: dict[str, Any], signature: str | None) -> dict[str, Any]:
    return part | {"thoughtSignature": signature} if signature else part


def _call(call: ToolCall) -> dict[str, Any]:
    function = call["function"]
    content = {"name": function["name"], "args": json_object(function["arguments"])}
    return {"functionCall": content | ({"id": call["id"]} if call["id"] else {})}


def _result(message: Message, names: Mapping[str, str]) -> list[dict[str, Any]]:
    id_ = message.tool_call_id
    name = names.get(id_ or "") or message.name or id_
    content = {"name": name, "response": _response(message.text)} | ({"id": id_} if id_ else {})
    media = [part for part in message.parts if not isinstance(part, TextPart)]
    return [{"functionResponse": content}, *_parts(media)]


def _response(text: str) -> dict[str, Any]:
    # The API wants an object, and reads any other result under "output".
    # https://ai.google.dev/api/caching#FunctionResponse
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        value = text
    return value if isinstance(value, dict) else {"output": value}


def _parts(parts: Iterable[Part]) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    for part in parts:
        match part:
            case TextPart():
                if part.text:
                    result.append({"text": part.text})
            case ImagePart():
                result.append(_media(part, part.media_type or _media_type(part.url)))
            case DocumentPart():
                result.append(_media(part, part.media_type))
            case ReasoningPart() | ProviderPart():
                pass
            case AudioPart() | UploadedPart():
                raise UnsupportedFeatureError("not yet")
            case _:
                assert_never(part)
    return result


def _media(part: ImagePart | DocumentPart, media_type: str | None) -> dict[str, Any]:
    kind = {"mimeType": media_type} if media_type else {}
    if part.url is not None:
        return {"fileData": kind | {"fileUri": part.url}}
    return {"inlineData": kind | {"data": part.data}}


def _media_type(url: str | None) -> str | None:
    return _MEDIA_TYPES.get(urlsplit(url or "").path.rpartition(".")[2].lower())


def _tools(tools: Iterable[Tool | ProviderTool]) -> list[Mapping[str, Any]]:
    functions: list[dict[str, Any]] = []
    own: list[Mapping[str, Any]] = []
    for tool in tools:
        if isinstance(tool, ProviderTool):
            own.append(tool.definition)
        else:
            functions.append(_function(tool))
    return [*([{"functionDeclarations": functions}] if functions else []), *own]


def _function(tool: Tool) -> dict[str, Any]:
    definition = {
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": tool.parameters or None,
    }
    return {name: value for name, value in definition.items() if value is not None}


def _tool_config(request: LLMRequest) -> dict[str, Any] | None:
    if not any(isinstance(tool, Tool) for tool in request.toolset()):
        return None
    choice = request.choice()
    match choice:
        case None:
            return None
        case NamedTool(name=name):
            config = {"mode": "ANY", "allowedFunctionNames": [name]}
        case "required":
            config = {"mode": "ANY"}
        case "auto" | "none":
            config = {"mode": choice.upper()}
        case _:
            assert_never(choice)
    return {"functionCallingConfig": config}


def _placed(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The extra parameters under the API's own names; settings of the generation in their table.

    The API takes both spellings of a name, but not a name in both.
    """
    placed: dict[str, Any] = {}
    generation: dict[str, Any] = {}
    for key, value in extra.items():
        name = _camel(key)
        if name == "generationConfig" and isinstance(value, Mapping):
            generation |= {_camel(inner): setting for inner, setting in value.items()}
        elif name in _GENERATION:
            generation[name] = value
        else:
            placed[name] = value
    return placed | {"generationConfig": generation} if generation else placed


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def authorize(key: str) -> Mapping[str, str]:
    """The header that carries the key; in the URL it would end up in logs."""
    return {"x-goog-api-key": key}


DIALECT = Dialect(
    name="gemini",
    encode=encode,
    decode=gemini_reply.decode,
    decoder=gemini_reply.decoder,
    explain=gemini_reply.explain,
    authorize=authorize,
)
