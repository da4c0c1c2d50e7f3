"""Failures that a lockfile or a test scripts, and which of them is due."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Connection = Literal["refused", "reset", "dns", "timeout"]


class ScriptedFault(Struct, frozen=True, kw_only=True):
    """What goes wrong with the requests to a model; what is None does not happen.

    Attributes:
        model: Whose requests: a reference, in which "*" stands for any characters.
        skip: How many of them are left alone first.
        times: How many of them it happens to then; None for all.
        rate: The share of them that it happens to, from 0 to 1.
        latency: Seconds before anything else happens.
        connection: How the connection fails before an answer comes.
        status: The HTTP status, from 400, of an error that comes in place of the answer.
        retry_after: Seconds that this error asks to wait.
        message: Its words.
        code: Its code.
        malformed: After how many events of the answer one comes that can't be read.
        stall: After how many events nothing more comes.
        stall_seconds: For how many seconds; None for as long as anybody waits.
        cut: After how many events the connection is cut.
    """

    model: str = "*"
    skip: int = 0
    times: int | None = None
    rate: float = 1.0
    latency: float | None = None
    connection: Connection | None = None
    status: int | None = None
    retry_after: float | None = None
    message: str | None = None
    code: str | None = None
    malformed: int | None = None
    stall: int | None = None
    stall_seconds: float | None = None
    cut: int | None = None


class FaultScript:
    """Scripted faults with the count of the requests that each has met.

    Args:
        faults: Of those that fit a request, the first that is due happens.
    """

    def __init__(self, faults: Iterable[ScriptedFault] = ()) -> None:
        self._faults = list(faults)
        self._met = [0] * len(self._faults)
        self._lock = threading.Lock()
        # The same requests meet the same faults in every run.
        self._random = random.Random(0)  # noqa: S311 -- it keeps no secret

    def __bool__(self) -> bool:
        return bool(self._faults)

    def append(self, fault: ScriptedFault) -> None:
        """Add one behind the others."""
        with self._lock:
            self._faults.append(fault)
            self._met.append(0)

    def due(self, model: str) -> ScriptedFault | None:
        """What happens to the next request to this model, if anything does."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if not matches(fault.model, model):
                    continue
                if fault.times is not None and self._met[index] >= fault.skip + fault.times:
                    continue
                if fault.rate < 1 and self._random.random() >= fault.rate:
                    continue
                self._met[index] += 1
                if self._met[index] > fault.skip:
                    return fault
        return None


def matches(pattern: str, model: str) -> bool:
    """Whether a reference fits a pattern in which "*" stands for any characters."""
    expression = ".*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(expression, model, re.DOTALL) is not None
