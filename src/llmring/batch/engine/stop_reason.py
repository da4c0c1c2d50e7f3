"""Reasons for which a batch stops before its last row, and the exit codes of the command."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Cause = Literal[
    "max_cost",
    "budget",
    "too_many_failed",
    "unusable",
    "disk_full",
    "interrupted",
    "terminated",
    "left",
]

# 128 and the number of the signal, as shells have it.
_CODES: dict[Cause, int] = {
    "max_cost": 4,
    "budget": 4,
    "too_many_failed": 1,
    "unusable": 1,
    "disk_full": 1,
    "interrupted": 130,
    "terminated": 143,
    "left": 130,
}
_SOME_FAILED = 3


class StopReason(Struct, frozen=True):
    """The reason for which a batch has stopped.

    Attributes:
        cause: The kind of reason.
        message: What happened, and what to do about it.
    """

    cause: Cause
    message: str

    @property
    def is_signal(self) -> bool:
        """True if somebody has asked for it, and waits."""
        return self.cause in ("interrupted", "terminated", "left")


def exit_code(stopped: StopReason | None, failed: int) -> int:
    """Return the exit code of a batch.

    Args:
        stopped: Why it stopped early; None if it is complete.
        failed: The number of failed rows.
    """
    if stopped is not None:
        return _CODES[stopped.cause]
    return _SOME_FAILED if failed else 0
