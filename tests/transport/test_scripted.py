"""Scripts played as if they came over a connection."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Way
from llmring import LLMRing, ProviderConnectionError, ProviderError, ProviderTimeoutError
from llmring.transport.script import Chunk, Pause, Reset, Script, Step
from llmring.transport.scripted import open_script
from llmring.wire import HttpHead

HEAD = HttpHead(200, {"content-type": "text/plain"})


async def chunks_of(*steps: Step, seconds: float | None = None) -> list[bytes]:
    exchange = await open_script(Script(HEAD, steps))
    if seconds is not None:
        exchange.expire_at(asyncio.get_running_loop().time() + seconds)
    chunks = []
    while chunk := await exchange.chunk():
        chunks.append(chunk)
    await exchange.finish()
    exchange.close()
    return chunks


def test_chunks_come_in_order_and_pauses_are_waited_for() -> None:
    chunks = asyncio.run(chunks_of(Chunk(b"a"), Pause(0.01), Chunk(b"b")))

    assert chunks == [b"a", b"b"]


def test_the_body_is_all_chunks_together() -> None:
    async def body() -> bytes:
        exchange = await open_script(Script(HEAD, (Chunk(b"a"), Pause(0.01), Chunk(b"b"))))
        return await exchange.read()

    assert asyncio.run(body()) == b"ab"


def test_the_head_is_that_of_the_script() -> None:
    exchange = asyncio.run(open_script(Script(HEAD, ())))

    assert exchange.head == HEAD


def test_a_pause_is_cut_when_the_time_is_up() -> None:
    with pytest.raises(ProviderTimeoutError):
        asyncio.run(chunks_of(Chunk(b"a"), Pause(60), seconds=0.02))


def test_a_reset_is_raised_at_its_place_in_the_script() -> None:
    with pytest.raises(ProviderConnectionError, match="broken"):
        asyncio.run(chunks_of(Chunk(b"a"), Reset("broken"), Chunk(b"b")))


def test_a_script_without_a_head_has_no_connection() -> None:
    with pytest.raises(ProviderConnectionError, match="nobody there"):
        asyncio.run(open_script(Script(None, (Reset("nobody there"),))))


def test_an_empty_script_raises_a_connection_error() -> None:
    with pytest.raises(ProviderConnectionError, match="without an answer"):
        asyncio.run(open_script(Script(None, ())))


FAILURES = {
    "mock:refused": ProviderConnectionError,
    "mock:cut": ProviderConnectionError,
    "mock:stall": ProviderTimeoutError,
    "mock:slow?ms=60000": ProviderTimeoutError,
}


@pytest.mark.parametrize(("model", "kind"), FAILURES.items(), ids=FAILURES.keys())
def test_a_scripted_failure_is_the_one_that_a_connection_would_give(
    way: Way, model: str, kind: type[ProviderError]
) -> None:
    with pytest.raises(kind):
        way.chat(LLMRing(timeout=0.05), model, "Hello")


@pytest.mark.parametrize(("model", "kind"), FAILURES.items(), ids=FAILURES.keys())
def test_a_scripted_failure_of_a_stream_is_the_one_that_a_connection_would_give(
    way: Way, model: str, kind: type[ProviderError]
) -> None:
    with pytest.raises(kind):
        way.stream(LLMRing(timeout=0.05), model, "Hello")


def test_a_caller_that_takes_longer_than_a_stall_may_gets_the_whole_scripted_stream(
    lockfile: Callable[..., Path],
) -> None:
    path = lockfile(fast=["mock:stall?after=2&ms=10&text=one two three four"])
    path.write_text(path.read_text() + "stall_timeout = 0.1\nretries = 0\n")
    text = ""

    for chunk in LLMRing(path).chat_stream("fast", "Hello"):
        text += chunk.delta
        time.sleep(0.2)

    assert text == "one two three four"


def test_a_scripted_stream_can_be_cancelled() -> None:
    async def call() -> None:
        async with asyncio.timeout(0.05):
            async for _ in LLMRing(timeout=None).chat_stream("mock:stall", "Hello"):
                pass

    with pytest.raises(TimeoutError):
        asyncio.run(call())
