"""A key that is kept outside the environment, and read when it is first needed."""

from __future__ import annotations

from collections.abc import Callable


class KeptKey:
    """The key of a provider that the user has kept, if there is one. It shows in no repr.

    Args:
        read: Returns the key, or None. Called at most once.

    Attributes:
        known: The key, once it has been read.
    """

    def __init__(self, read: Callable[[], str | None]) -> None:
        self._read: Callable[[], str | None] | None = read
        self.known: str | None = None

    def value(self) -> str | None:
        """Return the key; read it the first time."""
        read = self._read
        if read is not None:
            self.known = read()
            self._read = None
        return self.known

    def __repr__(self) -> str:
        return "KeptKey()"
