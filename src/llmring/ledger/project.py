"""The project of a call: the lockfile that it was made with, as the ledger records it."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

_HOURS = {"h": 1, "d": 24, "w": 7 * 24}


class Stamp(Struct, frozen=True):
    """The facts about a lockfile that the ledger's entries of its calls repeat.

    Attributes:
        profile: The active profile.
        digest: Digest of the facts that the lockfile has pinned, if any.
        project: The identity of the lockfile; see `LedgerEntry`.
        lockfile: Its path on this machine.
        keep: How long entries of this lockfile are kept; None for ever.
    """

    profile: str
    digest: str | None = None
    project: str | None = None
    lockfile: str | None = None
    keep: timedelta | None = None


def age_of(text: str) -> timedelta:
    """Convert an age of the form `keys.AGE`, such as "90d", "12w" or "36h"."""
    return timedelta(hours=int(text[:-1]) * _HOURS[text[-1]])
