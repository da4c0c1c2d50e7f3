"""The names that a request may contain: those of a lockfile, and those of the known models."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from llmring.advisor.grammar.spoken_models import ModelNames


class Vocabulary(Struct, frozen=True):
    """The names that a request may contain.

    Attributes:
        profiles: The aliases of each profile, by the profile's name.
        providers: The providers.
        models: The names of the known models.
    """

    profiles: Mapping[str, tuple[str, ...]]
    providers: frozenset[str]
    models: ModelNames

    def alias(self, text: str) -> str | None:
        """Return the existing alias with this name; upper and lower case are alike."""
        return _like(text, [each for aliases in self.profiles.values() for each in aliases])

    def profile(self, text: str) -> str | None:
        """Return the existing profile with this name; upper and lower case are alike."""
        return _like(text, [*self.profiles])

    def kept(self) -> frozenset[str]:
        """Return the names in lower case that must not be dropped as common words."""
        aliases = (each for every in self.profiles.values() for each in every)
        return frozenset(each.lower() for each in (*aliases, *self.profiles))


def _like(text: str, names: list[str]) -> str | None:
    if text in names:
        return text
    lowered = text.lower()
    return next((each for each in names if each.lower() == lowered), None)
