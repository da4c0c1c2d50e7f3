"""Requests to Anthropic's Messages API."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import NamedTool, Tool
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks

WEATHER = Tool("weather", "Returns the weather.", {"type": "object", "properties": {"city": {}}})


def payload(request: LLMRequest, *, stream: bool = False) -> dict[str, Any]:
    return DIALECT.encode(
        parse_request(request), "claude-haiku-4-5", stream=stream, quirks=Quirks()
    ).payload


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def test_a_text_becomes_one_user_message() -> None:
    assert payload(LLMRequest(messages="Hello")) == {
        "model": "claude-haiku-4-5",
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": [text("Hello")]}],
    }


def test_the_path_includes_the_api_version() -> None:
    outgoing = DIALECT.encode(
        parse_request(LLMRequest(messages="Hi")), "m", stream=True, quirks=Quirks()
    )

    assert outgoing.path == "/v1/messages"


def test_a_stream_is_requested() -> None:
    assert payload(LLMRequest(messages="Hi"), stream=True)["stream"] is True


def test_the_key_is_sent_in_the_x_api_key_header() -> None:
    assert DIALECT.authorize("secret") == {"x-api-key": "secret"}


def test_every_request_has_the_api_version_header() -> None:
    assert DIALECT.headers == {"anthropic-version": "2023-06-01"}


def test_encoding_does_not_change_the_request() -> None:
    request = LLMRequest(
        messages=[Message("system", "Be brief."), Message("user", "Hi")],
        tools=[WEATHER],
        extra_params={"top_k": 3},
        reasoning_tokens=2000,
    )
    before = msgspec.json.encode(request)
    payload(request)

    assert msgspec.json.encode(request) == before


def test_sampling_parameters_are_sent_under_anthropics_names() -> None:
    request = LLMRequest(
        messages="Hi", temperature=0.0, top_p=0.5, max_tokens=10, stop=["END"], seed=1
    )
    sent = payload(request)

    assert {name: sent.get(name) for name in ("temperature", "top_p", "max_tokens", "seed")} == {
        "temperature": 0.0,
        "top_p": 0.5,
        "max_tokens": 10,
        "seed": None,
    }
    assert sent["stop_sequences"] == ["END"]


def test_a_tool_is_sent_with_its_schema() -> None:
    assert payload(LLMRequest(messages="Hi", tools=[WEATHER]))["tools"] == [
        {
            "name": "weather",
            "description": "Returns the weather.",
            "input_schema": {"type": "object", "properties": {"city": {}}},
        }
    ]


OWN = {
    "cache_control": {"type": "ephemeral"},
    "defer_loading": True,
    "input_examples": [{"city": "Paris"}],
    "allowed_callers": ["direct"],
    "eager_input_streaming": True,
}


def test_a_tool_in_anthropics_format_keeps_its_extra_fields() -> None:
    own = {"name": "clock", "input_schema": {"type": "object", "properties": {}}, **OWN}

    assert payload(LLMRequest(messages="Hi", tools=[{"type": "custom", **own}]))["tools"] == [own]


def test_a_tool_without_parameters_has_an_empty_object_schema() -> None:
    assert payload(LLMRequest(messages="Hi", tools=[Tool("clock")]))["tools"] == [
        {"name": "clock", "input_schema": {"type": "object", "properties": {}}}
    ]


def test_a_provider_tool_is_sent_unchanged() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}

    assert payload(LLMRequest(messages="Hi", tools=[search]))["tools"] == [search]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        (NamedTool("weather"), {"type": "tool", "name": "weather"}),
    ],
)
def test_r22_each_tool_choice_is_translated(choice: Any, sent: dict[str, str]) -> None:
    request = LLMRequest(messages="Hi", tools=[WEATHER], tool_choice=choice)

    assert payload(request)["tool_choice"] == sent


def test_reasoning_tokens_become_a_thinking_budget_below_max_tokens() -> None:
    sent = payload(LLMRequest(messages="Hi", reasoning_tokens=2000, max_tokens=500))

    assert sent["thinking"] == {"type": "enabled", "budget_tokens": 2000}
    assert sent["max_tokens"] == 2500


def test_a_small_thinking_budget_is_raised_to_the_minimum() -> None:
    sent = payload(LLMRequest(messages="Hi", reasoning_tokens=10))

    assert sent["thinking"]["budget_tokens"] == 1024


def test_zero_reasoning_tokens_disable_thinking() -> None:
    assert payload(LLMRequest(messages="Hi", reasoning_tokens=0))["thinking"] == {
        "type": "disabled"
    }


def test_sampling_refused_with_thinking_is_omitted() -> None:
    request = LLMRequest(messages="Hi", reasoning_tokens=2000, temperature=0.3, top_p=0.5)

    assert not {"temperature", "top_p"} & payload(request).keys()


def test_thinking_is_omitted_for_a_forced_call() -> None:
    request = LLMRequest(
        messages="Hi", reasoning_tokens=2000, tools=[WEATHER], tool_choice="required"
    )

    assert "thinking" not in payload(request)


def test_r37_extra_parameters_are_merged_last() -> None:
    request = LLMRequest(messages="Hi", max_tokens=5, extra_params={"top_k": 3, "max_tokens": 7})
    sent = payload(request)

    assert (sent["top_k"], sent["max_tokens"]) == (3, 7)


@pytest.mark.parametrize(
    ("options", "thinking"),
    [
        ({"reasoning_effort": "high"}, {"type": "adaptive", "display": "summarized"}),
        ({"reasoning_tokens": 4000}, {"type": "enabled", "budget_tokens": 4000}),
        ({"reasoning_effort": "none"}, {"type": "disabled"}),
        ({"extra_params": {"thinking": {"type": "adaptive"}}}, {"type": "adaptive"}),
        ({}, None),
    ],
)
def test_a_summary_of_adaptive_thinking_is_asked_for_where_the_api_has_it(
    options: dict[str, Any], thinking: dict[str, Any] | None
) -> None:
    request = parse_request(LLMRequest(messages="Hi", **options))
    quirks = Quirks(thinking_display=True)

    sent = DIALECT.encode(request, "m", stream=False, quirks=quirks).payload

    assert sent.get("thinking") == thinking


def test_an_effort_is_sent_with_adaptive_thinking() -> None:
    sent = payload(LLMRequest(messages="Hi", reasoning_effort="xhigh", max_tokens=500))

    assert (sent["thinking"], sent["output_config"]) == ({"type": "adaptive"}, {"effort": "xhigh"})
    assert sent["max_tokens"] == 500


def test_minimal_effort_becomes_low() -> None:
    sent = payload(LLMRequest(messages="Hi", reasoning_effort="minimal"))

    assert sent["output_config"] == {"effort": "low"}


def test_effort_none_disables_thinking() -> None:
    sent = payload(LLMRequest(messages="Hi", reasoning_effort="none"))

    assert (sent["thinking"], sent.get("output_config")) == ({"type": "disabled"}, None)


def test_sampling_refused_with_thinking_is_omitted_for_an_effort() -> None:
    request = LLMRequest(messages="Hi", reasoning_effort="low", temperature=0.3, top_p=0.97)
    sent = payload(request)

    assert ("temperature" in sent, sent["top_p"]) == (False, 0.97)


def test_a_forced_call_keeps_its_effort() -> None:
    request = LLMRequest(
        messages="Hi", reasoning_effort="low", tools=[WEATHER], tool_choice="required"
    )
    sent = payload(request)

    assert ("thinking" in sent, sent["output_config"]) == (False, {"effort": "low"})


def test_r37_thinking_can_be_set_in_extra_params() -> None:
    thinking = {"type": "enabled", "budget_tokens": 9000}
    extra = {"thinking": thinking}
    sent = payload(LLMRequest(messages="Hi", temperature=0.3, extra_params=extra))

    assert (sent["thinking"], "temperature" in sent) == (thinking, False)
    assert sent["max_tokens"] > 9000


def test_a_strict_tool_closes_its_objects() -> None:
    strict = Tool("weather", None, {"type": "object", "properties": {}}, strict=True)
    [sent] = payload(LLMRequest(messages="Hi", tools=[strict]))["tools"]

    assert sent["strict"] is True
    assert sent["input_schema"]["additionalProperties"] is False


def test_parallel_calls_can_be_disabled_with_any_tool_choice() -> None:
    off = {"tool_choice": {"disable_parallel_tool_use": True}}
    left_open = LLMRequest(messages="Hi", tools=[WEATHER], extra_params=off)
    forced = LLMRequest(messages="Hi", tools=[WEATHER], tool_choice="any", extra_params=off)

    assert payload(left_open)["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert payload(forced)["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
