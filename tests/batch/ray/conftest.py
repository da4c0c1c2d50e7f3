"""One local Ray for all tests of this folder, and the vendor that its workers call."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from counting_vendor import CountingVendor
from llmring.batch.ray.cluster import connected
from rings import environ_of

TESTS = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="package")
def ray_vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CountingVendor]:
    """Start Ray, whose workers have a key and the address of this vendor in their environment."""
    with CountingVendor(pause=0.01) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in environ_of(server).items():
            patch.setenv(name, value)
        paths = [str(TESTS.parent / "src"), str(TESTS), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        with warnings.catch_warnings():
            # Of Ray's own code.
            warnings.simplefilter("ignore")
            with connected(None, 2):
                yield server
