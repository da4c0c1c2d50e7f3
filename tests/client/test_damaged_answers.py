"""Answers that are damaged in a way that leaves their content clear, from every API."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import LLMRing, ProviderError, Usage
from llmring.chat.events import Event, Finished, Started, TextDelta, ToolCallDelta, UsageReport
from llmring.dialects.anthropic.dialect import DIALECT as ANTHROPIC
from llmring.dialects.dialect import Dialect
from llmring.dialects.gemini.dialect import DIALECT as GEMINI
from llmring.dialects.ollama.dialect import DIALECT as OLLAMA
from llmring.dialects.openai_chat.dialect import DIALECT as OPENAI_CHAT
from llmring.dialects.openai_responses.dialect import DIALECT as OPENAI_RESPONSES
from loopback import Answer, Loopback, as_stream

Serve = Callable[..., Loopback]
Ring = Callable[..., LLMRing]

OWN = 'kind = "openai"\nbase_url = "{}/v1"'
# For each API: a model, and the settings that send its requests to a server.
APIS: dict[str, tuple[Dialect, str, str]] = {
    "chat": (OPENAI_CHAT, "mine:m", OWN),
    "responses": (OPENAI_RESPONSES, "mine:m", f'{OWN}\napi = "responses"'),
    "messages": (ANTHROPIC, "mine:m", 'kind = "anthropic"\nbase_url = "{}"'),
    "gemini": (GEMINI, "google:gemini-2.5-flash", 'base_url = "{}"'),
    "ollama": (OLLAMA, "ollama:m", 'base_url = "{}"'),
}
USAGE = Usage(prompt_tokens=10, completion_tokens=2)
HOLE = "HOLE"

DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "half of a pair": (lambda data: data.replace(b"HOLE", rb"\ud83d"), "\ufffd"),
    "a control character": (lambda data: data.replace(b"HOLE", b"\x01\t"), "\x01\t"),
    "a byte that is not UTF-8": (lambda data: data.replace(b"HOLE", b"\xff"), "\ufffd"),
    "a bare NaN": (lambda data: data.replace(b"{", b'{"score":NaN,', 1), HOLE),
    "a BOM": (lambda data: data.replace(b"{", b"\xef\xbb\xbf{", 1), HOLE),
    "floats as counts": (lambda data: re.sub(rb'(ount|okens)":(\d+)', rb'\1":\2.0', data), HOLE),
    "a null field": (lambda data: data.replace(b"{", b'{"index":null,', 1), HOLE),
}
each_api = pytest.mark.parametrize("api", APIS)
each_damage = pytest.mark.parametrize("damage", DAMAGE)


def reply(*content: Event, reason: str = "stop") -> list[Event]:
    return [Started("m", "id-1"), *content, UsageReport(USAGE), Finished(reason, "")]


def whole(api: str, damage: str, events: list[Event]) -> Answer:
    body = APIS[api][0].reply_encoding().whole(events, answers.ENVELOPE)
    return Answer([DAMAGE[damage][0](body)], 200, {"content-type": "application/json"})


def stream(api: str, damage: str, events: list[Event]) -> Answer:
    steps = APIS[api][0].reply_encoding().stream(events, answers.ENVELOPE)
    damaged = [DAMAGE[damage][0](step) for step in steps]
    kind = "application/x-ndjson" if api == "ollama" else "text/event-stream"
    return as_stream(*damaged, content_type=kind)


@pytest.fixture
def ring(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ring:
    """Build a ring whose first model answers with this, and whose second one answers well."""

    def start(api: str, answer: Answer) -> LLMRing:
        _, model, table = APIS[api]
        first, second = serve(answer), serve(answers.openai_stream("from the next"))
        provider = model.partition(":")[0]
        path = tmp_path / "llmring.lock"
        path.write_text(
            f"[providers.{provider}]\n{table.format(first.url)}\n"
            f'[providers.next]\nkind = "openai"\nbase_url = "{second.url}/v1"\n'
            '[[profiles.default.bindings]]\nalias = "fast"\n'
            f'models = ["{model}", "next:m"]\nretries = 0\n'
        )
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
        monkeypatch.setenv("GEMINI_API_KEY", "key-0123456789abcdef")
        return LLMRing()

    return start


@each_damage
@each_api
def test_a_whole_answer_keeps_its_words(way: Way, ring: Ring, api: str, damage: str) -> None:
    content = reply(TextDelta(f"One {HOLE} two"))

    answer = way.chat(ring(api, whole(api, damage, content)), "fast", "Hi")

    assert answer.content == f"One {DAMAGE[damage][1]} two"
    assert answer.usage == USAGE
    assert [attempt.outcome for attempt in answer.attempts] == ["ok"]


@each_damage
@each_api
def test_a_stream_keeps_its_words(way: Way, ring: Ring, api: str, damage: str) -> None:
    pieces = [TextDelta("One "), TextDelta(HOLE), TextDelta(" two")]

    chunks = way.stream(ring(api, stream(api, damage, reply(*pieces))), "fast", "Hi")

    assert "".join(chunk.delta for chunk in chunks) == f"One {DAMAGE[damage][1]} two"
    assert chunks[-1].usage == USAGE
    assert [attempt.outcome for attempt in chunks[-1].attempts] == ["ok"]


@each_api
def test_the_arguments_of_a_call_can_be_read_by_any_parser(way: Way, ring: Ring, api: str) -> None:
    call = ToolCallDelta(0, "call_1", "f", '{"a":"HOLE"}')
    content = reply(call, reason="tool_calls")
    tool = {"name": "f", "parameters": {"type": "object", "properties": {}}}

    first, second = whole(api, "half of a pair", content), stream(api, "half of a pair", content)
    for answer in (
        way.chat(ring(api, first), "fast", "Hi", tools=[tool]),
        way.stream(ring(api, second), "fast", "Hi", tools=[tool])[-1],
    ):
        assert answer.tool_calls
        (found,) = answer.tool_calls
        assert found["function"]["arguments"].replace("\\ufffd", "\ufffd") == '{"a":"\ufffd"}'


@each_api
def test_an_event_that_stays_unreadable_breaks_the_answer_off_there(
    way: Way, ring: Ring, api: str
) -> None:
    events = reply(TextDelta("One "), TextDelta(HOLE), TextDelta(" two"))
    steps = APIS[api][0].reply_encoding().stream(events, answers.ENVELOPE)
    cut = [step.replace(b'HOLE"', b"") for step in steps]
    kind = "application/x-ndjson" if api == "ollama" else "text/event-stream"

    chunks = way.stream(ring(api, as_stream(*cut, content_type=kind)), "fast", "Hi")

    assert "".join(chunk.delta for chunk in chunks) == "One from the next"
    assert [attempt.outcome for attempt in chunks[-1].attempts] == ["failed", "ok"]
    assert "can't be read" in (chunks[-1].attempts[0].reason or "")


@pytest.mark.parametrize("form", ["{}\n", "[{}\n]\n", "data: {}\n\n"])
def test_an_error_in_the_middle_of_a_stream_keeps_its_words_and_its_class(
    way: Way, ring: Ring, form: str
) -> None:
    error = '{"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}'
    sent = GEMINI.reply_encoding().stream(reply(TextDelta("One ")), answers.ENVELOPE)[:1]

    chunks = way.stream(
        ring("gemini", as_stream(*sent, form.replace("{}", error).encode())), "fast", "Hi"
    )

    assert "".join(chunk.delta for chunk in chunks) == "One from the next"
    failed = chunks[-1].attempts[0].error
    assert isinstance(failed, ProviderError)
    assert (type(failed).__name__, failed.status) == ("ProviderRateLimitError", 429)
    assert failed.provider_message == "Slow down."


@each_api
def test_half_of_a_pair_in_a_request_is_sent_as_a_replacement_character(
    way: Way, serve: Serve, ring: Ring, api: str
) -> None:
    half: Any = "half \ud83d here"
    events = reply(TextDelta("ok"))
    body = APIS[api][0].reply_encoding().whole(events, answers.ENVELOPE)
    messages = [
        {"role": "system", "content": half},
        {"role": "user", "content": [{"type": "text", "text": half}]},
        {
            "role": "assistant",
            "content": half,
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": {"a": half}}}
            ],
        },
        {"role": "tool", "tool_call_id": "c", "content": half},
    ]
    answer = Answer([body], 200, {"content-type": "application/json"})

    found = way.chat(ring(api, answer), "fast", messages)

    assert found.content == "ok"
    assert [attempt.outcome for attempt in found.attempts] == ["ok"]
