"""Replies of the Responses API, whole or in events.

https://platform.openai.com/docs/api-reference/responses/object
https://platform.openai.com/docs/api-reference/responses-streaming
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from llmring.chat.events import Cited, EndMarked, Event, Finished, Started, Usage, UsageReport
from llmring.dialects.citation_fields import results
from llmring.dialects.error_response import request_id, response_error, unreadable
from llmring.dialects.event_stream import EventStreamDecoder
from llmring.dialects.finish_reasons import reason_of
from llmring.dialects.openai.decode_json import read
from llmring.dialects.openai.errors import error_within
from llmring.dialects.openai_responses.items import ItemAssembler, ItemDelta
from llmring.dialects.reported_cost import SentCosts, sent_costs
from llmring.dialects.service_tier import unusual
from llmring.dialects.sse import ServerEvent
from llmring.exceptions import ProviderError, ProviderResponseError
from llmring.wire import HttpHead

_Number = int | float


class _InputDetails(Struct, gc=False):
    cached_tokens: _Number | None = None
    cache_write_tokens: _Number | None = None
    audio_tokens: _Number | None = None


class _OutputDetails(Struct, gc=False):
    reasoning_tokens: _Number | None = None
    audio_tokens: _Number | None = None
    image_tokens: _Number | None = None


class _ResponsesUsage(SentCosts, gc=False):
    input_tokens: _Number | None = None
    output_tokens: _Number | None = None
    total_tokens: _Number | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Incomplete(Struct, gc=False):
    reason: str | None = None


class _Response(Struct, gc=False):
    id: str | None = None
    model: str | None = None
    status: str | None = None
    output: list[Raw] | None = None
    usage: _ResponsesUsage | None = None
    incomplete_details: _Incomplete | None = None
    service_tier: Any = None
    error: Any = None
    # https://docs.x.ai/docs/guides/tools/overview#citations
    citations: Any = None


class _Event(Struct, gc=False):
    """An event of a stream; its fields depend on its type."""

    type: str | None = None
    delta: Any = None
    output_index: int | None = None
    item_id: str | None = None
    summary_index: int | None = None
    content_index: int | None = None
    annotation: Any = None
    error: Any = None


class _ItemEvent(Struct, gc=False):
    item: Raw
    output_index: int | None = None


class _ResponseEvent(Struct, gc=False):
    response: _Response


_RESPONSE = msgspec.json.Decoder(_Response)
_EVENT = msgspec.json.Decoder(_Event)
_ITEM_EVENT = msgspec.json.Decoder(_ItemEvent)
_RESPONSE_EVENT = msgspec.json.Decoder(_ResponseEvent)
_DONE = b"[DONE]"

_REASONS = {"completed": "stop", "max_output_tokens": "length", "max_tokens": "length"}
_UNFINISHED = frozenset({"queued", "in_progress"})


def decode(head: HttpHead, body: bytes) -> list[Event]:
    """Decode a whole reply into events.

    Raises:
        ProviderError: The body is an error, or not an answer.
    """
    response = read(head, body, _RESPONSE)
    if response.error or response.status in ("failed", "cancelled"):
        raise error_within(head, body) or _unexplained(head, body, response.status)
    if response.output is None:
        raise error_within(head, body) or unreadable(head, body, "no answer in it")
    if response.status in _UNFINISHED:
        raise ProviderResponseError(
            f"{head.status} without an answer: {response.id} is {response.status}, to be answered "
            "in the background, which llmring does not wait for; omit `background`",
            status=head.status,
            request_id=request_id(head),
        )
    if not response.output and not response.status:
        raise unreadable(head, body, "the answer is empty, with no reason for its end")
    events: list[Event] = [Started(response.model or None, response.id or None)]
    return events + _rest(ItemAssembler(head), response, "completed")


def _unexplained(head: HttpHead, body: bytes, what: str | None) -> ProviderError:
    return response_error(head, body, message=None, code=what)


def _rest(items: ItemAssembler, response: _Response, status: str) -> list[Event]:
    """Return the events of a complete reply that its pieces lacked."""
    events: list[Event] = []
    for index, item in enumerate(response.output or ()):
        events += items.end(index, item)
    if sources := (*items.found, *(results(response.citations) if response.citations else ())):
        events.append(Cited(sources))
    if (usage := _usage(response, items.of_provider)) is not None:
        events.append(UsageReport(usage, sent_costs(response.usage or SentCosts())))
    if response.status and response.status not in _UNFINISHED:
        status = response.status
    details = response.incomplete_details
    native = (details.reason if details else None) or status
    events.append(Finished(reason_of(native, _REASONS), native))
    return events


def _usage(response: _Response, tool_calls: int) -> Usage | None:
    sent = response.usage
    if sent is None or (sent.input_tokens is None and sent.output_tokens is None):
        return None
    prompt, completion = int(sent.input_tokens or 0), int(sent.output_tokens or 0)
    cached = sent.input_tokens_details or _InputDetails()
    spent = sent.output_tokens_details or _OutputDetails()
    reasoning = int(spent.reasoning_tokens or 0)
    if reasoning and sent.total_tokens == prompt + completion + reasoning:
        # This server counts reasoning in addition to the answer, not as part of it.
        completion += reasoning
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=int(cached.cached_tokens or 0),
        cache_write_tokens=int(cached.cache_write_tokens or 0),
        reasoning_tokens=reasoning,
        audio_prompt_tokens=int(cached.audio_tokens or 0),
        audio_completion_tokens=int(spent.audio_tokens or 0),
        image_completion_tokens=int(spent.image_tokens or 0),
        provider_tool_calls=tool_calls,
        service_tier=unusual(response.service_tier),
    )


def decoder(head: HttpHead) -> EventStreamDecoder:
    """Create a decoder for one streamed reply."""
    return EventStreamDecoder(head, _ResponsesReader(head), decode)


# The kind of text in each event.
_TEXTS = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "refusal",
    "response.function_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "input",
    "response.reasoning_summary_text.delta": "summary",
    "response.reasoning_text.delta": "thoughts",
}
_ANNOTATION = "response.output_text.annotation.added"
_ADDED = "response.output_item.added"
_ITEMS = frozenset({_ADDED, "response.output_item.done"})
# https://platform.openai.com/docs/api-reference/responses-streaming/response/output_text/done
_TEXT_ENDS = frozenset(
    {*_ITEMS, "response.output_text.done", "response.refusal.done", "response.content_part.done"}
)
_BEGINNINGS = frozenset({"response.created", "response.queued", "response.in_progress"})
_ENDS = {"response.completed": "completed", "response.incomplete": "incomplete"}
_FAILURES = frozenset({"error", "response.failed", "response.cancelled"})


class _ResponsesReader:
    """State while decoding one streamed reply, event by event.

    Only events with content are decoded; the others report the progress of the API's own tools,
    or repeat earlier pieces.
    """

    __slots__ = ("_head", "_items", "_named", "done", "text_ended")

    def __init__(self, head: HttpHead) -> None:
        self.done = self.text_ended = False
        self._head = head
        self._named = False
        self._items = ItemAssembler(head)

    def take(self, event: ServerEvent) -> list[Event]:
        data = event.data.strip()
        if data == _DONE:
            self.done = True
            return [EndMarked("[DONE]")]
        if not data:
            return []
        sent = read(self._head, data, _EVENT)
        kind = sent.type or event.name
        if kind in _TEXTS:
            self.text_ended = False
            return self._take_text(_TEXTS[kind], sent)
        if kind in _TEXT_ENDS:
            self.text_ended = True
        return self._take_other(kind, sent, data)

    def _take_other(self, kind: str, sent: _Event, data: bytes) -> list[Event]:
        if kind in _ITEMS:
            placed = read(self._head, data, _ITEM_EVENT)
            take = self._items.begin if kind == _ADDED else self._items.end
            return take(placed.output_index, placed.item)
        if kind == _ANNOTATION:
            place = ItemDelta("text", "", sent.output_index, sent.item_id, sent.content_index)
            return self._items.annotate(place, sent.annotation)
        if kind in _BEGINNINGS or kind in _ENDS:
            return self._take_response(kind, data)
        if kind in _FAILURES or sent.type is None:
            self._fail("error" if sent.error else kind, data)
        return []

    def _take_text(self, kind: str, sent: _Event) -> list[Event]:
        if not isinstance(sent.delta, str) or not sent.delta:
            return []
        part = sent.summary_index if kind == "summary" else sent.content_index
        return self._items.say(ItemDelta(kind, sent.delta, sent.output_index, sent.item_id, part))

    def _take_response(self, kind: str, data: bytes) -> list[Event]:
        response = read(self._head, data, _RESPONSE_EVENT).response
        if response.error:
            self._fail("error", data)
        events: list[Event] = []
        if not self._named:
            self._named = True
            events.append(Started(response.model or None, response.id or None))
        if kind in _ENDS:
            self.done = True
            events += _rest(self._items, response, _ENDS[kind])
        return events

    def _fail(self, kind: str, data: bytes) -> None:
        error = error_within(self._head, data)
        if error is None and kind in _FAILURES:
            error = _unexplained(self._head, data, kind)
        if error is not None:
            raise error

    def end(self) -> list[Event]:
        return []
