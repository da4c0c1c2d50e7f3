"""The way of a chat through a ring: plan, models, and the form of the answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.response import LLMResponse, StreamChunk
from llmring.client.call_record import CallStart
from llmring.client.replies.refused_answers import refused_answer
from llmring.client.replies.reply_reader import whole_reply
from llmring.client.ring_core import RingCore
from llmring.exceptions import LLMRingError
from llmring.routing.stream_resume import Delivery

if TYPE_CHECKING:
    from llmring.chat.output_format import OutputFormat
    from llmring.client.answer_schema import AnswerForm
    from llmring.routing.attempt import AttemptState
    from llmring.routing.call_wishes import CallWishes
    from llmring.routing.failover import Failover
    from llmring.routing.targets import Target
    from llmring.wire import HttpHead


class RingCalls(RingCore):
    """The methods by which `LLMRing` sends chats."""

    async def _send(
        self, request: ParsedRequest, profile: str | None, wishes: CallWishes | None = None
    ) -> LLMResponse:
        form = None if request.output is None else _form(request.output)
        failover = self._plan(request, profile, wishes, stream=False)
        try:
            if form is None:
                executor = self._executor_ or self._executor
                response = await executor.send(failover, whole_reply, refused_answer)
            else:
                response = await self._answer_in_form(form, request, failover)
        except BaseException as error:
            failover.report_result(error)
            raise
        failover.report_result(response)
        return response

    def _plan(
        self,
        request: ParsedRequest,
        profile: str | None,
        wishes: CallWishes | None = None,
        *,
        stream: bool,
        delivery: Delivery = Delivery.REVOCABLE,
    ) -> Failover:
        start = CallStart("chat", request.model, profile, request, stream)
        if wishes is not None and wishes.origin is not None:
            relays = not (stream and delivery is Delivery.WHOLE)
            start = msgspec.structs.replace(start, origin=wishes.origin, relays=relays)
        record = self._recorder.record(start)
        try:
            failover = self._planner.plan(
                request, profile, record, stream=stream, delivery=delivery, wishes=wishes
            )
        except LLMRingError as error:
            if record is not None:
                record.on_failure(error)
            raise
        if record is not None:
            # The method of the list, not the failover, which holds the record: no reference cycle.
            stamp, later = failover.context.stamp, failover.later
            record.found(failover.alias, failover.attempts.copy, stamp, later)
        return failover

    async def _answer_in_form(
        self, form: AnswerForm, request: ParsedRequest, failover: Failover
    ) -> LLMResponse:
        from llmring.client.structured import in_form

        reached: list[Target] = []

        def settle(attempt: AttemptState, head: HttpHead, body: bytes) -> LLMResponse:
            response = whole_reply(attempt, head, body)
            reached.append(attempt.target)
            return response

        first = await self._executor.send(failover, settle, refused_answer)
        return await in_form(
            form, request, first, partial(self._repaired, failover, whole_reply, reached)
        )

    async def _repaired(
        self,
        failover: Failover,
        settle: Callable[[AttemptState, HttpHead, bytes], LLMResponse],
        reached: Sequence[Target],
        request: ParsedRequest,
    ) -> LLMResponse:
        """Ask the model that was reached last to repair its answer, in what is left of the time."""
        # A call whose deadline has ended with the first content has its whole time for a repair.
        deadline, timeout = failover.deadline, failover.timeout
        left = timeout if deadline is None else deadline - failover.clock()
        again = self._planner.plan_followup(failover, request, reached[-1], left)
        return await self._executor.send(again, settle, refused_answer)

    def _stream(
        self, request: ParsedRequest, profile: str | None, wishes: CallWishes | None = None
    ) -> AsyncGenerator[StreamChunk, None]:
        form = None if request.output is None else _form(request.output)
        failover = self._plan(request, profile, wishes, stream=True)
        chunks = self._executor.stream(failover)
        if form is None:
            return chunks
        from llmring.client.structured import stream_in_form

        return stream_in_form(form, request, chunks)


def _form(output: OutputFormat) -> AnswerForm:
    # Before the call begins, as its schema may be one that can't be used.
    from llmring.client.answer_schema import answer_form

    return answer_form(output)
