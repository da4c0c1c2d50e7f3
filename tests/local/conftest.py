"""The real local model; tests that need it are skipped without it."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmring.local import llama
from llmring.local.weights import default_cache_dir, find


@pytest.fixture(scope="session")
def weights() -> Path:
    """Return the bundled model's file in the real cache."""
    path = find(default_cache_dir(os.environ))
    if path is None:
        pytest.skip("the local model is missing; run llmring local pull")
    return path


@pytest.fixture(scope="session")
def model(weights: Path) -> llama.LocalModel:
    """Return the bundled model."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("the extra is missing; run pip install 'llmring[local]'")
    return llama.LocalModel(name="smollm2-135m", path=weights, pinned=True, threads=1)


@pytest.fixture(scope="session")
def served(model: llama.LocalModel) -> Iterator[llama.RunningServer]:
    """Serve the bundled model."""
    yield llama.serve(model)
    llama.stop()
