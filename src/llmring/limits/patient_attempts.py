"""The attempts of a call that waits for rate limits to end, as the requests of a batch do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from llmring.exceptions import ProviderError
from llmring.limits.admission import Admission
from llmring.routing.attempt import AttemptState
from llmring.routing.call_wishes import CallPatience, RequestTurn
from llmring.routing.circuits import Circuits, OpenCircuit
from llmring.routing.failover import Failover, WithdrawnError
from llmring.routing.failure_policy import is_rate_limit, may_have_run
from llmring.wire import HttpHead

T = TypeVar("T")

# How often the circuits are read while all of them are open.
_PROBE_SECONDS = 0.5

Settle = Callable[[AttemptState, HttpHead, bytes], T]


class PatientAttempts(Generic[T]):
    """The attempts of one call with patience.

    An attempt does not fail by a rate limit: its request is sent again when the model's turn comes.
    What an attempt has waited for counts for none of the call's time limits.

    Args:
        failover: The call.
        patience: Gives the requests their turns.
        admission: The admission of the call, if the lockfile limits it.
        settle: Reads the answer to an attempt, and ends the attempt.
        send: Sends the request of an attempt, and returns its answer as the given function reads
            it.
        circuits: The circuits, which may open while the first attempt waits for its turn.
    """

    def __init__(
        self,
        failover: Failover,
        patience: CallPatience,
        admission: Admission | None,
        settle: Settle[T],
        send: Callable[[Settle[T], None, AttemptState], Awaitable[T]],
        circuits: Circuits,
    ) -> None:
        self._failover = failover
        self._patience = patience
        self._admission = admission
        self._settle = settle
        self._send = send
        # Those of a model that has failed before are read now, which may make this call its probe.
        self._circuits = None if circuits.has_failures else circuits
        _postpone_start(failover)

    async def ask(self, attempt: AttemptState) -> T:
        """Return the answer to an attempt, once its turn has come and limits have ended.

        Raises:
            ProviderError: The attempt has failed.
            LimitExceededError: The call exceeds a limit that is not waited for.
        """
        failover = self._failover
        began, moved = failover.clock(), failover.waited
        limits, waited, note = 0, 0.0, ""
        while True:
            asked = failover.clock()
            turn = await self._patience.turn(attempt.target, failover.context.tokens, limits=limits)
            try:
                await self._read_circuits(attempt)
                await self._admit(attempt)
                now = failover.clock()
                attempt.postpone(now - began)
                failover.postpone(now - began - (failover.waited - moved))
                began, moved = now, failover.waited
                if limits:
                    waited += now - asked
                    note = _note(attempt, note, waited, limits)
                answer = await self._send(self._reading(turn), None, attempt)
                turn.answered(_tokens(attempt))
            except WithdrawnError:
                raise
            except ProviderError as error:
                if not self._may_wait(attempt, error) or not turn.limited(error):
                    raise
                fault = error
            else:
                return answer
            finally:
                turn.end()
            limits += 1
            attempt.is_sent = False
            if self._admission is not None:
                self._admission.on_attempt_failure(attempt, fault)

    def _reading(self, turn: RequestTurn) -> Settle[T]:
        """Build the function that reads an answer, and the rate limits in its head."""

        def settle(attempt: AttemptState, head: HttpHead, body: bytes) -> T:
            turn.report(attempt.target.dialect.rate_limits(head))
            return self._settle(attempt, head, body)

        return settle

    async def _read_circuits(self, attempt: AttemptState) -> None:
        """Withdraw the first attempt if the model's circuit has opened while it waited.

        Raises:
            WithdrawnError: The attempt is withdrawn.
        """
        circuits = self._circuits
        if circuits is None or self._failover.attempts or not circuits.has_failures:
            return
        self._circuits = None
        blocked = await closed_circuits(circuits, self._failover, self._patience)
        if str(attempt.target.ref) in blocked:
            self._failover.blocked = blocked
            self._failover.withdraw(attempt)
            raise WithdrawnError("circuit open")

    async def _admit(self, attempt: AttemptState) -> None:
        """Wait for the limits that the lockfile sets."""
        if self._admission is not None:
            deadline = attempt.deadline
            await self._admission.admit(self._failover, attempt)
            attempt.deadline = deadline  # moved together with the call's own

    def _may_wait(self, attempt: AttemptState, error: ProviderError) -> bool:
        """Return True if the request of an attempt may be sent again after this error."""
        if not is_rate_limit(error) or not self._failover.is_under_way(attempt):
            return False
        return not (self._failover.context.effects and may_have_run(error))


async def closed_circuits(
    circuits: Circuits, failover: Failover, patience: CallPatience
) -> Mapping[str, OpenCircuit]:
    """Wait until the circuit of one model is closed, or a call may probe it; return the open ones.

    Args:
        circuits: The circuits.
        failover: The call, whose deadline moves by the wait.
        patience: How long to wait.
    """
    targets = failover.targets
    models = {str(each.ref) for each in targets}
    until = failover.clock() + patience.most_wait
    blocked = await circuits.blocked(targets)
    if len(blocked) < len(models):
        return blocked
    while len(blocked) == len(models) and failover.clock() < until:
        first = min(each.seconds for each in blocked.values())
        await asyncio.sleep(min(max(first, 0.01), _PROBE_SECONDS))
        blocked = await circuits.blocked(targets)
    _postpone_start(failover)
    return blocked


def _postpone_start(failover: Failover) -> None:
    """Let the time of a call that has sent nothing yet begin now."""
    if failover.deadline is not None and failover.timeout is not None:
        begins = failover.deadline - failover.timeout
        failover.postpone(max(0.0, failover.clock() - begins))


def _note(attempt: AttemptState, before: str, seconds: float, limits: int) -> str:
    """Note on an attempt how long it has waited for limits, in place of the note before."""
    times = "once" if limits == 1 else f"{limits} times"
    note = f"waited {seconds:.1f} s for the rate limit, {times}"
    attempt.notes = (*(each for each in attempt.notes if each != before), note)
    return note


def _tokens(attempt: AttemptState) -> int | None:
    usage = attempt.usage
    return None if usage is None else usage.prompt_tokens + usage.completion_tokens
