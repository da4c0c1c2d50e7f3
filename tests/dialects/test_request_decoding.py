"""The body of a client's request."""

from __future__ import annotations

import pytest

from llmring.dialects.request_decoding import MOST_DEPTH, RequestFormatError, body_object


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
