"""Reading answers: from the bytes of an attempt to the answer with its cost; does no I/O."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial

from llmring.chat.citation import moved
from llmring.chat.completeness import defect, is_bare_refusal, without_name
from llmring.chat.cost import Cost
from llmring.chat.events import Event, Finished, TextDelta, Usage, UsageReport
from llmring.chat.reply import Reply, Restore, folded
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.client.replies.stream_patience import StreamPatience
from llmring.client.usage_totals import both, total_cost
from llmring.dialects.error_response import request_id
from llmring.dialects.reported_cost import ReportedCost, reported_cost
from llmring.exceptions import ContentPolicyError, ProviderResponseError
from llmring.redaction import MASK
from llmring.registry.price import Unpriced, cost_of
from llmring.routing.attempt import AttemptState
from llmring.routing.stream_resume import OverlapTrimmer, StreamProgress
from llmring.routing.targets import Target
from llmring.transport.unpack import BodyLimits, too_large
from llmring.wire import HttpHead, is_success


def whole_reply(attempt: AttemptState, head: HttpHead, body: bytes) -> LLMResponse:
    """Return the answer of an attempt; ends the attempt.

    Raises:
        ProviderError: The provider reports a failure, or its reply holds no readable answer.
    """
    dialect = attempt.target.dialect
    if not is_success(head):
        raise dialect.explain(head, body)
    events = attempt.target.decode(head, body)
    reply = folded(attempt.target.name, events, dialect.name, _restorer(attempt))
    response = reply.response()
    if _quotes_secret(attempt, response):
        reply.change_names(partial(attempt.target.secrets.sub, MASK))
        response = reply.response()
    attempt.record_usage(response.usage, _reported(attempt, reply, head))
    attempt.record_served_name(response.served_model)
    if not reply.is_plain_text:
        _require_answer(attempt, head, reply, response, response)
    response.attempts = attempt.succeed(head.status)
    response.cost, response.cost_reason = cost_of_call(attempt, response.attempts)
    attempt.report_answer(lambda: response)
    return response


def _quotes_secret(attempt: AttemptState, answer: LLMResponse | StreamChunk) -> bool:
    """Return True if the provider's names in an answer hold a secret that it was sent."""
    names = f"{answer.served_model}\n{answer.id}\n{answer.native_finish_reason}"
    return attempt.target.secrets.search(names) is not None


def _restorer(attempt: AttemptState) -> Restore | None:
    question = attempt.context.question
    if question is None or not question.tools:
        return None
    from llmring.client.replies.call_arguments import restorer

    return restorer(question.tools)


def _reported(attempt: AttemptState, reply: Reply, head: HttpHead) -> ReportedCost | None:
    """Return the cost that the server reports, if it is known to report any."""
    fields = attempt.target.quirks.reports_cost
    return reported_cost(fields, reply.costs, head) if fields else None


_BLANK_LINES = (b"\n\n", b"\r\n\r\n", b"\r\r")
_LINE_ENDS = (b"\n",)


