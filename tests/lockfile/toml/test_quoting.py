"""Keys and strings written as TOML parse to what was written."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.lockfile.toml.quoting import dotted, quoted, quoted_key

# Lone surrogates can't be encoded, so no TOML file contains one.
TEXTS = st.text(st.characters(codec="utf-8"))


@given(TEXTS)
def test_a_quoted_string_parses_to_itself(text: str) -> None:
    assert tomllib.loads(f"x = {quoted(text)}") == {"x": text}


@given(TEXTS)
def test_a_quoted_key_parses_to_itself(key: str) -> None:
    assert tomllib.loads(f"{quoted_key(key)} = 1") == {key: 1}


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("gpt-4o_mini", "gpt-4o_mini"),
        ("7", "7"),
        ("openai:gpt-4o", '"openai:gpt-4o"'),
        ("a.b", '"a.b"'),
        ("é", '"é"'),
        ("", '""'),
        ("a\x7f", '"a\\u007F"'),
    ],
)
def test_a_key_is_quoted_only_if_necessary(key: str, written: str) -> None:
    assert quoted_key(key) == written


def test_a_path_is_written_with_dots_and_indexes() -> None:
    path = ("profiles", "eu.west", "bindings", 0, "models", 1)

    assert dotted(path) == 'profiles."eu.west".bindings[0].models[1]'


def test_an_empty_path_is_an_empty_text() -> None:
    assert dotted(()) == ""
