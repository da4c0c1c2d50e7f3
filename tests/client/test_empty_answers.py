"""Answers that are none, in every API, whole and streamed: the next model answers."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import LLMRing, ProviderResponseError
from llmring.chat.events import (
    Event,
    ProviderItem,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from loopback import as_json, as_stream
from vendors import (
    APIS,
    FALLBACK,
    USED,
    Pair,
    Serve,
    asked,
    each_api,
    either_form,
    ended,
    outcomes,
)


@pytest.fixture
def pair(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


FELL_OVER = "from groq"
# The word for an ordinary end, and one for a failure.
STOPS = {
    "anthropic": "end_turn",
    "gemini": "STOP",
    "ollama": "stop",
    "openai_chat": "stop",
    "openai_responses": "completed",
}
FAILURES = [
    *(("openai_chat", word) for word in ("error", "network_error", "abort", "cancelled", "failed")),
    ("openai_chat", "insufficient_system_resource"),
    ("openai_chat", "OTHER"),
    ("openai_chat", "function_call_filter: MALFORMED_FUNCTION_CALL"),
    ("anthropic", "network_error"),
    ("ollama", "load"),
    ("gemini", "MALFORMED_FUNCTION_CALL"),
    ("gemini", "UNEXPECTED_TOOL_CALL"),
    ("gemini", "MISSING_THOUGHT_SIGNATURE"),
    ("gemini", "TOO_MANY_TOOL_CALLS"),
    ("gemini", "OTHER"),
    ("openai_responses", "error"),
]


@pytest.mark.parametrize(("name", "native"), FAILURES)
@either_form
def test_an_answer_that_ends_in_a_failure_goes_to_the_next_model(
    way: Way, pair: Pair, name: str, native: str, stream: bool
) -> None:
    pair.first(name, *ended("error", native), stream=stream)

    text, answer = asked(way, stream)

    assert text == FELL_OVER
    assert outcomes(answer) == [(APIS[name].provider, "failed"), ("groq", "ok")]
    assert native in str(answer.attempts[0].reason)


@pytest.mark.parametrize(("name", "native"), FAILURES)
def test_a_stream_that_ends_in_a_failure_is_continued(
    way: Way, pair: Pair, name: str, native: str
) -> None:
    pair.first(name, TextDelta("Not "), *ended("error", native), stream=True)

    text, answer = asked(way, stream=True)

    assert text == f"Not {FELL_OVER}"
    assert answer.message is not None
    assert answer.message.text == text


@pytest.mark.parametrize(("name", "native"), FAILURES)
def test_half_an_answer_that_ends_in_a_failure_is_not_given(
    way: Way, pair: Pair, name: str, native: str
) -> None:
    pair.first(name, TextDelta("Not "), *ended("error", native), stream=False)

    assert asked(way, stream=False)[0] == FELL_OVER


@each_api
@either_form
@pytest.mark.parametrize("said", [(), (TextDelta(" \n"),)], ids=["nothing", "white space"])
def test_an_answer_that_says_nothing_goes_to_the_next_model(
    way: Way, pair: Pair, name: str, stream: bool, said: tuple[Event, ...]
) -> None:
    pair.first(name, *said, *ended("stop", STOPS[name]), stream=stream)

    text, answer = asked(way, stream)

    assert text == FELL_OVER
    assert "an empty answer" in str(answer.attempts[0].reason)
    assert STOPS[name] in str(answer.attempts[0].reason)


@each_api
@either_form
def test_reasoning_alone_is_no_answer(way: Way, pair: Pair, name: str, stream: bool) -> None:
    pair.first(name, ReasoningDelta("Hm.", "c2ln"), *ended("stop"), stream=stream)

    assert asked(way, stream)[0] == FELL_OVER


@pytest.mark.parametrize(
    ("name", "native"), [("openai_chat", "tool_calls"), ("anthropic", "tool_use")]
)
@either_form
def test_a_missing_tool_call_goes_to_the_next_model(
    way: Way, pair: Pair, name: str, native: str, stream: bool
) -> None:
    pair.first(name, TextDelta("Not "), *ended("tool_calls", native), stream=stream)

    text, answer = asked(way, stream)

    assert text == (f"Not {FELL_OVER}" if stream else FELL_OVER)
    assert "no tool call" in str(answer.attempts[0].reason)


@pytest.mark.parametrize("name", [name for name in APIS if name != "gemini"])
@either_form
def test_a_tool_call_without_a_name_goes_to_the_next_model(
    way: Way, pair: Pair, name: str, stream: bool
) -> None:
    call = ToolCallDelta(0, "call_1", "", "{}")
    pair.first(name, call, *ended("stop"), stream=stream)

    text, answer = asked(way, stream)

    assert text == FELL_OVER
    assert "without a name" in str(answer.attempts[0].reason)


def test_a_tool_call_of_gemini_without_a_name_goes_to_the_next_model(way: Way, pair: Pair) -> None:
    parts: list[Any] = [{"functionCall": {"args": {}}}]
    pair.lock("google:any", FALLBACK.model)
    pair.start(
        APIS["gemini"],
        as_json({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}),
    )
    pair.start(FALLBACK, answers.openai("from groq"))

    assert asked(way, stream=False)[0] == FELL_OVER


def test_a_call_without_a_name_is_never_shown(way: Way, pair: Pair) -> None:
    first, second = ToolCallDelta(0, "1", "", "{}"), ToolCallDelta(1, "2", "g", "{}")
    pair.first("openai_chat", first, second, *ended("tool_calls"), stream=True)

    chunks = way.stream(LLMRing(), "t", "Hello")

    assert not any(chunk.tool_calls for chunk in chunks)


@each_api
@either_form
def test_an_answer_may_be_empty_if_the_request_says_so(
    way: Way, pair: Pair, name: str, stream: bool
) -> None:
    _, groq = pair.first(name, *ended("stop"), stream=stream)

    text, answer = asked(way, stream, allow_empty=True)

    assert (text, answer.finish_reason) == ("", "stop")
    assert outcomes(answer) == [(APIS[name].provider, "ok")]
    assert not groq.requests


@each_api
@either_form
@pytest.mark.parametrize(
    "fields", [{"stop": ["END"]}, {"extra_params": {"stop": ["END"]}}], ids=["stop", "extra"]
)
def test_an_answer_may_be_empty_if_a_stop_text_may_have_matched(
    way: Way, pair: Pair, name: str, stream: bool, fields: dict[str, Any]
) -> None:
    if name == "openai_responses":
        pytest.skip("the API has no stop texts")
    native = "stop_sequence" if name == "anthropic" else STOPS[name]
    pair.first(name, *ended("stop", native), stream=stream)

    assert asked(way, stream, **fields)[0] == ""


@either_form
def test_no_stop_text_matched_where_the_api_says_so(way: Way, pair: Pair, stream: bool) -> None:
    pair.first("anthropic", *ended("stop", "end_turn"), stream=stream)

    assert asked(way, stream, stop="END")[0] == FELL_OVER


@each_api
def test_a_model_may_say_nothing_to_a_tool_s_result(way: Way, pair: Pair, name: str) -> None:
    def save() -> str:
        return "saved"

    api = APIS[name]
    _, groq = pair.first(name, *ended("stop"), stream=False)
    call = api.answer(ToolCallDelta(0, "call_1", "save", "{}"), *ended("stop"), stream=False)
    pair.start(api, call, api.answer(*ended("stop"), stream=False))
    with LLMRing() as ring:
        answer = ring.run_tools("t", "Save it", tools=[save]).result()

    assert (answer.content, len(answer.runs)) == ("", 1)
    assert not groq.requests


@each_api
@either_form
def test_an_answer_cut_off_at_its_longest_length_stays_the_answer(
    way: Way, pair: Pair, name: str, stream: bool
) -> None:
    pair.first(name, ReasoningDelta("Hm.", "c2ln"), *ended("length"), stream=stream)

    text, answer = asked(way, stream)

    assert (text, answer.finish_reason) == ("", "length")


IMAGES: dict[str, dict[str, Any]] = {
    "gemini": {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
    "openai_responses": {"type": "image_generation_call", "id": "ig_1", "result": "aGk="},
}


@pytest.mark.parametrize("name", IMAGES)
@either_form
def test_an_image_is_an_answer(way: Way, pair: Pair, name: str, stream: bool) -> None:
    pair.first(name, ProviderItem(IMAGES[name]), *ended("stop"), stream=stream)

    assert outcomes(asked(way, stream)[1]) == [(APIS[name].provider, "ok")]


def test_a_spoken_answer_is_an_answer(way: Way, pair: Pair) -> None:
    message = {"role": "assistant", "content": None, "audio": {"id": "a", "data": "aGk="}}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    pair.lock(FALLBACK.model)
    pair.start(FALLBACK, as_json({"id": "1", "choices": [choice]}))

    _, answer = asked(way, stream=False)

    assert answer.message is not None
    assert [getattr(part, "content", None) for part in answer.message.parts] == [
        {"type": "audio", "audio": {"id": "a", "data": "aGk="}}
    ]


def test_a_pause_is_not_an_empty_answer(way: Way, pair: Pair) -> None:
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    pair.first("anthropic", ProviderItem(search), *ended("pause_turn", "pause_turn"), stream=False)

    assert asked(way, stream=False)[1].finish_reason == "pause_turn"


def test_a_continuation_that_adds_nothing_completes_the_answer(way: Way, pair: Pair) -> None:
    pair.first("anthropic", TextDelta("All of it."), *ended("error", "error"), stream=True)
    pair.start(FALLBACK, answers.openai_stream())

    text, answer = asked(way, stream=True)

    assert (text, answer.finish_reason) == ("All of it.", "stop")
    assert outcomes(answer) == [("anthropic", "failed"), ("groq", "ok")]


def test_half_an_answer_that_the_vendor_behind_a_gateway_broke_off_is_none(
    way: Way, pair: Pair
) -> None:
    choice = {"message": {"content": "Half an a"}, "finish_reason": "stop"}
    choice["native_finish_reason"] = "OTHER"
    pair.lock("deepseek:any", FALLBACK.model)
    pair.start(APIS["openai_chat"], as_json({"id": "1", "choices": [choice]}))
    pair.start(FALLBACK, answers.openai("from groq"))

    text, answer = asked(way, stream=False)

    assert text == FELL_OVER
    assert "OTHER" in str(answer.attempts[0].reason)


@pytest.mark.parametrize("native", ["MALFORMED_FUNCTION_CALL", "SAFETY"])
@pytest.mark.parametrize("word", ["stop", "error"])
def test_the_word_of_the_vendor_behind_a_gateway_counts(
    way: Way, pair: Pair, native: str, word: str
) -> None:
    choice = {"message": {"content": ""}, "finish_reason": word, "native_finish_reason": native}
    pair.lock("deepseek:any", FALLBACK.model)
    pair.start(APIS["openai_chat"], as_json({"id": "1", "choices": [choice]}))
    pair.start(FALLBACK, answers.openai("from groq"))

    text, answer = asked(way, stream=False)

    assert text == FELL_OVER
    assert native in str(answer.attempts[0].reason)


PRICED = """
[registry.models."deepseek:any"]
prices = { input = 1, output = 1 }
[registry.models."groq:any"]
prices = { input = 1, output = 1 }
"""


@either_form
def test_an_empty_answer_is_paid_for(way: Way, pair: Pair, stream: bool) -> None:
    pair.first("openai_chat", *ended("stop"), stream=stream)
    pair.lock("deepseek:any", FALLBACK.model, lockfile=PRICED)

    _, answer = asked(way, stream)

    assert answer.attempts[0].usage == USED.usage
    assert answer.attempts[0].cost == answer.attempts[1].cost == Decimal("0.000012")
    assert answer.cost == Decimal("0.000024")


def test_a_model_without_a_fallback_that_says_nothing_raises(way: Way, pair: Pair) -> None:
    pair.lock("deepseek:any")
    pair.start(APIS["openai_chat"], as_json(_said("")))

    with pytest.raises(ProviderResponseError, match="an empty answer") as caught:
        asked(way, stream=False)

    assert caught.value.status == 200


def test_an_empty_answer_in_a_form_goes_to_the_next_model(way: Way, pair: Pair) -> None:
    pair.lock("deepseek:any", FALLBACK.model)
    deepseek = pair.start(APIS["openai_chat"], as_json(_said("")))
    pair.start(FALLBACK, answers.openai('{"a": 1}'))

    answer = way.chat(LLMRing(), "t", "Hello", json_response=True)

    assert (answer.parsed, len(deepseek.requests)) == ({"a": 1}, 1)


def test_a_hedged_model_that_says_nothing_does_not_win(way: Way, pair: Pair) -> None:
    pair.first("openai_chat", *ended("stop"), stream=False, policy="hedge_after = 0.01")

    assert asked(way, stream=False)[0] == FELL_OVER


def test_a_request_whose_tools_may_have_acted_is_not_sent_again(way: Way, pair: Pair) -> None:
    _, groq = pair.first("anthropic", *ended("stop"), stream=False)
    server = {"type": "mcp_toolset", "mcp_server_name": "s"}

    with pytest.raises(ProviderResponseError, match="an empty answer"):
        asked(way, stream=False, tools=[server])

    assert not groq.requests


def test_the_reaction_to_a_broken_stream_is_that_of_the_lockfile(way: Way, pair: Pair) -> None:
    said = [TextDelta("Not "), *ended("error", "error")]
    pair.first("openai_chat", *said, stream=True, policy='on_stream_failure = "raise"')

    with pytest.raises(ProviderResponseError, match="'error'"):
        asked(way, stream=True)


def _said(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


def test_a_call_without_a_name_ends_a_stream_that_has_text(way: Way, pair: Pair) -> None:
    text = answers.openai_event(content="Not ")
    calls = [
        {"index": 0, "id": "1", "type": "function", "function": {"name": None, "arguments": "{}"}}
    ]
    pair.lock("deepseek:any", FALLBACK.model)
    steps = [text, answers.openai_event(tool_calls=calls), *answers.OPENAI_END]
    pair.start(APIS["openai_chat"], as_stream(*steps))
    pair.start(FALLBACK, answers.openai_stream("from groq"))

    assert asked(way, stream=True)[0] == f"Not {FELL_OVER}"
