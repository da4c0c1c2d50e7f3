"""Records of calls: filled during a call, written to the ledger when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from llmring.chat.cost import amount_of
from llmring.chat.embedding import EmbeddingResponse
from llmring.chat.events import Usage
from llmring.chat.json_text import json_bytes
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.client.usage_totals import both, total_cost, total_usage
from llmring.clock import Clock
from llmring.exceptions import (
    LimitExceededError,
    LLMRingError,
    ProviderError,
    RingClosedError,
    SchemaValidationError,
)
from llmring.ledger.entry import Kind, LoggedAttempt
from llmring.ledger.project import Stamp
from llmring.lockfile.document import DEFAULT_PROFILE
from llmring.redaction import redact
from llmring.routing.observers import CallObserver

if TYPE_CHECKING:
    from pathlib import Path

    from llmring.config.active_lockfile import ActiveLockfile
    from llmring.ledger.call_origin import CallOrigin
    from llmring.ledger.entry import Outcome
    from llmring.ledger.writer import Ledger
    from llmring.providers.endpoint import Endpoint

Answer = LLMResponse | StreamChunk | EmbeddingResponse

_CANCELLED = "cancelled before the answer was complete; the provider may still bill it"
_PART_CANCELLED = "without the cancelled attempt, which the provider may still bill"

# Other values given as tags may fail when converted to text.
_TAG_TYPES = (str, int, float)


class CallStart(Struct, frozen=True):
    """A call as it begins.

    Attributes:
        kind: The kind of call.
        model: The alias, or the reference of a model.
        profile: The profile that the call names, if any.
        what: The request, or the texts to embed.
        stream: True for a streamed answer.
        origin: Where the call comes from, if a gateway makes it.
        relays: True if the client of a gateway may be sent the model's own bytes.
    """

    kind: Kind
    model: str | None
    profile: str | None
    what: ParsedRequest | Sequence[str]
    stream: bool = False
    origin: CallOrigin | None = None
    relays: bool = True


class Recorder:
    """Writes a ring's calls to the ledger.

    Args:
        place: Location of the ledger; None for no ledger.
        active_lockfile: The active lockfile.
        clock: The ring's clock.
        content: True to write the texts too.
        spool: Folder for the calls that can't be written before the process ends; None to lose
            them.

    Attributes:
        clock: The ring's clock.
        content: True to write the texts too.
        kept: The stamp whose `keep` applies.
    """

    # True to lose no call of a process that is killed.
    _keeps_journal = False
    # The class of its records.
    _kind: type[CallRecord] | None = None

    def __init__(
        self,
        place: Path | str | None,
        active_lockfile: ActiveLockfile,
        clock: Clock,
        *,
        content: bool,
        spool: Path | None = None,
    ) -> None:
        self._place = place
        self._spool = spool
        self._ledger: Ledger | None = None
        self._active_lockfile = active_lockfile
        self.clock = clock
        self.content = content
        self.kept: Stamp | None = None
        # The endpoints whose secrets apart from keys these are.
        self._cleaned: Mapping[str, Endpoint] | None = None
        self._secrets: Sequence[str] = ()

    def record(self, start: CallStart) -> CallRecord | None:
        """Begin the record of a call; return None if no ledger is kept."""
        if self._ledger is None:
            if self._place is None:
                return None
            from llmring.ledger.process_ledger import ledger_at

            self._ledger = ledger_at(self._place, self._spool)
            if self._keeps_journal:
                self._ledger.keep_journal()
        return (self._kind or CallRecord)(self, self._ledger, start)

    @property
    def pending(self) -> int:
        """The number of calls that are not yet written to the ledger."""
        return 0 if self._ledger is None else self._ledger.pending

    def stamp(self, profile: str | None) -> Stamp:
        """Return what entries repeat of the lockfile."""
        try:
            return self._active_lockfile.latest().stamp(profile)
        except LLMRingError:
            # The call will fail for the same reason.
            return Stamp(profile or DEFAULT_PROFILE)

    def keep(self, ledger: Ledger, stamp: Stamp) -> None:
        """Apply the `keep` of the lockfile with this stamp."""
        self.kept = stamp
        ledger.keep(stamp, self.clock)

    def clean(self, text: str) -> str:
        """Mask the keys in a text."""
        endpoints = self._active_lockfile.latest().endpoints
        if self._cleaned is not endpoints:
            self._cleaned = endpoints
            self._secrets = [each for row in endpoints.values() for each in row.other_secrets]
        keys = [key for row in endpoints.values() if (key := row.known_key)]
        return redact(text, [*keys, *self._secrets])


class CallRecord(CallObserver):
    """The record of one call, written to the ledger when the call ends; the first end counts.

    Args:
        recorder: The ring's books.
        ledger: The ledger.
        start: The call.
    """

    # What a gateway's calls have in addition; see `ServedRecord`.
    _more: Callable[[Answer | None, Sequence[Attempt]], Mapping[str, Any]] | None = None

    def __init__(self, recorder: Recorder, ledger: Ledger, start: CallStart) -> None:
        self._recorder = recorder
        self._ledger: Ledger | None = ledger
        self._start = start
        self._alias: str | None = start.model or None
        self._attempts: Callable[[], Sequence[Attempt]] | None = None
        self._at = recorder.clock.time_ns() // 1000
        self._began = time.perf_counter()
        self._first_ms: float | None = None
        self._stamp: Stamp | None = None
        self._later: Sequence[Sequence[Attempt]] = ()

    def found(
        self,
        alias: str | None,
        attempts: Callable[[], Sequence[Attempt]],
        stamp: Stamp | None = None,
        later: Sequence[Sequence[Attempt]] = (),
    ) -> None:
        """Store the alias that the call resolved to.

        Args:
            alias: The alias; None if the call names a model directly.
            attempts: Returns the attempts so far.
            stamp: What entries repeat of the lockfile.
            later: The attempts so far of each further request, such as one that repairs an answer.
        """
        self._alias, self._attempts, self._stamp, self._later = alias, attempts, stamp, later

    def on_chunk(self, chunk: StreamChunk) -> None:
        """Note the time of the first chunk; the last one, which has the message, ends the call."""
        if self._first_ms is None:
            self._first_ms = self._elapsed_ms()
        if chunk.message is not None:
            self._enter(chunk, chunk.attempts, "ok")

    def on_answer(self, answer: LLMResponse | EmbeddingResponse) -> None:
        """Write a call that was answered."""
        self._enter(answer, answer.attempts, "ok")

    def on_failure(self, error: BaseException) -> None:
        """Write a call that ended without an answer."""
        if isinstance(error, SchemaValidationError):
            response = error.response
            self._enter(response, response.attempts, "failed", error)
            return
        attempts = error.attempts if isinstance(error, ProviderError) else ()
        if not attempts and self._attempts is not None:
            attempts = (*self._attempts(), *chain.from_iterable(self._later))
        self._enter(None, attempts, self._outcome(error, attempts), error)

    def _outcome(self, error: BaseException, attempts: Sequence[Attempt]) -> Outcome:
        if not isinstance(error, Exception) or isinstance(error, RingClosedError):
            return "cancelled"
        beyond = isinstance(error, LimitExceededError) and not _count(attempts)
        return "refused" if self._attempts is None or beyond else "failed"

    def _enter(
        self,
        answer: Answer | None,
        attempts: Sequence[Attempt],
        outcome: Outcome,
        error: BaseException | None = None,
    ) -> None:
        ledger, self._ledger = self._ledger, None
        if ledger is None:
            return
        # Not needed where no ledger is kept.
        from llmring.ledger.columns import row

        start, recorder = self._start, self._recorder
        stamp = self._stamp or recorder.stamp(start.profile)
        cost, reason = _charged(attempts, outcome) if answer is None else (None, None)
        chat_answer = None if isinstance(answer, EmbeddingResponse) else answer
        if stamp is not recorder.kept:
            recorder.keep(ledger, stamp)
        ledger.add_row(
            row(
                id=ledger.new_id(self._at),
                at=self._at,
                kind=start.kind,
                alias=self._alias,
                profile=stamp.profile,
                model=answer.model if answer else None,
                served_model=chat_answer.served_model if chat_answer else None,
                usage=answer.usage if answer else _usage_of(attempts, outcome),
                cost=amount_of(answer) if answer else cost,
                cost_reason=answer.cost_reason if answer else reason,
                ms=self._elapsed_ms(),
                first_ms=self._first_ms,
                attempts=_count(attempts),
                story=[_logged_attempt(attempt) for attempt in attempts],
                outcome=outcome,
                error=type(error).__name__ if error else None,
                finish_reason=chat_answer.finish_reason if chat_answer else None,
                stream=start.stream,
                tags=_tags(start.what, recorder),
                digest=stamp.digest,
                prompt=recorder.clean(_prompt(start.what)) if recorder.content else None,
                answer=recorder.clean(_text_of(chat_answer))
                if recorder.content and chat_answer
                else None,
                project=stamp.project,
                lockfile=stamp.lockfile,
                **({} if self._more is None else self._more(answer, attempts)),
            )
        )

    def _elapsed_ms(self) -> float:
        return (time.perf_counter() - self._began) * 1000


def _count(attempts: Sequence[Attempt]) -> int:
    """Count the attempts that reached a model."""
    return len([attempt for attempt in attempts if attempt.outcome != "skipped"])


def _logged_attempt(attempt: Attempt) -> LoggedAttempt:
    """Return an attempt without its reason, in which a provider may quote the prompt."""
    error = attempt.error
    return LoggedAttempt(
        attempt.model,
        attempt.outcome,
        attempt.ms,
        attempt.status,
        type(error).__name__ if error else None,
    )


def _charged(attempts: Sequence[Attempt], outcome: Outcome) -> tuple[Decimal | None, str | None]:
    """Return the cost of the attempts of a call without an answer."""
    costs = [
        (attempt.cost, attempt.cost_reason)
        for attempt in attempts
        if attempt.cost is not None or attempt.cost_reason is not None
    ]
    if outcome != "cancelled":
        return total_cost(costs) if costs else (None, None)
    known = [each for each in costs if each[0] is not None]
    if len(known) == len(costs):
        return total_cost(known) if known else (None, None)
    if not known:
        return None, _CANCELLED
    cost, remark = total_cost(known)
    return cost, both(remark, _PART_CANCELLED)


def _usage_of(attempts: Sequence[Attempt], outcome: Outcome) -> Usage | None:
    """Return the tokens of a cancelled call; None if those of an attempt are unknown."""
    if outcome != "cancelled":
        return None
    usages = [
        attempt.usage
        for attempt in attempts
        if attempt.usage is not None or attempt.cost_reason is not None
    ]
    return total_usage(usages) if usages else None


def _tags(what: ParsedRequest | Sequence[str], recorder: Recorder) -> tuple[str, ...]:
    if not isinstance(what, ParsedRequest) or not what.metadata:
        return ()
    match what.metadata.get("tags"):
        case str(tag):
            tags = [tag]
        case Mapping() as pairs:
            tags = [
                f"{key}={value}"
                for key, value in pairs.items()
                if isinstance(key, str) and isinstance(value, _TAG_TYPES)
            ]
        case [*several]:
            tags = [str(tag) for tag in several if isinstance(tag, _TAG_TYPES)]
        case _:
            return ()
    # A tag given twice counts once.
    return tuple(dict.fromkeys(map(recorder.clean, tags)))


def _prompt(what: ParsedRequest | Sequence[str]) -> str:
    if isinstance(what, ParsedRequest):
        from llmring.telemetry.content import input_messages

        return input_messages(what)
    return json_bytes(what).decode()


def _text_of(answer: LLMResponse | StreamChunk) -> str:
    message = answer.message
    return "" if message is None else message.text
