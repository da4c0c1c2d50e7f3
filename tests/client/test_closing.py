"""Closing a ring while its calls are in progress."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import answers
from ledgers import wait_for
from llmring import LLMRing, RingClosedError
from loopback import Answer, Loopback, Pause
from rings import MODEL, environ_of

Serve = Callable[..., Loopback]
Call = Callable[[LLMRing], Coroutine[Any, Any, str]]


async def whole(ring: LLMRing) -> str:
    return (await ring.chat("fast", "Hello")).content


async def streamed(ring: LLMRing) -> str:
    return "".join([chunk.delta async for chunk in ring.chat_stream("fast", "Hello")])


async def embedded(ring: LLMRing) -> str:
    return str((await ring.embed("openai:text-embedding-3-small", ["Hello"])).vectors)


def late(answer: Answer, after: int = 0) -> Answer:
    """Return an answer that pauses for a minute after this many pieces."""
    steps = [*answer.steps]
    return replace(answer, steps=[*steps[:after], Pause(60), *steps[after:]])


CASES = {
    "before a whole answer": (whole, late(answers.openai())),
    "before a stream": (streamed, late(answers.openai_stream("a", "b"))),
    "within a stream": (streamed, late(answers.openai_stream("a", "b", "c"), 2)),
    "within a whole body": (whole, late(replace(answers.openai(), steps=[b"{", b"}"]), 1)),
    "before an embedding": (embedded, late(answers.openai())),
    "before a retry": (whole, answers.openai_error(503, retry_after="1")),
}


@pytest.fixture(params=[*CASES])
def case(request: pytest.FixtureRequest) -> tuple[Call, Answer]:
    return CASES[request.param]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "llmring.lock"
    path.write_text(
        'version = "1.0"\n[[profiles.default.bindings]]\nalias = "fast"\n'
        f'models = ["{MODEL}", "groq:llama-3.3-70b-versatile"]\n'
    )
    return {"LLMRING_LOCKFILE_PATH": str(path), "XDG_STATE_HOME": str(tmp_path / "state")}


def ring_of(first: Loopback, fallback: Loopback, environ: dict[str, str]) -> LLMRing:
    own = {"GROQ_BASE_URL": fallback.url, "GROQ_API_KEY": "gsk_second0123456789abcdef"}
    return LLMRing(environ={**environ_of(first), **own, **environ, "LLMRING_RETRIES": "2"})


def test_a_call_in_progress_ends_at_once_and_nothing_is_sent_again(
    case: tuple[Call, Answer], serve: Serve, environ: dict[str, str]
) -> None:
    call, answer = case
    first, fallback = serve(answer, answers.openai("again")), serve(answers.openai("fallback"))

    async def play() -> list[str]:
        ring = ring_of(first, fallback, environ)
        task = asyncio.create_task(call(ring))
        await asyncio.to_thread(first.received)
        await asyncio.sleep(0.2)
        await ring.close()
        with pytest.raises(RingClosedError, match="closed while this call was in progress"):
            await asyncio.wait_for(task, 10)
        assert await asyncio.to_thread(first.left_alone)
        return [each.reason for each in (await ring.status()).circuits]

    reasons = asyncio.run(play())

    assert (len(first.requests), len(fallback.requests)) == (1, 0)
    # Only what the server itself has sent counts as a failure.
    assert [reason for reason in reasons if "503" not in reason] == []


def test_a_synchronous_call_ends_when_another_thread_closes_the_ring(
    serve: Serve, environ: dict[str, str]
) -> None:
    first, fallback = serve(late(answers.openai())), serve(answers.openai("fallback"))
    ring = ring_of(first, fallback, environ)
    raised: list[BaseException] = []

    def call() -> None:
        try:
            ring.chat("fast", "Hello")
        except RingClosedError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    assert first.received()
    ring.close()
    thread.join(10)

    assert len(raised) == 1
    assert first.left_alone()
    assert (len(first.requests), len(fallback.requests)) == (1, 0)


def test_a_closed_call_is_cancelled_in_the_ledger_and_the_ring_goes_on(
    serve: Serve, environ: dict[str, str], tmp_path: Path
) -> None:
    first, fallback = serve(late(answers.openai()), answers.openai("later")), serve()

    async def play() -> str:
        async with ring_of(first, fallback, environ) as ring:
            task = asyncio.create_task(whole(ring))
            await asyncio.to_thread(first.received)
            await ring.aclose()
            await asyncio.wait({task})
            return await whole(ring)

    assert asyncio.run(play()) == "later"
    kept = wait_for(tmp_path / "state" / "llmring" / "ledger.sqlite", 2)
    assert [each.outcome for each in kept] == ["cancelled", "ok"]


def test_closing_in_one_event_loop_leaves_the_calls_of_others_alone(
    serve: Serve, environ: dict[str, str]
) -> None:
    slow = replace(answers.openai("fine"), steps=[Pause(0.5), *answers.openai("fine").steps])
    first, fallback = serve(slow), serve(answers.openai("fallback"))
    ring = ring_of(first, fallback, environ)
    found: list[str] = []

    def call() -> None:
        found.append(ring.chat("fast", "Hello").content)

    thread = threading.Thread(target=call)
    thread.start()
    assert first.received()
    asyncio.run(ring.aclose())
    thread.join(10)
    ring.close()

    assert found == ["fine"]
