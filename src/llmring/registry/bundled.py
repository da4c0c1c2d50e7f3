"""The catalog bundled with the package."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from llmring.registry.catalog import Catalog, ModelFacts, opened

if TYPE_CHECKING:
    from llmring.lockfile.document import ModelRef


@functools.cache
def bundled() -> Catalog:
    """Return the bundled catalog, read once on first use; each model is decoded on first use."""
    import pkgutil  # reads from an archive too

    return opened(pkgutil.get_data("llmring.registry", "data/models.json") or b"")


def facts(ref: ModelRef) -> ModelFacts | None:
    """Look up a model reference in the bundled catalog."""
    return bundled().find(ref.provider, ref.model)
