"""Answers that take long to read, and the longest time for which each holds the event loop.

    PYTHONPATH=tests python -m chaos.holding --save docs/reliability.md

Each answer is read by a ring while another task of the same event loop wakes every millisecond; the
longest time between two of its turns is what any other call would have to wait. Exits with 1 if it
is more than 50 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import gzip
import itertools
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import answers
from chaos.report import conditions, save
from llmring import LLMRing, ProviderError
from loopback import Answer, Loopback, Step
from rings import MODEL, environ_of

MIB = 2**20
MOST_SECONDS = 0.05
_JSON = {"content-type": "application/json"}
_STREAM = {"content-type": "text/event-stream"}


def _packed(data: bytes, headers: Mapping[str, str], status: int = 200) -> Answer:
    return Answer([gzip.compress(data, 1)], status, {**headers, "content-encoding": "gzip"})


def _chat(text: str) -> bytes:
    [body] = answers.openai(text).steps
    assert isinstance(body, bytes)
    return body


def _pieces(data: bytes) -> list[Step]:
    return [data[at : at + 2**16] for at in range(0, len(data), 2**16)]


def hostile(size: int) -> Iterator[tuple[str, bool, Answer]]:
    """Yield answers that take long to read: what each is, if it is streamed, and the answer.

    Args:
        size: The number of bytes that each has, or unpacks to, at most.
    """
    spaces, text = b" " * size, "naïve \n\U0001f600 " * (MIB // 32)
    broken = _chat(text)[:-2]
    event = b"data: " + b"x" * (size // 4)
    yield "a body that unpacks to a thousand times its size", False, _packed(spaces, _JSON)
    yield "the same, as a stream", True, _packed(spaces, _STREAM)
    yield "the same, as an error", False, _packed(spaces, _JSON, 503)
    yield "packed comments", True, _packed(b": ping\n\n" * (size // 8), _STREAM)
    yield "a body without end", False, Answer(_pieces(spaces), 200, _JSON, "chunked")
    yield "an error without end", False, Answer(_pieces(spaces), 503, _JSON, "chunked")
    yield "an event without end", True, Answer(_pieces(event), 200, _STREAM, "chunked")
    yield "damaged JSON, at its end", False, Answer([broken], 200, _JSON)
    yield "damaged JSON, all over", False, Answer([_chat(text).replace(b"\\n", b"\n")], 200, _JSON)
    halves = _chat(text).replace(b"\\ude00", b"")
    yield "halves of characters", False, Answer([halves], 200, _JSON)
    nested = b"[" * (size // 4)
    yield "brackets", False, Answer(_pieces(nested), 200, _JSON, "chunked")
    yield (
        "an HTML page",
        False,
        Answer(_pieces(b"<p>" * (MIB // 4)), 502, {"content-type": "text/html"}),
    )


async def held(ring: LLMRing, *, streams: bool) -> tuple[float, str]:
    """Read an answer; return the longest time in seconds that it held the loop, and its outcome."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        before = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            longest = max(longest, now - before - 0.001)
            before = now

    watcher = asyncio.ensure_future(watch())
    await asyncio.sleep(0.01)
    longest = 0.0
    try:
        if streams:
            async for _ in ring.chat_stream(MODEL, "Hi"):
                pass
        else:
            await ring.chat(MODEL, "Hi")
        outcome = "read"
    except ProviderError as error:
        outcome = type(error).__name__
    finally:
        await asyncio.sleep(0.002)
        watcher.cancel()
    return longest, outcome


@contextmanager
def without_collections() -> Iterator[None]:
    """Keep Python from collecting garbage, which the application may do at any time."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def measured(size: int, rounds: int) -> list[tuple[str, float, str]]:
    """Return what each answer is, the seconds it held the loop in its best round, and its outcome.

    Args:
        size: As for `hostile`.
        rounds: How often each is read; another program of the machine may disturb one.
    """
    found = []
    for name, streams, answer in hostile(size):

        async def read(answer: Answer = answer, *, streams: bool = streams) -> tuple[float, str]:
            with Loopback(answers.openai("Hi"), answer) as server:
                async with LLMRing(environ=environ_of(server) | {"LLMRING_LEDGER": "0"}) as ring:
                    await ring.chat(MODEL, "Hi")
                    return await held(ring, streams=streams)

        with without_collections():
            runs = [asyncio.run(read()) for _ in itertools.repeat(None, rounds)]
        seconds, outcome = min(runs)
        found.append((name, seconds, outcome))
    return found


def written(found: list[tuple[str, float, str]], size: int) -> str:
    """Return the table."""
    rows = [f"| {name} | {seconds * 1000:.0f} | `{outcome}` |" for name, seconds, outcome in found]
    head = f"`make bench-holding`: {conditions()}; up to {size // MIB} MiB each, best of three."
    return "\n".join([head, "", "| answer | ms | outcome |", "|---|--:|---|", *rows])


def main() -> int:
    """Read every answer and print the table; save it with --save."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--mib", type=int, default=200, help="the size of the largest answers")
    parser.add_argument("--save", type=Path, help="the file to save the table in")
    options = parser.parse_args()
    found = measured(options.mib * MIB, rounds=3)
    text = written(found, options.mib * MIB)
    sys.stdout.write(f"{text}\n")
    if options.save:
        save(options.save, "holding", text)
    return 0 if max(seconds for _, seconds, _ in found) <= MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
