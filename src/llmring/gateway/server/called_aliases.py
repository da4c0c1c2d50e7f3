"""The aliases that clients have called in the last hour, which a changed lockfile must not lose."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from llmring.gateway.shared_table import SharedTable
from llmring.lockfile.document import Lockfile

# An alias is in use for this time after a call.
IN_USE_SECONDS = 3600.0

_SHARED_EVERY_SECONDS = 1.0


class CalledAliases:
    """The last calls, by profile and alias.

    Args:
        table: The table that the processes of the gateway share; None for one process.
        monotonic: The clock, in seconds; the same for all processes.
    """

    def __init__(
        self, table: SharedTable | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._table = table
        self._monotonic = monotonic
        self._called: dict[tuple[str, str], float] = {}

    def report(self, profile: str, alias: str) -> None:
        """Remember that clients call an alias.

        Args:
            profile: The profile.
            alias: The alias.
        """
        now = self._monotonic()
        if self._table is None:
            self._called[profile, alias] = now
        elif now - self._called.get((profile, alias), -math.inf) >= _SHARED_EVERY_SECONDS:
            self._called[profile, alias] = now
            self._table.put(_key(profile, alias), "", _nanoseconds(now + IN_USE_SECONDS))

    def lost(self, before: Lockfile, after: Lockfile) -> list[str]:
        """Return the aliases in use that a changed lockfile lacks.

        Args:
            before: The lockfile.
            after: The changed one.
        """
        names = {
            (name, alias): None
            for name, profile in before.profiles.items()
            for alias in profile.bindings
        }
        # Calls may be reported meanwhile.
        names |= dict.fromkeys(list(self._called))
        return [
            f"{alias} ({profile})"
            for profile, alias in names
            if (profile not in after.profiles or alias not in after.profiles[profile].bindings)
            and self._is_in_use(profile, alias)
        ]

    def _is_in_use(self, profile: str, alias: str) -> bool:
        now = self._monotonic()
        at = self._called.get((profile, alias))
        if at is not None and now - at <= IN_USE_SECONDS:
            return True
        key = _key(profile, alias)
        return self._table is not None and self._table.get(key, _nanoseconds(now)) is not None


def _key(profile: str, alias: str) -> str:
    return f"{profile}\n{alias}"


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 10**9)