class StreamReader:
    """A streamed answer being read: bytes in, chunks out.

    Args:
        attempt: The attempt.
        head: The head of its answer.
        progress: The part of the answer that was already shown, from models that broke off.
        limits: The bounds of what is read.
    """

    def __init__(
        self, attempt: AttemptState, head: HttpHead, progress: StreamProgress, limits: BodyLimits
    ) -> None:
        dialect = attempt.target.dialect
        self._attempt = attempt
        self._head = head
        self._progress = progress
        self._decoder = attempt.target.decoder(head)
        self._reply = Reply(attempt.target.name, dialect.name, _restorer(attempt))
        self._trimmer = (
            OverlapTrimmer(progress.text, stripped=attempt.target.prefills)
            if progress.resumes
            else None
        )
        self._restarts = progress.anything and not progress.resumes
        self._patience: StreamPatience | None = None
        self._earlier_citations = progress.citations if progress.resumes else ()
        # A server that does not stream sends the whole answer as one event.
        is_whole = head.content_type == "application/json"
        self._most_bytes = limits.body if is_whole else limits.event
        self._event_ends = _BLANK_LINES if head.content_type == "text/event-stream" else _LINE_ENDS
        self._unfinished_bytes = 0

    @property
    def done(self) -> bool:
        """True if the provider has marked the end of the answer."""
        return self._decoder.done

    @property
    def finished(self) -> bool:
        """True if the provider has given the reason for the end of the answer."""
        return self._reply.finished is not None

    def patience(
        self, now: float, *, stall: float, first_content: float, deadline: float | None
    ) -> StreamPatience:
        """Limit what the answer may leave out; arguments as for `StreamPatience`."""
        self._patience = StreamPatience(
            self._decoder,
            self._head.status,
            now,
            stall=stall,
            first_content=first_content,
            deadline=deadline,
            reserve=self._attempt.reserve,
        )
        return self._patience

    def feed(self, data: bytes) -> Iterator[StreamChunk]:
        """Return the chunks that these bytes complete.

        Raises:
            ProviderError: The provider reports a failure, or its answer can't be read.
        """
        events = self._decoder.feed(data)
        if events or any(end in data for end in self._event_ends):
            self._unfinished_bytes = 0
            return self._shown(events)
        self._unfinished_bytes += len(data)
        if self._unfinished_bytes > self._most_bytes:
            raise too_large("an event of the answer", self._most_bytes)
        return self._shown(events)

    def _shown(self, events: Iterable[Event]) -> Iterator[StreamChunk]:
        """Add the events; yield the chunks to show for them."""
        reply, trimmer, patience = self._reply, self._trimmer, self._patience
        writes = False
        for event in events:
            is_text = type(event) is TextDelta
            # Of several texts that came together, one is seen for all.
            if patience is not None and not (is_text and writes):
                patience.see(event)
            writes = is_text
            chunk = reply.add(event)
            if is_text and chunk is not None and trimmer is None and not self._restarts:
                yield chunk
                continue
            if chunk is None:
                self._note_usage(event)
            elif self._show(chunk):
                yield chunk

    def end(self) -> Iterator[StreamChunk]:
        """Yield the remaining chunks at the end of the bytes, then the last; ends the attempt.

        Raises:
            ProviderError: The answer is incomplete.
        """
        yield from self._shown(self._decoder.end())
        self._finish_at_mark()
        fault = self._reply.fault()
        if fault is not None:
            raise ProviderResponseError(fault, status=self._head.status)
        rest = self._trimmer.end() if self._trimmer is not None else ""
        if rest:
            chunk = StreamChunk(delta=rest, model=self._attempt.target.name)
            self._mark(chunk)
            yield chunk
        before = None if self._trimmer is None else self._progress.text
        last = self._last_chunk(before)
        if _quotes_secret(self._attempt, last):
            self._reply.change_names(partial(self._attempt.target.secrets.sub, MASK))
            last = self._last_chunk(before)
        self._attempt.record_usage(last.usage, _reported(self._attempt, self._reply, self._head))
        self._attempt.record_served_name(last.served_model)
        if not self._reply.is_plain_text:
            whole = self._reply.response()
            kept = self._kept(last)
            _require_answer(self._attempt, self._head, self._reply, whole, kept, before or "")
        last.attempts = self._attempt.succeed(self._head.status)
        last.cost, last.cost_reason = cost_of_call(self._attempt, last.attempts)
        self._attempt.report_answer(self._reply.response)
        self._mark(last)
        yield last

    def _kept(self, last: StreamChunk) -> StreamChunk:
        """Return the last chunk as the caller gets it if the answer is a refusal that stays."""
        return last

    def _last_chunk(self, before: str | None) -> StreamChunk:
        last = self._reply.last_chunk(before)
        if before is None:
            return last
        last.citations = self._earlier_citations + moved(last.citations, self._begins_at())
        return last

    def _begins_at(self) -> int:
        """Return the place of the reply's first character in the text of all models."""
        return len(self._progress.text) - self._reply.length

    def _note_usage(self, event: Event) -> None:
        # At once, because a failure may follow.
        if isinstance(event, UsageReport | Finished) and self._reply.usage is not None:
            reported = _reported(self._attempt, self._reply, self._head)
            self._attempt.record_usage(self._reply.usage, reported)

    def _finish_at_mark(self) -> None:
        if self._reply.finished is not None or not self._attempt.target.quirks.may_omit_reason:
            return
        if (mark := self._reply.finish_at_mark()) is not None:
            self._attempt.note(f"ended by {mark} without a finish reason, as this server may do")

    def _show(self, chunk: StreamChunk) -> bool:
        """Prepare a chunk; return False if it must not be shown.

        Raises:
            ProviderError: It holds a tool call without a name.
        """
        if chunk.tool_calls and (fault := without_name(chunk.tool_calls)) is not None:
            raise ProviderResponseError(fault, status=self._head.status)
        if self._trimmer is not None and not self._join(chunk, self._trimmer):
            return False
        self._mark(chunk)
        return True

    def _join(self, chunk: StreamChunk, trimmer: OverlapTrimmer) -> bool:
        """Fit a chunk to the text of other models; return False if it must not be shown."""
        if chunk.restart:
            # It would take back the text of the other models as well.
            return False
        if chunk.citations:
            if trimmer.holds_back:
                # Their places are known once the text is; the last chunk has them.
                return False
            chunk.citations = moved(chunk.citations, self._begins_at())
        if chunk.delta:
            chunk.delta = trimmer.feed(chunk.delta)
            return bool(chunk.delta)
        return True

    def _mark(self, chunk: StreamChunk) -> None:
        if self._restarts:
            chunk.restart, self._restarts = True, False


