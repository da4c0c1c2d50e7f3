"""Vendors that send without end, or nothing: bounded for their caller, unnoticed by all others."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import answers
from llmring.gateway.served_ring import ServedRing
from loopback import Answer, Close, Loopback, Pause, Reset
from raw_calls import PATHS
from rings import TODAY
from served_gateway import Reply, ServedGateway

SSE = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json"}
PACKED = {**JSON, "content-encoding": "gzip"}
MIB = 2**20
PIECE = b"x" * (256 * 1024)
LINE = b"data: " + PIECE
# The bound of a whole answer, in MiB.
WHOLE = 64
# More than any bound, and more than any test waits for.
ENDLESS = 4096
PING = b": ping\n\n"
DELTA = answers.openai_event(content="a")
HELLO = [{"role": "user", "content": "Hello"}]
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": HELLO},
    "responses": {"input": HELLO},
    "messages": {"max_tokens": 50, "messages": HELLO},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
    "ollama": {"messages": HELLO},
}
# Each call has models of its own, so that no circuit is open.
COUNT = 120
LOCKFILE = """
[[profiles.default.bindings]]
alias = "bad-{number}"
models = ["deepseek:m{number}"]
timeout = 2.0
stall_timeout = 0.5
first_content_timeout = 0.7

[[profiles.default.bindings]]
alias = "helped-{number}"
models = ["deepseek:m{number}", "groq:m{number}"]
timeout = 5.0
stall_timeout = 0.5
first_content_timeout = 0.7
"""
GOOD = """
[[profiles.default.bindings]]
alias = "good"
models = ["groq:any"]
"""


class Counting(Loopback):
    """A server that counts the bytes that it could send."""

    sent = 0

    def _sent(self, connection: socket.socket, *pieces: bytes) -> bool:
        # So that what waits in this buffer is not much of what counts as sent.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 19)
        went = super()._sent(connection, *pieces)
        self.sent += sum(map(len, pieces)) if went else 0
        return went


def raw(*steps: Any) -> Answer:
    return Answer([*steps, Close()], framing="raw")


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
# By what a vendor does: its answer, and the most that is read of it in MiB, as a stream.
ATTACKS = {
    "an event without an end": (Answer([LINE, *[PIECE] * ENDLESS], 200, SSE, "chunked"), 10),
    "a whole answer without an end": (Answer([PIECE] * ENDLESS, 200, JSON, "chunked"), WHOLE),
    "an error without an end": (Answer([PIECE] * ENDLESS, 500, JSON, "chunked"), 4),
    "an error of a gigabyte": (Answer([PIECE] * ENDLESS, 429, JSON), 4),
    "headers without an end": (raw(HEAD, *[b"x-a: " + b"b" * 8000 + b"\r\n"] * 9999), 3),
    "a million headers": (raw(HEAD, *[b"a: b\r\n" * 1000] * 1000), 3),
    "a header without an end": (raw(HEAD + b"x-a: ", *[PIECE] * ENDLESS), 4),
    "interim answers without an end": (raw(*[b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 10**6), 4),
    "a head that drips": (raw(*[HEAD[:1], Pause(0.2)] * 500), 1),
    "pings without an end": (Answer([PING, Pause(0.1)] * 900, 200, SSE, "chunked"), 1),
    "a whole answer that drips": (Answer([b" ", Pause(0.1)] * 900, 200, JSON, "chunked"), 1),
    "nothing": (Answer([Pause(60)]), 1),
    "a packed gigabyte": (Answer([gzip.compress(bytes(200 * MIB), 1)], 200, PACKED), 4),
    "a packed gigabyte of an error": (Answer([gzip.compress(bytes(200 * MIB), 1)], 500, PACKED), 4),
    "a packed stream of a gigabyte": (
        Answer([gzip.compress(b"data: " + bytes(200 * MIB), 1)], 200, {**SSE, **PACKED | SSE}),
        4,
    ),
    "an encoding that nobody asked for": (
        Answer([PIECE] * ENDLESS, 200, {**JSON, "content-encoding": "br"}, "chunked"),
        4,
    ),
    "chunks of a bad size": (raw(HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n"), 1),
    "a length that is a lie": (raw(HEAD + b"content-length: 99999999999\r\n\r\n{}", Pause(60)), 1),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.9\r\n", Pause(60)), 1),
    "a reset": (Answer([Reset()]), 1),
}


class Hostile:
    """A gateway in front of a hostile vendor and a good one."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.bad = Counting()
        stack.callback(self.bad.close)
        self.good = stack.enter_context(Loopback())
        rows = [LOCKFILE.format(number=number) for number in range(COUNT)]
        (folder / "llmring.lock").write_text("".join([GOOD, *rows]))
        self._numbers = itertools.count()
        environ = {
            "LLMRING_LOCKFILE_PATH": str(folder / "llmring.lock"),
            "LLMRING_LEDGER": "0",
            "LLMRING_RETRIES": "0",
            "LLMRING_TODAY": TODAY,
            "XDG_STATE_HOME": str(folder / "state"),
            "DEEPSEEK_BASE_URL": f"{self.bad.url}/v1",
            "DEEPSEEK_API_KEY": "sk-0123456789abcdef",
            "GROQ_BASE_URL": f"{self.good.url}/v1",
            "GROQ_API_KEY": "gsk_0123456789abcdef",
        }
        self.gateway = stack.enter_context(ServedGateway(ring=ServedRing(environ=environ)))

    def ask(self, wire: str, alias: str, *, stream: bool) -> Reply:
        if alias != "good":
            alias = f"{alias}-{next(self._numbers)}"
        body = BODIES[wire]
        if wire != "gemini":
            body = {**body, "model": alias, "stream": stream}
        return self.gateway.ask("POST", PATHS[wire].format(alias), body)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    with ExitStack() as stack:
        yield Hostile(stack, tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def hostile(started: Hostile) -> Hostile:
    started.bad.sent = 0
    return started


def meanwhile(hostile: Hostile, ask: Callable[[], Reply]) -> tuple[Reply, list[float]]:
    """Make a call, and others to the good vendor while it runs; return the times of these."""
    hostile.good.answers = [answers.openai_stream("Fine")]
    hostile.ask("chat", "good", stream=True)
    found: list[Reply] = []
    running = threading.Thread(target=lambda: found.append(ask()))
    running.start()
    times = []
    while running.is_alive():
        begun = time.monotonic()
        reply = hostile.ask("chat", "good", stream=True)
        times.append(time.monotonic() - begun)
        assert b"Fine" in reply.body
    running.join(30)
    return found[0], times


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_g170_a_hostile_vendor_is_bounded_and_holds_up_no_other_call(
    hostile: Hostile, attack: str, stream: bool
) -> None:
    answer, most = ATTACKS[attack]
    if not stream and answer.status == 200:
        most = max(most, WHOLE)
    hostile.bad.answers = [answer]

    begun = time.monotonic()
    reply, times = meanwhile(hostile, lambda: hostile.ask("chat", "bad", stream=stream))

    assert time.monotonic() - begun < 10
    assert reply.status in (429, 502, 503)
    assert set(reply.json) == {"error"}
    assert len(reply.body) < 4096
    assert sum(map(len, reply.headers.values())) < 8192
    assert max(times, default=0) < 3
    assert hostile.bad.sent <= (most + 8) * MIB
    assert hostile.bad.left_alone()


@pytest.mark.parametrize(
    ("wire", "attack"), [([*PATHS][nth % 5], attack) for nth, attack in enumerate(ATTACKS)]
)
def test_g170_the_next_model_answers_in_place_of_a_hostile_vendor(
    hostile: Hostile, wire: str, attack: str
) -> None:
    hostile.bad.answers = [ATTACKS[attack][0]]
    hostile.good.answers = [answers.openai_stream("Fine")]

    reply = hostile.ask(wire, "helped", stream=True)

    assert reply.status == 200
    assert b"Fine" in reply.body
    assert hostile.bad.left_alone()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("wire", PATHS)
def test_g170_g157_a_redirect_of_a_vendor_is_not_followed(
    hostile: Hostile, wire: str, status: int
) -> None:
    with Loopback(answers.openai("stolen")) as other:
        hostile.bad.answers = [Answer([b"{}"], status, {"location": f"{other.url}/v1/x"})]

        reply = hostile.ask(wire, "bad", stream=True)

        assert reply.status in (502, 503)
        assert other.requests == []
        assert b"stolen" not in reply.body
        assert other.connections == 0


def test_g170_an_answer_without_an_end_goes_on_only_as_fast_as_its_client_reads(
    hostile: Hostile,
) -> None:
    hostile.bad.answers = [Answer([DELTA * 1000] * ENDLESS, 200, SSE, "chunked")]
    body = json.dumps({**BODIES["chat"], "model": f"bad-{COUNT - 1}", "stream": True}).encode()
    head = f"POST {PATHS['chat']} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"

    with hostile.gateway.connect(receive_buffer=8192) as opened:
        opened.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        assert opened.recv(8192)
        time.sleep(0.5)
        before = hostile.bad.sent
        hostile.good.answers = [answers.openai_stream("Fine")]
        assert b"Fine" in hostile.ask("chat", "good", stream=True).body
        time.sleep(0.5)
        assert hostile.bad.sent == before < 16 * MIB
    assert hostile.bad.left_alone()
