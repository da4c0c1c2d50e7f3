"""Requests in the format of Google's Gemini API, read by the server's half.

https://ai.google.dev/api/generate-content#method:-models.generatecontent
https://ai.google.dev/api/tokens#method:-models.counttokens

Names are taken in camelCase and in snake_case. The model, and the wish for a stream, are in the
path of the request and not in its body; a model that the body repeats is left out.

The API has no equivalent of: the order of functions among Google's own tools; empty texts next to
other parts; the names of images and of sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.chat.parts import TextPart
from llmring.chat.request import LLMRequest, Message
from llmring.dialects.gemini.decode_contents import ContentsReader
from llmring.dialects.gemini.decode_generation import decode_generation
from llmring.dialects.gemini.decode_tools import decode_tools
from llmring.dialects.gemini.request_fields import at, fields, integer_at, items, text_at
from llmring.dialects.request_decoding import ClientRequest, body_object

# Fields of the body without which the request means, or costs, something else.
_NEEDED = frozenset({"cachedContent", "continuationToken", "serviceTier"})
_USUAL_TIERS = ("", "standard", "unspecified", "service_tier_unspecified", "service_tier_standard")

_SYSTEM = "systemInstruction"


def decode_request(body: bytes, headers: Mapping[str, str]) -> ClientRequest:  # noqa: ARG001
    """Decode the body of `generateContent` or `streamGenerateContent`.

    Raises:
        RequestFormatError: The body is not what the API accepts.
    """
    return _decoded(fields(body_object(body), ""))


def decode_counting(body: bytes, headers: Mapping[str, str]) -> ClientRequest:  # noqa: ARG001
    """Decode the body of `countTokens`: the contents alone, or a whole request.

    Raises:
        RequestFormatError: The body is not what the API accepts.
    """
    found = fields(body_object(body), "")
    whole = found.get("generateContentRequest")
    return _decoded(found if whole is None else fields(whole, "generateContentRequest"))


def wants_thoughts(client: ClientRequest) -> bool:
    """Return True if a decoded request asks for the model's thoughts to be shown."""
    match client.own:
        case {"generationConfig": {"thinkingConfig": {"includeThoughts": shown}}}:
            return bool(shown)
    asked = client.request.reasoning()
    return asked is not None and not asked.is_off


def _decoded(found: dict[str, Any]) -> ClientRequest:
    found.pop("model", None)
    own: dict[str, Any] = {}
    required: list[str] = []
    system = _system(found.pop(_SYSTEM, None), own, required)
    reader = ContentsReader()
    messages = [*system, *reader.messages(found.pop("contents", None))]
    offer = decode_tools(found.pop("tools", None), found.pop("toolConfig", None))
    generation = decode_generation(found.pop("generationConfig", None))
    if generation.own:
        own["generationConfig"] = generation.own
    settings = generation.settings
    stored = text_at(found, "cachedContent", "")
    if stored and "cachedContents/" in stored:
        settings["cache"] = {"key": stored}
        required.append("cachedContent")
        del found["cachedContent"]
    required += [name for name in sorted(_NEEDED & found.keys()) if not _is_usual(found, name)]
    return ClientRequest(
        model="",
        request=LLMRequest(
            messages=messages,
            tools=offer.tools or None,
            tool_choice=offer.choice,
            **settings,
        ),
        own=own | offer.own | found,
        required_own=(*required, *reader.required, *offer.required, *generation.required),
        answers=max(1, integer_at(generation.own, "candidateCount", "generationConfig") or 1),
    )


def _system(value: Any, own: dict[str, Any], required: list[str]) -> list[Message]:
    """Return the system message, if there is one; what is not all text is this API's own."""
    if value is None:
        return []
    given = {"parts": value} if isinstance(value, str | list) else value
    parts = items(fields(given, _SYSTEM).get("parts"))
    where = at(_SYSTEM, "parts")
    shown = [_text_part(each, at(where, n)) for n, each in enumerate(parts)]
    texts = [each for each in shown if each is not None]
    if len(texts) < len(shown):
        own[_SYSTEM] = {"parts": parts}
        required.append(_SYSTEM)
        return []
    texts = [each for each in texts if each.text]
    if not texts:
        return []
    return [Message("system", texts[0].text if len(texts) == 1 else texts)]


def _text_part(value: Any, place: str) -> TextPart | None:
    found = fields({"text": value} if isinstance(value, str) else value, place)
    return TextPart(text_at(found, "text", place) or "") if found.keys() == {"text"} else None


def _is_usual(found: Mapping[str, Any], name: str) -> bool:
    if name == "serviceTier":
        return (text_at(found, name, "") or "").lower() in _USUAL_TIERS
    return found[name] in (None, "")
