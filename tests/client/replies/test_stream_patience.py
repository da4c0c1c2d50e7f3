"""Streams that send signs of life but no content, in all five APIs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import AllModelsFailedError, LLMRing, ProviderTimeoutError, StreamChunk
from llmring.chat.events import (
    Event,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.dialects.reply_encoding import Envelope
from llmring.replay.scripted_replies import encoding
from loopback import Answer, Loopback, Pause, Step
from rings import KEY, TODAY

Serve = Callable[..., Loopback]

SECOND = "mock:fixed?text=%20the%20other"
TOOL = {"name": "pay", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}

# Long against the pings, short against a test.
STALL = 0.3


@dataclass(frozen=True)
class Api:
    """One API, and the signs of life that its servers send."""

    dialect: str
    model: str
    variables: tuple[str, str]
    path: str
    pings: tuple[bytes, ...]
    lockfile: str = ""
    # Whether a tool call comes in pieces.
    streams_calls: bool = True


COMMENT = b": keep-alive\n\n"
APIS = {
    api.dialect: api
    for api in (
        Api(
            "openai_chat",
            "openai:gpt-4o-mini",
            ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
            "/v1",
            (
                COMMENT,
                answers.openai_event(content=""),
                answers.openai_event(role="assistant"),
                answers.openai_event(tool_calls=[]),
                answers.sse({"id": "c", "choices": [], "usage": None}),
            ),
        ),
        Api(
            "openai_responses",
            "openai:gpt-4o-mini",
            ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
            "/v1",
            (
                COMMENT,
                answers.sse({"type": "keepalive", "sequence_number": 1}),
                answers.sse(
                    {
                        "type": "response.output_text.delta",
                        "output_index": 0,
                        "content_index": 0,
                        "delta": "",
                    }
                ),
            ),
            '[providers.openai]\napi = "responses"\n',
        ),
        Api(
            "anthropic",
            "anthropic:claude-sonnet-4-5",
            ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
            "",
            (
                COMMENT,
                b'event: ping\ndata: {"type": "ping"}\n\n',
                answers.sse(
                    {
                        "type": "content_block_delta",
                        "index": 0,
                        "delta": {"type": "text_delta", "text": ""},
                    }
                ),
            ),
        ),
        Api(
            "gemini",
            "google:gemini-2.5-flash",
            ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY"),
            "",
            (
                COMMENT,
                answers.sse({"candidates": [{"content": {"parts": [{"text": ""}]}, "index": 0}]}),
                answers.sse({"usageMetadata": {"promptTokenCount": 4}}),
            ),
            streams_calls=False,
        ),
        Api(
            "ollama",
            "ollama:any",
            ("OLLAMA_BASE_URL", "OLLAMA_API_KEY"),
            "",
            (
                b"\n",
                b'{"model": "any", "message": {"role": "assistant", "content": ""}, '
                b'"done": false}\n',
            ),
            streams_calls=False,
        ),
    )
}
EACH_PING = [
    pytest.param(api, ping, id=f"{api.dialect}-{at}")
    for api in APIS.values()
    for at, ping in enumerate(api.pings)
]
each_ping = pytest.mark.parametrize(("api", "ping"), EACH_PING)
each_api = pytest.mark.parametrize("api", APIS.values(), ids=APIS)
each_api_with_streamed_calls = pytest.mark.parametrize(
    "api", [api for api in APIS.values() if api.streams_calls], ids=lambda api: api.dialect
)

END: tuple[Event, ...] = (
    UsageReport(Usage(prompt_tokens=10, completion_tokens=2)),
    Finished("stop", ""),
)


def pieces(api: Api, *events: Event) -> list[list[bytes]]:
    """Return what the vendor's server sends for each event, then for the end of the answer."""
    encoder = encoding(api.dialect).encoder(Envelope(model="m", id="i"))
    encoded = [encoder.encode(event) for event in (Started("m", "i"), *events)]
    return [*encoded, [*(p for event in END for p in encoder.encode(event)), *encoder.end()]]


