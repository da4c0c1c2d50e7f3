"""What is known of models where a lockfile is in force: the catalog, corrected by the lockfile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from llmring.lockfile.document import Lockfile, ModelRef
from llmring.lockfile.keys import MODEL
from llmring.registry.cache import newest
from llmring.registry.catalog import (
    Catalog,
    LongContext,
    ModelFacts,
    Origins,
    Prices,
    Rates,
    unpinned,
)

# The source of what a lockfile says, in `Origins`.
LOCKFILE = "lockfile"


class Known:
    """The models of a catalog, and what a lockfile says otherwise of them.

    What it says under a model's own name holds for all names of that model; what it says under
    another of them, such as that of a dated snapshot, holds for that one.

    Args:
        catalog: The catalog.
        own: The lockfile's corrections and additions, by model reference.

    Attributes:
        catalog: The catalog.
    """

    def __init__(self, catalog: Catalog, own: Mapping[str, Mapping[str, Any]]) -> None:
        self.catalog = catalog
        self._own: dict[tuple[str, str], ModelFacts] = {}
        for text, said in own.items():
            ref = ModelRef.parse(text)
            facts = _corrected(catalog.find(ref.provider, ref.model), ref, said)
            for name in (ref.model, *said.get("aliases", ())):
                self._own[ref.provider, name] = facts

    def find(self, provider: str, model: str) -> ModelFacts | None:
        """What is known of a model; see `Catalog.find`."""
        own = self._own
        if not own:
            return self.catalog.find(provider, model)
        if (provider, model) in own:
            return own[provider, model]
        facts = self.catalog.find(provider, model)
        if facts is None:
            return own.get((provider, unpinned(model.removeprefix("models/"))))
        return own.get((provider, facts.name), facts)

    def is_newest(self, folder: Path | None) -> bool:
        """Whether no other catalog has come into the folder since; costs next to nothing."""
        return newest(folder) is self.catalog

    def facts(self, ref: ModelRef) -> ModelFacts | None:
        """What is known of the model that a lockfile names."""
        return self.find(ref.provider, ref.model)

    @property
    def models(self) -> Iterator[ModelFacts]:
        """All models: those of the catalog in its order, then the lockfile's own."""
        told: set[tuple[str, str]] = set()
        for facts in self.catalog.models:
            key = (facts.provider, facts.name)
            told.add(key)
            yield self._own.get(key, facts)
        for facts in self._own.values():
            if (facts.provider, facts.name) not in told:
                told.add((facts.provider, facts.name))
                yield facts


def known(lockfile: Lockfile, folder: Path | None = None) -> Known:
    """What is known of models where this lockfile is in force.

    Args:
        lockfile: The lockfile.
        folder: Where fetched catalogs are kept; None for the package's own catalog.
    """
    return Known(newest(folder), lockfile.registry.get("models", {}))


def prices_of(said: Mapping[str, Any]) -> Prices:
    """Prices as a lockfile has them; its numbers count as they are written."""
    long = said.get("long_context")
    return Prices(
        **_amounts(said),
        long_context=LongContext(above=long["above"], **_amounts(long)) if long else None,
    )


def _amounts(said: Mapping[str, Any]) -> dict[str, Decimal]:
    return {key: Decimal(str(said[key])) for key in said if key in Rates.__struct_fields__}


def _corrected(facts: ModelFacts | None, ref: ModelRef, said: Mapping[str, Any]) -> ModelFacts:
    # A newer file may have keys that mean nothing here.
    fields = {key: value for key, value in said.items() if key in MODEL}
    if "prices" in fields:
        fields["prices"] = prices_of(said["prices"])
    for key, kind in (("aliases", tuple), ("efforts", tuple), ("capabilities", frozenset)):
        if key in fields:
            fields[key] = kind(fields[key])
    origins = {key: (LOCKFILE,) for key in fields if key in Origins.__struct_fields__}
    if facts is None:
        return ModelFacts(
            provider=ref.provider, name=ref.model, origins=Origins(**origins), **fields
        )
    # Prices to come were announced for what the catalog knows, not for what is said here.
    forget = {"announced": ()} if "prices" in fields else {}
    origin = msgspec.structs.replace(facts.origins, **origins)
    return msgspec.structs.replace(facts, origins=origin, **forget, **fields)
