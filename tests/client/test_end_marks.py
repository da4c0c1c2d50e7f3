"""Streams that end with their mark, but without a finish reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import LLMRing
from loopback import Answer, Loopback, as_stream

Serve = Callable[..., Loopback]
Ring = Callable[..., tuple[LLMRing, Loopback]]

OWN = '[providers.mine]\nkind = "{}"\nbase_url = "{}"\n'


def chat(*deltas: dict[str, Any], done: bool = True) -> Answer:
    choices = [[{"index": 0, "delta": delta, "finish_reason": ""}] for delta in deltas]
    events = [answers.sse({"id": "1", "model": "m", "choices": choice}) for choice in choices]
    return as_stream(*events, *([answers.DONE] if done else []))


def call(name: str = "f", arguments: str = '{"a": 1}') -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": function}]}


TOOL = {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
HELLO = ({"content": "Hello, "}, {"content": "world."})


@pytest.fixture
def ring(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ring:
    """Build a ring whose first model answers with this; return the server of the second, too."""

    def start(
        first: Answer, model: str = "mine:m", kind: str = "openai"
    ) -> tuple[LLMRing, Loopback]:
        server, second = serve(first), serve(answers.openai_stream(" More."))
        path = tmp_path / "llmring.lock"
        path.write_text(
            OWN.format(kind, server.url + ("/v1" if kind == "openai" else ""))
            + OWN.replace("mine", "next").format("openai", f"{second.url}/v1")
            + '[[profiles.default.bindings]]\nalias = "fast"\nretries = 0\n'
            + f"models = {json.dumps([model, 'next:m'])}\n"
        )
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
        for name in ("NVIDIA", "OPENAI", "GROQ"):
            monkeypatch.setenv(f"{name}_API_KEY", "key-0123456789abcdef")
            monkeypatch.setenv(f"{name}_BASE_URL", f"{server.url}/v1")
        return LLMRing(), second

    return start


@pytest.mark.parametrize("model", ["mine:m", "nvidia:z-ai/glm-5.1"])
def test_the_mark_ends_a_whole_answer_of_a_server_that_may_omit_the_reason(
    way: Way, ring: Ring, model: str
) -> None:
    here, second = ring(chat(*HELLO), model)

    chunks = way.stream(here, "fast", "Hi")

    assert "".join(chunk.delta for chunk in chunks) == "Hello, world."
    (attempt,) = chunks[-1].attempts
    assert chunks[-1].finish_reason == "stop"
    assert "ended by [DONE] without a finish reason" in attempt.notes[0]
    assert second.requests == []


def test_the_mark_ends_a_whole_tool_call(way: Way, ring: Ring) -> None:
    here, second = ring(chat(call(arguments='{"a"'), call("", ": 1}")))

    last = way.stream(here, "fast", "Hi", tools=[TOOL])[-1]

    assert last.finish_reason == "tool_calls"
    assert [each["function"]["arguments"] for each in last.tool_calls or ()] == ['{"a": 1}']
    assert second.requests == []


@pytest.mark.parametrize(
    "deltas",
    [
        [],
        [{"role": "assistant", "content": ""}],
        [call(arguments='{"a": ')],
        [call(name="")],
        [HELLO[0], call(arguments='{"a": ')],
    ],
)
def test_the_mark_does_not_end_an_answer_that_is_not_whole(
    way: Way, ring: Ring, deltas: list[dict[str, Any]]
) -> None:
    here, second = ring(chat(*deltas))

    chunks = way.stream(here, "fast", "Hi", tools=[TOOL])

    assert [attempt.outcome for attempt in chunks[-1].attempts] == ["failed", "ok"]
    assert len(second.requests) == 1


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        ("mine:m", chat(*HELLO, done=False)),
        ("openai:gpt-4.1", chat(*HELLO)),
        ("groq:m", chat(*HELLO)),
    ],
)
def test_without_the_mark_or_at_other_servers_the_answer_is_cut(
    way: Way, ring: Ring, model: str, answer: Answer
) -> None:
    here, _ = ring(answer, model)

    chunks = way.stream(here, "fast", "Hi")

    assert "".join(chunk.delta for chunk in chunks) == "Hello, world. More."
    assert "before the answer was complete" in (chunks[-1].attempts[0].reason or "")


@pytest.mark.parametrize("end", ["event: message_stop\ndata: {}\n\n", "data: [DONE]\n\n"])
def test_the_mark_of_messages_ends_an_answer_of_an_own_server(
    way: Way, ring: Ring, end: str
) -> None:
    text = {"type": "content_block_delta", "index": 0}
    events = [
        {"type": "message_start", "message": {"id": "m", "model": "m"}},
        {**text, "delta": {"type": "text_delta", "text": "Hello"}},
    ]
    mark = end.replace("{}", '{"type": "message_stop"}')
    here, second = ring(as_stream(*map(answers.sse, events), mark.encode()), kind="anthropic")

    chunks = way.stream(here, "fast", "Hi")

    assert "".join(chunk.delta for chunk in chunks) == "Hello"
    assert second.requests == []
