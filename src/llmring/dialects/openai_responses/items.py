"""Decoding of the items in a reply of the Responses API.

https://platform.openai.com/docs/api-reference/responses/object

Items that the API expects back, and that are not text, reasoning or tool calls, become a
`ProviderItem`: the work of tools that it runs itself, reasoning that is not encrypted, the
namespace of a call, the phase of a message, a text with its annotations.

Messages of the phase "commentary" are remarks on the work, not the answer.
https://platform.openai.com/docs/guides/latest-model#phase-parameter

Compatible servers omit pieces and fields. So an item is decoded twice: piece by piece, and once
more when it is complete, for anything that the pieces lacked.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from llmring.chat.citation import Citation
from llmring.chat.events import (
    Cited,
    CommentaryDelta,
    Event,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    ShownAsAnswer,
    TextDelta,
    ToolCallDelta,
)
from llmring.chat.json_text import is_whole
from llmring.dialects.citation_fields import inner, results
from llmring.dialects.error_response import unreadable
from llmring.dialects.openai.citations import citations
from llmring.dialects.openai.decode_json import read
from llmring.dialects.openai_responses.message_texts import MessageTexts, rest_of
from llmring.wire import HttpHead


class _Piece(Struct, gc=False):
    """A part of an item's content or summary."""

    text: str | None = None
    refusal: str | None = None
    annotations: Any = None


class _ResponsesItem(Struct, gc=False):
    """An item of one of the known types; its fields depend on its type."""

    id: str | None = None
    content: list[_Piece] | str | None = None
    summary: list[_Piece] | None = None
    encrypted_content: str | None = None
    format: str | None = None
    phase: str | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    caller: Any = None
    arguments: Any = None
    input: str | None = None


class _Kind(Struct, gc=False):
    type: str | None = None
    id: str | None = None
    phase: str | None = None


_KIND = msgspec.json.Decoder(_Kind)
_ITEM = msgspec.json.Decoder(_ResponsesItem)
_OBJECT: msgspec.json.Decoder[Mapping[str, Any]] = msgspec.json.Decoder(dict[str, Any])

_COMMENTARY = "commentary"
_CALLS = frozenset({"function_call", "custom_tool_call"})

# https://platform.openai.com/docs/pricing#built-in-tools
_OF_PROVIDER = frozenset(
    {"code_interpreter_call", "file_search_call", "image_generation_call", "web_search_call"}
)

# Items that are not content: copies of calls, marks, reasoning, and searches, whose results
# answer nothing by themselves.
# https://platform.openai.com/docs/api-reference/responses/object#responses/object-output
_NOTES = frozenset(
    {
        "compaction",
        "custom_tool_call",
        "file_search_call",
        "function_call",
        "mcp_list_tools",
        "message",
        "reasoning",
        "web_search_call",
    }
)


def is_content(item: Mapping[str, Any]) -> bool:
    """Return True if an item of a reply is content, such as an image, or work that was done."""
    return item.get("type") not in _NOTES


# Kinds of text: the input of calls, and reasoning.
_OF_CALLS = frozenset({"arguments", "input"})
_OF_REASONING = frozenset({"summary", "thoughts"})


class ItemDelta(Struct, frozen=True, gc=False):
    """A piece of an item's text.

    Attributes:
        kind: "text", "refusal", "summary", "thoughts", "arguments" or "input".
        text: The piece.
        index: The position of its item in the reply.
        id: The ID of its item.
        part: The position of the part within its item.
    """

    kind: str
    text: str
    index: int | None
    id: str | None
    part: int | None


class _Progress:
    """The decoding state of an item.

    Attributes:
        kinds: The kinds of its text so far.
        part: The last part of its reasoning.
        call: The number of the call in the reply, if it is one.
        done: True once the item is complete.
        placed: True if its position in the reply is known.
        phase: The phase of its message, if it is known.
        arguments: The pieces of the arguments or the input of its call.
        annotations: The annotations of each part so far.
    """

    __slots__ = (
        "annotations",
        "arguments",
        "call",
        "done",
        "kinds",
        "part",
        "phase",
        "placed",
    )

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.part: int | None = None
        self.call: int | None = None
        self.done = False
        self.placed = False
        self.phase: str | None = None
        self.arguments: list[str] = []
        self.annotations: dict[int, list[Any]] = {}


