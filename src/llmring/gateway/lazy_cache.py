"""The answers that a gateway keeps, which most gateways don't."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from llmring.lockfile.document import Lockfile

if TYPE_CHECKING:
    from llmring.answer_cache.gateway_cache import AnswerCache
    from llmring.config.settings import Settings


class LazyCache:
    """The kept answers of a gateway, whose code is loaded with the first call that needs it."""

    def __init__(self) -> None:
        self._cache: AnswerCache | None = None
        self._last: tuple[Lockfile, bool] | None = None

    def is_asked_for(self, lockfile: Lockfile) -> bool:
        """Return True if aliases of a lockfile may keep answers; found out once for each version.

        Args:
            lockfile: The lockfile; the aliases of its packages may keep answers too.
        """
        last = self._last
        if last is None or last[0] is not lockfile:
            self._last = last = lockfile, bool(lockfile.packages) or any(map(_asks, _of(lockfile)))
        return last[1]

    def opened(self, settings: Settings, memory: int) -> AnswerCache:
        """Return the kept answers; the first call settles where they are.

        Args:
            settings: The settings of the environment.
            memory: The bytes of memory that they may take.

        Raises:
            ConfigurationError: As for `open_cache`.
        """
        if self._cache is None:
            from llmring.answer_cache.gateway_cache import open_cache

            self._cache = open_cache(settings, memory)
        return self._cache


def _of(lockfile: Lockfile) -> Iterator[Mapping[str, Any]]:
    """Yield the policies of a lockfile, as written."""
    for profile in lockfile.profiles.values():
        yield profile.policy
        yield from (binding.policy for binding in profile.bindings.values())


def _asks(policy: Mapping[str, Any]) -> bool:
    return "cache" in policy or "cache" in policy.get("policy", {})
