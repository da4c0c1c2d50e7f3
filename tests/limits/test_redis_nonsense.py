"""Calls while Redis answers nonsense: none of them fails or hangs because of it."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import answers
from llmring import BudgetExceededError, LLMRing
from llmring.config.settings import read_settings
from llmring.limits import redis_connection
from llmring.limits.backends import leases_for
from loopback import Loopback
from rings import MODEL, environ_of

_ABOUT = b"server redis version 7.0.0 proto 3 id 1 mode standalone role master modules none".split()
_HELLO = b"*14\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in _ABOUT)

NONSENSE = {
    "not the protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "bytes that are not text": b"$4\r\n\xff\xfe\xfd\xfc\r\n",
    "an integer": b":7\r\n",
    "a negative length": b"$-7\r\n",
    "a length that is no number": b"$seven\r\n",
    "a count that is no number": b"*many\r\n",
    "an empty list": b"*0\r\n",
    "a list of the wrong length": b"*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n",
    "a list of other types": b"*2\r\n:1\r\n*1\r\n:2\r\n",
    "texts that are no numbers": b"*2\r\n$4\r\nsoon\r\n$3\r\nwhy\r\n",
    "seconds without an end": b"*2\r\n$3\r\ninf\r\n$3\r\nwhy\r\n",
    "seconds that are not a number": b"*2\r\n$3\r\nnan\r\n$3\r\nwhy\r\n",
    "nothing": b"$-1\r\n",
    "an error": b"-ERR no such thing\r\n",
    "an error that repeats": b"-NOSCRIPT No matching script.\r\n",
    "an empty error": b"-\r\n",
    "a line that is cut": b"*2\r\n$10\r\nabc",
    "an empty line": b"\r\n",
    "a line without an end": b"+" + b"x" * 200_000,
    "lists within lists": b"*1\r\n" * 5000,
    "a huge length": b"$999999999999\r\n",
    "a word": b"+SURPRISE\r\n",
}


class NonsenseServer:
    """A server that greets clients as Redis does, and answers their scripts with given bytes.

    Args:
        answer: The answer.
        polite: False to answer the greeting with the same bytes, too.
        slow: True to send one byte each 20 ms.
    """

    def __init__(self, answer: bytes, *, polite: bool, slow: bool = False) -> None:
        self._answer, self._polite, self._slow = answer, polite, slow
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._server.getsockname()[1]}/0"
        self._open = [self._server]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        for each in self._open:
            with suppress(OSError):
                each.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._open.append(connection)
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while data := connection.recv(65536):
                for answer in self._answers(data):
                    if not self._slow:
                        connection.sendall(answer)
                        continue
                    for byte in answer:
                        connection.sendall(bytes([byte]))
                        time.sleep(0.02)

    def _answers(self, data: bytes) -> list[bytes]:
        if not self._polite or b"EVAL" in data:
            return [self._answer]
        greetings = {b"HELLO": _HELLO, b"CLIENT": b"+OK\r\n", b"PING": b"+PONG\r\n"}
        words = data.upper().split(b"\r\n")
        return [greetings[word] for word in words if word in greetings] or [b"+OK\r\n"]


@pytest.fixture(params=[*NONSENSE])
def nonsense(request: pytest.FixtureRequest) -> bytes:
    return NONSENSE[request.param]


@pytest.fixture(params=["after the greeting", "from the start"])
def polite(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "after the greeting")


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the library, so that it does not delay the first call, and look again each time."""
    redis_connection._client("redis://127.0.0.1")
    monkeypatch.setattr(redis_connection, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(redis_connection, "LIMIT_SECONDS", 0.3)


Limited = Callable[[str], dict[str, str]]


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Limited]:
    """Return the environment of rings whose first model fails, with a daily budget."""
    vendor = Loopback(answers.openai_error(503), answers.openai("fine"))
    (tmp_path / "llmring.lock").write_text(
        'version = "1.0"\n[[profiles.default.bindings]]\nalias = "fast"\n'
        f'models = ["{MODEL}", "openai:gpt-4o"]\ndaily_budget = 1\n'
    )

    def environ(redis_url: str) -> dict[str, str]:
        return {
            **environ_of(vendor),
            "LLMRING_LOCKFILE_PATH": str(tmp_path / "llmring.lock"),
            "LLMRING_REDIS_URL": redis_url,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }

    yield environ
    vendor.close()


async def play(environ: dict[str, str]) -> list[str]:
    """Make calls that fail over, that stream, and that look at circuits and budgets."""
    try:
        async with LLMRing(environ=environ) as ring:
            whole = [(await ring.chat("fast", "Hello")).content for _ in range(2)]
            await ring.status()
            return whole
    finally:
        leases_for(read_settings(environ)).close()


def test_calls_are_answered_whatever_redis_answers(
    limited: Limited, nonsense: bytes, polite: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server = NonsenseServer(nonsense, polite=polite)
    try:
        assert asyncio.run(play(limited(server.url))) == ["fine", "fine"]
    finally:
        server.close()

    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


def test_calls_do_not_wait_for_an_answer_that_comes_byte_by_byte(limited: Limited) -> None:
    server = NonsenseServer(b"*2\r\n$1\r\n0\r\n$0\r\n\r\n", polite=True, slow=True)
    try:
        assert asyncio.run(play(limited(server.url))) == ["fine", "fine"]
    finally:
        server.close()


def test_a_budget_holds_while_redis_answers_nonsense(
    limited: Limited, nonsense: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "llmring.lock"
    environ = limited("redis://127.0.0.1:1")
    path.write_text(path.read_text().replace("daily_budget = 1", "daily_budget = 0.00001"))
    server = NonsenseServer(nonsense, polite=True)
    try:
        with pytest.raises(BudgetExceededError):
            asyncio.run(play({**environ, "LLMRING_REDIS_URL": server.url}))
    finally:
        server.close()
