"""llmring's own lockfile, used in a folder that has none: one warning, or an error."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import Way
from llmring import LLMRing, LLMRingError, LockfileNotFoundError
from llmring.client import warn_once
from llmring.config.fallback_lockfile import (
    fallback_warning,
    missed_lockfile,
    require_lockfile,
)
from llmring.lockfile.default_lockfile import BUNDLED
from llmring.lockfile.file import find
from llmring.testing.fake_vendors import DemoServer

Lock = Callable[..., Path]


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    def logged() -> list[str]:
        return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]

    return logged


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start a server on loopback that answers as all four vendors."""
    server = DemoServer()
    for name, value in server.environ().items():
        monkeypatch.setenv(name, value)
    yield
    server.close()


@pytest.mark.usefixtures("vendors")
def test_a_call_by_the_bundled_lockfile_warns_once_and_names_both_files(
    way: Way, warnings: Callable[[], list[str]]
) -> None:
    for alias in ("fast", "deep"):
        way.chat(LLMRing(), alias, "Hello")

    [warning] = warnings()
    assert str(Path.cwd() / "llmring.lock") in warning
    assert str(BUNDLED) in warning


@pytest.mark.usefixtures("vendors")
def test_texts_to_embed_or_to_count_are_warned_of_too(warnings: Callable[[], list[str]]) -> None:
    assert LLMRing().count_tokens("fast", messages="Hello").tokens
    assert len(warnings()) == 1

    warn_once.forget()
    with pytest.raises(LLMRingError):
        LLMRing().embed("fast", ["Hello"]).result()
    assert len(warnings()) == 2


@pytest.mark.usefixtures("vendors")
def test_the_warning_names_the_lockfile_of_a_parent_folder(
    lockfile: Lock, warnings: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    meant = lockfile(fast=["ollama:llama3.2"])
    below = Path("a/b")
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    assert LLMRing().chat("fast", messages="Hello").model == "openai:gpt-6-luna"

    [warning] = warnings()
    assert f"LLMRING_LOCKFILE_PATH={meant}" in warning


def test_a_lockfile_here_that_names_the_models_gives_no_warning(
    lockfile: Lock, warnings: Callable[[], list[str]]
) -> None:
    lockfile(fast=["mock:echo"]).rename("llmring.lock")

    LLMRing().chat("fast", messages="Hello")

    assert warnings() == []


def test_a_call_that_names_its_model_warns_only_of_a_lockfile_nearby(
    lockfile: Lock, warnings: Callable[[], list[str]]
) -> None:
    LLMRing().chat("mock:echo", messages="Hello")
    assert warnings() == []

    lockfile()
    LLMRing().chat("mock:echo", messages="Hello")
    assert len(warnings()) == 1


@pytest.mark.parametrize("variable", ["LLMRING_REQUIRE_LOCKFILE", "LLMRING_FROZEN"])
def test_a_variable_makes_it_an_error(
    lockfile: Lock, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    missed = lockfile()

    with pytest.raises(LockfileNotFoundError, match=variable) as caught:
        LLMRing()

    assert caught.value.path == Path.cwd() / "llmring.lock"
    assert f"LLMRING_LOCKFILE_PATH={missed}" in str(caught.value)


def test_variables_given_to_the_ring_count_instead_of_those_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(LockfileNotFoundError):
        LLMRing(environ={"LLMRING_REQUIRE_LOCKFILE": "yes"})

    monkeypatch.setenv("LLMRING_REQUIRE_LOCKFILE", "1")
    assert LLMRing(environ={}).lockfile_source == "bundled"


@pytest.mark.parametrize("value", ["", "0", "off"])
def test_a_variable_that_is_off_allows_it(value: str) -> None:
    require_lockfile(find(None, None, Path.cwd()), {"LLMRING_REQUIRE_LOCKFILE": value})


def test_any_other_lockfile_is_allowed(lockfile: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMRING_REQUIRE_LOCKFILE", "1")

    assert LLMRing(lockfile()).lockfile_source == "argument"
    assert LLMRing(BUNDLED).lockfile_source == "argument"


def test_the_nearest_lockfile_above_is_the_missed_one(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    assert missed_lockfile(find(None, None, folder)) is None

    for above in ("a", "a/b"):
        (tmp_path / above / "llmring.lock").touch()

    assert missed_lockfile(find(None, None, folder)) == tmp_path / "a" / "b" / "llmring.lock"
    assert missed_lockfile(find(None, None, tmp_path / "a" / "b")) is None


def test_without_a_lockfile_nearby_the_warning_names_the_command_that_creates_one() -> None:
    assert "llmring lock init" in fallback_warning(find(None, None, Path.cwd()))
