"""A model's server on loopback that counts the requests for each prompt, and can fail.

    python benchmarks/batch_upstream.py [CORE]

It prints its port, answers Chat Completions with `answer to PROMPT`, and ends with its standard
input. Orders are requests of their own: `/order/limit/N` admits N requests a second (0 for any
number) and answers others with 429 and `retry-after: 1`; `/order/faults/PERCENT` lets this share of
the requests fail in each of the ways of `FAULTS`; `/counts` returns the number of requests, of
prompts, of prompts that were answered more than once, and of requests beyond the limit.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from typing import Any

try:
    from uvloop import run
except ImportError:
    from asyncio import run

_HEAD = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\n%bcontent-length: %d\r\n\r\n"
_TOO_MANY = json.dumps({"error": {"message": "Rate limit reached", "type": "requests"}}).encode()
_BROKEN = json.dumps({"error": {"message": "broken", "type": "server_error"}}).encode()
FAULTS = ("500", "503", "reset", "cut", "not JSON", "empty")


def _answer(prompt: str) -> bytes:
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "a-model",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": f"answer to {prompt}"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18},
        }
    ).encode()


class Counts:
    """The requests so far, and the orders in force."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.requests = 0
        self.limited = 0
        self.limit = 0
        self.fault_share = 0.0
        self._room = 0.0
        self._at = time.monotonic()

    def obey(self, what: str, value: str) -> None:
        """Obey an order."""
        if what == "limit":
            self.limit = int(float(value))
        else:
            self.fault_share = float(value) / 100

    def admits(self) -> bool:
        """Count a request; return False if it is beyond the limit."""
        self.requests += 1
        if not self.limit:
            return True
        now = time.monotonic()
        self._room = min(float(self.limit), self._room + (now - self._at) * self.limit)
        self._at = now
        if self._room < 1:
            self.limited += 1
            return False
        self._room -= 1
        return True

    def fault(self) -> str | None:
        """Choose the way in which a request fails, if it does."""
        if not self.fault_share:
            return None
        chosen = random.random() / self.fault_share  # noqa: S311 -- no secrets
        return FAULTS[int(chosen)] if chosen < len(FAULTS) else None

    def told(self) -> dict[str, int]:
        """Return the numbers."""
        return {
            "requests": self.requests,
            "prompts": len(self.answered),
            "repeated": sum(count > 1 for count in self.answered.values()),
            "limited": self.limited,
        }


class Answering(asyncio.Protocol):
    """One connection."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._buffer = bytearray()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end]).lower()
            at = head.find(b"\ncontent-length:")
            whole = end + 4 + (int(head[at + 16 :].split(b"\r", 1)[0]) if at >= 0 else 0)
            if len(self._buffer) < whole:
                return
            body = bytes(self._buffer[end + 4 : whole])
            del self._buffer[:whole]
            self._take(head.split(b" ", 2)[1].decode(), body)

    def _take(self, path: str, body: bytes) -> None:
        counts = self._counts
        if path == "/counts":
            self._write(200, json.dumps(counts.told()).encode())
        elif path.startswith("/order/"):
            counts.obey(*path.split("/")[2:4])
            self._write(200, b"{}")
        elif not counts.admits():
            self._write(429, _TOO_MANY, b"retry-after: 1\r\n")
        elif (fault := counts.fault()) is not None:
            self._fail(fault)
        else:
            prompt = json.loads(body)["messages"][-1]["content"]
            counts.answered[prompt] += 1
            self._write(200, _answer(prompt))

    def _fail(self, fault: str) -> None:
        match fault:
            case "500" | "503":
                self._write(int(fault), _BROKEN)
            case "not JSON":
                self._write(200, b"<html>busy</html>")
            case "empty":
                self._write(200, b"")
            case "reset":
                self._transport.abort()
            case _:
                body = _answer("x")
                self._transport.write(_HEAD % (200, b"", len(body)) + body[: len(body) // 2])
                self._transport.close()

    def _write(self, status: int, body: bytes, headers: bytes = b"") -> None:
        self._transport.write(_HEAD % (status, headers, len(body)) + body)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    counts = Counts()
    server = await loop.create_server(lambda: Answering(counts), "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    if sys.argv[1:]:
        os.sched_setaffinity(0, {int(sys.argv[1])})
    run(_serve())
