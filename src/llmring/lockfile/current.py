"""Which models of a lockfile their providers no longer advise or serve, or no catalog has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Protocol

from llmring.lockfile import needs
from llmring.lockfile.document import ModelRef
from llmring.lockfile.problem import Fault, KeyPath, nearest, quoted

# What goes sooner is a warning, even where its provider has not advised against it.
NOTICE = timedelta(days=90)


class Facts(needs.Known, Protocol):
    """What is known of a model."""

    @property
    def provider(self) -> str:
        """The first half of its reference."""

    @property
    def name(self) -> str:
        """Its name at the provider."""

    @property
    def deprecated(self) -> date | None:
        """The day on which the provider advised against it."""

    @property
    def retires(self) -> date | None:
        """The day from which the provider no longer serves it."""

    @property
    def released(self) -> date | None:
        """Its first day."""

    @property
    def family(self) -> str | None:
        """The line of models that it belongs to."""

    @property
    def successor(self) -> str | None:
        """The name of the model that the provider advises in its place."""


class Known(Protocol):
    """What is known of models."""

    @property
    def models(self) -> Iterable[Facts]:
        """All models that something is known of."""

    def facts(self, ref: ModelRef, /) -> Facts | None:
        """What is known of one."""


def advice(
    references: Iterable[tuple[KeyPath, ModelRef]], known: Known, today: date
) -> Iterator[Fault]:
    """The models that are gone or going, and those that no catalog has.

    A provider of which no model is known is left alone: its models can't be told apart.

    Args:
        references: The references of the lockfile, and where they are.
        known: What is known of models.
        today: The day it is.
    """
    there: dict[str, list[Facts]] = {}
    for facts in known.models:
        there.setdefault(facts.provider, []).append(facts)
    for path, ref in references:
        found = known.facts(ref)
        if found is None:
            if ref.provider in there:
                yield _unlisted(path, ref, _lasting(there[ref.provider], today))
            continue
        ends = _ending(found, today)
        if ends is not None:
            mend = _instead(found, _lasting(there.get(ref.provider, ()), today))
            yield Fault(path=path, severity="warning", message=f"{ref} {ends}", mend=mend)


def _lasting(models: Iterable[Facts], today: date) -> list[Facts]:
    return [facts for facts in models if _ending(facts, today) is None]


def _ending(facts: Facts, today: date) -> str | None:
    """How a model comes to its end, if it does."""
    gone = facts.retires
    if gone is not None and gone <= today:
        return f"is retired since {gone}"
    if facts.deprecated is not None and facts.deprecated <= today:
        return f"is deprecated since {facts.deprecated}" + (f", and retires {gone}" if gone else "")
    if gone is not None and gone - today <= NOTICE:
        return f"retires {gone}"
    return None


def _instead(facts: Facts, lasting: Collection[Facts]) -> str:
    """What to bind in the place of a model that ends: one of those that do not."""
    for each in lasting:
        if each.name == facts.successor:
            return f"bind {each.provider}:{each.name}, which its provider advises instead"
    family = [each for each in lasting if facts.family and each.family == facts.family]
    if family:
        newest = max(family, key=lambda each: each.released or date.min)
        return f"bind {newest.provider}:{newest.name}, the newest of its family"
    return f"bind another one; they are listed by: llmring list --provider {facts.provider}"


def _unlisted(path: KeyPath, ref: ModelRef, lasting: Iterable[Facts]) -> Fault:
    meant = nearest(ref.model, (facts.name for facts in lasting))
    other = f"did you mean {ref.provider}:{meant}? If not, " if meant else ""
    return Fault(
        path=path,
        severity="hint",
        message=f"{ref} is in no catalog, so its price and what it can do are not known",
        mend=f"{other}say it under [registry.models.{quoted(str(ref))}]",
    )
