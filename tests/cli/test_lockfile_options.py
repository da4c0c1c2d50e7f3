"""The choice of the lockfile and the profile that a command reads or edits."""

import argparse
from pathlib import Path

import pytest

from cli.terminal import lockfile_of, write
from llmring import LLMRingError, LockfileNotFoundError
from llmring.cli.lockfile_options import (
    add_options,
    add_scope_options,
    binding_line,
    edit_target,
    read_profile,
    users_lockfile,
)

TEXT = lockfile_of(default={"fast": ["mock:a"]}, dev={})


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(words)


def edited(*words: str) -> str:
    """Describe where a command with these options edits."""
    return edit_target(options(*words)).place


def test_the_profile_is_that_of_the_option_then_of_the_variable_then_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(TEXT)
    assert read_profile(options())[1] == "default"

    monkeypatch.setenv("LLMRING_PROFILE", "dev")
    assert read_profile(options())[1] == "dev"
    assert read_profile(options("--profile", "default"))[1] == "default"


def test_a_command_that_reads_without_a_lockfile_notes_that_it_uses_the_bundled_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lockfile, _ = read_profile(options())

    assert lockfile.profiles
    assert capsys.readouterr().err == (
        "no lockfile here; using llmring's own. Create yours: llmring lock init\n"
    )


def test_the_note_names_the_lockfile_of_a_parent_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    meant = Path.cwd().parent / "llmring.lock"
    meant.touch()

    read_profile(options())

    assert str(meant) in capsys.readouterr().err


def test_a_command_reads_no_other_lockfile_where_one_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LLMRING_REQUIRE_LOCKFILE", "1")

    with pytest.raises(LockfileNotFoundError):
        read_profile(options())


def test_a_hint_is_noted_as_nothing_that_was_ignored(capsys: pytest.CaptureFixture[str]) -> None:
    write(f'{TEXT}\n[extends]\npackages = ["my-lib"]\n')

    lockfile, _ = read_profile(options())

    assert lockfile.packages == ("my_lib",)
    assert ": extends.packages[0]: " in capsys.readouterr().err


def test_an_ignored_key_is_noted_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    write(f"{TEXT}\n[surprise]\n")

    read_profile(options())

    line = f"{TEXT}\n[surprise]\n".splitlines().index("[surprise]") + 1
    assert capsys.readouterr().err.startswith(f"llmring.lock:{line}: ignored: surprise: ")


def test_a_check_of_the_users_lockfile_refuses_the_bundled_one() -> None:
    with pytest.raises(LLMRingError, match=r"no llmring\.lock here; create one"):
        users_lockfile(None)

    write(TEXT, "other.lock")
    assert users_lockfile("other.lock").path.name == "other.lock"


def test_an_edit_without_a_lockfile_creates_one_in_this_folder() -> None:
    target = edit_target(options())

    assert target.path == Path.cwd() / "llmring.lock"
    assert target.place == "profile default of llmring.lock (new)"


def test_the_place_of_an_edit_names_the_rule_that_chose_the_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(TEXT)
    write(TEXT.replace('default_profile = "default"', 'default_profile = "dev"'), "other.lock")

    assert edited() == "profile default of llmring.lock"
    assert edited("--file", "other.lock") == "profile dev (the file's default) of other.lock"
    assert edited("--profile", "dev") == "profile dev of llmring.lock"
    assert edited("--profile", "prod") == "profile prod (new) of llmring.lock"
    monkeypatch.setenv("LLMRING_PROFILE", "prod")
    assert edited() == "profile prod (by LLMRING_PROFILE, new) of llmring.lock"
    assert edited("--profile", "dev") == "profile dev of llmring.lock"


def test_a_variable_that_names_a_missing_lockfile_is_an_error_and_an_option_creates_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert edit_target(options("--file", "new.lock")).path == Path("new.lock")

    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", "new.lock")
    with pytest.raises(LLMRingError, match=r"new\.lock"):
        edit_target(options())


@pytest.mark.parametrize(
    ("models", "line"),
    [
        (["mock:a"], "fast → mock:a"),
        (["mock:a", "mock:b"], "fast → mock:a (+ 1 fallback)"),
        (["mock:a", "mock:b", "mock:c"], "fast → mock:a (+ 2 fallbacks)"),
    ],
)
def test_a_binding_is_shown_with_its_first_model_and_the_number_of_fallbacks(
    models: list[str], line: str
) -> None:
    assert binding_line("fast", models) == line


def test_the_scope_options_leave_the_profile_open() -> None:
    parser = argparse.ArgumentParser()
    add_scope_options(parser)

    assert parser.parse_args([]).profile is None
    assert parser.parse_args(["--profile", "dev", "--file", "a"]).profile == "dev"
