"""The models that providers serve under the names that are asked for, and when these change."""

from __future__ import annotations

from llmring.lockfile.document import ModelRef


class Served:
    """Remembers what each model was served as, and tells once of what is unexpected."""

    def __init__(self) -> None:
        self._last: dict[ModelRef, str] = {}
        self._told: set[tuple[ModelRef, str]] = set()

    def remark(self, ref: ModelRef, name: str | None, pinned: str | None) -> str | None:
        """What to say of the name under which an answer came; None where there is nothing new.

        Args:
            ref: The model that was asked.
            name: What the provider calls the model that answered, if it says so.
            pinned: The dated model that the lockfile has pinned for it, if it has.
        """
        if not name or name == ref.model:
            return None  # the name that was asked for says nothing of what is behind it
        before = self._last.get(ref)
        self._last[ref] = name
        expected = pinned or before
        if expected is None or name == expected or (ref, name) in self._told:
            return None
        self._told.add((ref, name))
        if pinned:
            return f"served as {name}; the lockfile has pinned {pinned}"
        return f"served as {name}, and as {before} before"
