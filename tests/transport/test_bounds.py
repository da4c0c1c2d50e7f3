"""Answers beyond all bounds fail the attempt, and the next model answers."""

import gzip
import time
from collections.abc import Callable, Sequence

import pytest

import answers
from conftest import Way
from llmring import LLMRing, ProviderError
from loopback import Answer, Loopback, as_stream
from rings import MODEL, environ_of, ring_at

Serve = Callable[..., Loopback]

PACKED = {"content-type": "application/json", "content-encoding": "gzip"}


def failure(way: Way, ring: LLMRing, *, stream: bool = False) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        _ = way.stream(ring, MODEL, "Hi") if stream else way.chat(ring, MODEL, "Hi")
    return caught.value


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("status", [200, 500])
def test_a_body_that_unpacks_to_gigabytes_ends_its_attempt_at_once(
    way: Way, serve: Serve, status: int, stream: bool
) -> None:
    bomb = gzip.compress(bytes(100 * 2**20), 1)
    server = serve(Answer([bomb], status, PACKED))
    began = time.monotonic()

    error = failure(way, ring_at(server, timeout=30), stream=stream)

    assert "more than 100 times its size" in str(error) or status == 500
    assert time.monotonic() - began < 25


def test_an_encoding_that_was_not_asked_for_is_refused(way: Way, serve: Serve) -> None:
    server = serve(Answer([b"\x0b"], 200, {**PACKED, "content-encoding": "br"}))

    assert "packed by 'br', which was not asked for" in str(failure(way, ring_at(server)))
    assert server.requests[0].headers["accept-encoding"] == "gzip, deflate"


def small_ring(server: Loopback) -> LLMRing:
    """Return a ring that reads at most 2 MiB of an answer."""
    return LLMRing(environ=environ_of(server) | {"LLMRING_MAX_ANSWER_MIB": "2"})


def pieces(text: str) -> Sequence[bytes]:
    [body] = [step for step in answers.openai(text).steps if isinstance(step, bytes)]
    return [body[at : at + 2**18] for at in range(0, len(body), 2**18)]


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_whole_answer_beyond_the_bound_is_not_read(way: Way, serve: Serve, framing: str) -> None:
    steps = pieces("a" * 3 * 2**20)
    server = serve(Answer(steps, 200, {"content-type": "application/json"}, framing))  # type: ignore[arg-type]

    assert "the answer is larger than 2 MiB" in str(failure(way, small_ring(server)))


def test_of_a_large_error_the_beginning_is_read(way: Way, serve: Serve) -> None:
    page = b"<html>overloaded " + b"x" * 3 * 2**20
    server = serve(Answer([page], 503, {"content-type": "text/html"}))

    assert "503" in str(failure(way, ring_at(server)))


@pytest.mark.parametrize("cut", [1, 7, 10**6])
def test_a_packed_stream_is_unpacked_as_it_comes(way: Way, serve: Serve, cut: int) -> None:
    plain = [step for step in answers.openai_stream("Hello").steps if isinstance(step, bytes)]
    data = gzip.compress(b"".join(plain))
    steps = [data[at : at + cut] for at in range(0, len(data), cut)]
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    server = serve(Answer(steps, 200, headers, "chunked"))

    assert "".join(chunk.delta for chunk in way.stream(ring_at(server), MODEL, "Hi")) == "Hello"


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
def test_an_event_beyond_the_bound_ends_its_stream(
    way: Way, serve: Serve, content_type: str
) -> None:
    server = serve(as_stream(b"data: ", *[b"x" * 2**18] * 20, content_type=content_type))
    bounds = {"LLMRING_MAX_ANSWER_MIB": "3", "LLMRING_MAX_EVENT_MIB": "2"}
    ring = LLMRing(environ=environ_of(server) | bounds)

    most = 2 if content_type == "text/event-stream" else 3
    message = f"an event of the answer is larger than {most} MiB"
    assert message in str(failure(way, ring, stream=True))


def test_events_without_content_do_not_add_up(way: Way, serve: Serve) -> None:
    ping = b"data: " + b" " * 2**18 + b'{"choices": []}\n\n'
    server = serve(as_stream(*[ping] * 10, *answers.openai_stream("Hi").steps))
    ring = LLMRing(environ=environ_of(server) | {"LLMRING_MAX_EVENT_MIB": "1"})

    assert "".join(chunk.delta for chunk in way.stream(ring, MODEL, "Hi")) == "Hi"
