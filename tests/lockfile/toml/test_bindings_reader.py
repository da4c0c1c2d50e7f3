"""Long lockfiles are read as tomllib reads them."""

import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmring.lockfile.toml.bindings_reader import loads

HEADER = "[[profiles.default.bindings]]"

PIECES = (
    HEADER,
    HEADER,
    HEADER,
    f"{HEADER}  # a comment",
    f"  {HEADER}",
    "[[ profiles.default.bindings ]]",
    "[[profiles.dev.bindings]]",
    '[[profiles."a b".bindings]]',
    "[[profiles.'a b'.bindings]]",
    "[profiles.default]",
    "[profiles.dev]",
    "[profiles.default.bindings.metadata]",
    "[profiles.default.bindings]",
    "[profiles]",
    "[registry]",
    "[[1]]",
    'alias = "fast"',
    "alias = 'deep'  # \"quoted\"",
    '  alias\t=\t"slow"\t',
    'alias = "sch\\u00f6n"',
    'alias = "schön"',
    'alias = """x"""',
    'models = ["a:b", "c:d"]',
    'models = [\n  "a:b",  # first, "best"\n  # none\n  \'c:d\',\n]',
    "models = []",
    "models = [,]",
    'models = ["a:b" "c:d"]',
    'models = ["a:b"',
    "]",
    'models = "a:b"',
    "daily_budget = 2.5",
    "max_concurrency = 08",
    "max_concurrency = 8",
    "max_concurrency = -1_000",
    "day = 2026-11-30",
    "quick = true",
    "quick = truely",
    "metadata = { a = 1 }",
    "metadata.a = 1",
    "x = [",
    'y = """',
    '"""',
    "llmring-tables = 0",
    '# a comment with " and [[',
    "",
    "\x01",
    "a\rb = 1",
)


def outcome(load: Callable[[str], dict[str, Any]], text: str) -> str:
    """Return what a text says, with the order of its keys, or the error."""
    try:
        return repr(load(text))
    except ValueError as error:
        return str(error)


def table(alias: str) -> str:
    return f'{HEADER}\nalias = "{alias}"\nmodels = ["a:b", "c:d"]\n'


@given(
    st.lists(st.sampled_from(PIECES), max_size=14),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n"]),
)
@example([HEADER, 'alias = "a"', HEADER, 'alias = "b"', "[profiles.default.bindings.x]"], "\n", "")
@example([HEADER, 'alias = "a"', HEADER, 'alias = "b"', "daily_budget = 1e3"], "\n", "")
@example(["x = [", HEADER, HEADER, "]"], "\n", "")
@example([HEADER, HEADER, "[profiles.default]", "bindings = 1"], "\n", "")
@example(["[profiles]", "default = { bindings = [{}] }", HEADER, HEADER], "\n", "")
def test_any_text_is_read_as_tomllib_reads_it(pieces: list[str], line: str, end: str) -> None:
    text = line.join(pieces) + end

    assert outcome(loads, text) == outcome(tomllib.loads, text)


@given(st.text(alphabet="[].\"'=#\\\n\t ab1,{}", max_size=60))
def test_any_text_after_tables_is_read_as_tomllib_reads_it(after: str) -> None:
    text = table("one") + table("two") + after

    assert outcome(loads, text) == outcome(tomllib.loads, text)


def test_equal_values_of_different_types_are_kept_apart() -> None:
    text = "\n".join(f"{HEADER}\na = {value}" for value in ("1", "1.0", "true", '"1"'))

    found = loads(text)["profiles"]["default"]["bindings"]

    assert [type(each["a"]) for each in found] == [int, float, bool, str]


def test_each_table_is_one_of_its_own() -> None:
    first, second = loads(table("a") * 2)["profiles"]["default"]["bindings"]

    assert first == second
    assert first is not second
    assert first["models"] is not second["models"]


def test_a_text_of_many_tables_that_are_not_closed_is_an_error() -> None:
    with pytest.raises(ValueError, match="Unclosed array"):
        loads(table("a") * 2000 + 'models = ["a:b"')
