"""The choice of the lockfile, the same from Python and from the command line."""

import os
from pathlib import Path

import pytest

from cli.terminal import Call, lockfile_of, write
from llmring import LLMRing, LockfileNotFoundError
from llmring.lockfile.default_lockfile import BUNDLED


def lock(path: str) -> Path:
    """Write a lockfile with an alias `here`, bound to a model named after the file's path."""
    Path(path).parent.mkdir(exist_ok=True, parents=True)
    return write(lockfile_of(default={"here": [f"mock:{path}"]}), path)


@pytest.fixture
def all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    lock("llmring.lock")
    lock("given.lock")
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(lock("env.lock")))


def test_S012_the_path_that_is_given_wins_over_everything(all_of_them: None) -> None:
    assert LLMRing(lockfile_path="given.lock").resolve_alias("here") == "mock:given.lock"


def test_S012_the_file_that_is_given_to_a_command_wins_over_everything(
    call: Call, all_of_them: None
) -> None:
    assert call("aliases", "--file", "given.lock").out == "here → mock:given.lock\n"


def test_S013_a_given_path_that_does_not_exist_raises(all_of_them: None) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.lock") as caught:
        LLMRing(lockfile_path="missing.lock")

    assert isinstance(caught.value, LockfileNotFoundError)


def test_S014_the_environment_variable_is_second(all_of_them: None) -> None:
    assert LLMRing().resolve_alias("here") == "mock:env.lock"


def test_S014_every_command_honours_the_environment_variable(call: Call, all_of_them: None) -> None:
    untouched = Path("llmring.lock").read_bytes()

    assert call("aliases").out == "here → mock:env.lock\n"
    assert "env.lock" in call("lock", "validate").err
    call("bind", "here", "mock:echo")

    assert LLMRing("env.lock").resolve_alias("here") == "mock:echo"
    assert Path("llmring.lock").read_bytes() == untouched


def test_S015_an_environment_path_that_does_not_exist_raises(
    call: Call, all_of_them: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", "missing.lock")

    with pytest.raises(FileNotFoundError, match="LLMRING_LOCKFILE_PATH"):
        LLMRing()
    assert call("aliases").code == 1


def test_S016_the_current_directory_is_third_for_python_and_commands(
    call: Call, all_of_them: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LLMRING_LOCKFILE_PATH")

    assert LLMRing().resolve_alias("here") == "mock:llmring.lock"
    assert call("aliases").out == "here → mock:llmring.lock\n"


def test_S016_directories_above_are_not_searched(
    all_of_them: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LLMRING_LOCKFILE_PATH")
    Path("below").mkdir()
    monkeypatch.chdir("below")

    assert LLMRing().lockfile_source == "bundled"


def test_S017_without_any_lockfile_the_bundled_one_is_used() -> None:
    ring = LLMRing()

    assert (ring.lockfile_path, ring.lockfile_source) == (BUNDLED, "bundled")
    assert "fast" in ring.list_aliases()


def test_S017_the_bundled_lockfile_is_never_written(call: Call) -> None:
    before = BUNDLED.read_bytes()

    LLMRing().bind_alias("mine", "mock:echo")
    call("bind", "yours", "mock:echo")

    assert BUNDLED.read_bytes() == before
    assert LLMRing().list_aliases() == {"mine": "mock:echo", "yours": "mock:echo"}


def test_S017_the_bundled_lockfile_is_never_written_even_if_named(call: Call) -> None:
    before = BUNDLED.read_bytes()

    LLMRing(BUNDLED).bind_alias("mine", "mock:echo")
    refused = call("bind", "yours", "mock:echo", "--file", str(BUNDLED))

    assert refused.code == 1
    assert BUNDLED.read_bytes() == before


def test_S018_a_relative_path_is_taken_from_the_current_directory(all_of_them: None) -> None:
    assert LLMRing("./given.lock").lockfile_path == Path.cwd() / "given.lock"


def test_S018_a_ring_keeps_its_lockfile_when_the_process_changes_directory(
    all_of_them: None, tmp_path: Path
) -> None:
    ring = LLMRing("./given.lock")
    os.chdir(tmp_path)

    assert ring.resolve_alias("here") == "mock:given.lock"


def test_S019_the_environment_is_read_when_a_ring_is_made(
    all_of_them: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = LLMRing()
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", "given.lock")
    second = LLMRing()

    assert first.resolve_alias("here") == "mock:env.lock"
    assert second.resolve_alias("here") == "mock:given.lock"
