"""Fields of clients' requests: their types, and their paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmring.dialects.anthropic import decode_fields
from llmring.dialects.request_decoding import RequestFormatError

VALUES: list[Any] = [None, True, 0, 7, -1, 0.5, "", "a", [], ["a"], [1], {}, {"a": 1}, [{"a": 1}]]

READERS: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "text": (decode_fields.text, [None, "", "a"]),
    "required_text": (decode_fields.required_text, ["", "a"]),
    "filled_text": (decode_fields.filled_text, ["a"]),
    "texts": (decode_fields.texts, [None, [], ["a"]]),
    "integer": (decode_fields.integer, [None, 0, 7]),
    "number": (decode_fields.number, [None, 0, 7, -1, 0.5]),
    "flag": (decode_fields.flag, [None, True]),
    "table": (decode_fields.table, [None, {}, {"a": 1}]),
    "required_table": (decode_fields.required_table, [{}, {"a": 1}]),
    "tables": (decode_fields.tables, [None, [], [{"a": 1}]]),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_field_is_returned_as_it_is_or_an_error_with_its_path(name: str, value: Any) -> None:
    reader, accepted = READERS[name]

    if any(value == each and type(value) is type(each) for each in accepted):
        empty: Any = [] if name in ("texts", "tables") else None
        assert reader({"it": value}, "it", "of.this") == (empty if value is None else value)
        return
    with pytest.raises(RequestFormatError) as caught:
        reader({"it": value}, "it", "of.this")
    assert str(caught.value.field).startswith("of.this.it")
    assert str(caught.value).startswith(f"{caught.value.field}: ")


def test_the_path_of_an_item_has_its_number() -> None:
    with pytest.raises(RequestFormatError) as caught:
        decode_fields.tables({"it": [{}, 1]}, "it", "")

    assert caught.value.field == "it.1"


def test_further_fields_are_those_that_are_neither_known_nor_null() -> None:
    given = {"type": "text", "text": "a", "context": None, "of_tomorrow": 0}

    assert decode_fields.beyond(given, frozenset({"type", "text"})) == {"of_tomorrow": 0}


def test_a_cache_mark_is_an_object() -> None:
    assert decode_fields.cache_mark({"cache_control": {"type": "ephemeral"}}, "a") == {
        "type": "ephemeral"
    }
    with pytest.raises(RequestFormatError) as caught:
        decode_fields.cache_mark({"cache_control": "ephemeral"}, "a")
    assert caught.value.field == "a.cache_control"
