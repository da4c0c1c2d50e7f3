"""Effective facts of models: the catalog, corrected by the active lockfile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from llmring.lockfile.document import Lockfile, ModelRef
from llmring.lockfile.schema.keys import MODEL
from llmring.registry.cache import catalog_folder, newest
from llmring.registry.catalog import (
    Catalog,
    LongContext,
    ModelFacts,
    Origins,
    Prices,
    Rates,
    unpinned,
)

# The name of the lockfile as a source, in `Origins`.
LOCKFILE = "lockfile"


class EffectiveFacts:
    """The models of a catalog with the corrections of a lockfile.

    A correction under a model's own name applies to all its names; one under another name, such
    as that of a dated snapshot, applies to that name only.

    Args:
        catalog: The catalog.
        own: The lockfile's corrections and additions, by model reference.
        folder: The folder that the catalog was looked up in, if any.

    Attributes:
        catalog: The catalog.
        folder: The folder that the catalog was looked up in, if any.
    """

    def __init__(
        self,
        catalog: Catalog,
        own: Mapping[str, Mapping[str, Any]],
        folder: Path | None = None,
    ) -> None:
        self.catalog = catalog
        self.folder = folder
        self._own: dict[tuple[str, str], ModelFacts] = {}
        for text, correction in own.items():
            ref = ModelRef.parse(text)
            facts = _corrected(catalog.find(ref.provider, ref.model), ref, correction)
            for name in (ref.model, *correction.get("aliases", ())):
                self._own[ref.provider, name] = facts

    def find(self, provider: str, model: str) -> ModelFacts | None:
        """Find a model, as `Catalog.find` does, with corrections applied."""
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
        """Return True if the folder's newest catalog is still this one; cheap to call."""
        return newest(folder) is self.catalog

    def facts(self, ref: ModelRef) -> ModelFacts | None:
        """Look up a model reference."""
        return self.find(ref.provider, ref.model)

    @property
    def models(self) -> Iterator[ModelFacts]:
        """All models: those of the catalog in its order, then the lockfile's own."""
        seen: set[tuple[str, str]] = set()
        for facts in self.catalog.models:
            key = (facts.provider, facts.name)
            seen.add(key)
            yield self._own.get(key, facts)
        for facts in self._own.values():
            if (facts.provider, facts.name) not in seen:
                seen.add((facts.provider, facts.name))
                yield facts


def effective_facts(lockfile: Lockfile, folder: Path | None = None) -> EffectiveFacts:
    """Combine the newest catalog with the corrections of a lockfile.

    Args:
        lockfile: The lockfile.
        folder: The folder of fetched catalogs; None for the package's own catalog.
    """
    if folder is not None:
        folder = catalog_folder(folder, lockfile.registry.get("url"))
    return EffectiveFacts(newest(folder), lockfile.registry.get("models", {}), folder)


def prices_of(correction: Mapping[str, Any]) -> Prices:
    """Convert the prices in a lockfile to exact decimals."""
    long = correction.get("long_context")
    return Prices(
        **_amounts(correction),
        long_context=LongContext(above=long["above"], **_amounts(long)) if long else None,
    )


def _amounts(correction: Mapping[str, Any]) -> dict[str, Decimal]:
    return {
        key: Decimal(str(correction[key])) for key in correction if key in Rates.__struct_fields__
    }


def _corrected(
    facts: ModelFacts | None, ref: ModelRef, correction: Mapping[str, Any]
) -> ModelFacts:
    # A lockfile for a newer llmring may have unknown keys.
    fields = {key: value for key, value in correction.items() if key in MODEL}
    if "prices" in fields:
        fields["prices"] = prices_of(correction["prices"])
    for key, kind in (("aliases", tuple), ("efforts", tuple), ("capabilities", frozenset)):
        if key in fields:
            fields[key] = kind(fields[key])
    origins = {key: (LOCKFILE,) for key in fields if key in Origins.__struct_fields__}
    if facts is None:
        return ModelFacts(
            provider=ref.provider, name=ref.model, origins=Origins(**origins), **fields
        )
    # Announced prices belong to the catalog's prices, not to the lockfile's.
    forget = {"announced": ()} if "prices" in fields else {}
    origin = msgspec.structs.replace(facts.origins, **origins)
    return msgspec.structs.replace(facts, origins=origin, **forget, **fields)
