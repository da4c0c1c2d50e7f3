"""Faults scripted by a test, checked like those of a lockfile."""

from __future__ import annotations

from typing import TypedDict, Unpack

import msgspec

from llmring.exceptions import ConfigurationError
from llmring.lockfile.schema import keys
from llmring.lockfile.schema.shapes import Table, misfits
from llmring.routing.fault_script import Connection, FaultScript, ScriptedFault

_FAULT = Table(keys=keys.FAULT, owner="a fault")


class FaultFields(TypedDict, total=False):
    """The fields of a fault; see `ScriptedFault`."""

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


FaultFields.__module__ = "llmring.testing"


class Faults:
    """An ordered list of faults; the first that matches a request happens.

    Attributes:
        script: The faults, and how often each has happened.
    """

    __module__ = "llmring.testing"

    def __init__(self) -> None:
        self.script = FaultScript()

    def add(self, **fields: Unpack[FaultFields]) -> None:
        """Add a fault after the others.

        Args:
            fields: The keys of a fault in a lockfile, such as `status=429, times=1`.

        Raises:
            ConfigurationError: A key is unknown, or its value is invalid.
        """
        for problem in misfits(_FAULT, dict(fields), ()):
            [key] = problem.path
            raise ConfigurationError(f"{key}: {problem.message}; {problem.fix}")
        self.script.append(msgspec.convert(fields, ScriptedFault))
