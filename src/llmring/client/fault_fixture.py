"""Faults that a test scripts, checked as those of a lockfile are."""

from __future__ import annotations

from typing import TypedDict, Unpack

import msgspec

from llmring.exceptions import ConfigurationError
from llmring.lockfile import keys
from llmring.lockfile.shape import Table, misfits
from llmring.routing.faults import Connection, FaultScript, ScriptedFault

_FAULT = Table(keys=keys.FAULT, owner="a fault")


class FaultFields(TypedDict, total=False):
    """What a fault may be made of; see `ScriptedFault`."""

    model: str
    skip: int
    times: int
    rate: float
    latency: float
    connection: Connection
    status: int
    retry_after: float
    message: str
    code: str
    malformed: int
    stall: int
    stall_seconds: float
    cut: int


class Faults:
    """The faults, of which the first that fits a request happens.

    Attributes:
        script: They, and how often each has happened.
    """

    def __init__(self) -> None:
        self.script = FaultScript()

    def add(self, **fields: Unpack[FaultFields]) -> None:
        """Add a fault behind the others.

        Args:
            fields: The keys of a fault in a lockfile, such as `status=429, times=1`.

        Raises:
            ConfigurationError: There is no such key, or its value is none that it may have.
        """
        for problem in misfits(_FAULT, dict(fields), ()):
            [key] = problem.path
            raise ConfigurationError(f"{key}: {problem.message}; {problem.mend}")
        self.script.append(msgspec.convert(fields, ScriptedFault))
