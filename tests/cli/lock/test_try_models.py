"""llmring lock try: recorded requests, sent to another model and compared."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import answers
from cli.terminal import Call, lockfile_of, write
from llmring import LLMRing
from loopback import Answer, Loopback, Pause, as_json

ALIAS = "fast"
CANDIDATE = "fast=anthropic:claude-sonnet-4-5"

Record = Callable[..., tuple[Loopback, Loopback]]


@pytest.fixture(autouse=True)
def consent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands follow `mode = "record"` of a lockfile that they find."""
    monkeypatch.setenv("LLMRING_TRUST", "1")


@pytest.fixture
def record(serve: Callable[..., Loopback], monkeypatch: pytest.MonkeyPatch) -> Record:
    """Record calls of `fast`; return its server and that of the candidate."""

    def start(
        *first: Answer, second: tuple[Answer, ...] = (), text: str = "", **fields: Any
    ) -> tuple[Loopback, Loopback]:
        server, other = serve(*first), serve(*(second or (answers.anthropic("Salve"),)))
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", other.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
        write(
            lockfile_of(default={ALIAS: ["openai:gpt-4o-mini"]})
            + '[profiles.taped]\nextends = "default"\nmode = "record"\n'
        )
        with LLMRing() as ring:
            for index in range(len(first)):
                ring.chat(ALIAS, text or f"Hello {index}", profile="taped", **fields)
        return server, other

    return start


def test_recorded_requests_are_sent_to_the_candidate_and_compared(
    call: Call, record: Record
) -> None:
    server, other = record(answers.openai("Hi"), answers.openai("Ho"))
    before = Path("llmring.lock").read_bytes()

    outcome = call("lock", "try", CANDIDATE, "--yes")

    assert outcome.code == 0, outcome
    sent = [json.loads(request.body)["messages"] for request in other.requests]
    assert sorted(each[0]["content"][0]["text"] for each in sent) == ["Hello 0", "Hello 1"]
    assert "2 of 2 answered, 2 alike" in outcome.out
    assert "openai:gpt-4o-mini" in outcome.out
    assert "anthropic:claude-sonnet-4-5" in outcome.out
    assert len(server.requests) == 2
    assert Path("llmring.lock").read_bytes() == before
    assert len(list(Path("tests/recordings").iterdir())) == 2


def test_requests_are_sent_at_the_same_time_and_compared_in_their_order(
    call: Call, record: Record
) -> None:
    quick = answers.anthropic("Salve")
    slow = replace(quick, steps=[Pause(0.5), *quick.steps])
    record(*[answers.openai("Hi")] * 6, second=(slow,))
    words = ("lock", "try", CANDIDATE, "--replay", "6", "--yes", "--json")
    began = time.monotonic()
    outcome = call(*words)

    assert time.monotonic() - began < 6 * 0.5
    first, second = [
        [trial["recording"] for trial in json.loads(each.out)["trials"]]
        for each in (outcome, call(*words))
    ]
    assert len({*first}) == 6
    assert first == second


def test_a_try_in_a_recording_profile_records_nothing(call: Call, record: Record) -> None:
    _, other = record(answers.openai("Hi"))

    assert call("lock", "try", CANDIDATE, "--yes", "--profile", "taped").code == 0
    assert len(other.requests) == 1
    assert len(list(Path("tests/recordings").iterdir())) == 1


def test_only_the_last_requests_are_sent(call: Call, record: Record) -> None:
    _, other = record(*[answers.openai("Hi")] * 3)

    call("lock", "try", CANDIDATE, "--replay", "1", "--yes")

    [request] = other.requests
    assert json.loads(request.body)["messages"][0]["content"][0]["text"] == "Hello 2"


def test_a_call_of_another_tool_is_a_difference(call: Call, record: Record) -> None:
    tool = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {}}}}
    function = {"name": "weather", "arguments": '{"city": "Rome"}'}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    record(answers.openai(choices=[choice]), tools=[tool])

    outcome = call("lock", "try", CANDIDATE, "--yes")

    assert outcome.code == 1
    assert "it calls no tool, not weather(city)" in outcome.out
    assert "1 of 1 answered, 0 alike" in outcome.out


