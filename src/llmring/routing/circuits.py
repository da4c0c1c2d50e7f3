"""Circuit breakers in memory: models that failed recently are skipped for a while.

Each model, address and key has its own circuit, so that a failure of one key does not affect
another. `limits.redis_circuits` shares the same circuits in a fleet.
"""

import enum
import hashlib
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from llmring.exceptions import (
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderTimeoutError,
)
from llmring.plain_data import PlainData
from llmring.routing.observers import CallObserver, ObservedAttempt
from llmring.routing.targets import Target

# A circuit opens after IN_A_ROW failures in a row, or if more than half of at least MANY attempts
# within the window have failed.
IN_A_ROW = 3
MANY = 10
WINDOW_SECONDS = 60.0
COOL_SECONDS = 10.0
MOST_COOL_SECONDS = 300.0
# A refused key or a retired model does not recover without a person.
LONG_SECONDS = 300.0
RATE_LIMIT_SECONDS = 5.0
# A longer wait is probably a misread header; if not, an occasional probe does little harm.
MOST_RETRY_AFTER_SECONDS = 3600.0
# A probe that never reports its outcome must not keep the circuit open for ever.
PROBE_SECONDS = 30.0
# A shorter silence ended by the caller's own timeout is not a sign of an unhealthy model.
TELLING_SILENCE_SECONDS = 10.0
# Calls that failed together must not come back together.
JITTER = 0.2


class Severity(enum.Enum):
    """The effect of a failure on a model's circuit."""

    NONE = "none: the cause was the request or the caller"
    ONE = "one failure among others"
    RATE = "too many requests: open until the time that the provider gives"
    LONG = "a person has to fix the cause"


def severity(error: ProviderError, waited: float) -> Severity:
    """Return the effect of a failure on a model's circuit.

    Args:
        error: The failure.
        waited: Seconds of silence before the failure: how long the model had sent nothing when
            the attempt ended.
    """
    match error:
        case ProviderModelNotFoundError() | ProviderAuthenticationError():
            return Severity.LONG
        case ProviderRequestError():
            return Severity.NONE
        case ProviderRateLimitError(should_retry=False, retry_after=None):
            return Severity.LONG  # a quota that is used up
        case ProviderRateLimitError():
            return Severity.RATE
        case ProviderTimeoutError(status=status) if status is None or status < 400:
            # Only the caller's own timeout ended it.
            return Severity.ONE if waited >= TELLING_SILENCE_SECONDS else Severity.NONE
        case _:
            return Severity.ONE


def seconds_by_severity(level: Severity, retry_after: float | None) -> float:
    """Return the seconds for which this failure alone opens the circuit; 0 if it takes several."""
    requested = min(retry_after or 0.0, MOST_RETRY_AFTER_SECONDS)
    match level:
        case Severity.LONG:
            return max(LONG_SECONDS, requested)
        case Severity.RATE:
            return requested or RATE_LIMIT_SECONDS
        case _:
            return 0.0


class Circuit(Struct, kw_only=True):
    """The recent failures and answers of one model.

    Attributes:
        model: Its reference.
        address: The base URL of its endpoint.
        row: Failures since the last answer.
        failed: Failures within the window.
        answered: Answers within the window.
        since: When the window began, in seconds of the clock.
        until: When the circuit stops being open; 0 for closed.
        probing: When the probe that another call makes is given up as lost.
        opened: How often in a row it has opened.
        set_by_provider: True if `until` is the provider's own time, before which no answer that
            was already in progress closes the circuit.
        reason: The last failure, for people.
    """

    model: str
    address: str
    row: int = 0
    failed: int = 0
    answered: int = 0
    since: float = 0.0
    until: float = 0.0
    probing: float = 0.0
    opened: int = 0
    set_by_provider: bool = False
    reason: str = ""


class OpenCircuit(Struct, frozen=True):
    """An open circuit: the seconds until it may close, and the last failure."""

    seconds: float
    reason: str


