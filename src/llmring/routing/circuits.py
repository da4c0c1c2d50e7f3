"""Circuit breakers in memory: models that failed recently are skipped for a while.

A circuit is kept per model, address and key, so that what goes wrong with one key says nothing
of another. `client.shared_health` keeps the same circuits for a fleet.
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

# So many failures in a row open a circuit, or more than half of at least MANY within the window.
IN_A_ROW = 3
MANY = 10
WINDOW_SECONDS = 60.0
COOL_SECONDS = 10.0
MOST_COOL_SECONDS = 300.0
# A refused key or a retired model does not mend itself.
LONG_SECONDS = 300.0
RATE_LIMIT_SECONDS = 5.0
# A header that asks for more has been misread, or is better asked again now and then.
MOST_RETRY_AFTER_SECONDS = 3600.0
# A probe that is not heard of again must not keep the circuit open for ever.
PROBE_SECONDS = 30.0
# Whoever waits less has set the limit himself, and it says little of the model.
TELLING_SILENCE_SECONDS = 10.0
# Calls that failed together must not come back together.
JITTER = 0.2


class Weight(enum.Enum):
    """What a failure says of the model's health."""

    NONE = "nothing: it was the request's fault, or the caller's"
    ONE = "one failure among others"
    RATE = "too many requests: not before the time that the provider gives"
    LONG = "it will not mend itself"


def weight(error: ProviderError, waited: float) -> Weight:
    """What a failure says of the model's health.

    Args:
        error: The failure.
        waited: Seconds of silence before it: for how long nothing at all had come when the
            attempt was given up.
    """
    match error:
        case ProviderModelNotFoundError() | ProviderAuthenticationError():
            return Weight.LONG
        case ProviderRequestError():
            return Weight.NONE
        case ProviderRateLimitError():
            return Weight.RATE
        case ProviderTimeoutError(status=status) if status is None or status < 400:
            # Nobody but the caller has said that it took too long.
            return Weight.ONE if waited >= TELLING_SILENCE_SECONDS else Weight.NONE
        case _:
            return Weight.ONE


def told_seconds(says: Weight, retry_after: float | None) -> float:
    """For how many seconds a failure by itself keeps calls away; 0 where it takes several."""
    asked = min(retry_after or 0.0, MOST_RETRY_AFTER_SECONDS)
    match says:
        case Weight.LONG:
            return max(LONG_SECONDS, asked)
        case Weight.RATE:
            return asked or RATE_LIMIT_SECONDS
        case _:
            return 0.0


class Circuit(Struct, kw_only=True):
    """What is remembered of one model.

    Attributes:
        model: Its reference.
        address: The base URL of its endpoint.
        row: Failures since the last answer.
        failed: Failures within the window.
        answered: Answers within the window.
        since: When the window began, in seconds of the clock.
        until: Until when the circuit is open; 0 for closed.
        probing: Until when another call is taken to be trying whether it is well again.
        opened: How often in a row it has opened.
        told: Whether `until` is what the provider itself has said, which no answer that was
            under way at the time revokes.
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
    told: bool = False
    reason: str = ""


class Open(Struct, frozen=True):
    """A circuit that is open: for how many seconds yet, and why."""

    seconds: float
    reason: str


class CircuitState(PlainData, Struct, frozen=True, kw_only=True):
    """The state of a model that failed recently, for people.

    Attributes:
        model: Its reference.
        address: The base URL of its endpoint.
        state: "open": calls pass it by. "half-open": its time is over, and the next call, or one
            that is under way, tries it. "closed": it has failed, but is still asked.
        seconds: For how long it is open yet.
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


class Health(Protocol):
    """Remembers failures, in this process or for a fleet."""

    @property
    def has_failures(self) -> bool:
        """Whether a model may have failed; while none has, there is nothing to ask or to note."""

    async def blocked(self, targets: Sequence[Target]) -> dict[str, Open]:
        """Those of these models whose circuits are open, by reference.

        A model whose time is over is given to a single call, which tries it; for others it is
        open until that call has told how it went. This holds only where it would be the first
        to be asked: behind a model that is well it is not needed, and not reported.

        Args:
            targets: The models in the order in which they will be asked.
        """

    async def answered(self, target: Target) -> None:
        """Take note of an answer."""

    async def failed(self, target: Target, error: ProviderError, waited: float) -> None:
        """Take note of a failure; see `weight` for the arguments."""

    async def snapshot(self) -> list[CircuitState]:
        """All models that have failed since their last answer."""

    @property
    def place(self) -> str | None:
        """Where a fleet shares them; None where each process has its own."""

    async def reachable(self) -> bool:
        """Whether they can be used there."""

    async def aclose(self) -> None:
        """Close the running event loop's connections, if there are any."""


def least_bad(blocked: Mapping[str, Open]) -> str:
    """Of models whose circuits are all open, the one to try: that which is due first."""
    return min(blocked, key=lambda ref: blocked[ref].seconds)