def for_a_while(ping: bytes, seconds: float) -> list[Step]:
    return [step for _ in range(round(seconds / 0.05)) for step in (Pause(0.05), ping)]


def for_ever(ping: bytes) -> list[Step]:
    return for_a_while(ping, 20)


@pytest.fixture
def ring(serve: Serve, tmp_path: Path) -> Callable[..., LLMRing]:
    """Build a ring whose alias `fast` has a model with these steps, then `SECOND`."""

    def start(
        api: Api,
        steps: Sequence[Step],
        *,
        timeout: float | None = 15,
        alone: bool = False,
        **policy: Any,
    ) -> LLMRing:
        kind = encoding(api.dialect).stream_type
        server = serve(Answer(steps, 200, {"content-type": kind}, "chunked"))
        base, key = api.variables
        models = f'["{api.model}"]' if alone else f'["{api.model}", "{SECOND}"]'
        path = tmp_path / "llmring.lock"
        path.write_text(
            f'version = "1.0"\n{api.lockfile}[profiles.default]\n[[profiles.default.bindings]]\n'
            f'alias = "fast"\nmodels = {models}\nretries = 0\n'
            + "".join(f"{name} = {value}\n" for name, value in policy.items())
        )
        environ = {
            base: server.url + api.path,
            key: KEY,
            "LLMRING_TODAY": TODAY,
        }
        return LLMRing(path, environ=environ, timeout=timeout)

    return start


def text_of(chunks: list[StreamChunk]) -> str:
    return "".join(chunk.delta for chunk in chunks)


def reason_of(chunks: list[StreamChunk]) -> str:
    [failed, _] = chunks[-1].attempts
    return failed.reason or ""


@each_ping
def test_a_text_that_is_followed_by_pings_only_has_stalled(
    way: Way, ring: Callable[..., LLMRing], api: Api, ping: bytes
) -> None:
    begin, once, _ = pieces(api, TextDelta("Once upon"))
    steps = [*begin, *once, *for_ever(ping)]

    chunks = way.stream(ring(api, steps, stall_timeout=STALL), "fast", "Hi")

    assert text_of(chunks) == "Once upon the other"
    assert f"no content came for {STALL} s, only signs of life" in reason_of(chunks)


@each_api
def test_pings_before_the_first_content_put_a_stall_off(
    way: Way, ring: Callable[..., LLMRing], api: Api
) -> None:
    begin, once, end = pieces(api, TextDelta("Once"))
    steps = [*begin, *for_a_while(api.pings[0], 3 * STALL), *once, *end]

    chunks = way.stream(ring(api, steps, stall_timeout=STALL), "fast", "Hi")

    assert text_of(chunks) == "Once"
    assert [each.outcome for each in chunks[-1].attempts] == ["ok"]


@each_api
def test_pings_before_the_first_content_are_waited_for_up_to_its_limit(
    way: Way, ring: Callable[..., LLMRing], api: Api
) -> None:
    begin, _ = pieces(api)
    steps = [*begin, *for_ever(api.pings[-1])]

    chunks = way.stream(ring(api, steps, first_content_timeout=0.4), "fast", "Hi")

    assert text_of(chunks) == " the other"
    assert "no content came for 0.4 s, only signs of life" in reason_of(chunks)


@each_api
def test_a_model_that_reasons_may_ping_for_longer_than_a_stall(
    way: Way, ring: Callable[..., LLMRing], api: Api
) -> None:
    begin, thought, once, end = pieces(api, ReasoningDelta("Hm."), TextDelta("Once"))
    steps = [*begin, *thought, *for_a_while(api.pings[0], 3 * STALL), *once, *end]

    chunks = way.stream(ring(api, steps, stall_timeout=STALL), "fast", "Hi")

    assert text_of(chunks) == "Once"
    assert [each.outcome for each in chunks[-1].attempts] == ["ok"]


