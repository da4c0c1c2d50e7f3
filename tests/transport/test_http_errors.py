"""Errors of connections and of HTTP, with the place and the reason."""

import socket
from collections.abc import Callable

import pytest

import answers
from conftest import Way
from llmring import (
    LLMRing,
    ProviderConnectionError,
    ProviderError,
    ProviderResponseError,
)
from loopback import Answer, Close, Loopback, Reset
from rings import MODEL, ring_at

Serve = Callable[..., Loopback]


def test_a_refused_connection_names_host_port_and_reason(way: Way, serve: Serve) -> None:
    server = serve(answers.openai())
    ring, place = ring_at(server), server.url.removeprefix("http://")
    server.close()

    with pytest.raises(ProviderConnectionError) as caught:
        way.chat(ring, MODEL, "Hello")

    assert caught.value.message == f"can't connect to {place}: Connection refused"


def test_a_name_with_two_addresses_that_both_refuse_is_one_plain_reason(way: Way) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    environ = {
        "LLMRING_RETRIES": "0",
        "OPENAI_API_KEY": "sk",
        "OPENAI_BASE_URL": f"http://localhost:{port}/v1",
    }

    with pytest.raises(ProviderConnectionError) as caught:
        way.chat(LLMRing(environ=environ), MODEL, "Hello")

    assert caught.value.message == f"can't connect to localhost:{port}: Connection refused"


def test_a_host_that_no_one_knows_is_named(way: Way) -> None:
    environ = {
        "LLMRING_RETRIES": "0",
        "OPENAI_API_KEY": "sk",
        "OPENAI_BASE_URL": "http://no-such-host.invalid/v1",
    }

    with pytest.raises(ProviderConnectionError) as caught:
        way.chat(LLMRing(environ=environ), MODEL, "Hello")

    assert caught.value.message == "can't find the host 'no-such-host.invalid'"


def test_an_error_of_the_connection_carries_no_foreign_error_with_it(
    way: Way, serve: Serve
) -> None:
    server = serve(Answer([Close()]))

    with pytest.raises(ProviderConnectionError) as caught:
        way.chat(ring_at(server), MODEL, "Hello")

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


FAULTS: dict[str, tuple[Answer, type[ProviderError], str]] = {
    "closed before the answer": (
        Answer([Close()]),
        ProviderConnectionError,
        "the connection was closed before an answer came",
    ),
    "closed within the answer": (
        Answer([b'{"choi', Close()], framing="chunked"),
        ProviderConnectionError,
        "the connection was cut before the answer was complete",
    ),
    "damaged gzip": (
        Answer([b"\x1f\x8b no gzip"], headers={"content-encoding": "gzip"}),
        ProviderResponseError,
        "the answer can't be unpacked; its encoding is damaged",
    ),
}


@pytest.mark.parametrize(("answer", "kind", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_an_answer_that_breaks_is_an_error_that_shows_how(
    way: Way, serve: Serve, answer: Answer, kind: type[ProviderError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        way.chat(ring_at(serve(answer)), MODEL, "Hello")

    assert (type(caught.value), caught.value.message) == (kind, message)


def test_a_connection_that_is_reset_is_an_error_of_the_connection(way: Way, serve: Serve) -> None:
    with pytest.raises(ProviderConnectionError):
        way.chat(ring_at(serve(Answer([Reset()]))), MODEL, "Hello")


def test_an_answer_that_is_not_http_is_an_error_of_one_short_line(way: Way, serve: Serve) -> None:
    text = b"220 smtp.example ready\r\n" + b"x" * 5000 + b"\r\n\r\n"
    server = serve(Answer([text], framing="raw"))

    with pytest.raises(ProviderResponseError) as caught:
        way.chat(ring_at(server), MODEL, "Hello")

    assert caught.value.message.startswith("the answer is not HTTP: ")
    assert len(caught.value.message) < 300
    assert "\n" not in caught.value.message
    assert caught.value.status is None


def test_only_a_server_that_was_reached_may_have_acted_on_the_request(
    way: Way, serve: Serve
) -> None:
    gone = serve(answers.openai())
    rings = [ring_at(serve(Answer([Close()]))), ring_at(gone)]
    gone.close()
    found = []
    for ring in rings:
        with pytest.raises(ProviderConnectionError) as caught:
            way.chat(ring, MODEL, "Hello")
        found.append(caught.value.reached)

    assert found == [True, False]
