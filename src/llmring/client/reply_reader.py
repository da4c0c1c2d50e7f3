"""Reading answers: from the bytes of an attempt to the answer with its cost; does no I/O."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from llmring.chat.cost import Cost
from llmring.chat.events import Event, Finished, Usage, UsageReport
from llmring.chat.reply import Reply, fold
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.client.usage_totals import both, total_cost
from llmring.exceptions import ProviderResponseError
from llmring.registry.price import Unpriced, cost_of
from llmring.routing.attempt import AttemptState
from llmring.routing.stream_resume import OverlapTrimmer, StreamProgress
from llmring.routing.targets import Target
from llmring.wire import HttpHead, is_success


def whole_reply(attempt: AttemptState, head: HttpHead, body: bytes) -> LLMResponse:
    """Return the answer of an attempt; ends the attempt.

    Raises:
        ProviderError: The provider reports a failure, or its answer can't be read.
    """
    dialect = attempt.target.dialect
    if not is_success(head):
        raise dialect.explain(head, body)
    response = fold(attempt.target.name, dialect.decode(head, body), dialect.name)
    attempt.record_usage(response.usage)
    attempt.record_served_name(response.served_model)
    response.attempts = attempt.succeed(head.status)
    response.cost, response.cost_reason = cost_of_call(attempt, response.attempts)
    attempt.report_answer(lambda: response)
    return response


class StreamReader:
    """A streamed answer being read: bytes in, chunks out.

    Args:
        attempt: The attempt.
        head: The head of its answer.
        progress: The part of the answer that was already shown, from models that broke off.
    """

    def __init__(self, attempt: AttemptState, head: HttpHead, progress: StreamProgress) -> None:
        dialect = attempt.target.dialect
        self._attempt = attempt
        self._head = head
        self._progress = progress
        self._decoder = dialect.decoder(head)
        self._reply = Reply(attempt.target.name, dialect.name)
        self._trimmer = OverlapTrimmer(progress.text) if progress.resumes else None
        self._restarts = progress.anything and not progress.resumes

    @property
    def done(self) -> bool:
        """True if the provider has marked the end of the answer."""
        return self._decoder.done

    def feed(self, data: bytes) -> Iterator[StreamChunk]:
        """Yield the chunks that these bytes complete.

        Raises:
            ProviderError: The provider reports a failure, or its answer can't be read.
        """
        for event in self._decoder.feed(data):
            chunk = self._reply.add(event)
            if chunk is None:
                self._note_usage(event)
            elif self._show(chunk):
                yield chunk

    def end(self) -> Iterator[StreamChunk]:
        """Yield the remaining chunks at the end of the bytes, then the last; ends the attempt.

        Raises:
            ProviderError: The answer is incomplete.
        """
        for event in self._decoder.end():
            chunk = self._reply.add(event)
            if chunk is None:
                self._note_usage(event)
            elif self._show(chunk):
                yield chunk
        self._note_garbled()
        fault = self._reply.fault()
        if fault is not None:
            raise ProviderResponseError(fault, status=self._head.status)
        rest = self._trimmer.end() if self._trimmer is not None else ""
        if rest:
            chunk = StreamChunk(delta=rest, model=self._attempt.target.name)
            self._mark(chunk)
            yield chunk
        last = self._reply.last_chunk(None if self._trimmer is None else self._progress.text)
        self._attempt.record_usage(last.usage)
        self._attempt.record_served_name(last.served_model)
        last.attempts = self._attempt.succeed(self._head.status)
        last.cost, last.cost_reason = cost_of_call(self._attempt, last.attempts)
        self._attempt.report_answer(self._reply.response)
        self._mark(last)
        yield last

    def _note_usage(self, event: Event) -> None:
        # At once, because a failure may follow.
        if isinstance(event, UsageReport | Finished) and self._reply.usage is not None:
            self._attempt.record_usage(self._reply.usage)

    def _note_garbled(self) -> None:
        garbled = self._reply.garbled
        if garbled:
            pieces = "one piece" if len(garbled) == 1 else f"{len(garbled)} pieces"
            self._attempt.note(f"{pieces} of the stream skipped: {garbled[0].message}")

    def _show(self, chunk: StreamChunk) -> bool:
        """Prepare a chunk; return False if it must not be shown."""
        if self._trimmer is not None and chunk.delta:
            chunk.delta = self._trimmer.feed(chunk.delta)
            if not chunk.delta:
                return False
        self._mark(chunk)
        return True

    def _mark(self, chunk: StreamChunk) -> None:
        chunk.restart, self._restarts = self._restarts, False


def cost_of_call(
    winner: AttemptState, attempts: Sequence[Attempt]
) -> tuple[Cost | None, str | None]:
    """Return the cost of a call, and a reason if it is unknown or partly estimated.

    A provider may bill cancelled attempts. If their usage is unknown, they are assumed to have
    used as many tokens as the answer.

    Args:
        winner: The attempt that answered.
        attempts: All attempts.
    """
    if len(attempts) == 1 and not winner.uncounted:
        return winner.cost, winner.cost_reason
    costs: list[tuple[Decimal | None, str | None]] = [(winner.cost, winner.cost_reason)]
    costs += [
        (attempt.cost, _of_whom(attempt.model, attempt.cost_reason))
        for attempt in attempts
        if attempt.outcome != "ok" and attempt.usage is not None
    ]
    if winner.usage is not None:
        costs += [_estimate(target, winner.usage, winner.day) for target in winner.uncounted]
    cost, reason = total_cost(costs)
    if cost is not None and winner.uncounted:
        names = ", ".join(dict.fromkeys(str(target.ref) for target in winner.uncounted))
        reason = both(reason, f"with an estimate for cancelled attempts: {names}")
    return cost, reason


def _estimate(target: Target, usage: Usage, day: date) -> tuple[Cost | None, str | None]:
    cost = cost_of(usage, target.facts, day)
    if not isinstance(cost, Unpriced):
        return cost, None
    return None, f"the cancelled attempt at {target.ref} has no known price: {cost.reason}"


def _of_whom(model: str, reason: str | None) -> str | None:
    return None if reason is None else f"{model}: {reason}"
