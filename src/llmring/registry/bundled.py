"""The catalog that comes with the package."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from llmring.registry.catalog import Catalog, ModelFacts, opened

if TYPE_CHECKING:
    from llmring.lockfile.document import ModelRef


@functools.cache
def bundled() -> Catalog:
    """The catalog in the package; read once, when first asked for, and decoded by the model."""
    return opened(Path(__file__).with_name("data").joinpath("models.json").read_bytes())


def facts(ref: ModelRef) -> ModelFacts | None:
    """What the bundled catalog knows of the model that a lockfile names."""
    return bundled().find(ref.provider, ref.model)
