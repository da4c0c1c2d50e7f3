"""Calls from trio's event loop, and from programs that gevent has patched."""

import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
import trio

import answers
from llmring import LLMRequest, LLMRing, LLMRingError
from loopback import Loopback
from rings import MODEL, environ_of, ring_at

Serve = Callable[..., Loopback]

REQUEST = LLMRequest(MODEL, "Hi")

ATTEMPTS: dict[str, Callable[[LLMRing], object]] = {
    "an alias": lambda ring: ring.chat(MODEL, "Hi"),
    "reading": lambda ring: ring.chat(REQUEST).content,
    "iterating": lambda ring: next(iter(ring.chat_stream(MODEL, "Hi"))),
    "embedding": lambda ring: ring.embed("mock:embed", "Hi").result(),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_call_that_would_block_trio_is_refused_with_the_fix(
    serve: Serve, attempt: Callable[[LLMRing], object]
) -> None:
    server = serve(answers.openai("hello"))

    async def main() -> None:
        attempt(ring_at(server))

    with pytest.raises(LLMRingError, match=re.escape("await trio.to_thread.run_sync(lambda: ring")):
        trio.run(main)
    assert server.requests == []


def test_awaiting_under_trio_is_refused_with_the_fix(serve: Serve) -> None:
    server = serve(answers.openai("hello"))

    async def whole() -> None:
        await ring_at(server).chat(REQUEST)

    async def streamed() -> None:
        async for _ in ring_at(server).chat_stream(REQUEST):
            pass

    for main in (whole, streamed):
        with pytest.raises(LLMRingError, match="llmring runs on asyncio"):
            trio.run(main)
    assert server.requests == []


def test_under_trio_a_call_works_in_a_thread(serve: Serve) -> None:
    ring = ring_at(serve(answers.openai("hello")))

    async def main() -> str:
        return await trio.to_thread.run_sync(lambda: ring.chat(MODEL, "Hi").result().content)

    assert trio.run(main) == "hello"


def test_with_gevent_s_patches_synchronous_calls_work_in_each_greenlet(serve: Serve) -> None:
    code = """
from gevent import monkey; monkey.patch_all()
import gevent, warnings
from llmring import LLMRing
warnings.simplefilter("error")
ring = LLMRing()
jobs = [gevent.spawn(lambda: ring.chat("openai:some-model", "Hi").content) for _ in range(3)]
gevent.joinall(jobs, raise_error=True)
print(*(job.value for job in jobs), *(c.delta for c in ring.chat_stream("mock:echo", "End")))
"""
    env = {**os.environ, **environ_of(serve(answers.openai("hello"))), "LLMRING_LEDGER": "off"}

    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)

    assert (done.stdout.split(), done.returncode) == (["hello"] * 3 + ["End"], 0), done.stderr
