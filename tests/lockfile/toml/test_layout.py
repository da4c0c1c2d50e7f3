import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import assume, given, settings

from llmring.lockfile.syntax import load
from llmring.lockfile.toml.layout import KeyPath, scan
from lockfile.texts import EXAMPLE, toml_texts


def paths(tree: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every key and element of a tree with its value."""
    if path:
        yield path, tree
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from paths(value, (*path, key))
        else:
            yield (*path, key), value


def parsed(text: str) -> dict[str, Any]:
    # Floats are kept as strings, since NaN is not equal to itself.
    return tomllib.loads(text, parse_float=str)


def is_toml(text: str) -> bool:
    return isinstance(load(text), dict)


@settings(deadline=None, max_examples=60)
@given(toml_texts())
def test_the_span_of_each_value_parses_to_that_value(text: str) -> None:
    assume(is_toml(text))
    layout = scan(text)

    values = {
        path: parsed(f"x = {text[span.begin : span.end]}")["x"]
        for path, entry in layout.entries.items()
        if (span := entry.value) is not None
    }

    tree = dict(paths(parsed(text)))
    assert values == {path: tree[path] for path in values}


@settings(deadline=None, max_examples=60)
@given(toml_texts())
def test_the_scanner_finds_exactly_the_keys_of_the_parsed_text(text: str) -> None:
    assume(is_toml(text))

    assert scan(text).entries.keys() == dict(paths(parsed(text))).keys()


@settings(deadline=None, max_examples=60)
@given(toml_texts())
def test_the_span_of_each_key_parses_to_that_key(text: str) -> None:
    assume(is_toml(text))

    for path, entry in scan(text).entries.items():
        if entry.key is None:
            assert isinstance(path[-1], int)
        elif isinstance(path[-1], int):
            assert text[entry.key.begin : entry.key.end].startswith("[[")
        else:
            assert [*parsed(f"{text[entry.key.begin : entry.key.end]} = 1")] == [path[-1]]


@settings(deadline=None, max_examples=60)
@given(toml_texts())
def test_only_whitespace_and_comments_separate_sections(text: str) -> None:
    assume(is_toml(text))
    sections = scan(text).sections

    ends = [*(section.header.begin for section in sections[1:]), len(text)]
    between = [
        text[section.body_end : end].strip() for section, end in zip(sections, ends, strict=True)
    ]

    lines = [line.strip() for space in between for line in space.splitlines()]
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_lines_and_columns_count_from_one() -> None:
    layout = scan(EXAMPLE)

    path = ("profiles", "default", "bindings", 1, "models", 2)
    assert layout.position(path) == (16, 5)


def test_the_position_of_a_missing_key_is_that_of_its_table() -> None:
    layout = scan(EXAMPLE)

    assert layout.position(("profiles", "dev", "bindings", 0, "x")) == (26, 1)


def test_columns_count_characters_and_not_bytes() -> None:
    assert scan('"é" = 2').position(("é",)) == (1, 7)
