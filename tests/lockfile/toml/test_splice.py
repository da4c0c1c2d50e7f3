"""Local changes of a text, and the check that nothing else changed."""

import tomllib
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmring.exceptions import ConfigurationError, LockfileError
from llmring.lockfile.syntax import load
from llmring.lockfile.toml.layout import TextSpan, scan
from llmring.lockfile.toml.splice import (
    at_path,
    behind,
    checked,
    into_table,
    line_end,
    require_utf8,
    spliced,
    with_block,
)
from lockfile.texts import toml_texts


def nothing(_: dict[str, Any]) -> None:
    """Change nothing."""


def set_x_to_2(tree: dict[str, Any]) -> None:
    tree["x"] = 2


def test_an_edit_that_makes_only_the_intended_change_is_accepted() -> None:
    assert checked("x = 1 # c\n", "x = 2 # d\n", set_x_to_2) == "x = 2 # d\n"


@pytest.mark.parametrize("after", ["x = 1\n", "x = 2\ny = 3\n", "", "x = \n"])
def test_an_edit_that_makes_any_other_change_is_refused(after: str) -> None:
    with pytest.raises(LockfileError, match="change it by hand"):
        checked("x = 1\n", after, set_x_to_2)


def test_numbers_that_equal_no_number_can_be_compared() -> None:
    assert checked("x = nan\n", "x = nan # c\n", nothing) == "x = nan # c\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[profiles.dev]\n", ""),
        ("[profiles.dev]\nbindings = []\n", ""),
        ("[registry.pins]\n", "[registry]\n"),
    ],
)
def test_empty_profiles_bindings_and_registry_tables_may_come_and_go(
    before: str, after: str
) -> None:
    assert checked(before, after, nothing) == after
    assert checked(after, before, nothing) == before


def test_a_profile_with_a_policy_may_not_be_lost() -> None:
    with pytest.raises(LockfileError):
        checked("[profiles.dev]\nretries = 1\n", "", nothing)


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9), st.text(max_size=9))
def test_only_the_span_is_replaced(before: str, old: str, after: str, new: str) -> None:
    span = TextSpan(len(before), len(before) + len(old))

    assert spliced(before + old + after, span, new) == before + new + after


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("", 0, "[b]\nx = 1\n"),
        ("a = 1\n", 6, "a = 1\n\n[b]\nx = 1\n"),
        ("a = 1\n[c]\n", 6, "a = 1\n\n[b]\nx = 1\n[c]\n"),
        ("a = 1", 5, "a = 1\n\n[b]\nx = 1"),
    ],
)
def test_a_block_is_inserted_after_a_blank_line(text: str, at: int, expected: str) -> None:
    assert with_block(text, at, ["[b]", "x = 1"], "\n") == expected


@pytest.mark.parametrize("table", ["{}", "{ }", "{ a = 1 }", "{a=1,b.c='}'}", '{ a = ["}", 1] }'])
def test_a_key_is_added_to_an_inline_table_and_the_others_are_kept(table: str) -> None:
    text = f"x = {table} # c\ny = 2\n"

    after = into_table(scan(text), ("x",), "new = 9")

    assert tomllib.loads(after) == {
        "x": {**tomllib.loads(text)["x"], "new": 9},
        "y": 2,
    }
    assert after.endswith(" } # c\ny = 2\n")


@given(toml_texts())
def test_a_key_can_be_added_to_any_inline_table_of_any_text(text: str) -> None:
    assume(isinstance(load(text), dict))
    layout = scan(text)

    for path, entry in layout.entries.items():
        if entry.value is not None and text[entry.value.begin] == "{":
            after = tomllib.loads(into_table(layout, path, "brand-new = 9"), parse_float=str)
            expected = tomllib.loads(text, parse_float=str)
            at_path(expected, path)["brand-new"] = 9
            assert after == expected


@pytest.mark.parametrize(
    ("text", "end"),
    [("", "\n"), ("a", "\n"), ("a\nb\r\n", "\n"), ("a\r\nb\n", "\r\n"), ("\r\n", "\r\n")],
)
def test_the_line_end_of_a_text_is_that_of_its_first_line(text: str, end: str) -> None:
    assert line_end(text) == end


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("# a\n# b\n\n[t]\n", "\n[t]\n"),
        ("# a\n  # b\n", ""),
        ("# a\n# b", ""),
        ("# about t\n[t]\n", "# about t\n[t]\n"),
        ("\n# a\n", "\n# a\n"),
        ("x = 1\n", "x = 1\n"),
    ],
)
def test_comments_are_skipped_unless_they_belong_to_the_next_header(text: str, rest: str) -> None:
    assert text[behind(text, 0) :] == rest


def test_a_value_is_found_at_its_path() -> None:
    tree = {"profiles": {"dev": {"bindings": [{"alias": "a"}, {"alias": "b"}]}}}

    assert at_path(tree, ("profiles", "dev", "bindings", 1, "alias")) == "b"
    assert at_path(tree, ()) is tree


def test_a_lone_surrogate_is_refused() -> None:
    require_utf8("é", "🙂", "")
    with pytest.raises(ConfigurationError, match="remove its lone surrogates"):
        require_utf8("fine", "half \ud83d")
