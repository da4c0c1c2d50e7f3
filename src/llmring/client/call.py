"""What a call is, apart from its I/O: an attempt's bytes read, and the answer settled."""

from collections.abc import Iterator
from decimal import Decimal

from llmring.chat.events import Usage
from llmring.chat.reply import Reply, fold
from llmring.chat.response import LLMResponse, StreamChunk
from llmring.exceptions import ProviderResponseError
from llmring.registry.price import Unpriced, cost_of
from llmring.routing.breakage import Seam, Shown
from llmring.routing.trial import Trial
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
    response.attempts = trial.answered(head.status)
    response.cost, response.cost_reason = _price(response.usage, trial)
    trial.watch.answered(lambda: response)
    return response


class Reading:
    """A streamed answer being read: bytes in, chunks out.

    Args:
        trial: The attempt.
        head: The head of its answer.
        shown: What the reader has of the answer, from models that broke off before this one.
    """

    def __init__(self, trial: Trial, head: HttpHead, shown: Shown) -> None:
        dialect = trial.target.dialect
        self._trial = trial
        self._head = head
        self._shown = shown
        self._decoder = dialect.decoder(head)
        self._reply = Reply(str(trial.target.ref), dialect.name)
        self._seam = Seam(shown.text) if shown.resumes else None
        self._restarts = shown.anything and not shown.resumes

    @property
    def done(self) -> bool:
        """Whether the provider has said that nothing more will come."""
        return self._decoder.done

    def feed(self, data: bytes) -> Iterator[StreamChunk]:
        """The chunks that these bytes complete.

        Raises:
            ProviderError: The provider reports a failure, or sends what can't be read.
        """
        for event in self._decoder.feed(data):
            chunk = self._reply.add(event)
            if chunk is not None and self._show(chunk):
                yield chunk

    def end(self) -> Iterator[StreamChunk]:
        """The chunks still held when nothing more comes, and the last; ends the attempt.

        Raises:
            ProviderError: The answer is not complete.
        """
        for event in self._decoder.end():
            chunk = self._reply.add(event)
            if chunk is not None and self._show(chunk):
                yield chunk
        self._note_garbled()
        fault = self._reply.fault()
        if fault is not None:
            raise ProviderResponseError(fault, status=self._head.status)
        held = self._seam.end() if self._seam is not None else ""
        if held:
            chunk = StreamChunk(delta=held, model=str(self._trial.target.ref))
            self._mark(chunk)
            yield chunk
        last = self._reply.last_chunk(None if self._seam is None else self._shown.text)
        last.attempts = self._trial.answered(self._head.status)
        last.cost, last.cost_reason = _price(last.usage, self._trial)
        self._trial.watch.answered(self._reply.response)
        self._mark(last)
        yield last

    def _note_garbled(self) -> None:
        garbled = self._reply.garbled
        if garbled:
            pieces = "one piece" if len(garbled) == 1 else f"{len(garbled)} pieces"
            self._trial.note(f"{pieces} of the stream passed over: {garbled[0].message}")

    def _show(self, chunk: StreamChunk) -> bool:
        """Whether the reader is to have this chunk, which is made ready for it."""
        if self._seam is not None and chunk.delta:
            chunk.delta = self._seam.feed(chunk.delta)
            if not chunk.delta:
                return False
        self._mark(chunk)
        return True

    def _mark(self, chunk: StreamChunk) -> None:
        chunk.restart, self._restarts = self._restarts, False


def _price(usage: Usage | None, trial: Trial) -> tuple[Decimal | None, str | None]:
    """What the answer has cost, and why that is not known or what in it is an estimate."""
    own = cost_of(usage, trial.target.facts, trial.day)
    trial.usage = usage
    if isinstance(own, Unpriced):
        return None, own.reason
    trial.cost = own
    others = trial.beside
    if not others:
        return own, None
    # Attempts that were broken off are charged for; as nobody tells what they took, they are
    # counted like the answer itself.
    costs: list[Decimal] = [own]
    for target in others:
        cost = cost_of(usage, target.facts, trial.day)
        if isinstance(cost, Unpriced):
            return None, f"{target.ref} was broken off, and its price is not known: {cost.reason}"
        costs.append(cost)
    names = ", ".join(str(target.ref) for target in others)
    return sum(costs, Decimal(0)), f"with an estimate for what was broken off: {names}"
