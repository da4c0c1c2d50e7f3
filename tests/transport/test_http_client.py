"""HTTP as servers really speak it: kept connections, odd bodies, redirects."""

import asyncio
import contextlib
import gc
import gzip
import logging
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import (
    LLMRing,
    ProviderConnectionError,
    ProviderError,
    ProviderResponseError,
)
from llmring.transport.http_client import HttpClient
from llmring.wire import HttpRequest
from loopback import Answer, Close, Loopback, Pause, as_json, as_stream
from rings import MODEL, environ_of, ring_at

Serve = Callable[..., Loopback]


def chat_again_and_again(way: Way, ring: LLMRing, times: int, *, stream: bool = False) -> list[str]:
    """Return each call's text or its error's class; all in one event loop."""

    async def call() -> str:
        try:
            if stream:
                return "".join([chunk.delta async for chunk in ring.chat_stream(MODEL, "Hello")])
            return (await ring.chat(MODEL, "Hello")).content
        except ProviderError as error:
            return type(error).__name__

    def call_at_once() -> str:
        try:
            if stream:
                return "".join(chunk.delta for chunk in ring.chat_stream(MODEL, "Hello"))
            return ring.chat(MODEL, "Hello").content
        except ProviderError as error:
            return type(error).__name__

    async def calls() -> list[str]:
        async with ring:
            return [await call() for _ in range(times)]

    if way.name == "async":
        return asyncio.run(calls())
    with ring:
        return [call_at_once() for _ in range(times)]


# --- connections -------------------------------------------------------------------------------


def test_ten_calls_use_one_connection(way: Way, serve: Serve) -> None:
    server = serve(answers.openai("Hi"))

    assert chat_again_and_again(way, ring_at(server), 10) == ["Hi"] * 10
    assert server.connections == 1


def test_ten_streams_use_one_connection(way: Way, serve: Serve) -> None:
    server = serve(answers.openai_stream("Hi"))

    assert chat_again_and_again(way, ring_at(server), 10, stream=True) == ["Hi"] * 10
    assert server.connections == 1


def test_the_end_of_a_body_that_follows_the_end_of_its_stream_is_waited_for(
    way: Way, serve: Serve
) -> None:
    whole = answers.openai_stream("Hi")
    server = serve(as_stream(*whole.steps, Pause(0.02)))

    assert chat_again_and_again(way, ring_at(server), 3, stream=True) == ["Hi"] * 3
    assert server.connections == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_is_used_again_after_an_error_status(
    way: Way, serve: Serve, stream: bool
) -> None:
    server = serve(answers.openai_error(429, "slow down"))
    calls = chat_again_and_again(way, ring_at(server), 3, stream=stream)

    assert calls == ["ProviderRateLimitError"] * 3
    assert server.connections == 1


def test_a_stream_whose_end_does_not_come_gives_its_last_chunk_all_the_same(
    way: Way, serve: Serve
) -> None:
    whole = answers.openai_stream("Hi")
    stuck = as_stream(*whole.steps, Pause(30))
    server = serve(stuck)

    assert chat_again_and_again(way, ring_at(server), 2, stream=True) == ["Hi", "Hi"]
    assert server.connections == 2


def test_a_connection_that_the_server_has_closed_is_not_used_again(way: Way, serve: Serve) -> None:
    server = serve(as_json_then_close("Hi"))

    assert chat_again_and_again(way, ring_at(server), 3) == ["Hi"] * 3
    assert server.connections == 3


def as_json_then_close(text: str) -> Answer:
    return Answer([_ok(text)], headers={"connection": "close"})


def test_calls_at_once_use_connections_of_their_own(serve: Serve) -> None:
    server = serve(answers.openai("Hi"))

    async def calls() -> list[str]:
        async with ring_at(server) as ring:
            responses = await asyncio.gather(*(ring.chat(MODEL, "Hello") for _ in range(20)))
            return [response.content for response in responses]

    assert asyncio.run(calls()) == ["Hi"] * 20


def test_leaving_the_ring_closes_its_connections(way: Way, serve: Serve) -> None:
    server = serve(answers.openai("Hi"))

    way.chat(ring_at(server), MODEL, "Hello")

    assert server.left_alone()


def test_a_ring_can_be_used_after_it_was_closed(way: Way, serve: Serve) -> None:
    ring = ring_at(serve(answers.openai("Hi")))

    assert [way.chat(ring, MODEL, "Hello").content for _ in range(2)] == ["Hi", "Hi"]


# --- event loops come and go -------------------------------------------------------------------


