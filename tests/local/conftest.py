"""The real model, for the tests that need it; without it they are skipped."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmring.local import llama
from llmring.local.weights import default_cache_dir, find


@pytest.fixture(scope="session")
def weights() -> Path:
    """The bundled model's file, in the real cache."""
    path = find(default_cache_dir(os.environ))
    if path is None:
        pytest.skip("the local model is not downloaded: llmring local pull")
    return path


@pytest.fixture(scope="session")
def model(weights: Path) -> llama.LocalModel:
    """The bundled model."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("the extra is not installed: pip install 'llmring[local]'")
    return llama.LocalModel(name="smollm2-135m", path=weights, pinned=True, threads=1)


@pytest.fixture(scope="session")
def served(model: llama.LocalModel) -> Iterator[llama.Served]:
    """The bundled model, running."""
    yield llama.serve(model)
    llama.stop()