@each_api
def test_reasoning_that_is_followed_by_pings_only_ends_at_the_limit_for_content(
    way: Way, ring: Callable[..., LLMRing], api: Api
) -> None:
    begin, thought, _ = pieces(api, ReasoningDelta("Hm."))
    steps = [*begin, *thought, *for_ever(api.pings[-1])]

    chunks = way.stream(ring(api, steps, first_content_timeout=0.4), "fast", "Hi")

    assert text_of(chunks) == " the other"
    assert "no content came for 0.4 s" in reason_of(chunks)


@each_api
def test_reasoning_that_goes_on_is_content(
    way: Way, ring: Callable[..., LLMRing], api: Api
) -> None:
    begin, *thoughts, once, end = pieces(api, *[ReasoningDelta("Hm.")] * 8, TextDelta("Once"))
    slow = [step for thought in thoughts for step in (Pause(0.1), *thought)]
    steps = [*begin, *slow, *once, *end]

    chunks = way.stream(ring(api, steps, first_content_timeout=0.4), "fast", "Hi")

    assert text_of(chunks) == "Once"


@each_api_with_streamed_calls
def test_an_open_tool_call_may_ping_for_longer_than_a_stall(
    way: Way, ring: Callable[..., LLMRing], api: Api
) -> None:
    call = ToolCallDelta(0, "call_1", "pay", '{"a"'), ToolCallDelta(0, None, None, ": 1}")
    begin, text, half, rest, end = pieces(api, TextDelta("So:"), *call)
    steps = [*begin, *text, *half, *for_a_while(api.pings[0], 3 * STALL), *rest, *end]

    chunks = way.stream(ring(api, steps, stall_timeout=STALL), "fast", "Hi", tools=[TOOL])

    [made] = chunks[-1].tool_calls or []
    assert made["function"] == {"name": "pay", "arguments": '{"a": 1}'}
    assert [each.outcome for each in chunks[-1].attempts] == ["ok"]


@each_api_with_streamed_calls
def test_a_tool_call_that_is_followed_by_pings_only_ends_at_the_limit_for_content(
    way: Way, ring: Callable[..., LLMRing], api: Api
) -> None:
    begin, half, _ = pieces(api, ToolCallDelta(0, "call_1", "pay", '{"a"'))
    steps = [*begin, *half, *for_ever(api.pings[1])]

    chunks = way.stream(ring(api, steps, first_content_timeout=0.4), "fast", "Hi", tools=[TOOL])

    assert text_of(chunks) == " the other"


# A search by the vendor that begins after a text.
SEARCHES = {
    "anthropic": [
        answers.sse({"type": "content_block_stop", "index": 0}),
        answers.sse(
            {
                "type": "content_block_start",
                "index": 1,
                "content_block": {"type": "server_tool_use", "id": "s", "name": "web_search"},
            }
        ),
    ],
    "openai_responses": [
        answers.sse({"type": "response.output_text.done", "output_index": 0, "text": "So:"}),
        answers.sse({"type": "response.web_search_call.searching", "output_index": 1}),
    ],
}


@pytest.mark.parametrize("dialect", SEARCHES)
def test_a_vendor_s_own_tool_may_ping_for_longer_than_a_stall(
    way: Way, ring: Callable[..., LLMRing], dialect: str
) -> None:
    api = APIS[dialect]
    begin, text, _ = pieces(api, TextDelta("So:"))
    begun = [*begin, *text, *SEARCHES[dialect]]
    steps = [*begun, *for_ever(api.pings[0])]
    sleeper = ring(api, steps, stall_timeout=STALL, first_content_timeout=4 * STALL)
    before = time.monotonic()

    chunks = way.stream(sleeper, "fast", "Hi")

    assert text_of(chunks) == "So: the other"
    assert time.monotonic() - before >= 4 * STALL


