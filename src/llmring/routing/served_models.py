"""The models that providers report to have served, and changes of these."""

from __future__ import annotations

from llmring.lockfile.document import ModelRef


class ServedModels:
    """The names under which models have answered; an unexpected one is reported once."""

    def __init__(self) -> None:
        self._last: dict[ModelRef, str] = {}
        self._reported: set[tuple[ModelRef, str]] = set()

    def remark(self, ref: ModelRef, name: str | None, pinned: str | None) -> str | None:
        """Return a remark on the model that a provider reports; None if nothing is new.

        Args:
            ref: The model that was asked for.
            name: The name that the provider gives the model that answered, if any.
            pinned: The dated model that the lockfile has pinned for it, if any.
        """
        if not name or name == ref.model:
            return None  # the name that was asked for does not reveal the model behind it
        before = self._last.get(ref)
        self._last[ref] = name
        expected = pinned or before
        if expected is None or name == expected or (ref, name) in self._reported:
            return None
        self._reported.add((ref, name))
        if pinned:
            return f"served as {name}; the lockfile has pinned {pinned}"
        return f"served as {name}, and as {before} before"
