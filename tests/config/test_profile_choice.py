"""The profile of a call, and the default one where the lockfile of a package lacks it."""

import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmring import ConfigurationError, LLMRing
from llmring.config.profile_choice import active_profile
from llmring.lockfile.document import parse
from llmring.lockfile.file import LockfileSource, Rule

Library = Callable[[Path, str], Any]

CODE = """
from pathlib import Path
from llmring import LLMRing

LOCKFILE = Path(__file__).parent / "llmring.lock"

def found(): return LLMRing()
def given(): return LLMRing(lockfile_path=LOCKFILE)
"""
TEXT = """
[[profiles.default.bindings]]
alias = "fast"
models = ["mock:fixed?text=theirs"]
"""


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """Provide a function that writes a package with a lockfile into a folder, and imports it."""
    before = set(sys.modules)

    def write(folder: Path, text: str) -> Any:
        package = folder / "my_lib"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(CODE)
        (package / "llmring.lock").write_text(text)
        monkeypatch.syspath_prepend(folder)
        return importlib.import_module("my_lib")

    yield write
    for name in {each for each in sys.modules if not each.startswith("llmring")} - before:
        del sys.modules[name]


@pytest.fixture(params=["site-packages", "src"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Provide the folder of an installed package, and that of an editable install."""
    return Path(tmp_path / request.param)


@pytest.mark.parametrize("way", ["found", "given"])
def test_the_environment_s_profile_gives_way_to_the_default_of_a_package_that_lacks_it(
    library: Library,
    folder: Path,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    module = library(folder, TEXT)
    monkeypatch.setenv("LLMRING_PROFILE", "dev")

    for _ in range(2):
        ring = getattr(module, way)()
        ring.require_aliases(["fast"], context="my-lib")
        assert ring.chat("fast", messages="Hello").content == "theirs"
        assert ring.list_aliases() == {"fast": "mock:fixed?text=theirs"}

    [note] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert str(module.LOCKFILE) in note.getMessage()


@pytest.mark.parametrize("way", ["found", "given"])
def test_a_profile_of_the_package_is_used(
    library: Library, folder: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dev = TEXT.replace("default", "dev").replace("theirs", "dev")
    module = library(folder, TEXT + dev)
    monkeypatch.setenv("LLMRING_PROFILE", "dev")

    assert getattr(module, way)().chat("fast", messages="Hello").content == "dev"


@pytest.mark.parametrize("way", ["found", "given"])
def test_a_profile_that_a_call_names_stays_an_error(
    library: Library, folder: Path, way: str
) -> None:
    module = library(folder, TEXT)

    with pytest.raises(ConfigurationError, match="unknown profile 'dev'"):
        getattr(module, way)().chat("fast", messages="Hello", profile="dev")


def test_in_the_application_s_own_lockfile_a_missing_profile_stays_an_error(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = library(folder, TEXT)
    Path("llmring.lock").write_text(TEXT)
    monkeypatch.setenv("LLMRING_PROFILE", "dev")

    for ring in (module.found(), LLMRing("llmring.lock")):
        with pytest.raises(ConfigurationError, match="unknown profile 'dev'"):
            ring.chat("fast", messages="Hello")


def test_a_binding_goes_to_the_environment_s_profile(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = library(tmp_path / "site-packages", TEXT)
    monkeypatch.setenv("LLMRING_PROFILE", "dev")

    module.found().bind_alias("fast", "mock:echo")

    assert "[[profiles.dev.bindings]]" in Path("llmring.lock").read_text()


@pytest.mark.parametrize(
    ("rule", "explicit", "chosen"),
    [
        ("package", None, "default"),
        ("package", "dev", "dev"),
        ("argument", None, "default"),
        ("environment", None, "dev"),
        ("folder", None, "dev"),
        ("bundled", None, "dev"),
    ],
)
def test_only_the_lockfile_of_a_package_falls_back(
    rule: Rule, explicit: str | None, chosen: str
) -> None:
    source = LockfileSource(Path("/x/site-packages/my_lib/llmring.lock"), rule, writable=False)

    found = active_profile(explicit, parse(TEXT), source, {"LLMRING_PROFILE": "dev"})

    assert found == chosen


def test_the_default_that_the_package_names_is_used() -> None:
    lockfile = parse('default_profile = "usual"\n' + TEXT.replace("default", "usual"))
    source = LockfileSource(Path("/x/llmring.lock"), "package", writable=False)

    assert active_profile(None, lockfile, source, {"LLMRING_PROFILE": "dev"}) == "usual"
