"""Fields of vendors' replies about batches, in whatever form they come."""

from typing import Any

import pytest

from llmring.dialects.batches.batch_api import (
    number_in,
    object_of,
    required_id,
    seconds_in,
    text_in,
)
from llmring.exceptions import UnreadableResponseError
from llmring.wire import HttpHead

HEAD = HttpHead(200, {"content-type": "application/json"})


@pytest.mark.parametrize(
    ("value", "text"),
    [({"a": "x"}, "x"), ({"a": ""}, None), ({"a": None, "b": "y"}, "y"), ({}, None)],
)
def test_a_text_is_the_first_field_with_characters(value: Any, text: str | None) -> None:
    assert text_in(value, "a", "b") == text


@pytest.mark.parametrize(
    ("value", "number"), [(5, 5), ("5", 5), (True, None), ("five", None), (None, None), (1.5, None)]
)
def test_a_number_may_be_written_as_text(value: Any, number: int | None) -> None:
    assert number_in({"a": value}, "a") == number


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1_800_000_000, 1_800_000_000.0),
        ("2027-01-15T08:00:00Z", 1_800_000_000.0),
        ("2027-01-15T09:00:00+01:00", 1_800_000_000.0),
        ("2027-01-15T08:00:00", None),
        ("soon", None),
        (0, None),
        (None, None),
    ],
)
def test_a_time_is_a_number_or_a_text_with_a_zone(value: Any, seconds: float | None) -> None:
    assert seconds_in({"at": value}, "at") == seconds


@pytest.mark.parametrize("body", [b"[]", b"<html>", b""])
def test_a_reply_that_is_no_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableResponseError):
        object_of(HEAD, body)


def test_a_reply_without_an_id_is_unreadable() -> None:
    with pytest.raises(UnreadableResponseError, match="no id"):
        required_id(HEAD, b"{}", {}, "id")