class ItemAssembler:
    """The items of a reply while it is decoded.

    Args:
        head: Status and headers of the reply.

    Attributes:
        of_provider: The number of completed calls to tools that the provider charges for.
        found: Sources that the provider's own tools found; the text may cite them.
    """

    __slots__ = (
        "_by_id",
        "_by_index",
        "_calls",
        "_ended",
        "_head",
        "_last_call",
        "_nameless",
        "_reasoned",
        "_refusals",
        "_texts",
        "_waiting",
        "found",
        "of_provider",
    )

    def __init__(self, head: HttpHead) -> None:
        self.of_provider = 0
        self.found: list[Citation] = []
        self._head = head
        self._texts = MessageTexts()
        self._refusals = MessageTexts()
        self._by_index: dict[int, _Progress] = {}
        self._by_id: dict[str, _Progress] = {}
        # Text pieces of items that have neither position nor ID.
        self._nameless = _Progress()
        self._last_call = _Progress()
        self._calls = 0
        self._ended = 0
        self._reasoned = False
        # Complete calls that nothing else has followed yet.
        self._waiting: list[Mapping[str, Any]] = []

    def _at(self, index: int | None, id_: str | None) -> _Progress:
        # Positions identify items; IDs have been seen to change, and to be equal for all items.
        progress = None if index is None else self._by_index.get(index)
        if progress is None and id_:
            named = self._by_id.get(id_)
            if named is not None and (index is None or not named.placed):
                progress = named
        progress = progress or _Progress()
        if index is not None:
            self._by_index[index] = progress
            progress.placed = True
        if id_:
            self._by_id[id_] = progress
        return progress

    def begin(self, index: int | None, raw: Raw) -> list[Event]:
        """Return the events for the announcement of an item.

        Raises:
            ProviderError: The item cannot be decoded.
        """
        kind = read(self._head, raw, _KIND)
        if kind.type not in _CALLS:
            if kind.phase:
                self._at(index, kind.id).phase = kind.phase
            return self._settled()
        progress = self._at(index, kind.id)
        if progress.call is not None:
            return []
        return [self._called(progress, read(self._head, raw, _ITEM), "", kind.type)]

    def say(self, delta: ItemDelta) -> list[Event]:
        """Return the events for a piece of an item."""
        if delta.index is None and not delta.id:
            progress = self._last_call if delta.kind in _OF_CALLS else self._nameless
        else:
            progress = self._at(delta.index, delta.id)
        match delta.kind:
            case "text":
                event: Event = self._text(progress, delta.text, delta.part or 0)
            case "refusal":
                event = self._refuse(progress, delta.text)
            case "arguments":
                event = self._called(progress, _ResponsesItem(), delta.text, "function_call")
            case "input":
                event = self._called(progress, _ResponsesItem(), delta.text, "custom_tool_call")
            case _:
                return self._think(progress, delta)
        progress.kinds.add(delta.kind)
        return [event]

    def _text(self, progress: _Progress, text: str, part: int) -> Event:
        is_answer = progress.phase != _COMMENTARY
        self._texts.add(progress, part, text, is_answer=is_answer)
        return TextDelta(text) if is_answer else CommentaryDelta(text)

    def _refuse(self, progress: _Progress, text: str) -> Event:
        self._refusals.add(progress, 0, text)
        return RefusalDelta(text)

    def annotate(self, place: ItemDelta, annotation: Any) -> list[Event]:
        """Return the events for an annotation of a text; the delta has the place, but no text."""
        if place.index is None and not place.id:
            progress = self._nameless
        else:
            progress = self._at(place.index, place.id)
        part = place.part or 0
        progress.annotations.setdefault(part, []).append(annotation)
        return self._cited(progress, part, [annotation])

    def _cited(self, progress: _Progress, part: int, annotations: Any) -> list[Event]:
        is_answer = progress.phase != _COMMENTARY
        base = self._texts.place(progress, part) if is_answer else None
        found = tuple(citations(annotations, base))
        return [Cited(found)] if found else []

    def _think(self, progress: _Progress, delta: ItemDelta) -> list[Event]:
        # If there are both a summary and the thoughts themselves, the first to arrive is shown.
        if progress.kinds & _OF_REASONING - {delta.kind}:
            return []
        begins = delta.kind not in progress.kinds
        another = delta.part != progress.part
        progress.kinds.add(delta.kind)
        progress.part = delta.part
        return [self._thought(delta.text, delta.id, apart=begins or another)]

    def _thought(self, text: str, id_: str | None, *, apart: bool) -> Event:
        blank_line = "\n\n" if apart and self._reasoned else ""
        self._reasoned = True
        return ReasoningDelta(blank_line + text, None, id_)

    def end(self, index: int | None, raw: Raw) -> list[Event]:
        """Return the events of a complete item that its pieces lacked.

        Raises:
            ProviderError: The item cannot be decoded.
        """
        kind = read(self._head, raw, _KIND)
        if index is None and not kind.id:
            # Items come in order; the complete reply will give it this position.
            index = self._ended
        progress = self._at(index, kind.id)
        if progress.done:
            return []
        progress.done = True
        self._ended += 1
        if kind.type in _CALLS:
            return self._end_call(progress, raw, kind.type)
        events = self._settled()
        self.of_provider += kind.type in _OF_PROVIDER
        match kind.type:
            case "message":
                events += self._end_message(progress, raw)
            case "reasoning":
                progress.kinds |= self._nameless.kinds
                events += self._end_reasoning(progress, raw)
            case str():
                item = read(self._head, raw, _OBJECT)
                self.found += _sources(item)
                events.append(ProviderItem(item))
        return events

    def _end_message(self, progress: _Progress, raw: Raw) -> list[Event]:
        item = read(self._head, raw, _ITEM)
        pieces = item.content if isinstance(item.content, list) else []
        texts = [(0, item.content)] if isinstance(item.content, str) else _placed(pieces)
        events: list[Event] = []
        whole = "".join(text for _, text in texts)
        rest = self._rest(self._texts, progress, whole, raw)
        phase = item.phase or progress.phase
        if not self._texts.text_of(progress):
            progress.phase = phase
        left = len(whole) - len(rest)
        for part, text in texts:
            if len(text) > left:
                events.append(self._text(progress, text[left:], part))
            left = max(0, left - len(text))
        if phase == _COMMENTARY:
            events += [ShownAsAnswer(*cut) for cut in self._texts.take_back(progress)]
        progress.phase = phase
        refusal = "".join(each.refusal or "" for each in pieces)
        if lacking := self._rest(self._refusals, progress, refusal, raw):
            events.append(self._refuse(progress, lacking))
        return events + self._mark(progress, pieces)

    def _rest(self, texts: MessageTexts, progress: _Progress, whole: str, raw: Raw) -> str:
        """Return the part of a message's text that its pieces lacked.

        Raises:
            ProviderError: The pieces are those of another text.
        """
        if not texts.text_of(progress):
            texts.hand_over(self._nameless, whole, to=progress)
        rest = rest_of(texts.text_of(progress), whole)
        if rest is None:
            raise unreadable(self._head, bytes(raw), "its text is not the one that was streamed")
        return rest

    def _mark(self, progress: _Progress, pieces: list[_Piece]) -> list[Event]:
        """Return the events for the phase and the annotations of a message."""
        progress.annotations = progress.annotations or self._nameless.annotations
        self._nameless.annotations = {}
        events: list[Event] = []
        mark: dict[str, Any] = {}
        if progress.phase:
            mark["phase"] = progress.phase
        if progress.annotations or any(each.annotations for each in pieces):
            content = [
                _annotated(each, progress.annotations.get(at)) for at, each in enumerate(pieces)
            ]
            for at, each in enumerate(content):
                events += self._cited(progress, at, each.get("annotations"))
            mark["content"] = [each for each in content if each]
        # It counts for the text before it, which is another one if messages came at once.
        if mark and (self._texts.is_last(progress) or not self._texts.text_of(progress)):
            events.append(ProviderItem({"type": "message", "role": "assistant"} | mark))
        return events

    def _end_call(self, progress: _Progress, raw: Raw, kind: str | None) -> list[Event]:
        item = read(self._head, raw, _ITEM)
        seen = "".join(progress.arguments)
        lacking = rest_of(seen, _arguments(item))
        if lacking is None and not (kind == "function_call" and is_whole(seen)):
            # JSON that is complete may only be written in another way.
            raise unreadable(self._head, bytes(raw), "its input is not the one that was streamed")
        events = [self._called(progress, item, lacking or "", kind)]
        sent = read(self._head, raw, _OBJECT)
        # Given an ID, the API would look the item up on the server, which stores nothing.
        self._waiting.append({key: sent[key] for key in sent if key not in ("id", "status")})
        return events + (self._settled() if item.namespace or item.caller else [])

    def _called(
        self, progress: _Progress, item: _ResponsesItem, arguments: str, kind: str | None
    ) -> Event:
        if progress.call is None:
            progress.call = self._calls
            self._calls += 1
            self._last_call = progress
        if arguments:
            progress.arguments.append(arguments)
        return ToolCallDelta(
            progress.call,
            item.call_id or None,
            item.name or None,
            arguments,
            kind="custom" if kind == "custom_tool_call" else "function",
        )

    def _settled(self) -> list[Event]:
        """Return the calls that precede another item, which nothing else would record."""
        waiting, self._waiting = self._waiting, []
        return [ProviderItem(call) for call in waiting]

    def _end_reasoning(self, progress: _Progress, raw: Raw) -> list[Event]:
        item = read(self._head, raw, _ITEM)
        events: list[Event] = []
        whole = _texts(item.summary, "\n\n") or _texts(item.content, "\n\n")
        if whole and not progress.kinds & _OF_REASONING:
            events.append(self._thought(whole, item.id, apart=True))
        if item.content or item.format:
            # Not OpenAI's own reasoning, which consists only of a summary and an encrypted part.
            events.append(ProviderItem(read(self._head, raw, _OBJECT)))
        elif item.encrypted_content:
            events.append(ReasoningDelta("", item.encrypted_content, item.id))
        return events


