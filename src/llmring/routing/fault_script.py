"""Scripted failures of a lockfile or a test."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Connection = Literal["refused", "reset", "dns", "timeout"]


class ScriptedFault(Struct, frozen=True, kw_only=True):
    """A failure of the requests to a model; the parts that are None do not happen.

    Attributes:
        model: The model's reference, in which "*" matches any characters.
        skip: The number of requests that are left alone first.
        times: The number of requests that fail then; None for all.
        rate: The share of requests that fail, from 0 to 1.
        latency: Seconds before anything else happens.
        connection: How the connection fails before an answer comes.
        status: The HTTP status, from 400, of an error sent in place of the answer.
        retry_after: Seconds that this error asks to wait.
        message: The message of this error.
        code: The code of this error.
        malformed: The number of events before one that can't be read.
        stall: The number of events before the stream stalls.
        stall_seconds: The seconds for which it stalls; None for as long as the client waits.
        cut: The number of events before the connection is cut.
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
    """Scripted faults, with a count of the requests that each has matched.

    Args:
        faults: The faults; of those that match a request, the first that is due happens.
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
        """Add a fault after the others."""
        with self._lock:
            self._faults.append(fault)
            self._met.append(0)

    def due(self, model: str) -> ScriptedFault | None:
        """Count a request to this model; return the fault that is due, if any."""
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
    """Return True if a reference matches a pattern in which "*" matches any characters."""
    expression = ".*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(expression, model, re.DOTALL) is not None
