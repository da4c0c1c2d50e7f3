"""A load generator for gateways that costs little: it reads no answer further than to its end.

    python benchmarks/gateway_load.py [CORE]

It reads jobs from its standard input and writes their results, each as one line of JSON. A job has
the `port`, `path`, `headers` and the file of the `body` of the request that is sent over and over,
the connections `at_once`, the `seconds` or the number of `requests` to send, the `text` that occurs
in a right answer, and the `first` text of one.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

try:
    from uvloop import run
except ImportError:
    from asyncio import run

PATIENCE_SECONDS = 30.0
MOST_COMPLAINT = 300

_HEAD_END, _CHUNKS_END = b"\r\n\r\n", b"\r\n0\r\n\r\n"


class Job(NamedTuple):
    """Requests to send."""

    port: int
    path: str
    headers: dict[str, str]
    body: str
    text: str
    first: str
    at_once: int = 1
    seconds: float = 0.0
    requests: int = sys.maxsize

    def request(self) -> bytes:
        """Return the bytes of a request."""
        body = Path(self.body).read_bytes()
        headers = {"host": "127.0.0.1", **self.headers, "content-length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {self.path} HTTP/1.1\r\n{lines}\r\n".encode() + body


class Tally:
    """The answers so far.

    Args:
        job: The requests.

    Attributes:
        sent: Number of requests sent.
        wrong: Number of answers that are not right.
        complaint: The status and the beginning of one of these.
        wholes: Seconds until each right answer was whole.
        firsts: Seconds until the first text of each.
        first: The first text.
        open: Number of connections in use.
    """

    def __init__(self, job: Job) -> None:
        self.sent = self.wrong = self.open = 0
        self.complaint = ""
        self.wholes: list[float] = []
        self.firsts: list[float] = []
        self.ended = asyncio.get_running_loop().create_future()
        self._job = job
        self._text, self.first = job.text.encode(), job.first.encode()
        self._until = time.perf_counter() + (job.seconds or PATIENCE_SECONDS)

    def goes_on(self) -> bool:
        """Return True if another request is to be sent, and count it."""
        if self.sent >= self._job.requests or time.perf_counter() >= self._until:
            return False
        self.sent += 1
        return True

    def add(self, answer: bytes, first: float, whole: float) -> None:
        """Count an answer."""
        if answer[9:12] == b"200" and self._text in answer:
            self.firsts.append(first)
            self.wholes.append(whole)
        else:
            self.wrong += 1
            head, _, body = answer.partition(_HEAD_END)
            self.complaint = f"{head[9:12].decode()} {body[:MOST_COMPLAINT].decode('latin-1')}"

    def close(self) -> None:
        """Note that a connection sends no more."""
        self.open -= 1
        if not self.open and not self.ended.done():
            self.ended.set_result(None)


class Caller(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self, request: bytes, tally: Tally) -> None:
        self._request = request
        self._tally = tally
        self._transport: Any = None
        self._pieces: list[bytes] = []
        self._begun = self._first = 0.0
        self._is_whole: Callable[[], bool] | None = None
        self._is_asking = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = transport
        self._tally.open += 1
        self._ask()

    def _ask(self) -> None:
        self._pieces, self._is_whole, self._first = [], None, 0.0
        self._is_asking = self._tally.goes_on()
        if self._is_asking:
            self._begun = time.perf_counter()
            self._transport.write(self._request)
        else:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Take a piece of an answer."""
        self._pieces.append(data)
        if self._is_whole is None:
            self._read_head()
        if not self._first and self._tally.first in data:
            self._first = time.perf_counter()
        if self._is_whole is not None and self._is_whole():
            now = time.perf_counter()
            answer = b"".join(self._pieces)
            self._tally.add(answer, self._first - self._begun, now - self._begun)
            self._ask()

    def _read_head(self) -> None:
        so_far = b"".join(self._pieces)
        end = so_far.find(_HEAD_END)
        if end < 0:
            return
        head = so_far[:end].lower()
        at = head.find(b"\r\ncontent-length:")
        if at >= 0:
            length = end + 4 + int(head[at + 17 :].split(b"\r", 1)[0])
            self._is_whole = lambda: sum(map(len, self._pieces)) >= length
        else:
            self._is_whole = lambda: b"".join(self._pieces[-2:]).endswith(_CHUNKS_END)

    def connection_lost(self, error: Exception | None) -> None:
        """Count an answer that is not whole."""
        del error
        if self._is_asking:
            self._tally.add(b"".join(self._pieces)[:9] + b"cut", 0.0, 0.0)
        self._tally.close()


async def _done(job: Job) -> dict[str, Any]:
    tally = Tally(job)
    request = job.request()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    for _ in range(job.at_once):
        await loop.create_connection(lambda: Caller(request, tally), "127.0.0.1", job.port)
    try:
        async with asyncio.timeout(job.seconds + PATIENCE_SECONDS):
            await tally.ended
    except TimeoutError:
        return {"error": f"{tally.open} answers did not end"}
    wall = time.perf_counter() - began
    if not tally.wholes:
        return {"error": f"no right answer: {tally.complaint}"}
    return {
        "requests": len(tally.wholes),
        "wrong": tally.wrong,
        "complaint": tally.complaint,
        "wall": wall,
        "whole": statistics.median(tally.wholes),
        "first": statistics.median(tally.firsts),
    }


def main() -> None:
    """Do one job after the other."""
    if sys.argv[1:]:
        os.sched_setaffinity(0, {int(sys.argv[1])})
    for line in sys.stdin:
        try:
            result = run(_done(Job(**json.loads(line))))
        except OSError as error:
            result = {"error": str(error)}
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
