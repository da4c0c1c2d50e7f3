"""The answers that a gateway keeps, which most gateways don't."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmring.answer_cache.gateway_cache import AnswerCache
    from llmring.config.settings import Settings


class LazyCache:
    """The kept answers of a gateway, whose code is loaded with the first call that needs it."""

    def __init__(self) -> None:
        self._cache: AnswerCache | None = None

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