def _placed(pieces: list[_Piece]) -> list[tuple[int, str]]:
    return [(at, each.text) for at, each in enumerate(pieces) if each.text]


def _annotated(piece: _Piece, annotations: list[Any] | None) -> dict[str, Any]:
    """Return a text with its annotations, as the API takes it back; nothing for a refusal."""
    if not piece.text:
        return {}
    sent = piece.annotations or annotations or []
    return {"type": "output_text", "text": piece.text, "annotations": sent}


def _sources(item: Mapping[str, Any]) -> list[Citation]:
    """Return the sources that a tool of the provider found, where the request asked for them.

    https://platform.openai.com/docs/guides/tools-web-search#sources
    https://platform.openai.com/docs/guides/tools-file-search#include-search-results-in-the-response
    https://docs.perplexity.ai/api-reference/responses-post (search_results)
    """
    return [*results(inner(item, "action", "sources")), *results(item.get("results"))]


def _texts(pieces: list[_Piece] | str | None, between: str = "") -> str:
    if isinstance(pieces, str):
        return pieces
    return between.join(piece.text for piece in pieces or () if piece.text)


def _arguments(item: _ResponsesItem) -> str:
    given = item.arguments if item.input is None else item.input
    if isinstance(given, str):
        return given
    return "" if given is None else msgspec.json.encode(given).decode()
