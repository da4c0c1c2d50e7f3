"""The choice of what is kept: whole answers that a model gave to the request as it is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from llmring.answer_cache.kept_answer import KeptAnswer
from llmring.answer_cache.request_key import MEANINGLESS
from llmring.chat.events import UsageReport
from llmring.chat.parsed_request import OwnFields, ParsedRequest
from llmring.chat.parts import AudioPart, DocumentPart, ImagePart, UploadedPart
from llmring.chat.tools import ProviderTool
from llmring.client.answer_schema import answer_form, parse_answer
from llmring.client.replies.event_chunk import EventChunk
from llmring.exceptions import ValidationError
from llmring.routing.selection.own_parts import for_api
from llmring.routing.targets import Target

# Documents of a request together, as bytes.
MOST_DOCUMENTS = 2**20

_COMPLETE = ("stop", "tool_calls")


def may_be_kept(request: ParsedRequest) -> bool:
    """Return True if answers to a request may be kept.

    Those of a provider's own tools are news, several answers come as bytes alone, and what only one
    API understands, or a provider stores, may be more than the key of the request has.
    """
    return (
        request.answers == request.written == 1
        and not request.files
        and not (request.own is not None and request.own.required)
        and not any(isinstance(tool, ProviderTool) for tool in request.tools)
        and _size(request) <= MOST_DOCUMENTS
    )


def _size(request: ParsedRequest) -> float:
    size = 0.0
    for turn in request.turns:
        if isinstance(turn.content, str):
            continue
        for part in turn.parts:
            match part:
                case ImagePart(data=str(data)) | DocumentPart(data=str(data)):
                    size += len(data) * 3 / 4
                case AudioPart(data=data):
                    size += len(data) * 3 / 4
                case UploadedPart():
                    return float("inf")
    return size


def answer_to_keep(
    request: ParsedRequest, chunks: Sequence[EventChunk], at: float
) -> KeptAnswer | None:
    """Return what is kept of an answer; None if it is not kept.

    Args:
        request: The request.
        chunks: The answer.
        at: The time, in seconds since 1970.
    """
    last = chunks[-1] if chunks else None
    if last is None or last.message is None or last.finish_reason not in _COMPLETE or last.refusal:
        return None
    begun = [chunk for chunk in chunks if chunk.target is not None]
    if (
        len(begun) != 1
        or any(chunk.restart for chunk in chunks)
        or _is_remarked(request, begun[0], last)
    ):
        return None
    if last.usage is not None and last.usage.provider_tool_calls:
        return None
    if not (last.message.calls or _fits(request, last.message.text)):
        return None
    target = begun[0].target
    assert target is not None  # noqa: S101 -- found by it
    return KeptAnswer(
        at=at,
        model=last.model,
        api=target.dialect.name,
        # The fields of a vendor's bill are of no use to a client.
        events=tuple(
            UsageReport(event.usage) if isinstance(event, UsageReport) else event
            for chunk in chunks
            for event in chunk.events
        ),
        cost=None if last.cost is None else Decimal(last.cost),
    )


def _is_remarked(request: ParsedRequest, first: EventChunk, last: EventChunk) -> bool:
    """Return True if the model was not asked for all, or not all of its answer could be read."""
    done = [attempt for attempt in last.attempts if attempt.outcome == "ok"]
    changes = {*first.adjusted, *(change for attempt in done for change in attempt.adjusted)}
    if changes and first.target is not None:
        changes -= _of_no_consequence(request, first.target)
    return bool(changes) or any(attempt.notes for attempt in done)


def _of_no_consequence(request: ParsedRequest, target: Target) -> set[str]:
    """Return the remarks on what is left out for a model, but that no answer depends on."""
    own = request.own
    if own is None:
        return set()
    fields = {name: value for name, value in own.fields.items() if name in MEANINGLESS}
    alone = msgspec.structs.replace(request, own=OwnFields(dialect=own.dialect, fields=fields))
    return {*for_api(alone, target.dialect, target.quirks)[1]}


def _fits(request: ParsedRequest, text: str) -> bool:
    """Return True if an answer has the form that is asked for, which streams may lack."""
    if request.output is None:
        return True
    try:
        form = answer_form(request.output)
    except ValidationError:
        return False
    return not parse_answer(form, text).misfits