class CircuitState(PlainData, Struct, frozen=True, kw_only=True):
    """The circuit of a model that failed recently, for people to read.

    Attributes:
        model: Its reference.
        address: The base URL of its endpoint.
        state: "open": calls skip the model. "half-open": the next call, or one in progress,
            probes it. "closed": the model has failed, but is still tried.
        seconds: Seconds for which the circuit stays open.
        failures: How often in a row it has failed.
        reason: The last failure.
    """

    __module__ = "llmring"

    model: str
    address: str
    state: Literal["open", "half-open", "closed"]
    seconds: float
    failures: int
    reason: str


class Circuits(Protocol):
    """The circuits of models, in this process or shared by a fleet."""

    @property
    def has_failures(self) -> bool:
        """True if a model may have failed; otherwise all circuits are closed."""

    async def blocked(self, targets: Sequence[Target]) -> dict[str, OpenCircuit]:
        """Return the open circuits of these models, by reference.

        When a circuit's time is over, a single call probes the model; for other calls the circuit
        stays open until that call has reported the outcome. A model is probed only if it would be
        the first to be tried; behind a healthy model no probe is needed, and its circuit is not
        reported.

        Args:
            targets: The models in the order in which they will be tried.
        """

    async def answered(self, target: Target) -> None:
        """Record an answer."""

    async def failed(self, target: Target, error: ProviderError, waited: float) -> None:
        """Record a failure; see `severity` for the arguments."""

    async def snapshot(self) -> list[CircuitState]:
        """Return the models that have failed since their last answer."""

    @property
    def place(self) -> str | None:
        """The address where a fleet shares the circuits; None if each process has its own."""

    async def reachable(self) -> bool:
        """Return True if the circuits can be used there."""

    async def aclose(self) -> None:
        """Close the running event loop's connections, if any."""


def least_bad(blocked: Mapping[str, OpenCircuit]) -> str:
    """Return the model whose open circuit closes first."""
    return min(blocked, key=lambda ref: blocked[ref].seconds)


def circuit_key(target: Target) -> str:
    """Return a circuit's key: the model, the address and a short hash of the secret."""
    endpoint = target.endpoint
    secret = endpoint.key_in_use or endpoint.login
    # So short that not even a weak password can be recovered from it.
    mark = hashlib.blake2s(secret.encode(), digest_size=4).hexdigest() if secret else "none"
    return f"{target.ref} {endpoint.base_url} {mark}"


