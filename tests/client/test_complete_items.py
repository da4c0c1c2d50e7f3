"""Items of the Responses API whose pieces lack something that the complete item has."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import LLMRing, StreamChunk
from loopback import Loopback, as_stream

Serve = Callable[..., Loopback]
Start = Callable[..., None]


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def message(at: int, *texts: str) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    named = {"id": f"msg_{at}", "type": "message", "role": "assistant", "status": "completed"}
    return {**named, "content": parts}


def delta(at: int, text: str, part: int = 0) -> bytes:
    place = {"output_index": at, "item_id": f"msg_{at}", "content_index": part}
    return event("response.output_text.delta", **place, delta=text)


def nameless(text: str) -> bytes:
    return event("response.output_text.delta", delta=text)


def done(at: int, item: dict[str, Any]) -> bytes:
    return event("response.output_item.done", output_index=at, item=item)


def completed(*output: dict[str, Any]) -> bytes:
    response = {"id": "r", "model": "m", "status": "completed", "output": output}
    return event("response.completed", response=response)


@pytest.fixture
def start(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start the vendor of `fast`, and a second one."""

    def started(*steps: bytes) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{serve(as_stream(*steps)).url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        second = serve(answers.anthropic_stream("Yes."))
        monkeypatch.setenv("ANTHROPIC_BASE_URL", second.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
        models = ["openai:gpt-6-any", "anthropic:claude-sonnet-4-5"]
        path = tmp_path / "llmring.lock"
        path.write_text(
            '[providers.openai]\napi = "responses"\n'
            f'[[profiles.default.bindings]]\nalias = "fast"\nmodels = {models}\nretries = 0\n'
            'on_stream_failure = "restart"\n'
        )
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))

    return started


def shown(chunks: list[StreamChunk]) -> str:
    text = ""
    for chunk in chunks:
        text = chunk.delta if chunk.restart else text + chunk.delta
    return text


@pytest.mark.parametrize(
    "steps",
    [
        [delta(0, "Hello "), done(0, message(0, "Hello world")), completed()],
        [delta(0, "Hello "), completed(message(0, "Hello world"))],
        [delta(0, "Hello "), done(0, message(0, "Hello ", "world")), completed()],
        [delta(0, "Hel"), done(0, message(0, "Hello ", "world")), completed()],
        [delta(0, "Hello "), delta(0, "wor", 1), completed(message(0, "Hello ", "world"))],
        [nameless("Hello "), done(0, message(0, "Hello ")), done(1, message(1, "world"))],
        [nameless("Hello "), completed(message(0, "Hello "), message(1, "world"))],
        [nameless("Hello wor"), completed(message(0, "Hello "), message(1, "world"))],
        [
            nameless("Hello "),
            nameless("world"),
            completed(message(0, "Hello "), message(1, "world")),
        ],
    ],
)
def test_words_that_only_the_complete_item_has_are_shown(
    way: Way, start: Start, steps: list[bytes]
) -> None:
    start(*steps, *([] if b"response.completed" in steps[-1] else [completed()]))

    chunks = way.stream(LLMRing(), "fast", "Hi")

    assert shown(chunks) == "Hello world"
    assert chunks[-1].message is not None
    assert chunks[-1].message.text == "Hello world"
    assert [each.outcome for each in chunks[-1].attempts] == ["ok"]


def test_items_without_position_and_id_are_shown_once(way: Way, start: Start) -> None:
    bare = [
        {key: item[key] for key in item if key != "id"}
        for item in (message(0, "Hello "), message(1, "world"))
    ]
    ends = [event("response.output_item.done", item=item) for item in bare]
    start(nameless("Hello "), *ends, completed(*bare))

    assert shown(way.stream(LLMRing(), "fast", "Hi")) == "Hello world"


def test_a_refusal_is_completed_as_well(way: Way, start: Start) -> None:
    item = message(0)
    item["content"] = [{"type": "refusal", "refusal": "I can't say."}]
    place = {"output_index": 0, "item_id": "msg_0", "content_index": 0}
    start(event("response.refusal.delta", **place, delta="I can"), completed(item))

    assert way.stream(LLMRing(), "fast", "Hi")[-1].refusal == "I can't say."


@pytest.mark.parametrize(
    ("piece", "arguments", "read"),
    [
        ('{"a":', '{"a":1}', '{"a":1}'),
        # Written in another way, complete JSON is the same.
        ('{"a":1}', '{"a": 1}', '{"a":1}'),
    ],
)
def test_the_arguments_of_a_call_are_completed(
    way: Way, start: Start, piece: str, arguments: str, read: str
) -> None:
    call = {"type": "function_call", "id": "fc_0", "call_id": "c", "name": "f"}
    place = {"output_index": 0, "item_id": "fc_0"}
    start(
        event("response.output_item.added", output_index=0, item={**call, "arguments": ""}),
        event("response.function_call_arguments.delta", **place, delta=piece),
        completed({**call, "arguments": arguments}),
    )

    [found] = way.stream(LLMRing(), "fast", "Hi", tools=[{"name": "f"}])[-1].tool_calls or []

    assert found["function"]["arguments"] == read


CALL = {"type": "function_call", "id": "fc_0", "call_id": "c", "name": "f", "arguments": '{"b": 1}'}


@pytest.mark.parametrize(
    "steps",
    [
        [delta(0, "Hello "), done(0, message(0, "Good day"))],
        [delta(0, "Hello "), completed(message(0, "Good day"))],
        [nameless("Hello "), completed(message(0, "Good day"))],
        [
            event("response.output_item.added", output_index=0, item={**CALL, "arguments": ""}),
            event("response.function_call_arguments.delta", output_index=0, delta='{"a":'),
            completed(CALL),
        ],
    ],
)
def test_another_text_than_the_one_that_was_streamed_is_a_failure(
    way: Way, start: Start, steps: list[bytes]
) -> None:
    start(*steps, *([] if b"response.completed" in steps[-1] else [completed()]))

    chunks = way.stream(LLMRing(), "fast", "Hi")

    assert shown(chunks) == "Yes."
    assert [each.outcome for each in chunks[-1].attempts] == ["failed", "ok"]
    assert "not the one that was streamed" in (chunks[-1].attempts[0].reason or "")
