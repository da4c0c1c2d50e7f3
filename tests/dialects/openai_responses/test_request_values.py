"""The values of a request's fields, checked as they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmring.dialects.openai_responses.request_values import (
    list_in,
    optional_count,
    optional_flag,
    optional_number,
    optional_text,
    present,
    text_in,
)
from llmring.dialects.request_decoding import RequestFormatError


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (text_in, "a", [1, None]),
        (optional_text, "a", [1, []]),
        (optional_flag, False, [0, "no"]),
        (optional_number, 0.5, [True, "1"]),
        (optional_count, 0, [True, 1.0, -1]),
        (list_in, [1], ["a", {}]),
    ],
)
def test_a_value_has_its_type(read: Callable[..., Any], good: Any, bad: list[Any]) -> None:
    assert read({"x": good}, "x") == good
    for value in bad:
        with pytest.raises(RequestFormatError) as caught:
            read({"x": value}, "x")
        assert caught.value.field == "x"


def test_a_path_leads_to_the_value() -> None:
    with pytest.raises(RequestFormatError, match=r"input\.0\.name must be a string, not a number"):
        text_in({"name": 1.5}, "name", "input.0.")


def test_an_object_is_read_without_its_nulls() -> None:
    assert present({"a": None, "b": 0}, "x") == {"b": 0}
    with pytest.raises(RequestFormatError, match="x must be an object, not null"):
        present(None, "x")
