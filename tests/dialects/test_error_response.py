"""Errors built from HTTP responses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from llmring.dialects.error_response import (
    BODY_EXCERPT,
    MOST_WORDS,
    error_class,
    excerpt,
    read_as,
    request_id,
    response_error,
    unreadable,
)
from llmring.exceptions import (
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnreadableResponseError,
)
from llmring.wire import HttpHead

KEY = "sk-proj-0123456789abcdefghij"


class Point(Struct):
    x: int


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderRequestError),
        (401, ProviderAuthenticationError),
        (404, ProviderModelNotFoundError),
        (408, ProviderTimeoutError),
        (412, ProviderResponseError),
        (413, ProviderRequestError),
        (415, ProviderRequestError),
        (418, ProviderResponseError),
        (422, ProviderRequestError),
        (431, ProviderRequestError),
        (451, ProviderAuthenticationError),
        (498, ProviderResponseError),
        (429, ProviderRateLimitError),
        (500, ProviderResponseError),
        (504, ProviderTimeoutError),
        (302, ProviderResponseError),
    ],
)
def test_the_status_decides_the_class(status: int, kind: type[ProviderError]) -> None:
    assert error_class(status) is kind
    assert type(response_error(HttpHead(status, {}), b"", message=None)) is kind


def test_an_error_has_the_facts_of_its_response() -> None:
    head = HttpHead(429, {"retry-after": "3", "request-id": "r1"})
    error = response_error(head, b"{}", message="slow down", code="limit")

    assert str(error) == "429 limit slow down (request r1)"
    assert (error.status, error.code, error.request_id) == (429, "limit", "r1")
    assert (error.provider_message, error.retry_after) == ("slow down", 3.0)


def test_a_class_that_the_body_gives_takes_precedence() -> None:
    error = response_error(HttpHead(400, {}), b"", message="too long", kind=ContextLengthError)

    assert type(error) is ContextLengthError


def test_a_code_that_is_the_message_too_is_shown_once() -> None:
    assert str(response_error(HttpHead(500, {}), b"", message="oops", code="oops")) == "500 oops"


def test_without_a_message_the_body_is_quoted() -> None:
    error = response_error(HttpHead(502, {}), b"<p>\n  down\n</p>", message=None)

    assert str(error) == "502 <p> down </p>"
    assert error.provider_message is None


def test_keys_are_masked_and_long_messages_cut() -> None:
    error = response_error(HttpHead(401, {}), b"", message=f"wrong key {KEY} " + "a" * 9000)

    assert KEY not in str(error)
    assert error.provider_message is not None
    assert len(error.provider_message) == MOST_WORDS


@given(st.binary(max_size=3000))
def test_an_excerpt_of_any_body_is_one_short_line(body: bytes) -> None:
    line = excerpt(body)

    assert len(line) <= BODY_EXCERPT
    assert line.splitlines() in ([], [line])


def test_a_key_in_a_body_is_masked() -> None:
    assert KEY not in excerpt(f"bad key: {KEY}".encode())


def test_an_empty_reply_is_reported_as_empty() -> None:
    error = unreadable(HttpHead(200, {}), b"", "no JSON")

    assert str(error) == (
        "200 with an answer that can't be read (no JSON; no content type), and it is empty"
    )


def test_a_reply_is_read_as_a_value_of_its_type() -> None:
    assert read_as(Point, HttpHead(200, {}), b'{"x": 1, "y": 2}') == Point(1)


@pytest.mark.parametrize("body", [b"", b'{"x": "1"}', b"<html>", b"\xff", b"[" * 100_000])
def test_a_reply_in_another_format_is_an_error_without_a_cause(body: bytes) -> None:
    with pytest.raises(UnreadableResponseError, match="can't be read") as caught:
        read_as(Point, HttpHead(200, {"content-type": "text/html"}), body)

    assert "text/html" in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("name", ["x-request-id", "request-id", "apim-request-id", "cf-ray"])
def test_the_request_id_is_read_from_any_header_in_use(name: str) -> None:
    assert request_id(HttpHead(200, {name: "r1"})) == "r1"


def test_the_vendors_request_id_takes_precedence_over_the_proxys() -> None:
    assert request_id(HttpHead(200, {"cf-ray": "c", "x-request-id": "r"})) == "r"
    assert request_id(HttpHead(200, {})) is None
