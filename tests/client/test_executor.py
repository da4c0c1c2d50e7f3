"""Execution of calls: an abandoned call is cut at once, and no call outlives its deadline."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from conftest import Way
from llmring import AllModelsFailedError, LLMRing, ProviderTimeoutError
from loopback import Answer, Loopback, Pause, as_stream
from rings import MODEL, environ_of, ring_at

Serve = Callable[..., Loopback]
Lock = Callable[..., Path]

FIRST, SECOND = MODEL, "anthropic:claude-sonnet-4-5"
A, B = (answers.openai_event(content=text) for text in "ab")

WAITS = {
    "for the head": (False, Answer([Pause(30)])),
    "for the body": (False, Answer([b'{"choices": [', Pause(30)], framing="chunked")),
    "for the head of a stream": (True, Answer([Pause(30)])),
    "for the first chunk": (True, as_stream(answers.ROLE, Pause(30))),
    "for the next chunk": (True, as_stream(answers.ROLE, A, Pause(30))),
    "for the body of an error": (False, Answer([b"{", Pause(30)], 500, framing="chunked")),
}


async def ask(ring: LLMRing, *, stream: bool) -> None:
    if stream:
        async for _ in ring.chat_stream(MODEL, "Hello"):
            pass
    else:
        await ring.chat(MODEL, "Hello")


@pytest.mark.parametrize(("stream", "answer"), WAITS.values(), ids=WAITS.keys())
def test_a_cancelled_call_closes_its_connection_at_once(
    serve: Serve, stream: bool, answer: Answer
) -> None:
    server = serve(answer)

    async def call() -> bool:
        async with ring_at(server, timeout=None) as ring:
            task = asyncio.create_task(ask(ring, stream=stream))
            await asyncio.to_thread(server.received)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await asyncio.to_thread(server.hung_up.wait, 5)

    assert asyncio.run(call())


@pytest.mark.parametrize(("stream", "answer"), WAITS.values(), ids=WAITS.keys())
def test_a_timeout_around_a_call_closes_its_connection_at_once(
    serve: Serve, stream: bool, answer: Answer
) -> None:
    server = serve(answer)

    async def call() -> bool:
        async with ring_at(server, timeout=None) as ring:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await ask(ring, stream=stream)
            return await asyncio.to_thread(server.hung_up.wait, 5)

    assert asyncio.run(call())


@pytest.mark.parametrize(("stream", "answer"), WAITS.values(), ids=WAITS.keys())
def test_the_deadline_closes_the_connection_at_once(
    way: Way, serve: Serve, stream: bool, answer: Answer
) -> None:
    server = serve(answer)
    ring = ring_at(server, timeout=0.1)

    with pytest.raises(ProviderTimeoutError):
        (way.stream if stream else way.chat)(ring, MODEL, "Hello")

    assert server.hung_up.wait(5)


def test_after_a_cancelled_call_the_next_one_succeeds(serve: Serve) -> None:
    server = serve(Answer([Pause(30)]), answers.openai("Hi"))

    async def call() -> str:
        async with ring_at(server) as ring:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ring.chat(MODEL, "Hello"), 0.05)
            return (await ring.chat(MODEL, "Hello")).content

    assert asyncio.run(call()) == "Hi"


# --- leaving a stream early --------------------------------------------------------------------

STALLED = as_stream(answers.ROLE, A, Pause(30))


async def break_and_close(ring: LLMRing) -> None:
    stream = ring.chat_stream(MODEL, "Hello")
    async for _ in stream:
        break
    await stream.aclose()


async def break_in_a_context(ring: LLMRing) -> None:
    async with ring.chat_stream(MODEL, "Hello") as stream:
        async for _ in stream:
            break


async def only_break(ring: LLMRing) -> None:
    async for _ in ring.chat_stream(MODEL, "Hello"):
        break


async def raise_in_the_middle(ring: LLMRing) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async for _ in ring.chat_stream(MODEL, "Hello"):
            1 / 0  # noqa: B018


LEAVE = [break_and_close, break_in_a_context, only_break, raise_in_the_middle]


@pytest.mark.parametrize("leave", LEAVE, ids=lambda leave: leave.__name__)
def test_leaving_a_stream_early_closes_its_connection(
    serve: Serve, leave: Callable[[LLMRing], asyncio.Future[None]]
) -> None:
    server = serve(STALLED)

    async def call() -> bool:
        async with ring_at(server) as ring:
            await leave(ring)
            return await asyncio.to_thread(server.hung_up.wait, 5)

    assert asyncio.run(call())


def test_leaving_a_stream_at_its_last_chunk_raises_no_error(serve: Serve) -> None:
    server = serve(answers.openai_stream("Hi"))

    async def call() -> str | None:
        async with ring_at(server) as ring:
            async for chunk in ring.chat_stream(MODEL, "Hello"):
                if chunk.finish_reason:
                    break
            return chunk.finish_reason

    assert asyncio.run(call()) == "stop"


def test_a_stream_that_its_loop_has_left_behind_is_closed_with_the_loop(serve: Serve) -> None:
    server = serve(STALLED)
    kept = []

    async def call() -> None:
        kept.append(aiter(ring_at(server).chat_stream(MODEL, "Hello")))
        await anext(kept[0])

    asyncio.run(call())

    assert server.hung_up.wait(5)


# --- deadlines ---------------------------------------------------------------------------------


def drip(data: bytes) -> list[bytes | Pause]:
    return [step for byte in data for step in (bytes([byte]), Pause(0.02))]


SLOW = {
    "a head": (False, Answer(drip(b"HTTP/1.1 200 OK\r\nx-a: " + b"b" * 500), framing="raw")),
    "a body": (False, Answer(drip(b"[" * 500), framing="chunked")),
    "a stream of comments": (True, as_stream(*drip(b": keep-alive\n\n" * 50))),
    "a stream of text": (True, as_stream(*[step for _ in range(500) for step in (A, Pause(0.02))])),
}


@pytest.mark.parametrize(("stream", "answer"), SLOW.values(), ids=SLOW.keys())
def test_an_answer_that_drips_is_cut_at_the_deadline(
    way: Way, serve: Serve, stream: bool, answer: Answer
) -> None:
    ring = ring_at(serve(answer), timeout=0.1)

    with pytest.raises(ProviderTimeoutError):
        (way.stream if stream else way.chat)(ring, MODEL, "Hello")


def test_a_timeout_of_None_waits(way: Way, serve: Serve) -> None:
    server = serve(Answer([Pause(0.2), *answers.openai("Hi").steps]))

    response = way.chat(ring_at(server, timeout=0.1), MODEL, "Hello", timeout=None)

    assert response.content == "Hi"


@pytest.fixture
def pair(serve: Serve, lockfile: Lock) -> Callable[..., LLMRing]:
    """Build a ring whose alias `fast` has both providers, each with its answer."""

    def start(first: Answer, second: Answer, timeout: float) -> LLMRing:
        environ = {**environ_of(serve(first)), "ANTHROPIC_API_KEY": "sk-ant-second-0123456789"}
        environ["ANTHROPIC_BASE_URL"] = serve(second).url
        return LLMRing(lockfile(fast=[FIRST, SECOND]), environ=environ, timeout=timeout)

    return start


def test_one_deadline_holds_for_all_models_together(way: Way, pair: Callable[..., LLMRing]) -> None:
    stuck = Answer([Pause(30)])

    with pytest.raises(AllModelsFailedError) as caught:
        way.chat(pair(stuck, stuck, timeout=0.2), "fast", "Hello")

    assert [type(error) for error in caught.value.exceptions] == [ProviderTimeoutError] * 2


def test_a_body_that_stops_half_way_leaves_the_next_model_time(
    way: Way, pair: Callable[..., LLMRing]
) -> None:
    half = Answer([b'{"choices": [', Pause(30)], framing="chunked")

    response = way.chat(pair(half, answers.anthropic("second"), timeout=0.6), "fast", "Hello")

    assert response.content == "second"


def test_a_stream_that_has_begun_has_all_the_time_of_the_call(
    way: Way, pair: Callable[..., LLMRing]
) -> None:
    slow = as_stream(answers.ROLE, A, Pause(0.5), B, *answers.OPENAI_END)
    ring = pair(slow, answers.anthropic_stream("never"), timeout=0.9)

    chunks = way.stream(ring, "fast", "Hello")

    assert "".join(chunk.delta for chunk in chunks) == "ab"


def test_a_reader_who_takes_long_over_the_first_chunk_has_all_the_time_of_the_call(
    pair: Callable[..., LLMRing],
) -> None:
    slow = as_stream(answers.ROLE, A, Pause(0.5), B, *answers.OPENAI_END)
    ring = pair(slow, answers.anthropic_stream("never"), timeout=0.9)
    text = ""

    with ring:
        for chunk in ring.chat_stream("fast", "Hello"):
            if not text:
                time.sleep(0.6)
            text += chunk.delta

    assert text == "ab"