def _require_answer(
    attempt: AttemptState,
    head: HttpHead,
    reply: Reply,
    response: LLMResponse,
    answer: LLMResponse | StreamChunk,
    before: str = "",
) -> None:
    """Check that a complete reply is an answer.

    Args:
        attempt: The attempt.
        head: The head of the reply.
        reply: The reply.
        response: The reply as a whole.
        answer: The answer that the caller would get.
        before: The text before it, if another model began the answer.

    Raises:
        ProviderResponseError: It is not.
        ContentPolicyError: The provider's policy has emptied it, and another provider is asked.
    """
    is_content, detail = attempt.target.dialect.is_content, None
    if reply.finished is not None:
        detail = reply.finished.detail
    question = attempt.context.question
    fault = defect(response, question, is_content, detail=detail, before=before)
    if fault is not None:
        raise ProviderResponseError(fault, status=head.status, request_id=request_id(head))
    if is_bare_refusal(response, is_content) and attempt.goes_on_after_refusal():
        words = f": {response.refusal}" if response.refusal else ""
        refusal = ContentPolicyError(
            "the provider's policy refused the answer "
            f"(finish reason {response.native_finish_reason!r}){words}",
            status=head.status,
            request_id=request_id(head),
            provider_message=response.refusal,
        )
        attempt.keep_refused(answer, response, refusal)
        raise refusal


def cost_of_call(
    winner: AttemptState, attempts: Sequence[Attempt]
) -> tuple[Cost | None, str | None]:
    """Return the cost of a call, and a reason if it is unknown or partly estimated.

    Args:
        winner: The attempt that answered.
        attempts: All attempts.
    """
    if len(attempts) == 1 and not winner.uncounted:
        return winner.cost, winner.cost_reason
    others = [attempt for attempt in attempts if attempt.outcome != "ok"]
    return cost_with_others(winner, others, winner.uncounted, winner.day)


def cost_with_others(
    answered: AttemptState | LLMResponse | StreamChunk,
    others: Sequence[Attempt],
    uncounted: Sequence[Target],
    day: date,
) -> tuple[Cost | None, str | None]:
    """Return the cost of an answer and of the other attempts of its call, as `cost_of_call`.

    A provider may bill cancelled attempts. If their usage is unknown, they are assumed to have
    used as many tokens as the answer.

    Args:
        answered: The attempt that answered, or its answer with the cost of this attempt alone.
        others: The other attempts.
        uncounted: Models that may charge for an attempt whose usage is not known.
        day: The day of the call.
    """
    costs: list[tuple[Decimal | None, str | None]] = [(answered.cost, answered.cost_reason)]
    costs += [
        (attempt.cost, _of_whom(attempt.model, attempt.cost_reason))
        for attempt in others
        if attempt.usage is not None
    ]
    if answered.usage is not None:
        costs += [_estimated_cost(target, answered.usage, day) for target in uncounted]
    cost, reason = total_cost(costs)
    if cost is not None and uncounted:
        names = ", ".join(dict.fromkeys(str(target.ref) for target in uncounted))
        reason = both(reason, f"with an estimate for cancelled attempts: {names}")
    return cost, reason


def _estimated_cost(target: Target, usage: Usage, day: date) -> tuple[Cost | None, str | None]:
    """Return the cost of an attempt that used as many tokens as the answer, or why it is unknown.

    Args:
        target: The model of the attempt.
        usage: The tokens of the answer.
        day: The day of the call.
    """
    cost = cost_of(usage, target.facts, day)
    if not isinstance(cost, Unpriced):
        return cost, None
    return None, f"the cancelled attempt at {target.ref} has no known price: {cost.reason}"


def _of_whom(model: str, reason: str | None) -> str | None:
    return None if reason is None else f"{model}: {reason}"
