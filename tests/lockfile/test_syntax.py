import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings

from llmring.lockfile import syntax
from llmring.lockfile.problem import KeyPath, Problem
from lockfile.texts import EXAMPLE, toml_texts


def paths(tree: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every key and element of a tree with its value."""
    if path:
        yield path, tree
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from paths(value, (*path, key))
        else:
            yield (*path, key), value


def parsed(text: str) -> dict[str, Any]:
    # Numbers as they are written: NaN is not equal to itself.
    return tomllib.loads(text, parse_float=str)


def is_toml(text: str) -> bool:
    return isinstance(syntax.load(text), dict)


@settings(deadline=None, max_examples=150)
@given(toml_texts())
def test_each_span_of_a_value_reads_as_that_value(text: str) -> None:
    assume(is_toml(text))
    layout = syntax.scan(text)

    values = {
        path: parsed(f"x = {text[span.begin : span.end]}")["x"]
        for path, entry in layout.entries.items()
        if (span := entry.value) is not None
    }

    tree = dict(paths(parsed(text)))
    assert values == {path: tree[path] for path in values}


@settings(deadline=None, max_examples=150)
@given(toml_texts())
def test_the_keys_found_are_the_keys_of_the_tree(text: str) -> None:
    assume(is_toml(text))

    assert syntax.scan(text).entries.keys() == dict(paths(parsed(text))).keys()


@settings(deadline=None, max_examples=100)
@given(toml_texts())
def test_each_span_of_a_key_reads_as_that_key(text: str) -> None:
    assume(is_toml(text))

    for path, entry in syntax.scan(text).entries.items():
        if entry.key is None:
            assert isinstance(path[-1], int)
        elif isinstance(path[-1], int):
            assert text[entry.key.begin : entry.key.end].startswith("[[")
        else:
            assert [*parsed(f"{text[entry.key.begin : entry.key.end]} = 1")] == [path[-1]]


@settings(deadline=None, max_examples=100)
@given(toml_texts())
def test_between_two_sections_stand_only_space_and_comments(text: str) -> None:
    assume(is_toml(text))
    sections = syntax.scan(text).sections

    ends = [*(section.header.begin for section in sections[1:]), len(text)]
    between = [
        text[section.body_end : end].strip() for section, end in zip(sections, ends, strict=True)
    ]

    lines = [line.strip() for space in between for line in space.splitlines()]
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_a_place_has_line_and_column_from_one() -> None:
    layout = syntax.scan(EXAMPLE)

    path = ("profiles", "default", "bindings", 1, "models", 2)
    assert layout.position(path) == (16, 5)


def test_a_missing_key_has_the_place_of_the_table_that_lacks_it() -> None:
    layout = syntax.scan(EXAMPLE)

    assert layout.position(("profiles", "dev", "bindings", 0, "x")) == (26, 1)


def test_columns_count_characters_and_not_bytes() -> None:
    assert syntax.scan('"é" = 2').position(("é",)) == (1, 7)


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "mend"),
    [
        ("a = 1\nb = foo\n", 2, 5, "Invalid value", "put texts in double quotes"),
        ("a = [\n  1\n  2\n]", 3, 3, "Unclosed array", "by commas"),
        ("a = 1\na = 2\n", 2, 6, "Cannot overwrite", "keep one of them"),
        ("[a]\n[a]\n", 2, 3, "Cannot declare", "[[...]]"),
        ('a = "x\nb = 1', 1, 7, "Illegal character", "close the text"),
        ('\na = """x', 2, 9, "Unterminated", "close the text"),
        ("a\n", 1, 2, "Expected '='", "write key ="),
        ("a = 1 b = 2", 1, 7, "Expected newline", "one key a line"),
        ("a = 1\r\n\r\n? = 1", 3, 1, "Invalid statement", "https://toml.io"),
        ("a = 1\n<<<<<<< HEAD\nb = 1\n", 2, 1, "merge conflict", "settle the conflict"),
    ],
)
def test_what_is_not_toml_is_told_with_its_place_and_mend(
    text: str, line: int, column: int, message: str, mend: str
) -> None:
    problem = syntax.load(text)

    assert isinstance(problem, Problem)
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message
    assert mend in problem.mend


@pytest.mark.parametrize("text", ["a = " + "[" * 9999, f"a = {'1' * 5000}"])
def test_a_text_that_breaks_the_parser_is_a_problem_and_no_crash(text: str) -> None:
    assert isinstance(syntax.load(text), Problem)
