"""What a call is, apart from its I/O: an attempt's bytes read, and the answer settled."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from llmring.chat.events import Event, Usage
from llmring.chat.response import LLMResponse, Reply, StreamChunk, fold
from llmring.exceptions import ProviderResponseError
from llmring.registry.price import Unpriced, cost_of
from llmring.routing.failover import Trial
from llmring.wire import HttpHead


def is_success(head: HttpHead) -> bool:
    """Whether the status promises an answer; redirects are not followed."""
    return 200 <= head.status < 300


def whole_reply(trial: Trial, head: HttpHead, body: bytes) -> LLMResponse:
    """The answer that an attempt has brought; ends the attempt.

    Raises:
        ProviderError: It is no answer.
    """
    dialect = trial.target.dialect
    if not is_success(head):
        raise dialect.explain(head, body)
    response = fold(str(trial.target.ref), dialect.decode(head, body), dialect.name)
    response.cost, response.cost_reason = _price(response.usage, trial)
    response.attempts = trial.answered(head.status)
    return response


class Reading:
    """A streamed answer being read: bytes in, chunks out."""

    def __init__(self, trial: Trial, head: HttpHead) -> None:
        self._trial = trial
        self._head = head
        dialect = trial.target.dialect
        self._decoder = dialect.decoder(head)
        self._reply = Reply(str(trial.target.ref), dialect.name)

    @property
    def done(self) -> bool:
        """Whether the provider has said that nothing more will come."""
        return self._decoder.done

    def feed(self, data: bytes) -> Iterator[StreamChunk]:
        """The chunks that these bytes complete.

        Raises:
            ProviderError: The provider reports a failure, or sends what can't be read.
        """
        return self._chunks(self._decoder.feed(data))

    def end(self) -> Iterator[StreamChunk]:
        """The chunks still held when nothing more comes, and the last; ends the attempt.

        Raises:
            ProviderError: The answer is not complete.
        """
        yield from self._chunks(self._decoder.end())
        if self._reply.finished is None:
            raise ProviderResponseError(
                "the stream ended before the answer was complete", status=self._head.status
            )
        last = self._reply.last_chunk()
        last.cost, last.cost_reason = _price(last.usage, self._trial)
        last.attempts = self._trial.answered(self._head.status)
        yield last

    def _chunks(self, events: Iterable[Event]) -> Iterator[StreamChunk]:
        for event in events:
            chunk = self._reply.add(event)
            if chunk is not None:
                self._trial.committed = True
                yield chunk


def _price(usage: Usage | None, trial: Trial) -> tuple[Decimal | None, str | None]:
    cost = cost_of(usage, trial.target.facts, trial.day)
    return (None, cost.reason) if isinstance(cost, Unpriced) else (cost, None)