def test_a_ring_in_one_event_loop_after_the_other_leaves_nothing_open(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(answers.openai("Hi"))
    ring = ring_at(server)

    async def call() -> str:
        return (await ring.chat(MODEL, "Hello")).content

    message = [asyncio.run(call()) for _ in range(5)]
    gc.collect()

    assert message == ["Hi"] * 5
    assert server.left_alone()
    assert "Unclosed" not in caplog.text


def test_a_ring_holds_no_event_loop_that_has_ended_but_the_last(serve: Serve) -> None:
    ring = ring_at(serve(answers.openai("Hi")))
    loops = []

    async def call() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await ring.chat(MODEL, "Hello")

    for _ in range(4):
        asyncio.run(call())
    gc.collect()

    assert sum(loop() is not None for loop in loops) <= 1


@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_a_ring_that_is_dropped_unclosed_closes_its_connections_without_a_word(
    serve: Serve, caplog: pytest.LogCaptureFixture, in_a_cycle: bool
) -> None:
    server = serve(answers.openai("Hi"))

    async def call() -> bool:
        held = {"ring": ring_at(server)}
        await held["ring"].chat(MODEL, "Hello")
        if in_a_cycle:
            held["itself"] = held  # type: ignore[assignment]
        del held
        gc.collect()
        return await asyncio.to_thread(server.left_alone)

    assert asyncio.run(call())
    assert caplog.records == [record for record in caplog.records if record.name == "llmring"]


def test_a_ring_that_was_used_in_one_loop_may_be_closed_in_another(serve: Serve) -> None:
    server = serve(answers.openai("Hi"))
    ring = ring_at(server)

    async def call() -> None:
        await ring.chat(MODEL, "Hello")

    asyncio.run(call())
    asyncio.run(ring.aclose())
    with ring:
        pass

    assert server.left_alone()


def test_closing_in_one_loop_does_not_disturb_calls_in_another(serve: Serve) -> None:
    server = serve(Answer([Pause(0.2), _ok("Hi")]))
    ring = ring_at(server)

    async def call() -> str:
        task = asyncio.create_task(ring.chat(MODEL, "Hello"))
        await asyncio.to_thread(server.received)
        with ring:
            pass
        return (await task).content

    assert asyncio.run(call()) == "Hi"


# --- odd answers -------------------------------------------------------------------------------


def _ok(text: str = "Hi") -> bytes:
    [body] = answers.openai(text).steps
    assert isinstance(body, bytes)
    return body


def raw(head: bytes, body: bytes) -> Answer:
    return Answer([b"HTTP/1.1 " + head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body], framing="raw")


def zipped(cut: int | None = None, **headers: str) -> Answer:
    return Answer([gzip.compress(_ok())[:cut]], headers={"content-encoding": "gzip", **headers})


LENGTH = b"content-length: %d" % len(_ok())
THEN_OK = b"HTTP/1.1 200 OK\r\n" + LENGTH + b"\r\n\r\n" + _ok()
FINE = {
    "gzip": zipped(),
    "100 Continue first": raw(b"100 Continue", THEN_OK),
    "103 Early Hints first": raw(b"103 Early\nlink: </a>", THEN_OK),
    "trailers": raw(
        b"200 OK\ntransfer-encoding: chunked",
        b"%x\r\n%s\r\n0\r\nx-a: b\r\n\r\n" % (len(_ok()), _ok()),
    ),
    "HTTP/1.0, ended by the connection": Answer(
        [b"HTTP/1.0 200 OK\r\n\r\n" + _ok()], framing="raw"
    ),
    "no length, ended by the connection": raw(b"200 OK", _ok()),
    "no reason": raw(b"200\n" + LENGTH, _ok()),
    "Latin-1 in a header": raw(b"200 OK\nx-name: caf\xe9\n" + LENGTH, _ok()),
    "no content type": raw(b"200 OK\n" + LENGTH, _ok()),
    "byte by byte": Answer([bytes([byte]) for byte in _ok()], framing="chunked"),
}


@pytest.mark.parametrize("answer", FINE.values(), ids=FINE.keys())
def test_an_answer_is_read_that_is_unusual_but_right(
    way: Way, serve: Serve, answer: Answer
) -> None:
    assert way.chat(ring_at(serve(answer)), MODEL, "Hello").content == "Hi"


ODD = {
    "a huge header": Answer([_ok()], headers={"x-huge": "x" * 100_000}),
    "a length that is too long": Answer([_ok(), Close()], headers={"content-length": "9999"}),
    "a length that is too short": Answer([_ok()], headers={"content-length": "9"}),
    "an invalid length": Answer([_ok()], headers={"content-length": "some"}),
    "length and chunks": raw(
        b"200 OK\ntransfer-encoding: chunked\ncontent-length: 1", b"1\r\n1\r\n0\r\n\r\n"
    ),
    "a chunk of no size": raw(b"200 OK\ntransfer-encoding: chunked", b"zz\r\n"),
    "truncated gzip": zipped(-40),
    "gzip of nothing": zipped(0),
    "an encoding not asked for": Answer([_ok()], headers={"content-encoding": "br"}),
    "no body": Answer([]),
    "204": Answer([], 204),
    "304": Answer([], 304),
    "no HTTP at all": Answer([b"220 smtp.example ESMTP\r\n"], framing="raw"),
    "TLS": Answer([b"\x15\x03\x01\x00\x02\x02\x46"], framing="raw"),
    "an invalid header": raw(b"200 OK\nnonsense", b""),
    "a null byte in a header": raw(b"200 OK\nx-a: \0", b""),
    "an invalid status": raw(b"banana OK", b""),
    "nothing": Answer([b""], framing="raw"),
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD.keys())
def test_an_unreadable_answer_is_a_provider_error_of_one_line(
    way: Way, serve: Serve, answer: Answer
) -> None:
    with pytest.raises((ProviderResponseError, ProviderConnectionError)) as caught:
        way.chat(ring_at(serve(answer), timeout=10), MODEL, "Hello")

    assert caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 700


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD.keys())
def test_after_an_unreadable_answer_the_next_call_succeeds(
    way: Way, serve: Serve, answer: Answer
) -> None:
    server = serve(answer, answers.openai("Hi"))

    assert chat_again_and_again(way, ring_at(server), 2)[1] == "Hi"


