"""The body of a client's request."""

from __future__ import annotations

import pytest

from llmring.dialects.request_decoding import (
    MOST_DEPTH,
    BodyFields,
    RequestFormatError,
    body_object,
    check,
)


def test_a_body_is_a_json_object() -> None:
    assert body_object(b'{"model": "fast", "n": 1}') == {"model": "fast", "n": 1}


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"text"', b'{"a": NaN}', b"\xff", b"{} {}"])
def test_what_is_no_json_object_is_an_error(body: bytes) -> None:
    with pytest.raises(RequestFormatError, match="the body"):
        body_object(body)


def test_a_body_may_be_nested_to_the_limit_and_no_deeper() -> None:
    deepest = b"[" * (MOST_DEPTH - 1) + b"]" * (MOST_DEPTH - 1)
    assert body_object(b'{"a": %s}' % deepest)
    for more in (b"[" + deepest + b"]", b"[" * 100_000 + b"]" * 100_000):
        with pytest.raises(RequestFormatError):
            body_object(b'{"a": %s}' % more)


def test_fields_are_taken_once_and_the_others_are_left() -> None:
    given = {"a": 1, "b": None, "c": [None], "d": "x"}
    fields = BodyFields(given)

    assert fields.take("a", float) == 1
    assert isinstance(BodyFields(given).take("a", float), int)
    assert fields.take("a", float) is None
    assert fields.left() == {"c": [None], "d": "x"}

    fields.keep("a", 2)

    assert fields.left() == {"c": [None], "d": "x", "a": 2}
    assert given["a"] == 1


@pytest.mark.parametrize(("place", "path"), [("", "a"), ("b.0", "b.0.a")])
def test_a_field_that_is_needed_or_of_another_type_is_an_error_with_its_path(
    place: str, path: str
) -> None:
    for fields in ({}, {"a": None}, {"a": "x"}):
        with pytest.raises(RequestFormatError) as caught:
            BodyFields(fields, place).need("a", int)
        assert caught.value.field == path


@pytest.mark.parametrize(("value", "kind"), [(True, int), (1, bool), ("1", float), (None, str)])
def test_a_value_of_another_type_is_an_error(value: object, kind: object) -> None:
    with pytest.raises(RequestFormatError) as caught:
        check(value, kind, "a.b")

    assert caught.value.field == "a.b"
