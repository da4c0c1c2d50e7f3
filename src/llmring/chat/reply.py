"""Assembly of a reply from its events, whole or streamed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from msgspec.structs import replace

from llmring.chat.citation import CitationList, Citations
from llmring.chat.events import (
    Cited,
    CommentaryDelta,
    EndMarked,
    Event,
    Failed,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    ShownAsAnswer,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.json_text import is_whole, without_halves
from llmring.chat.parts import CommentaryPart, Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.response import LLMResponse, StreamChunk, answer
from llmring.chat.tools import ToolCall

Restore = Callable[[ToolCall], ToolCall]


class _OpenCall:
    __slots__ = ("arguments", "extra", "id", "kind", "name", "signature")

    def __init__(self) -> None:
        self.id: str | None = None
        self.kind: Literal["function", "custom"] = "function"
        self.name = ""
        self.arguments: list[str] = []
        self.signature: str | None = None
        self.extra: Mapping[str, Any] = {}


class _Thought:
    """Reasoning up to its signature, and the number of text pieces before it."""

    __slots__ = ("after", "field", "id", "signature", "text")

    def __init__(self, after: int) -> None:
        self.after = after
        self.text: list[str] = []
        self.signature: str | None = None
        self.id: str | None = None
        self.field: str | None = None

    def continues_with(self, event: ReasoningDelta, after: int) -> bool:
        another = event.id is not None and self.id is not None and event.id != self.id
        return self.signature is None and self.after == after and not another

    def part(self, dialect: str) -> Part:
        return ReasoningPart("".join(self.text), self.signature, self.id, dialect, self.field)


class _Comment:
    """A remark of the model, and the number of text pieces before it."""

    __slots__ = ("after", "text")

    def __init__(self, after: int) -> None:
        self.after = after
        self.text: list[str] = []

    def part(self, dialect: str) -> Part:  # noqa: ARG002 -- as of the other parts
        return CommentaryPart("".join(self.text))


class _PlacedItem:
    """A provider's own item, and the number of text pieces before it."""

    __slots__ = ("after", "content")

    def __init__(self, after: int, content: Mapping[str, Any]) -> None:
        self.after = after
        self.content = content

    def part(self, dialect: str) -> Part:
        return ProviderPart(dialect, self.content)