def test_an_answer_that_does_not_fit_the_schema_is_a_difference(call: Call, record: Record) -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    _, other = record(
        answers.openai('{"n": 1}'),
        second=(answers.anthropic('{"n": "many"}'),),
        response_format=form,
    )

    outcome = call("lock", "try", CANDIDATE, "--yes", "--json")

    [trial] = json.loads(outcome.out)["trials"]
    assert outcome.code == 1
    assert (trial["before"]["shape"]["fits"], trial["after"]["shape"]["fits"]) == (True, False)
    assert "it does not fit the schema" in trial["unlike"]
    assert len(other.requests) == 1


def test_a_failing_candidate_is_reported_with_the_reason(call: Call, record: Record) -> None:
    error = as_json({"type": "error", "error": {"type": "x", "message": "out of order"}}, 500)
    record(answers.openai("Hi"), second=(error,))

    outcome = call("lock", "try", CANDIDATE, "--yes")

    assert outcome.code == 1
    assert "out of order" in outcome.out
    assert "0 of 1 answered" in outcome.out


def test_nothing_is_sent_without_consent(call: Call, record: Record) -> None:
    _, other = record(answers.openai("Hi"))

    outcome = call("lock", "try", CANDIDATE)

    assert outcome.code == 2
    assert "--yes" in outcome.err
    assert "for about $0.00006" in outcome.err
    assert other.requests == []


def test_an_alias_without_recordings_gets_advice_on_recording(call: Call, record: Record) -> None:
    record(answers.openai("Hi"))
    for path in Path("tests/recordings").iterdir():
        path.unlink()

    outcome = call("lock", "try", CANDIDATE, "--yes")

    assert outcome.code == 1
    assert 'mode = "record"' in outcome.err


def test_a_missing_lockfile_is_an_error(call: Call) -> None:
    outcome = call("lock", "try", CANDIDATE, "--yes")

    assert outcome.code == 1
    assert "no llmring.lock here; create one" in outcome.err


def test_a_recording_without_its_request_is_skipped(call: Call, record: Record) -> None:
    record(answers.openai("Hi"), answers.openai("Ho"))
    path = min(Path("tests/recordings").iterdir())
    result = json.loads(path.read_text())
    del result["call"], result["ms"]
    path.write_text(json.dumps(result))

    outcome = call("lock", "try", CANDIDATE, "--yes")

    assert outcome.code == 0
    assert "recorded without its request" in outcome.err
    assert "1 of 1 answered" in outcome.out


def test_a_cost_limit_of_the_profile_applies(call: Call, record: Record) -> None:
    _, other = record(answers.openai("Hi"), text="word " * 2000)
    text = Path("llmring.lock").read_text()
    Path("llmring.lock").write_text(
        text.replace("[profiles.default]", "[profiles.default]\nmax_cost_per_request = 0.000001")
    )

    outcome = call("lock", "try", CANDIDATE, "--yes")

    assert outcome.code == 1
    assert other.requests == []


@pytest.mark.parametrize("binding", ["fast", "=openai:gpt-4o", "fast="])
def test_an_incomplete_binding_is_wrong_usage(call: Call, record: Record, binding: str) -> None:
    record(answers.openai("Hi"))

    outcome = call("lock", "try", binding, "--yes")

    assert outcome.code == 2
    assert "provider:model" in outcome.err


def test_a_streamed_recording_is_compared_as_a_whole(call: Call, record: Record) -> None:
    server, other = record(answers.openai("Hi"))
    for path in Path("tests/recordings").iterdir():
        path.unlink()
    server.answers[:] = [answers.openai_stream("Good ", "day")]
    with LLMRing() as ring:
        list(ring.chat_stream(ALIAS, "Hello", profile="taped"))

    outcome = call("lock", "try", CANDIDATE, "--yes", "--json")

    [trial] = json.loads(outcome.out)["trials"]
    assert outcome.code == 0
    assert trial["before"]["shape"]["length"] == len("Good day")
    assert len(other.requests) == 1
