"""Line ends and escapes of clients and vendors, which get into no header and no line of the log."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import answers
from llmring.gateway.served_ring import ServedRing
from loopback import Answer, Loopback, as_json, as_stream
from raw_calls import PATHS
from rings import TODAY
from served_gateway import ServedGateway, parsed, read_all, request

HOSTILE = "\x1b[31mred\r\nx-evil: 1\r\n\r\n<html>\x07\u202e\u2028\u0085\x9b2J"
HELLO = [{"role": "user", "content": "Hi"}]
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": HELLO},
    "responses": {"input": "Hi"},
    "messages": {"max_tokens": 5, "messages": HELLO},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
    "ollama": {"messages": HELLO},
}
ERROR = {"message": HOSTILE, "code": HOSTILE, "type": HOSTILE, "status": HOSTILE}
# By what a vendor sends.
SENT = {
    "an error": as_json({"error": ERROR}, 500),
    "an error that is a text": as_json({"error": HOSTILE, "detail": HOSTILE}, 400),
    "a page": Answer([HOSTILE.encode()], 503, {"content-type": "text/html"}),
    "a rate limit": as_json({"error": ERROR}, 429, retry_after="1"),
    "an error in a stream": as_stream(
        answers.openai_event(content="a"),
        b"data: " + json.dumps({"error": ERROR}).encode() + b"\n\n",
    ),
    "a name of a model": as_stream(
        b"data: "
        + json.dumps(
            {
                "id": HOSTILE,
                "model": HOSTILE,
                "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": HOSTILE}],
            }
        ).encode()
        + b"\n\n",
        b"data: [DONE]\n\n",
    ),
}


def is_safe(text: str) -> bool:
    """Return True for one line that a terminal shows as it is."""
    return not any(unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp") for each in text)


@pytest.fixture
def vendor() -> Iterator[Loopback]:
    with Loopback(answers.openai_stream("Hi")) as found:
        yield found


@pytest.fixture
def gateway(vendor: Loopback, tmp_path: Path) -> Iterator[ServedGateway]:
    path = tmp_path / "llmring.lock"
    path.write_text('[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["groq:any"]\n')
    environ = {
        "LLMRING_LOCKFILE_PATH": str(path),
        "LLMRING_LEDGER": "0",
        "LLMRING_RETRIES": "0",
        "LLMRING_TODAY": TODAY,
        "XDG_STATE_HOME": str(tmp_path),
        "GROQ_BASE_URL": f"{vendor.url}/v1",
        "GROQ_API_KEY": "gsk_0123456789abcdef",
    }
    with ServedGateway(ring=ServedRing(environ=environ)) as found:
        yield found


def head_of(gateway: ServedGateway, wire: str, model: str, **headers: str) -> tuple[int, list[str]]:
    """Make a streamed call; return the status and the lines of the head of its reply."""
    body = BODIES[wire] if wire == "gemini" else {**BODIES[wire], "model": model, "stream": True}
    named = {"connection": "close", **headers}
    with gateway.connect() as opened:
        opened.sendall(request("POST", PATHS[wire].format("fast"), body, **named))
        raw = read_all(opened)
    assert raw.count(b"HTTP/1.1 ") == 1
    return parsed(raw).status, raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")


def check(lines: list[str], caplog: pytest.LogCaptureFixture) -> None:
    assert all(re.match(r"HTTP/1\.1 \d{3}|[\w-]+: ", line) for line in lines)
    assert all(is_safe(line) and line.isascii() for line in lines)
    assert not any(line.lower().startswith("x-evil") for line in lines)
    assert [
        each for each in (row.getMessage() for row in caplog.records) if not is_safe(each)
    ] == []


@pytest.mark.parametrize("wire", PATHS)
@pytest.mark.parametrize("sent", SENT)
def test_g166_what_a_vendor_sends_ends_no_line(
    vendor: Loopback,
    gateway: ServedGateway,
    caplog: pytest.LogCaptureFixture,
    wire: str,
    sent: str,
) -> None:
    caplog.set_level(logging.DEBUG, "llmring")
    vendor.answers = [SENT[sent]]

    _, lines = head_of(gateway, wire, "fast")

    assert caplog.records or sent == "a name of a model"
    check(lines, caplog)


@pytest.mark.parametrize("wire", [wire for wire in PATHS if wire != "gemini"])
@pytest.mark.parametrize("model", [HOSTILE, f"groq:{HOSTILE}", "groq:a\u202eb", "fast\r\n"])
def test_g166_the_name_of_a_model_ends_no_line(
    gateway: ServedGateway, caplog: pytest.LogCaptureFixture, wire: str, model: str
) -> None:
    caplog.set_level(logging.DEBUG, "llmring")

    status, lines = head_of(gateway, wire, model)

    assert status == 404
    check(lines, caplog)


@pytest.mark.parametrize(
    "header", ["x-request-id", "user-agent", "x-llmring-tags", "x-llmring-profile", "session-id"]
)
def test_g166_a_header_of_a_client_ends_no_line(
    vendor: Loopback, gateway: ServedGateway, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    caplog.set_level(logging.DEBUG, "llmring")

    status, lines = head_of(gateway, "chat", "fast", **{header: "a\x9b31m\u00ad\u0085b"})

    assert status in (200, 400)
    check(lines, caplog)
    assert all(is_safe(str(each.headers)) for each in vendor.requests)