class Reply:
    """A reply that is assembled from its events.

    `add` returns the chunk to show for an event, if any; `response` and `last_chunk` return
    the result.

    Args:
        model: The model that answers, "provider:model".
        dialect: Name of the API that answers.
        restore: Undoes what the API has changed in the arguments of a call; None for nothing.

    Attributes:
        finished: The end of the answer, once it has come.
        costs: The cost fields of the vendor's last usage; see `UsageReport`.
    """

    __slots__ = (
        "_calls",
        "_citations",
        "_dialect",
        "_end_mark",
        "_id",
        "_model",
        "_other_parts",
        "_refusal",
        "_restore",
        "_served",
        "_text",
        "_usage",
        "costs",
        "finished",
    )

    def __init__(self, model: str, dialect: str = "", restore: Restore | None = None) -> None:
        self._model = model
        self._dialect = dialect
        self._restore = restore
        self._text: list[str] = []
        self._other_parts: list[_Thought | _Comment | _PlacedItem] = []
        self._refusal: list[str] = []
        self._citations: CitationList | None = None
        self._calls: dict[int, _OpenCall] = {}
        self._usage: Usage | None = None
        self.costs: Mapping[str, Any] | None = None
        self._served: str | None = None
        self._id: str | None = None
        self._end_mark: str | None = None
        self.finished: Finished | None = None

    def add(self, event: Event) -> StreamChunk | None:
        """Add an event and return the chunk to show for it, if any.

        Raises:
            ProviderError: The event is a failure reported by the provider.
        """
        if type(event) is TextDelta:
            self._text.append(event.text)
            return StreamChunk(delta=event.text, model=self._model)
        match event:
            case ReasoningDelta(text=text):
                self._think(event)
                return StreamChunk(reasoning=text, model=self._model) if text else None
            case ToolCallDelta():
                return self._add_call(event)
            case Cited() | CommentaryDelta() | ShownAsAnswer():
                return self._add_aside(event)
            case Failed(error=error):
                raise error
            case _:
                self._note(event)
        return None

    def _note(self, event: Event) -> None:
        """Store an event that has no chunk."""
        match event:
            case RefusalDelta(text=text):
                self._refusal.append(text)
            case ProviderItem(content=content):
                self._other_parts.append(_PlacedItem(len(self._text), content))
            case Started(model=model, id=id_):
                self._served, self._id = model or self._served, id_ or self._id
            case UsageReport(usage=usage, costs=costs):
                self._usage, self.costs = usage, costs
            case Finished():
                self.finished = event
            case EndMarked(mark=mark):
                self._end_mark = mark

    def _add_aside(self, event: Cited | CommentaryDelta | ShownAsAnswer) -> StreamChunk | None:
        match event:
            case Cited(citations=citations):
                return self._cite(citations)
            case CommentaryDelta(text=text):
                return self._comment(text)
            case ShownAsAnswer(start=start, length=length):
                return self._take_back(start, length)

    def _comment(self, text: str) -> StreamChunk:
        last = self._other_parts[-1] if self._other_parts else None
        shown = text
        if isinstance(last, _Comment) and last.after == len(self._text):
            last.text.append(text)
        else:
            if self._commentary():
                shown = "\n\n" + text
            comment = _Comment(len(self._text))
            comment.text.append(text)
            self._other_parts.append(comment)
        return StreamChunk(commentary=shown, model=self._model)

    def _take_back(self, start: int, length: int) -> StreamChunk:
        """Turn text into commentary, and return all that was shown so far as it is now."""
        first, last = self._boundary(start), self._boundary(start + length)
        comment = _Comment(first)
        comment.text = self._text[first:last]
        del self._text[first:last]
        before = [each for each in self._other_parts if each.after <= first]
        after = self._other_parts[len(before) :]
        for each in after:
            each.after = max(first, each.after - (last - first))
        self._other_parts = [*before, comment, *after]
        if self._citations:
            self._citations.cut(start, length)
        return StreamChunk(
            delta="".join(self._text),
            model=self._model,
            tool_calls=self._tool_calls() or None,
            reasoning=self._reasoning(),
            restart=True,
            citations=self._citations.all() if self._citations else (),
            commentary=self._commentary(),
        )

    def _boundary(self, place: int) -> int:
        """Return the number of text pieces before a place, where a piece is divided if need be."""
        for at, piece in enumerate(self._text):
            if place <= 0:
                return at
            if place < len(piece):
                self._text[at : at + 1] = [piece[:place], piece[place:]]
                for each in self._other_parts:
                    each.after += each.after > at
                return at + 1
            place -= len(piece)
        return len(self._text)

    def _commentary(self) -> str | None:
        comments = (each for each in self._other_parts if isinstance(each, _Comment))
        return "\n\n".join("".join(comment.text) for comment in comments) or None

    def _cite(self, citations: Citations) -> StreamChunk | None:
        self._citations = self._citations or CitationList()
        new = self._citations.add(citations)
        return StreamChunk(citations=new, model=self._model) if new else None

    def _think(self, event: ReasoningDelta) -> None:
        last = self._other_parts[-1] if self._other_parts else None
        if isinstance(last, _Thought) and last.continues_with(event, len(self._text)):
            thought = last
        else:
            thought = _Thought(len(self._text))
            self._other_parts.append(thought)
        if event.text:
            thought.text.append(event.text)
        thought.signature = event.signature
        thought.id = event.id or thought.id
        thought.field = event.field or thought.field

    def _parts(self) -> tuple[Part, ...] | None:
        """Return the parts in order; None if there is only text."""
        if not self._other_parts:
            return None
        parts: list[Part] = []
        shown = 0
        for each in self._other_parts:
            if text := "".join(self._text[shown : each.after]):
                parts.append(TextPart(text))
            shown = each.after
            parts.append(each.part(self._dialect))
        if text := "".join(self._text[shown:]):
            parts.append(TextPart(text))
        return tuple(parts)

    def _reasoning(self) -> str | None:
        thoughts = (each for each in self._other_parts if isinstance(each, _Thought))
        return "".join(piece for thought in thoughts for piece in thought.text) or None

    def _add_call(self, event: ToolCallDelta) -> StreamChunk | None:
        call = self._calls.get(event.index)
        done: list[ToolCall] | None = None
        if call is None:
            # A new call starts, so all earlier ones are complete and can be shown.
            done = self._tool_calls() or None
            call = self._calls[event.index] = _OpenCall()
        call.id = event.id or call.id
        call.name = event.name or call.name
        call.kind = event.kind
        call.signature = event.signature or call.signature
        if event.extra:
            call.extra = {**call.extra, **event.extra}
        if event.arguments:
            call.arguments.append(event.arguments)
        return StreamChunk(tool_calls=done, model=self._model) if done else None

    def _tool_calls(self) -> list[ToolCall]:
        return [self._tool_call(index, call) for index, call in self._calls.items()]

    def _tool_call(self, index: int, call: _OpenCall) -> ToolCall:
        arguments = "".join(call.arguments)
        if call.kind == "function":
            arguments = without_halves(arguments) or "{}"
        if call.id is None:
            # Google and Ollama may omit the ID; derive one that is the same for the same reply.
            seed = f"{self._id}\0{index}\0{call.name}\0{arguments}"
            call.id = "call_" + hashlib.blake2s(seed.encode(), digest_size=12).hexdigest()
        result = ToolCall(
            id=call.id, type=call.kind, function={"name": call.name, "arguments": arguments}
        )
        if call.signature is not None:
            result["signature"] = call.signature
        if call.extra:
            result["extra_content"] = call.extra
        return result if self._restore is None else self._restore(result)

    def change_names(self, change: Callable[[str], str]) -> None:
        """Change the names that the provider gives to the model, the reply and its end."""
        self._served, self._id = (text and change(text) for text in (self._served, self._id))
        end = self.finished
        if end is not None:
            reason, native = change(end.reason), change(end.native)
            if (reason, native) != (end.reason, end.native):
                self.finished = replace(end, reason=reason, native=native)

    @property
    def usage(self) -> Usage | None:
        """Token counts; None before the answer ends, since they may still grow."""
        return self._usage if self.finished is not None else None

    def response(self) -> LLMResponse:
        """Return the reply so far as a whole."""
        finished = self.finished
        return LLMResponse(
            content="".join(self._text),
            model=self._model,
            usage=self._usage,
            finish_reason=self._finish_reason(),
            tool_calls=self._tool_calls() if self._calls else None,
            reasoning=self._reasoning() if self._other_parts else None,
            refusal="".join(self._refusal) or None,
            served_model=self._served,
            native_finish_reason=finished.native if finished else None,
            id=self._id,
            parts=self._parts(),
            citations=self._citations.all() if self._citations else (),
            commentary=self._commentary() if self._other_parts else None,
        )

    def last_chunk(self, whole: str | None = None) -> StreamChunk:
        """Return the last chunk of the stream.

        Args:
            whole: The complete text, if another model began it.
        """
        calls = self._tool_calls() if self._calls else None
        content = (self._parts() or "".join(self._text)) if whole is None else whole
        return StreamChunk(
            model=self._model,
            finish_reason=self._finish_reason(),
            usage=self._usage,
            tool_calls=calls,
            message=answer(self._model, content, calls),
            refusal="".join(self._refusal) or None,
            served_model=self._served,
            native_finish_reason=self.finished.native if self.finished else None,
            id=self._id,
            citations=self._citations.all() if self._citations else (),
        )

    @property
    def is_plain_text(self) -> bool:
        """True if this is an ordinary end of an answer in text."""
        if self.finished is None or self.finished.reason != "stop" or self._calls:
            return False
        return any(self._text) and not "".join(self._text).isspace()

    def finish_at_mark(self) -> str | None:
        """Take the end mark as the end of an answer that is whole; return the mark, if it is."""
        mark = self._end_mark
        if self.finished is not None or mark is None or not self._is_whole():
            return None
        self.finished = Finished("tool_calls" if self._calls else "stop", mark)
        return mark

    def _is_whole(self) -> bool:
        calls = self._tool_calls()
        functions = [each["function"] for each in calls if each["type"] == "function"]
        if not all(each["name"] and is_whole(each["arguments"]) for each in functions):
            return False
        return bool(calls or self._text or self._refusal)

    @property
    def length(self) -> int:
        """The number of characters of the answer's text so far."""
        return sum(map(len, self._text))

    def fault(self) -> str | None:
        """Return the reason why the finished stream is not a whole answer; None if it is."""
        if self.finished is None:
            return "the stream ended before the answer was complete"
        return None

    def _finish_reason(self) -> str | None:
        if self.finished is None:
            return None
        # Google and Ollama report "stop" when the model calls a tool.
        if self._calls and self.finished.reason == "stop":
            return "tool_calls"
        return self.finished.reason


def fold(model: str, events: Iterable[Event], dialect: str = "") -> LLMResponse:
    """Assemble the whole reply from these events; arguments as for `Reply`.

    Raises:
        ProviderError: One of the events is a failure reported by the provider.
    """
    return folded(model, events, dialect).response()


def folded(
    model: str, events: Iterable[Event], dialect: str = "", restore: Restore | None = None
) -> Reply:
    """Add up these events to a reply; arguments as for `Reply`.

    Raises:
        ProviderError: One of the events is a failure reported by the provider.
    """
    reply = Reply(model, dialect, restore)
    for event in events:
        reply.add(event)
    return reply
