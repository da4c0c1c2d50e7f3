"""Conversations as a client returns them, with the sealed parts of its replies opened.

An opened part has its own API again, and its message the provider that answered: what another
server can't read, the library leaves out. A sealed value that can't be opened, or whose endpoint is
not known any more, reaches no server: of a thought, the text is left.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

from llmring.chat.parts import Part, ProviderPart, ReasoningPart
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.relay.sealed_signatures import (
    OpenedSeal,
    SealedCall,
    SealedItem,
    SealedThought,
    SealKey,
    is_sealed,
    open_seal,
)
from llmring.dialects.thought_signatures import thought_signature


def open_messages(
    messages: Sequence[Message], key: SealKey, providers: Mapping[str, str]
) -> list[Message]:
    """Return the messages with their sealed parts opened; messages without any as they are.

    Args:
        messages: The messages of a decoded request.
        key: The key of the client's tenant.
        providers: The names of the providers that may be called, by the marks of their endpoints.
    """
    return [
        _Opening(message, key, providers).message() if message.role == "assistant" else message
        for message in messages
    ]


class _Opening:
    """The sealed values of one message, opened.

    Args:
        message: The message of an assistant.
        key: The key of the client's tenant.
        providers: The names of the providers, by the marks of their endpoints.
    """

    def __init__(self, message: Message, key: SealKey, providers: Mapping[str, str]) -> None:
        self._message = message
        self._thoughts = {
            at: found
            for at, part in enumerate(message.parts)
            if (found := _sealed_thought(part)) is not None
        }
        self._of_parts = {at: open_seal(key, text) for at, (text, _) in self._thoughts.items()}
        self._of_calls = {
            at: open_seal(key, text)
            for at, call in enumerate(message.calls)
            if (text := _sealed_of_call(call)) is not None
        }
        opened = (*self._of_parts.values(), *self._of_calls.values())
        known = [each.mark for each in opened if each and each.mark in providers]
        # A message has one origin. If several servers wrote it, the last one went on from there.
        self._mark = known[-1] if known else None
        self._origin = providers[known[-1]] if known else message.origin
        self._carried = self._placed()

    def message(self) -> Message:
        """Return the message with what may be sent of its sealed values."""
        if not self._of_parts and not self._of_calls:
            return self._message
        content = self._message.content
        if self._of_parts:
            content = [
                each for at, part in enumerate(self._message.parts) for each in self._part(at, part)
            ] or None
        calls = [self._call(at, call) for at, call in enumerate(self._message.calls)]
        return msgspec.structs.replace(
            self._message, content=content, tool_calls=calls or None, origin=self._origin
        )

    def _part(self, at: int, part: Part) -> Iterator[Part]:
        if at not in self._thoughts:
            yield part
            return
        (_, text), opened = self._thoughts[at], self._of_parts[at]
        dialect = opened.dialect if opened else None
        match self._own(opened):
            case SealedThought(signature=signature, id=id_, field=field):
                if text or signature:
                    yield ReasoningPart(text, signature, id_, dialect, field)
                return
            case SealedItem(content=content):
                if text:
                    yield ReasoningPart(text, dialect=dialect)
                yield ProviderPart(dialect or "", content)
                return
        if text:
            yield ReasoningPart(text, dialect=dialect or _dialect_of(part))

    def _call(self, at: int, call: ToolCall) -> ToolCall:
        if at in self._of_calls:
            call = _without_seal(call)
            found = self._own(self._of_calls[at])
        else:
            found = self._carried.get(at)
        if not isinstance(found, SealedCall):
            return call
        given: dict[str, Any] = {"signature": found.signature, "extra_content": found.extra}
        own = {**call, **{name: value for name, value in given.items() if value}}
        return cast("ToolCall", own)

    def _placed(self) -> dict[int, SealedCall]:
        """Return the contents that thoughts carry for calls, by the place of the call."""
        placed: dict[int, SealedCall] = {}
        for opened in self._of_parts.values():
            content = self._own(opened)
            if isinstance(content, SealedCall):
                at = self._place_of(content, placed)
                if at is not None:
                    placed[at] = content
        return placed

    def _place_of(self, content: SealedCall, taken: Container[int]) -> int | None:
        free = {
            at: call
            for at, call in enumerate(self._message.calls)
            if at not in taken and at not in self._of_calls
        }
        for at, call in free.items():
            if content.id is not None and content.id == call["id"]:
                return at
        named = [at for at, call in free.items() if call["function"]["name"] == content.name]
        # A client may return a reply as several messages, each with some of the calls.
        return content.at if content.at in named else next(iter(named), None)

    def _own(self, opened: OpenedSeal | None) -> SealedThought | SealedItem | SealedCall | None:
        """Return the content of a seal if it is of the server that the message is of."""
        return opened.content if opened and opened.mark == self._mark else None


def _sealed_thought(part: Part) -> tuple[str, str] | None:
    """Return the sealed value and the text of a thought; None without a sealed value."""
    match part:
        case ReasoningPart(signature=str(signature), text=text) if is_sealed(signature):
            return signature, text
        case ProviderPart(content={"type": "redacted_thinking", "data": str(data)}):
            return (data, "") if is_sealed(data) else None
        case ProviderPart(content={"type": "thinking", "signature": str(signature)} as block):
            return (signature, str(block.get("thinking") or "")) if is_sealed(signature) else None
        case ProviderPart(content={"type": "reasoning", "encrypted_content": str(data)} as item):
            return (data, _summary(item)) if is_sealed(data) else None
        case ProviderPart(content={"thoughtSignature": str(signature)} as item):
            return (signature, str(item.get("text") or "")) if is_sealed(signature) else None
    return None


def _summary(item: Mapping[str, Any]) -> str:
    pieces = item.get("summary")
    texts = [
        str(piece.get("text") or "")
        for piece in (pieces if isinstance(pieces, list) else ())
        if isinstance(piece, Mapping)
    ]
    return "\n\n".join(texts)


def _dialect_of(part: Part) -> str | None:
    return part.dialect if isinstance(part, ReasoningPart | ProviderPart) else None


def _sealed_of_call(call: ToolCall) -> str | None:
    signature = call.get("signature") or thought_signature(call.get("extra_content") or {})
    return signature if is_sealed(signature) else None


def _without_seal(call: ToolCall) -> ToolCall:
    hidden = ("signature", "extra_content")
    return cast("ToolCall", {k: v for k, v in call.items() if k not in hidden})