def test_an_answer_that_is_not_http_has_no_status(way: Way, serve: Serve) -> None:
    with pytest.raises(ProviderResponseError, match="not HTTP") as caught:
        way.chat(ring_at(serve(ODD["no HTTP at all"])), MODEL, "Hello")

    assert caught.value.status is None


# --- what is not done --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(way: Way, serve: Serve, status: int) -> None:
    other = serve(answers.openai("Hi"))
    server = serve(Answer([], status, {"location": f"{other.url}/v1/chat/completions"}))

    with pytest.raises(ProviderResponseError) as caught:
        way.chat(ring_at(server), MODEL, "Hello")

    assert caught.value.status == status
    assert other.requests == []


def test_cookies_are_not_kept(way: Way, serve: Serve) -> None:
    server = serve(Answer([_ok()], headers={"set-cookie": "id=1; Path=/"}))

    chat_again_and_again(way, ring_at(server), 2)

    assert "cookie" not in server.requests[1].headers


def test_netrc_is_not_read(
    way: Way, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password from-netrc\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(as_json({"model": "llama3.2", "message": {"content": "Hi"}, "done": True}))

    way.chat(
        LLMRing(environ={"LLMRING_RETRIES": "0", "OLLAMA_HOST": server.url}),
        "ollama:llama3.2",
        "Hello",
    )

    assert "authorization" not in server.requests[0].headers


def test_a_user_and_password_in_the_base_url_are_sent_in_the_key_s_place(
    way: Way, serve: Serve
) -> None:
    server = serve(answers.openai("Hi"))
    environ = environ_of(server)
    environ["OPENAI_BASE_URL"] = environ["OPENAI_BASE_URL"].replace("//", "//me:p%40ss@")

    way.chat(LLMRing(environ=environ), MODEL, "Hello")

    assert server.requests[0].headers["authorization"] == "Basic bWU6cEBzcw=="


def test_no_other_library_logs_during_a_call(
    way: Way, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = serve(Answer([b'{"choi', Close()], framing="chunked"))

    with pytest.raises(ProviderConnectionError):
        way.chat(ring_at(server), MODEL, "Hello")

    assert {record.name for record in caplog.records} <= {"llmring"}


# --- a call that is cancelled as its answer comes -------------------------------------------------


async def calls_of_which_one_is_cancelled() -> str:
    """Return the answer of a call over the connection of one that is cancelled at its end."""
    loop = asyncio.get_running_loop()
    goes_on = asyncio.Event()

    served: list[asyncio.Task[Any]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.extend(filter(None, [asyncio.current_task()]))
        with contextlib.suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nHi")
                # Both calls go on in one turn of the loop: the second one, and then the first.
                loop.call_soon(goes_on.set)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    client = HttpClient()

    async def call() -> str:
        exchange = await client.open(HttpRequest("GET", url, {}, b""), 5)
        return (await exchange.read()).decode()

    async def call_after(first: asyncio.Task[str]) -> str:
        await goes_on.wait()
        first.cancel()
        return await call()

    first = asyncio.create_task(call())
    second = asyncio.create_task(call_after(first))
    async with asyncio.timeout(5):
        found = await second
    assert first.cancelled()
    await client.aclose()
    server.close()
    await asyncio.gather(*served)
    return found


def test_a_call_that_is_cancelled_as_its_answer_comes_leaves_the_next_alone() -> None:
    assert asyncio.run(calls_of_which_one_is_cancelled()) == "Hi"
