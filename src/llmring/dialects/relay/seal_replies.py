"""Replies of one API made fit for a client of another: what it has no place for goes sealed.

Each API of a client has its own slots:

- Anthropic's `signature` of a thought, and the `encrypted_content` of a Responses thought, take
  any text. Items and the signatures of tool calls travel in thoughts without text.
  https://platform.claude.com/docs/en/build-with-claude/extended-thinking
  https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items
- Google's `thoughtSignature` of a thought or a call takes base64.
  https://ai.google.dev/gemini-api/docs/thought-signatures
- Chat Completions has Google's `thought_signature` in the `extra_content` of a call, but nothing
  for thoughts. https://ai.google.dev/gemini-api/docs/thought-signatures#openai
- Ollama's API has none. The signatures of its calls are sealed all the same, to be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from llmring.chat.events import (
    Event,
    ProviderItem,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from llmring.dialects.relay.sealed_signatures import (
    OpenedSeal,
    SealedCall,
    SealedContent,
    SealedItem,
    SealedThought,
    SealKey,
    Slot,
    seal,
)


class _OpaqueSlots(Struct, frozen=True):
    """The slots of an API: of thoughts and of tool calls."""

    thought: Slot | None = None
    call: Slot | None = None


_SLOTS = {
    "anthropic": _OpaqueSlots(thought="text"),
    "openai_responses": _OpaqueSlots(thought="text"),
    "gemini": _OpaqueSlots(thought="base64", call="base64"),
    "openai_chat": _OpaqueSlots(call="text"),
    "ollama": _OpaqueSlots(call="text"),
}


class ReplySealer:
    """The events of a reply, each made fit for the client's API before it is encoded.

    Events of the client's own API are left as they are.

    Args:
        key: The key of the client's tenant.
        client: The name of the client's API.

    Attributes:
        lost: What the client's API has no slot for: "signatures", "items".
    """

    def __init__(self, key: SealKey, client: str) -> None:
        self.lost: set[str] = set()
        self._key = key
        self._client = client
        self._slots = _SLOTS[client]
        self._dialect, self._mark = client, ""
        self._thought: SealedThought | None = None
        # A thought of the client's own API that no signature has ended.
        self._own_thought: SealedThought | None = None
        self._begins_apart = False
        # The calls of the endpoint by their indexes, and the number of calls before them.
        self._calls: dict[int, SealedCall] = {}
        self._before = 0
        self._late: list[SealedCall] = []

    def begin(self, dialect: str, mark: str) -> list[Event]:
        """Begin with the events of an endpoint: the first one, or the next after a failure.

        Return the events that end a thought in which the endpoint before broke off.

        Args:
            dialect: The name of its API.
            mark: Its mark.
        """
        ended = self._end_broken_thought()
        self._dialect, self._mark = dialect, mark
        self._late = []
        self._before += len(self._calls)
        self._calls = {}
        return ended

    def passes(self, events: Sequence[Event]) -> bool:
        """Return True if these are a text that is encoded as it is, with nothing before it."""
        is_text = len(events) == 1 and type(events[0]) is TextDelta
        return is_text and not (self._thought or self._own_thought or self._late)

    def take(self, event: Event) -> list[Event]:
        """Return the events to encode in place of this one."""
        if self._begins_apart and isinstance(event, ReasoningDelta) and event.text:
            self._begins_apart = False
            event = msgspec.structs.replace(event, text=f"\n\n{event.text}")
        match event:
            case ToolCallDelta():
                self._own_thought = None
                return self._take_call(event)
            case Started() | UsageReport():
                return [event]
            case _ if self._dialect == self._client:
                self._own_thought = _open_thought(event)
                return [event]
            case ReasoningDelta():
                return [*self._end_calls(), *self._take_thought(event)]
            case ProviderItem(content=content):
                return [*self._end_thought(), *self._end_calls(), *self._carry(SealedItem(content))]
        return [*self._end_thought(), *self._end_calls(), event]

    def _take_thought(self, event: ReasoningDelta) -> Iterable[Event]:
        known = self._thought
        if known is not None and event.id not in (None, known.id):
            yield from self._end_thought()
            known = None
        content = SealedThought(
            event.signature,
            event.id or (known.id if known else None),
            event.field or (known.field if known else None),
        )
        if event.signature is None:
            if event.text or known is not None:
                self._thought = content
            yield event
            return
        self._thought = None
        if self._slots.thought is not None:
            sealed = self._seal(content, self._slots.thought)
            yield msgspec.structs.replace(event, signature=sealed)
            return
        self.lost.add("signatures")
        if event.text:
            yield msgspec.structs.replace(event, signature=None)

    def _end_thought(self) -> list[Event]:
        """Seal the API and the field of a thought that ends without a signature."""
        thought, self._thought = self._thought, None
        if thought is None or self._slots.thought is None:
            return []
        return [ReasoningDelta("", self._seal(thought, self._slots.thought), thought.id)]

    def _end_broken_thought(self) -> list[Event]:
        own, self._own_thought = self._own_thought, None
        thought = self._thought or own
        if thought is not None and self._slots.thought is None:
            self._thought, self._begins_apart = None, True
        if own is None or self._slots.thought is None:
            return self._end_thought()
        # Without a mark, so that the signatures of the endpoint that goes on stay its own.
        broken = OpenedSeal(self._dialect, "", own)
        return [ReasoningDelta("", seal(self._key, broken, self._slots.thought), own.id)]

    def _take_call(self, event: ToolCallDelta) -> list[Event]:
        begins = event.index not in self._calls
        before = [*self._end_thought(), *self._end_calls()] if begins else []
        if begins:
            at = self._before + len(self._calls)
            self._calls[event.index] = SealedCall(at, event.id, event.name)
        if self._dialect == self._client or (event.signature is None and not event.extra):
            return [*before, event]
        content = msgspec.structs.replace(
            self._calls[event.index], signature=event.signature, extra=event.extra
        )
        if self._slots.call is not None:
            sealed = self._seal(content, self._slots.call)
            return [*before, msgspec.structs.replace(event, signature=sealed, extra=None)]
        event = msgspec.structs.replace(event, signature=None, extra=None)
        if begins:
            return [*before, *self._carry(content), event]
        # A thought between the pieces of a call would end it.
        self._late.append(content)
        return [event]

    def _end_calls(self) -> list[Event]:
        late, self._late = self._late, []
        return [event for content in late for event in self._carry(content)]

    def _carry(self, content: SealedContent) -> list[Event]:
        """Return a thought without text that carries a content."""
        if self._slots.thought is None:
            self.lost.add("items" if isinstance(content, SealedItem) else "signatures")
            return []
        return [ReasoningDelta("", self._seal(content, self._slots.thought))]

    def _seal(self, content: SealedContent, slot: Slot) -> str:
        return seal(self._key, OpenedSeal(self._dialect, self._mark, content), slot)


def _open_thought(event: Event) -> SealedThought | None:
    """Return the thought that goes on after this event, if one does."""
    if isinstance(event, ReasoningDelta) and event.signature is None:
        return SealedThought(None, event.id, event.field)
    return None