class LocalCircuits:
    """Circuits in this process, for calls from any thread.

    Args:
        clock: Returns the time in seconds, for all times of the circuits.
        chance: Returns a random number from 0 up to 1, for the jitter.
    """

    def __init__(self, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self._clock = clock
        self._chance = chance
        self._circuits: dict[str, Circuit] = {}
        self._lock = threading.Lock()

    @property
    def has_failures(self) -> bool:
        """True if a model has failed; see `Circuits`."""
        return bool(self._circuits)

    async def blocked(self, targets: Sequence[Target]) -> dict[str, OpenCircuit]:
        """Return the open circuits of these models; see `Circuits`."""
        found: dict[str, OpenCircuit] = {}
        if not self._circuits:
            return found
        now = self._clock()
        with self._lock:
            another = False
            for target in targets:
                circuit = self._circuits.get(circuit_key(target))
                left = 0.0 if circuit is None else max(circuit.until, circuit.probing) - now
                if circuit is not None and left > 0:
                    found[str(target.ref)] = OpenCircuit(left, circuit.reason)
                    continue
                if circuit is not None and circuit.until and not another:
                    circuit.probing = now + PROBE_SECONDS
                another = True
        return found

    async def answered(self, target: Target) -> None:
        """Record an answer, which closes the circuit."""
        if not self._circuits:
            return
        key = circuit_key(target)
        now = self._clock()
        with self._lock:
            circuit = self._circuits.get(key)
            if circuit is None:
                return
            _roll(circuit, now)
            circuit.answered += 1
            if circuit.set_by_provider and circuit.until > now:
                return
            if circuit.until:
                # Attempts from before the recovery no longer count.
                circuit.since, circuit.failed, circuit.answered = now, 0, 1
            circuit.row = circuit.opened = 0
            circuit.until = circuit.probing = 0.0
            if not circuit.failed:
                del self._circuits[key]

    async def failed(self, target: Target, error: ProviderError, waited: float) -> None:
        """Record a failure, which may open the circuit."""
        key = circuit_key(target)
        level = severity(error, waited)
        now = self._clock()
        with self._lock:
            circuit = self._circuits.get(key)
            if level is Severity.NONE:
                if circuit is not None:
                    # The probe has decided nothing; the next call may probe.
                    circuit.probing = 0.0
                return
            if circuit is None:
                circuit = Circuit(model=str(target.ref), address=target.endpoint.base_url)
                circuit.since = now
                self._circuits[key] = circuit
            _roll(circuit, now)
            circuit.row += 1
            circuit.failed += 1
            circuit.reason = error.message
            self._open(circuit, level, error.retry_after, now)

    def _open(self, circuit: Circuit, level: Severity, requested: float | None, now: float) -> None:
        seconds = seconds_by_severity(level, requested)
        if not seconds and circuit.until <= now:
            # Calls in progress when the circuit opened don't extend it: their cause is the same.
            seconds = _cool_down(circuit, requested)
        until = now + seconds * (1 + JITTER * self._chance())
        if not seconds or until <= circuit.until:
            return
        circuit.opened += circuit.until <= now
        circuit.set_by_provider = level is Severity.RATE
        circuit.until = until
        circuit.probing = 0.0

    async def snapshot(self) -> list[CircuitState]:
        """Return the models that have failed since their last answer."""
        now = self._clock()
        with self._lock:
            return [state_of(circuit, now) for circuit in self._circuits.values() if circuit.row]

    @property
    def place(self) -> None:
        """None: the circuits are in this process."""
        return

    async def reachable(self) -> bool:
        """Return True: memory always is."""
        return True

    async def aclose(self) -> None:
        """Do nothing: memory has no connections."""


class CircuitObserver(CallObserver):
    """An observer that records the failures and answers of a ring's attempts.

    Args:
        circuits: The circuits.
    """

    def __init__(self, circuits: Circuits) -> None:
        self._circuits = circuits

    def on_attempt_settled(self, attempt: ObservedAttempt) -> Awaitable[None] | None:
        """Record an answer, unless no model has failed."""
        if not self._circuits.has_failures:
            return None
        return self._circuits.answered(attempt.target)

    def on_attempt_failure(self, attempt: ObservedAttempt, error: ProviderError) -> Awaitable[None]:
        """Record a failure."""
        return self._circuits.failed(attempt.target, error, attempt.silence(error))


def state_of(circuit: Circuit, now: float) -> CircuitState:
    """Return the state of a circuit for people to read."""
    left = circuit.until - now
    return CircuitState(
        model=circuit.model,
        address=circuit.address,
        state="open" if left > 0 else "half-open" if circuit.until else "closed",
        seconds=max(0.0, left),
        failures=circuit.row,
        reason=circuit.reason,
    )


def _roll(circuit: Circuit, now: float) -> None:
    if now - circuit.since > WINDOW_SECONDS:
        circuit.since, circuit.failed, circuit.answered = now, 0, 0


def _cool_down(circuit: Circuit, requested: float | None) -> float:
    """Return the seconds for which the failure just counted opens the circuit; 0 if it does not."""
    tried = circuit.failed + circuit.answered
    often = tried >= MANY and circuit.failed * 2 > tried
    if circuit.row < IN_A_ROW and not often and not circuit.opened:
        return 0.0
    doubled = min(COOL_SECONDS * 2.0 ** min(circuit.opened, 10), MOST_COOL_SECONDS)
    return max(doubled, min(requested or 0.0, MOST_RETRY_AFTER_SECONDS))
