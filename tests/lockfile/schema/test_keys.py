"""The tables of keys: patterns, and examples that fit their own shapes."""

import re
import tomllib
from collections.abc import Iterator
from typing import get_args

import pytest

from llmring.lockfile.schema import keys
from llmring.lockfile.schema.shapes import Either, Items, NamedItems, Outline, Shape, Table, misfits
from llmring.registry.catalog import Capability
from llmring.routing.policy import (
    CacheScope,
    OnRefusal,
    OnStreamFailure,
    Policy,
    ShownToolCalls,
    Strategy,
    StreamCommit,
)


def shapes(shape: Shape, path: str = "") -> Iterator[tuple[str, Shape]]:
    """Yield a shape and all shapes inside it, each with the names of its keys."""
    yield path, shape
    match shape:
        case Outline(whole=whole):
            yield from shapes(whole, path)
        case Either(options=options):
            for option in options:
                yield from shapes(option, path)
        case Items(each=each) | NamedItems(each=each):
            yield from shapes(each, f"{path}.*")
        case Table(keys=inner):
            for key, each in inner.items():
                yield from shapes(each, f"{path}.{key}")


ALL = list(shapes(keys.LOCKFILE))


def test_the_example_of_every_shape_is_a_value_of_that_shape() -> None:
    wrong = [
        (path, shape.example)
        for path, shape in ALL
        # Digests and tables are shortened, and "[[…]]" is a header. An empty list is only the
        # example of a list inside another shape.
        if shape.example not in ("", '"sha256:…"', '"ed25519:…"', "{ }", "[]")
        and not shape.example.startswith("[[")
        if [*misfits(shape, tomllib.loads(f"x = {shape.example}")["x"], ())]
    ]

    assert wrong == []


def test_every_required_key_of_a_table_is_one_of_its_keys() -> None:
    assert [
        (path, key)
        for path, shape in ALL
        if isinstance(shape, Table)
        for key in shape.required
        if key not in shape.keys
    ] == []


def test_a_policy_has_the_keys_that_calls_obey() -> None:
    # Recordings are a matter of the whole profile.
    assert set(keys.POLICY) - {"policy"} == set(Policy.__struct_fields__) - {"mode", "recordings"}


@pytest.mark.parametrize(
    ("key", "allowed"),
    [
        ("strategy", Strategy),
        ("on_stream_failure", OnStreamFailure),
        ("on_refusal", OnRefusal),
        ("stream_commit", StreamCommit),
        ("tool_calls", ShownToolCalls),
        ("cache_scope", CacheScope),
    ],
)
def test_the_choices_of_a_policy_are_those_that_calls_know(key: str, allowed: object) -> None:
    found = [value for value in get_args(allowed) if [*misfits(keys.POLICY[key], value, ())]]

    assert found == []


def test_a_model_may_have_every_capability_that_the_catalog_knows() -> None:
    assert [*misfits(keys.MODEL["capabilities"], [*get_args(Capability)], ())] == []


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (keys.VERSION, ["1", "1.0", "1.2.3"], ["", "2.0", "1.", "1.x", "11"]),
        (f"{keys.ALIAS}", ["fast", "lib:fast", "é"], ["", "a b", "a,b", "a\x00", "a\n"]),
        (
            keys.REFERENCE,
            ["openai:gpt-4o", "ollama:llama3:8b", "a:b c"],
            ["", "gpt-4o", ":x", "a:", "a: b", "a b:c", "a:b\n"],
        ),
    ],
)
def test_patterns_match_whole_texts(pattern: str, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not re.fullmatch(pattern, text)] == []
    assert [text for text in bad if re.fullmatch(pattern, text)] == []


@pytest.mark.parametrize(
    ("table", "key", "good", "bad"),
    [
        (keys.POLICY, "retries", [0, 3], [-1, 1.5]),
        (keys.POLICY, "hedge_after", [2.5, "p95"], [0, "p99"]),
        (keys.POLICY, "weights", [[3, 1], {"a:b": 0}], [[-1], 3]),
        (
            keys.PROVIDER,
            "base_url",
            ["http://localhost:8000/v1"],
            ["localhost", "ftp://a", "http:///a"],
        ),
        (keys.PROVIDER, "api_key_env", ["MY_KEY"], ["sk-123", "1A", ""]),
        (keys.PROVIDER, "headers", [{"x-team": "search"}], [{"x": "a\nb"}, {"x": " a"}, {"x": 1}]),
        (keys.REGISTRY, "url", ["https://a.b/c", "file:///a"], ["a.b/c", "https://a b"]),
        (keys.REGISTRY, "signature", [f"ed25519:{'A' * 86}=="], ["ed25519:A==", f"{'A' * 86}=="]),
        (keys.REGISTRY, "digest", [f"sha256:{'0' * 64}"], ["sha256:0", f"sha256:{'A' * 64}"]),
        (keys.FAULT, "model", ["openai:*", "*"], ["", " *", "a\nb"]),
    ],
)
def test_keys_accept_their_values_and_refuse_others(
    table: dict[str, Shape], key: str, good: list[object], bad: list[object]
) -> None:
    assert [value for value in good if [*misfits(table[key], value, ())]] == []
    assert [value for value in bad if not [*misfits(table[key], value, ())]] == []