@each_api
@pytest.mark.parametrize("phase", ["nothing", "reasoning", "text"])
def test_a_stream_of_pings_leaves_time_for_the_next_model(
    way: Way, ring: Callable[..., LLMRing], api: Api, phase: str
) -> None:
    shown: dict[str, list[Event]] = {
        "nothing": [],
        "reasoning": [ReasoningDelta("Hm.")],
        "text": [TextDelta("Once")],
    }
    *begun, _ = pieces(api, *shown[phase])
    steps = [*(piece for part in begun for piece in part), *for_ever(api.pings[0])]

    chunks = way.stream(ring(api, steps, timeout=1.6), "fast", "Hi")

    assert text_of(chunks).endswith(" the other")
    assert chunks[-1].model == SECOND


def test_a_model_that_only_reasons_leaves_time_for_the_next_model(
    way: Way, ring: Callable[..., LLMRing]
) -> None:
    api = APIS["openai_chat"]
    begin, thought, _ = pieces(api, ReasoningDelta("Hm."))
    steps = [*begin, *([*thought, Pause(0.05)] * 200)]

    chunks = way.stream(ring(api, steps, timeout=1.6), "fast", "Hi")

    assert chunks[-1].model == SECOND


def test_a_text_that_goes_on_has_all_the_time_of_the_call(
    way: Way, ring: Callable[..., LLMRing]
) -> None:
    api = APIS["openai_chat"]
    begin, *words, end = pieces(api, *[TextDelta("a")] * 12)
    steps = [*begin, *(step for word in words for step in (*word, Pause(0.1))), *end]

    chunks = way.stream(ring(api, steps, timeout=1.6), "fast", "Hi")

    assert text_of(chunks) == "a" * 12
    assert [each.outcome for each in chunks[-1].attempts] == ["ok"]


@each_api
def test_a_single_model_that_only_pings_fails_with_the_seconds(
    way: Way, ring: Callable[..., LLMRing], api: Api
) -> None:
    begin, once, _ = pieces(api, TextDelta("Once"))
    steps = [*begin, *once, *for_ever(api.pings[0])]

    with pytest.raises(AllModelsFailedError) as caught:
        way.stream(ring(api, steps, alone=True, stall_timeout=STALL), "fast", "Hi")

    [failure] = caught.value.exceptions
    assert isinstance(failure, ProviderTimeoutError)
    assert failure.stalled_for == STALL


def test_without_a_deadline_pings_end_at_the_limit_for_content(
    way: Way, ring: Callable[..., LLMRing]
) -> None:
    api = APIS["openai_chat"]
    begin, _ = pieces(api)
    steps = [*begin, *for_ever(COMMENT)]

    chunks = way.stream(ring(api, steps, timeout=None, first_content_timeout=0.4), "fast", "Hi")

    assert chunks[-1].model == SECOND


def test_a_reader_who_takes_long_does_not_make_a_stream_stall(
    ring: Callable[..., LLMRing],
) -> None:
    api = APIS["openai_chat"]
    begin, once, upon, end = pieces(api, TextDelta("Once"), TextDelta(" upon"))
    steps = [*begin, *once, *for_a_while(COMMENT, 0.3), *upon, *end]
    text = ""

    with ring(api, steps, stall_timeout=STALL) as slow:
        for chunk in slow.chat_stream("fast", "Hi"):
            if not text:
                time.sleep(3 * STALL)
            text += chunk.delta

    assert text == "Once upon"


# The number of events at the end of an answer up to the one with its reason.
REASONED = {"openai_chat": 1, "anthropic": 2, "gemini": 1}


@pytest.mark.parametrize("dialect", REASONED)
def test_a_whole_answer_whose_stream_does_not_end_is_an_answer(
    way: Way, ring: Callable[..., LLMRing], dialect: str
) -> None:
    api = APIS[dialect]
    begin, once, end = pieces(api, TextDelta("Once"))
    steps = [*begin, *once, *end[: REASONED[dialect]], *for_ever(api.pings[0])]

    chunks = way.stream(ring(api, steps, stall_timeout=STALL), "fast", "Hi")

    assert text_of(chunks) == "Once"
    assert chunks[-1].finish_reason == "stop"
    assert "no content came for" in chunks[-1].attempts[0].notes[0]
