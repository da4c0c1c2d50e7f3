"""A whole reply as the events that add up to it: the inverse of `fold`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmring.chat.events import (
    Cited,
    CommentaryDelta,
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from llmring.chat.parts import CommentaryPart, Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.response import LLMResponse

Content = (
    TextDelta
    | CommentaryDelta
    | Cited
    | RefusalDelta
    | ReasoningDelta
    | ProviderItem
    | ToolCallDelta
)


def unfold(reply: LLMResponse) -> list[Event]:
    """Return the events that `fold` puts together into this reply.

    A tool call comes before the provider's item that marks its place, else after all parts.
    Citations come after the text.
    """
    events: list[Event] = [Started(reply.served_model, reply.id), *_contents(reply)]
    if reply.usage is not None:
        events.append(UsageReport(reply.usage))
    if reply.finish_reason is not None:
        events.append(Finished(reply.finish_reason, reply.native_finish_reason or ""))
    return events


def _contents(reply: LLMResponse) -> Iterator[Event]:
    calls = _calls(reply)
    parts = _parts(reply)
    cited_at = max((at for at, part in enumerate(parts) if type(part) is TextPart), default=None)
    for at, part in enumerate(parts):
        match part:
            case CommentaryPart(text=text):
                yield CommentaryDelta(text)
            case TextPart(text=text):
                yield TextDelta(text)
                if at == cited_at and reply.citations:
                    yield Cited(reply.citations)
            case ReasoningPart(text=text, signature=signature, id=id_, field=field):
                yield ReasoningDelta(text, signature, id_, field)
            case ProviderPart(content=content):
                call = calls.pop(_marked(content, reply) or "", None)
                if call is not None:
                    yield call
                yield ProviderItem(content)
    if cited_at is None and reply.citations:
        yield Cited(reply.citations)
    if reply.refusal:
        yield RefusalDelta(reply.refusal)
    yield from calls.values()


def _parts(reply: LLMResponse) -> tuple[Part, ...]:
    if reply.parts is not None:
        return reply.parts
    thought = (ReasoningPart(reply.reasoning),) if reply.reasoning else ()
    remarks = (CommentaryPart(reply.commentary),) if reply.commentary else ()
    text = (TextPart(reply.content),) if reply.content else ()
    return (*thought, *remarks, *text)


def _calls(reply: LLMResponse) -> dict[str, ToolCallDelta]:
    return {
        call["id"]: ToolCallDelta(
            index,
            call["id"],
            call["function"]["name"],
            call["function"]["arguments"],
            call.get("signature"),
            call["type"],
            call.get("extra_content"),
        )
        for index, call in enumerate(reply.tool_calls or ())
    }


def _marked(content: Mapping[str, Any], reply: LLMResponse) -> str | None:
    match content:
        case {"functionCall": {"index": int(index)}}:  # Google's calls may have no ID
            calls = reply.tool_calls or []
            return calls[index]["id"] if index < len(calls) else None
    return marked_call(content)


_MARKS = {"tool_use": "id", "function_call": "call_id", "custom_tool_call": "call_id"}


def marked_call(content: Mapping[str, Any]) -> str | None:
    """Return the ID of the tool call whose place a provider's item marks, if it marks one."""
    return content.get(_MARKS.get(content.get("type", ""), ""))


def merged(events: Iterable[Event]) -> list[Content]:
    """Join the adjacent pieces of each text, thought and tool call.

    Args:
        events: The events of a reply. Those without content are left out.
    """
    groups: list[list[Content]] = []
    calls: dict[int, list[Content]] = {}
    for event in events:
        match event:
            case ToolCallDelta(index=index) if index in calls:
                calls[index].append(event)
            case ToolCallDelta(index=index):
                groups.append([event])
                calls[index] = groups[-1]
            case (
                TextDelta()
                | CommentaryDelta()
                | Cited()
                | RefusalDelta()
                | ReasoningDelta()
                | ProviderItem()
            ):
                if groups and _continues(groups[-1], event):
                    groups[-1].append(event)
                else:
                    groups.append([event])
    return [group[0] if len(group) == 1 else _joined(group) for group in groups]


def _continues(group: list[Content], event: Content) -> bool:
    last = group[-1]
    if isinstance(last, ReasoningDelta) and isinstance(event, ReasoningDelta):
        ids = {event.id, _id(group)} - {None}
        return last.signature is None and len(ids) < 2
    return type(last) is type(event) and isinstance(
        event, TextDelta | CommentaryDelta | RefusalDelta
    )


def _id(group: list[Content]) -> str | None:
    pieces = (piece for piece in reversed(group) if isinstance(piece, ReasoningDelta))
    return next((piece.id for piece in pieces if piece.id), None)


def _joined(group: list[Content]) -> Content:
    match group[0]:
        case ToolCallDelta():
            return _joined_call([piece for piece in group if isinstance(piece, ToolCallDelta)])
        case ReasoningDelta():
            thoughts = [piece for piece in group if isinstance(piece, ReasoningDelta)]
            text = "".join(piece.text for piece in thoughts)
            return ReasoningDelta(text, thoughts[-1].signature, _id(group), thoughts[0].field)
        case RefusalDelta():
            return RefusalDelta("".join(e.text for e in group if isinstance(e, RefusalDelta)))
        case CommentaryDelta():
            return CommentaryDelta("".join(e.text for e in group if isinstance(e, CommentaryDelta)))
        case _:
            return TextDelta("".join(e.text for e in group if isinstance(e, TextDelta)))


def _joined_call(pieces: list[ToolCallDelta]) -> ToolCallDelta:
    return ToolCallDelta(
        pieces[0].index,
        next((piece.id for piece in pieces if piece.id), None),
        next((piece.name for piece in pieces if piece.name), None),
        "".join(piece.arguments for piece in pieces),
        next((piece.signature for piece in pieces if piece.signature), None),
        pieces[0].kind,
        next((piece.extra for piece in pieces if piece.extra), None),
    )
