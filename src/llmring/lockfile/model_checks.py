"""Warnings about models of a lockfile that are deprecated, retired or in no catalog."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Protocol

from llmring.lockfile import needs
from llmring.lockfile.document import ModelRef
from llmring.lockfile.problem import Fault, nearest
from llmring.lockfile.toml.layout import KeyPath
from llmring.lockfile.toml.quoting import quoted

# A model that retires sooner is a warning, even if its provider has not deprecated it.
NOTICE = timedelta(days=90)


class LifecycleFacts(needs.CapabilityFacts, Protocol):
    """The known facts of a model."""

    @property
    def provider(self) -> str:
        """The provider's name, as in a model reference."""

    @property
    def name(self) -> str:
        """The model's name at the provider."""

    @property
    def deprecated(self) -> date | None:
        """The day on which the provider deprecated the model."""

    @property
    def retires(self) -> date | None:
        """The day from which the provider no longer serves the model."""

    @property
    def released(self) -> date | None:
        """The day on which the model was released."""

    @property
    def family(self) -> str | None:
        """The line of models that the model belongs to."""

    @property
    def successor(self) -> str | None:
        """The name of the model that the provider recommends instead."""


class LifecycleCatalog(Protocol):
    """The known facts of all models."""

    @property
    def models(self) -> Iterable[LifecycleFacts]:
        """All known models."""

    def facts(self, ref: ModelRef, /) -> LifecycleFacts | None:
        """Return the facts of a model, or None if it is unknown."""


def advice(
    references: Iterable[tuple[KeyPath, ModelRef]],
    known: LifecycleCatalog,
    today: date,
    aliases: Mapping[KeyPath, str] | None = None,
) -> Iterator[Fault]:
    """Yield a fault for each model that is retired, about to retire, deprecated or unknown.

    A model is reported once, at its first place. Models of a provider without any known model are
    not reported as unknown.

    Args:
        references: The references of the lockfile and their keys.
        known: The known facts of all models.
        today: The current date.
        aliases: The aliases by the keys of their bindings, for messages.
    """
    there: dict[str, list[LifecycleFacts]] = {}
    for facts in known.models:
        there.setdefault(facts.provider, []).append(facts)
    places: dict[ModelRef, list[KeyPath]] = {}
    for path, ref in references:
        places.setdefault(ref, []).append(path)
    for ref, paths in places.items():
        found = known.facts(ref)
        if found is None:
            if ref.provider in there:
                lasting = _lasting(there[ref.provider], today)
                yield _unlisted(paths[0], ref, len(paths), lasting)
            continue
        ends = _ending(found, today)
        if ends is not None:
            fix = _instead(found, _lasting(there.get(ref.provider, ()), today))
            message = f"{ref} {ends}{_bound_by(paths, aliases or {})}"
            yield Fault(path=paths[0], severity="warning", message=message, fix=fix)


def _bound_by(paths: Iterable[KeyPath], aliases: Mapping[KeyPath, str]) -> str:
    """Name the aliases of several bindings that have a model; nothing for a single one."""
    names = [alias for path in paths for key, alias in aliases.items() if path[: len(key)] == key]
    return f" (in {', '.join(names)})" if len(names) > 1 else ""


def _lasting(models: Iterable[LifecycleFacts], today: date) -> list[LifecycleFacts]:
    return [facts for facts in models if _ending(facts, today) is None]


def _ending(facts: LifecycleFacts, today: date) -> str | None:
    """Describe the end of a model's life; None if no end is near."""
    gone = facts.retires
    if gone is not None and gone <= today:
        return f"is retired since {gone}"
    if facts.deprecated is not None and facts.deprecated <= today:
        return f"is deprecated since {facts.deprecated}" + (f", and retires {gone}" if gone else "")
    if gone is not None and gone - today <= NOTICE:
        return f"retires {gone}"
    return None


def _instead(facts: LifecycleFacts, lasting: Collection[LifecycleFacts]) -> str:
    """Advise which of the lasting models to bind instead of one that ends."""
    for each in lasting:
        if each.name == facts.successor:
            return f"bind {each.provider}:{each.name}, which its provider recommends instead"
    family = [each for each in lasting if facts.family and each.family == facts.family]
    if family:
        newest = max(family, key=lambda each: each.released or date.min)
        return f"bind {newest.provider}:{newest.name}, the newest of its family"
    return f"bind another model; list them: llmring list --provider {facts.provider}"


def _unlisted(path: KeyPath, ref: ModelRef, count: int, lasting: Iterable[LifecycleFacts]) -> Fault:
    often = f", named {count} times," if count > 1 else ""
    meant = nearest(ref.model, (facts.name for facts in lasting))
    other = f"did you mean {ref.provider}:{meant}? If not, " if meant else ""
    return Fault(
        path=path,
        severity="hint",
        message=f"{ref}{often} is in no catalog, so its price and capabilities are unknown",
        fix=f"{other}describe it under [registry.models.{quoted(str(ref))}]",
    )