def circuit_key(target: Target) -> str:
    """What a circuit goes by: the model, the address, and a mark of the key, never the key."""
    endpoint = target.endpoint
    secret = endpoint.key or endpoint.login
    # So short that even a weak password could not be told from it.
    mark = hashlib.blake2s(secret.encode(), digest_size=4).hexdigest() if secret else "none"
    return f"{target.ref} {endpoint.base_url} {mark}"


class Memory:
    """Circuits in this process, for calls from any thread.

    Args:
        clock: Gives the time in seconds; that of the circuits.
        chance: Gives a number from 0 up to 1, for the jitter.
    """

    def __init__(self, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self._clock = clock
        self._chance = chance
        self._circuits: dict[str, Circuit] = {}
        self._lock = threading.Lock()

    @property
    def has_failures(self) -> bool:
        """Whether a model has failed; see `Health`."""
        return bool(self._circuits)

    async def blocked(self, targets: Sequence[Target]) -> dict[str, Open]:
        """Those of these models whose circuits are open; see `Health`."""
        found: dict[str, Open] = {}
        if not self._circuits:
            return found
        now = self._clock()
        with self._lock:
            another = False
            for target in targets:
                circuit = self._circuits.get(circuit_key(target))
                left = 0.0 if circuit is None else max(circuit.until, circuit.probing) - now
                if circuit is not None and left > 0:
                    found[str(target.ref)] = Open(left, circuit.reason)
                    continue
                if circuit is not None and circuit.until and not another:
                    circuit.probing = now + PROBE_SECONDS
                another = True
        return found

    async def answered(self, target: Target) -> None:
        """Take note of an answer: the circuit closes."""
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
            if circuit.told and circuit.until > now:
                return
            if circuit.until:
                # What it was like before says nothing more.
                circuit.since, circuit.failed, circuit.answered = now, 0, 1
            circuit.row = circuit.opened = 0
            circuit.until = circuit.probing = 0.0
            if not circuit.failed:
                del self._circuits[key]

    async def failed(self, target: Target, error: ProviderError, waited: float) -> None:
        """Take note of a failure, which may open the circuit."""
        key = circuit_key(target)
        says = weight(error, waited)
        now = self._clock()
        with self._lock:
            circuit = self._circuits.get(key)
            if says is Weight.NONE:
                if circuit is not None:
                    # Whether it is well again is as open as before.
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
            self._open(circuit, says, error.retry_after, now)

    def _open(self, circuit: Circuit, says: Weight, asked: float | None, now: float) -> None:
        seconds = told_seconds(says, asked)
        if not seconds and circuit.until <= now:
            # Calls that were under way when it opened add nothing: they failed of the same thing.
            seconds = _cool_down(circuit, asked)
        until = now + seconds * (1 + JITTER * self._chance())
        if not seconds or until <= circuit.until:
            return
        circuit.opened += circuit.until <= now
        circuit.told = says is Weight.RATE
        circuit.until = until
        circuit.probing = 0.0

    async def snapshot(self) -> list[CircuitState]:
        """All models that have failed since their last answer."""
        now = self._clock()
        with self._lock:
            return [state_of(circuit, now) for circuit in self._circuits.values() if circuit.row]

    @property
    def place(self) -> None:
        """They are in this process."""
        return

    async def reachable(self) -> bool:
        """They always are."""
        return True

    async def aclose(self) -> None:
        """There is nothing to close."""


class CircuitObserver(CallObserver):
    """An observer that remembers the failures and answers of a ring's attempts.

    Args:
        health: Where they are remembered.
    """

    def __init__(self, health: Health) -> None:
        self._health = health

    def on_attempt_settled(self, attempt: ObservedAttempt) -> Awaitable[None] | None:
        """Remember an answer, where failures of the model may be known."""
        if not self._health.has_failures:
            return None
        return self._health.answered(attempt.target)

    def on_attempt_failure(self, attempt: ObservedAttempt, error: ProviderError) -> Awaitable[None]:
        """Remember a failure."""
        return self._health.failed(attempt.target, error, attempt.silence(error))


def state_of(circuit: Circuit, now: float) -> CircuitState:
    """A circuit as it is told to people."""
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


def _cool_down(circuit: Circuit, asked: float | None) -> float:
    """Seconds for which a failure that has just been counted opens the circuit; 0 for not."""
    tried = circuit.failed + circuit.answered
    often = tried >= MANY and circuit.failed * 2 > tried
    if circuit.row < IN_A_ROW and not often and not circuit.opened:
        return 0.0
    doubled = min(COOL_SECONDS * 2.0 ** min(circuit.opened, 10), MOST_COOL_SECONDS)
    return max(doubled, min(asked or 0.0, MOST_RETRY_AFTER_SECONDS))
