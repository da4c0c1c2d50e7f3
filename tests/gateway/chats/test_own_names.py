"""The client's own name for the model, in bytes of Anthropic's servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from llmring.chat.events import ReasoningDelta, TextDelta
from llmring.gateway.chats.own_names import named_events, named_reply, needs_own_name
from loopback import Loopback
from served_gateway import Reply, ServedGateway
from vendors import APIS, Pair, each_api, either_form, ended

START = (
    b'event: message_start\r\ndata:  {"type":"message_start", "message":{"id":"m\\u0031",'
    b'"model":"served","usage":{"input_tokens":1.0}}}\r\n\r\n'
)
TEXT = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"\\"message_start\\" {\\"model\\":\\"served\\"}"}}\n\n'
)


def test_claude_code_needs_its_own_name_and_others_do_not() -> None:
    assert needs_own_name({"user-agent": "claude-cli/2.1.197 (external, sdk-cli)"})
    assert not needs_own_name({"user-agent": "Anthropic/Python 0.94.0"})
    assert not needs_own_name({})


def test_g060_the_first_event_names_the_model_as_asked_and_every_other_byte_stays() -> None:
    name = 'fast "ü"'
    renamed = START.replace(b'"served"', json.dumps(name, ensure_ascii=False).encode())

    assert named_events(START + TEXT, name) == renamed + TEXT
    assert named_events(TEXT, name) == TEXT


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"type":"message_start","message": broken\n\n',
        b'data: {"type":"message_start","message":"text"}\n\n',
        b": message_start\n\n",
    ],
)
def test_bytes_that_are_no_answer_stay(event: bytes) -> None:
    assert named_events(event, "fast") == event


def test_g060_a_whole_reply_names_the_model_as_asked_and_every_other_byte_stays() -> None:
    body = b' {"id":"m","model" : "served","content":[{"type":"text","text":"model"}]}\n'

    assert named_reply(body, "fast") == body.replace(b'"served"', b'"fast"')
    assert named_reply(b"[]", "fast") == b"[]"


# --- Claude Code, which drops the reasoning of answers that have another name ---

CLAUDE_CODE = "claude-cli/2.1.197 (external, sdk-cli)"
QUESTION = {
    "model": "claude/t",
    "max_tokens": 2000,
    "thinking": {"type": "adaptive"},
    "messages": [{"role": "user", "content": "Hello"}],
}


@pytest.fixture
def pair(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


def start(pair: Pair, name: str, *, stream: bool = True) -> bytes:
    """Start a vendor, and return the bytes that it sends."""
    api = APIS[name]
    pair.lock(api.model, lockfile=api.lockfile)
    signed = ReasoningDelta("Hm.", "c2lnbmF0dXJl", "rs_1")
    answer = api.answer(signed, TextDelta("Hello."), *ended("stop"), stream=stream)
    pair.start(api, answer)
    return b"".join(step for step in answer.steps if isinstance(step, bytes))


def model_in(reply: Reply, *, stream: bool) -> str:
    if not stream:
        return str(reply.json["model"])
    [first] = [
        line for line in reply.body.splitlines() if b"message_start" in line and b"{" in line
    ]
    return str(json.loads(first.removeprefix(b"data:"))["message"]["model"])


@each_api
@either_form
def test_g040_g060_claude_code_gets_the_name_that_it_asked_for(
    pair: Pair, name: str, stream: bool
) -> None:
    start(pair, name, stream=stream or name != "anthropic")

    with ServedGateway() as gateway:
        reply = gateway.ask(
            path="/v1/messages", body={**QUESTION, "stream": stream}, user_agent=CLAUDE_CODE
        )

    assert reply.status == 200
    assert model_in(reply, stream=stream) == QUESTION["model"]
    assert reply.headers["x-llmring-model"] == APIS[name].model


@either_form
def test_g060_g066_the_rest_of_the_bytes_is_as_the_server_has_sent_it(
    pair: Pair, stream: bool
) -> None:
    sent = start(pair, "anthropic", stream=stream)
    body = {**QUESTION, "stream": stream}

    with ServedGateway() as gateway:
        own = gateway.ask(path="/v1/messages", body=body, user_agent=CLAUDE_CODE)
        other = gateway.ask(path="/v1/messages", body=body, user_agent="Anthropic/Python 0.94.0")

    assert own.body == sent.replace(b'"any"', b'"claude/t"')
    assert other.body == sent
    assert own.headers["x-llmring-relay"] == "adapted"
