"""What follows from one reading of the active lockfile."""

from pathlib import Path

import pytest

from llmring.config.lockfile_reading import LockfileReading
from llmring.config.settings import read_settings
from llmring.exceptions import ConfigurationError
from llmring.lockfile.document import ModelRef, parse
from llmring.lockfile.file import LockfileSource

SERVER = """
[providers.mine]
kind = "openai"
base_url = "http://localhost:1/v1"
"""
SHARED = "redis://localhost:1"
NAMED = 'name = "shop"\n'


def reading(text: str = "", *, writable: bool = True, **environ: str) -> LockfileReading:
    source = LockfileSource(Path("/p/llmring.lock"), "folder", writable)
    return LockfileReading(parse(text, source.path), source, read_settings(environ), environ)


def test_the_profile_is_the_call_s_then_the_environment_s_then_the_file_s() -> None:
    text = 'default_profile = "own"\n'

    assert reading(text).profile(None) == "own"
    assert reading(text, LLMRING_PROFILE="dev").profile(None) == "dev"
    assert reading(text, LLMRING_PROFILE="dev").profile("prod") == "prod"


def test_what_is_worked_out_stays_the_same_object() -> None:
    found = reading(SERVER)

    assert found.endpoints is found.endpoints
    assert found.endpoints["mine"].base_url == "http://localhost:1/v1"
    assert found.stamp(None) is found.stamp("default")
    assert found.known is found.known


def test_a_package_does_not_decide_how_long_calls_are_kept() -> None:
    text = '[ledger]\nkeep = "3d"\n'

    assert reading(text).stamp(None).keep is not None
    assert reading(text, writable=False).stamp(None).keep is None


def test_without_a_name_the_machines_of_a_shared_store_count_apart() -> None:
    assert reading().budget_key == "/p/llmring.lock"
    assert reading(LLMRING_REDIS_URL=SHARED).budget_key.endswith(":/p/llmring.lock")
    assert reading(NAMED, LLMRING_REDIS_URL=SHARED).budget_key == "shop"


def test_completing_leaves_an_error_to_what_needs_the_value(tmp_path: Path) -> None:
    path = tmp_path / "llmring.lock"
    (tmp_path / "pyproject.toml").write_text("[")
    environ = {"LLMRING_FROZEN": "1"}
    source = LockfileSource(path, "folder", writable=True)
    found = LockfileReading(parse("", path), source, read_settings(environ), environ)

    found.complete()

    assert found.endpoints
    with pytest.raises(ConfigurationError):
        found.facts(ModelRef("openai", "gpt-4o"))
