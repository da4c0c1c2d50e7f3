import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.lockfile.problem import Problem, Severity, nearest
from llmring.lockfile.toml.quoting import dotted, quoted, quoted_key

TEXTS = st.text(st.characters(codec="utf-8"))


@settings(deadline=None)
@given(TEXTS)
def test_a_quoted_string_parses_to_that_string(text: str) -> None:
    assert tomllib.loads(f"x = {quoted(text)}") == {"x": text}


@settings(deadline=None)
@given(TEXTS)
def test_a_quoted_key_parses_to_that_key(text: str) -> None:
    assert tomllib.loads(f"{quoted_key(text)} = 1") == {text: 1}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ""),
        (("profiles", "us-west", "bindings", 2, "alias"), "profiles.us-west.bindings[2].alias"),
        (("profiles", "a.b", "name"), 'profiles."a.b".name'),
    ],
)
def test_a_key_path_is_formatted_as_in_toml(path: tuple[str | int, ...], expected: str) -> None:
    assert dotted(path) == expected


@pytest.mark.parametrize(
    ("severity", "softened"), [("error", "warning"), ("warning", "warning"), ("hint", "hint")]
)
def test_a_problem_that_did_not_stop_the_reading_is_a_warning_or_a_hint(
    severity: Severity, softened: Severity
) -> None:
    problem = Problem(1, 1, severity, "a", "b", "c")

    assert problem.softened() == Problem(1, 1, softened, "a", "b", "c")


def test_nearest_returns_the_most_similar_word() -> None:
    assert nearest("opnai", ("google", "openai")) == "openai"


def test_nearest_returns_none_without_a_similar_word() -> None:
    assert nearest("zzz", ("google", "openai")) is None


def test_a_problem_of_the_whole_file_has_no_key() -> None:
    problem = Problem(1, 1, "warning", "", "it is empty", "fill it")

    assert problem.render("a.lock") == "a.lock:1:1: warning: it is empty; fill it"
