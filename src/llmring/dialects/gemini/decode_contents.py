"""The messages of a client's request in the format of Google's Gemini API.

https://ai.google.dev/api/caching#Content
https://ai.google.dev/api/caching#Part
https://ai.google.dev/gemini-api/docs/thought-signatures

A client's calls may have no IDs. They get "call_1", "call_2" … in their order in the conversation,
which stay the same as it grows; a result without an ID belongs to the first call of its function
that has no result yet.

A part that no other API has, or that has fields which no other API has, is an item of this API in
its place, and its path is among those that no other API can do without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from llmring.chat.json_text import json_bytes, value_of
from llmring.chat.parts import Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.gemini.call_places import call_place
from llmring.dialects.gemini.contents import IN_RESULTS, NAME
from llmring.dialects.gemini.decode_media import decode_media
from llmring.dialects.gemini.request_fields import at, fields, items, text_at
from llmring.dialects.request_decoding import RequestFormatError
from llmring.dialects.thought_signatures import UNSIGNED

_ROLES: Mapping[str, Literal["user", "model"]] = {
    "": "user",
    "user": "user",
    "model": "model",
    # Earlier clients send results under these.
    "function": "user",
    "tool": "user",
}

# The stand-in for a missing signature, in both of its documented forms.
_STAND_INS = frozenset({UNSIGNED, "skip_thought_signature_validator"})

_OF_TEXTS = frozenset({"text", "thought", "thoughtSignature"})
_OF_CALLS = frozenset({"functionCall", "thoughtSignature"})


class _UnansweredFunctionCall(Struct, frozen=True):
    """A call without a result, and whether the client gave it an ID."""

    id: str
    name: str
    named: bool


class _GeminiTurn(Struct, frozen=True):
    """A turn: its role, and its parts with their paths, their fields in camelCase."""

    role: Literal["user", "model"]
    parts: list[tuple[str, dict[str, Any]]]


class ContentsReader:
    """Reads the messages of a request.

    Attributes:
        required: The paths of the parts that only this API has.
    """

    def __init__(self) -> None:
        self.required: list[str] = []
        self._open: list[_UnansweredFunctionCall] = []
        self._given: set[str] = set()
        self._count = 0

    def messages(self, contents: Any) -> list[Message]:
        """Return the messages of the conversation.

        Raises:
            RequestFormatError: The contents are not what the API accepts.
        """
        turns = _turns(items(contents))
        if not turns:
            raise RequestFormatError("contents is missing; give at least one", "contents")
        self._given = {*_ids(turns)}
        messages: list[Message] = []
        for turn in turns:
            if turn.role == "model":
                messages.append(self._model(turn))
            else:
                messages += self._user(turn)
        return messages

    def _model(self, turn: _GeminiTurn) -> Message:
        parts: list[Part] = []
        calls: list[ToolCall] = []
        # The latest calls, whose places are marked if anything follows them.
        places: list[int] = []
        # An unsigned thought, whose signature may follow.
        thinking = False
        for where, part in turn.parts:
            if "functionCall" in part and not part.keys() - _OF_CALLS:
                call = self._call(part, where)
                if call is not None:
                    places.append(len(calls))
                    calls.append(call)
                    thinking = False
                    continue
            found = self._of_model(part, where, parts, thinking=thinking)
            if found:
                parts += [ProviderPart(NAME, call_place(place)) for place in places]
                parts += found
                places = []
            thinking = bool(
                part.get("thought") and part.get("text") and not part.get("thoughtSignature")
            )
        if [call for call in calls if "signature" in call] == calls[:1] != []:
            _without_stand_in(calls[0])
        content = _plain(parts)
        return Message("assistant", content or (None if calls else ""), tool_calls=calls or None)

    def _of_model(
        self, part: dict[str, Any], place: str, before: list[Part], *, thinking: bool
    ) -> list[Part]:
        signature = text_at(part, "thoughtSignature", place)
        if part.keys() - _OF_TEXTS:
            return [self._own(part, place)]
        text = text_at(part, "text", place) or ""
        if part.get("thought"):
            if text:
                return [ReasoningPart(text, signature, dialect=NAME)]
            last = before[-1] if before else None
            if signature and thinking and isinstance(last, ReasoningPart):
                before[-1] = ReasoningPart(last.text, signature, dialect=NAME)
                return []
            return [ProviderPart(NAME, part)] if signature else []
        if signature and thinking and not text:
            # As the signature of a text, it would be assigned to the preceding thought.
            return [ProviderPart(NAME, part)]
        texts: list[Part] = [TextPart(text)] if text else []
        return [*texts, ReasoningPart("", signature, dialect=NAME)] if signature else texts

    def _own(self, part: dict[str, Any], place: str) -> ProviderPart:
        self.required.append(place)
        return ProviderPart(NAME, part)

    def _call(self, part: Mapping[str, Any], place: str) -> ToolCall | None:
        """Return a call; None if it has fields that the library has no equivalent for."""
        where = at(place, "functionCall")
        call = fields(part["functionCall"], where)
        name, id_ = text_at(call, "name", where), text_at(call, "id", where)
        if not name:
            raise RequestFormatError(f"{where}.name is missing", at(where, "name"))
        if call.keys() - {"id", "name", "args"}:
            return None
        arguments = call.get("args", {})
        if not isinstance(arguments, dict):
            raise RequestFormatError(f"{where}.args must be an object", at(where, "args"))
        self._count += 1
        named = ToolCall(
            id=id_ or self._made(),
            type="function",
            function={"name": name, "arguments": json_bytes(arguments).decode()},
        )
        self._open.append(_UnansweredFunctionCall(named["id"], name, bool(id_)))
        signature = text_at(part, "thoughtSignature", place)
        if signature:
            named["signature"] = signature
        return named

    def _made(self) -> str:
        id_ = f"call_{self._count}"
        while id_ in self._given:
            id_ += "_"
        return id_

    def _user(self, turn: _GeminiTurn) -> Iterator[Message]:
        parts: list[Part] = []
        is_empty = True
        for where, part in turn.parts:
            if "functionResponse" in part:
                if parts:
                    yield Message("user", _plain(parts))
                parts, is_empty = [], False
                yield self._result(part, where)
            elif part.keys() == {"text"}:
                text = text_at(part, "text", where)
                parts += [TextPart(text)] if text else []
            else:
                parts.append(self._of_user(part, where))
        if parts or is_empty:
            yield Message("user", _plain(parts) or "")

    def _of_user(self, part: dict[str, Any], place: str) -> Part:
        media, is_stored = decode_media(part, place)
        if media is None:
            return self._own(part, place)
        if is_stored:
            self.required.append(place)
        return media

    def _result(self, part: dict[str, Any], place: str) -> Message:
        where = at(place, "functionResponse")
        result = fields(part["functionResponse"], where)
        id_, name = text_at(result, "id", where), text_at(result, "name", where)
        if not id_ and not name:
            raise RequestFormatError(f"{where}.name is missing", at(where, "name"))
        response = result.get("response", {})
        if not isinstance(response, dict):
            raise RequestFormatError(f"{where}.response must be an object", at(where, "response"))
        media, is_exact = self._media(items(result.get("parts")), at(where, "parts"))
        further = [
            *(at(place, each) for each in part.keys() - {"functionResponse"}),
            *(at(where, each) for each in result.keys() - {"id", "name", "response", "parts"}),
        ]
        self.required += sorted(further)
        call = self._answered(id_, name)
        text, is_error, is_plain = _text(response, has_more=bool(media))
        parts: list[Part] = [TextPart(text)] if text else []
        parts += media
        if further or not is_exact or not is_plain:
            own = result if call is None else {**result, "id": call.id}
            parts.append(ProviderPart(NAME, {**part, "functionResponse": own}))
        return Message(
            "tool",
            _plain(parts) or "",
            tool_call_id=call.id if call else id_ or None,
            name=None if call and call.name == name else name,
            metadata={"is_error": True} if is_error else None,
        )

    def _media(self, given: list[Any], place: str) -> tuple[list[Part], bool]:
        """Return the files in a result, and whether they can be written as they were."""
        found: list[Part] = []
        is_exact = True
        for index, each in enumerate(given):
            where = at(place, index)
            part = fields(each, where)
            media, is_stored = decode_media(part, where)
            if media is None or is_stored:
                self.required.append(where)
            found += [] if media is None else [media]
            is_exact = is_exact and media is not None and _is_usual(part, where)
        return found, is_exact

    def _answered(self, id_: str | None, name: str | None) -> _UnansweredFunctionCall | None:
        """Return the call that a result belongs to."""
        known = id_ is not None and id_ in self._given
        for call in self._open:
            if call.id == id_ if known else call.name == name and not (id_ and call.named):
                self._open.remove(call)
                return call
        return None


def _turns(contents: list[Any]) -> list[_GeminiTurn]:
    """Return the turns, with those joined that are one answer.

    Clients keep each piece of a streamed answer as a turn of its own.
    """
    turns: list[_GeminiTurn] = []
    for index, value in enumerate(contents):
        turn = _turn(value, at("contents", index))
        if turn.role == "model" and turns and turns[-1].role == "model":
            turns[-1].parts.extend(turn.parts)
        else:
            turns.append(turn)
    return turns


def _turn(value: Any, place: str) -> _GeminiTurn:
    found = fields(value, place)
    role = (text_at(found, "role", place) or "").lower()
    if role not in _ROLES:
        where = at(place, "role")
        raise RequestFormatError(f"{where} must be user or model, not {role!r:.100}", where)
    where = at(place, "parts")
    places = [(at(where, index), each) for index, each in enumerate(items(found.get("parts")))]
    if not places:
        raise RequestFormatError(f"{where} is missing; give at least one", where)
    return _GeminiTurn(_ROLES[role], [(each, _part(part, each)) for each, part in places])


def _part(value: Any, place: str) -> dict[str, Any]:
    """Return the fields of a part, without those that are as if they were absent."""
    found = fields({"text": value} if isinstance(value, str) else value, place)
    if not found:
        raise RequestFormatError(f"{place} is empty; give it a text or other data", place)
    return {k: v for k, v in found.items() if (k, v) not in (("thought", False), _UNSIGNED)}


_UNSIGNED = ("thoughtSignature", "")


def _ids(turns: list[_GeminiTurn]) -> Iterator[str]:
    for turn in turns:
        for _, part in turn.parts:
            call = part.get("functionCall")
            if isinstance(call, Mapping) and isinstance(id_ := call.get("id"), str):
                yield id_


def _is_usual(file: Mapping[str, Any], place: str) -> bool:
    """Return True for a file that a result is written with, as nothing but a file."""
    (content,) = file.values()
    found = fields(content, place)
    return "displayName" not in found and found.get("mimeType") in IN_RESULTS


def _without_stand_in(call: ToolCall) -> None:
    # Each request gets one on the first of the calls, if none of them has a signature.
    if call.get("signature") in _STAND_INS:
        del call["signature"]


def _plain(parts: list[Part]) -> str | list[Part]:
    match parts:
        case [TextPart(text=text)]:
            return text
    return parts


def _text(response: dict[str, Any], *, has_more: bool) -> tuple[str, bool, bool]:
    """Return the text of a result, whether it is an error, and whether it can be written again.

    The API has an object for each result; one whose only field is "output" or "error" is the
    value of that field.
    """
    value: Any = response
    is_error = response.keys() == {"error"}
    if is_error or response.keys() == {"output"}:
        (value,) = response.values()
        if isinstance(value, str):
            return (value if _is_text(value) else _json(value)), is_error, True
    if not response and has_more:
        return "", False, True
    text = _json(value)
    # A reference to one of the files would become text.
    return text, is_error, '"$ref"' not in text


def _is_text(value: str) -> bool:
    """Return False for a text that is JSON of another text, or of an object with a mark."""
    if not value.lstrip().startswith(('"', "{")):
        return True
    try:
        found = value_of(value)
    except ValueError:
        return True
    return not (isinstance(found, str) or found.keys() in ({"output"}, {"error"}))


def _json(value: Any) -> str:
    return json_bytes(value).decode()
