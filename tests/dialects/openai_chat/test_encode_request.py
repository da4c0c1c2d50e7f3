from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import Tool
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_chat.dialect import DIALECT
from llmring.exceptions import ValidationError

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather", "parameters": SCHEMA},
}
CUSTOM = {"type": "custom", "custom": {"name": "formula", "description": "A formula"}}


def payload(
    messages: Any = "Hello", *, stream: bool = False, quirks: Quirks | None = None, **fields: Any
) -> dict[str, Any]:
    request = LLMRequest(messages=messages, **fields)
    return DIALECT.encode(
        parse_request(request), "gpt-4o", stream=stream, quirks=quirks or Quirks()
    ).payload


def test_a_question_is_sent_as_a_user_message() -> None:
    assert payload() == {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}


def test_the_path_does_not_include_the_api_version() -> None:
    request = LLMRequest(messages="Hello")
    outgoing = DIALECT.encode(parse_request(request), "gpt-4o", stream=False, quirks=Quirks())

    assert outgoing.path == "/chat/completions"


def test_parameters_are_sent_under_openais_names() -> None:
    fields = payload(temperature=0.5, top_p=0.9, seed=7, stop="END", max_tokens=10)
    del fields["model"], fields["messages"]

    assert fields == {
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "stop": ["END"],
        "max_tokens": 10,
    }


def test_a_temperature_of_zero_is_sent() -> None:
    assert payload(temperature=0)["temperature"] == 0


def test_a_stream_requests_usage() -> None:
    fields = payload(stream=True)

    assert (fields["stream"], fields["stream_options"]) == (True, {"include_usage": True})


def test_usage_is_not_requested_from_servers_without_stream_options() -> None:
    assert "stream_options" not in payload(stream=True, quirks=Quirks(stream_usage=False))


def test_max_tokens_is_sent_under_the_servers_name() -> None:
    fields = payload(max_tokens=10, quirks=Quirks(max_tokens_field="max_completion_tokens"))

    assert (fields["max_completion_tokens"], "max_tokens" in fields) == (10, False)


def test_R38_reasoning_tokens_are_added_to_max_tokens() -> None:
    assert payload(max_tokens=10, reasoning_tokens=90)["max_tokens"] == 100


def test_reasoning_tokens_alone_set_no_max_tokens() -> None:
    assert "max_tokens" not in payload(reasoning_tokens=90)


def test_a_tool_is_sent_with_its_schema() -> None:
    tool = Tool("weather", "The weather", SCHEMA, strict=False)
    sent = {**WEATHER, "function": {**WEATHER["function"], "strict": False}}  # type: ignore[dict-item]

    assert payload(tools=[tool])["tools"] == [sent]


def test_R32_a_strict_tools_schema_is_closed_with_all_properties_required() -> None:
    (tool,) = payload(tools=[Tool("weather", "The weather", SCHEMA, strict=True)])["tools"]

    assert tool["function"]["parameters"] == {
        "type": "object",
        "properties": {"n": {"type": ["integer", "null"]}},
        "required": ["n"],
        "additionalProperties": False,
    }


def test_a_strict_tools_schema_is_unchanged_for_servers_that_accept_any() -> None:
    tool = Tool("weather", "The weather", SCHEMA, strict=True)
    (sent,) = payload(tools=[tool], quirks=Quirks(any_schema=True))["tools"]

    assert sent["function"]["parameters"] == SCHEMA


def test_a_tool_without_parameters_gets_an_empty_object() -> None:
    (tool,) = payload(tools=[Tool("clock")])["tools"]

    assert tool["function"]["parameters"] == {"type": "object", "properties": {}}


def test_a_provider_tool_is_sent_unchanged() -> None:
    assert payload(tools=[{"type": "code_execution", "x": 1}])["tools"] == [
        {"type": "code_execution", "x": 1}
    ]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("any", "required"),
        ({"function": "weather"}, {"type": "function", "function": {"name": "weather"}}),
        ({"function": {"name": "formula"}}, {"type": "custom", "custom": {"name": "formula"}}),
        (
            {"type": "custom", "custom": {"name": "formula"}},
            {"type": "custom", "custom": {"name": "formula"}},
        ),
    ],
)
def test_R21_each_tool_choice_is_translated(choice: Any, sent: Any) -> None:
    assert payload(tools=[WEATHER, CUSTOM], tool_choice=choice)["tool_choice"] == sent


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_without_tools_no_tool_choice_is_sent(choice: str) -> None:
    assert "tool_choice" not in payload(tool_choice=choice)


def test_a_tool_choice_is_sent_with_tools_in_extra_parameters() -> None:
    assert payload(tool_choice="none", extra_params={"tools": [WEATHER]})["tool_choice"] == "none"


def test_R37_parallel_calls_can_be_disabled_in_extra_parameters() -> None:
    fields = payload(tools=[WEATHER], extra_params={"parallel_tool_calls": False})

    assert fields["parallel_tool_calls"] is False


def test_a_string_as_response_format_is_refused() -> None:
    with pytest.raises(ValidationError, match="or a type, not 'json'"):
        payload(response_format="json")


def test_R37_extra_parameters_take_precedence_and_tables_are_merged() -> None:
    extra = {"temperature": 1, "logprobs": True, "stream_options": {"x": 1}}
    fields = payload(stream=True, temperature=0.5, extra_params=extra)

    assert (fields["temperature"], fields["logprobs"]) == (1, True)
    assert fields["stream_options"] == {"include_usage": True, "x": 1}


def test_the_key_is_sent_as_a_bearer_token() -> None:
    assert DIALECT.authorize("k") == {"authorization": "Bearer k"}


# --- Caching ---


@pytest.mark.parametrize(
    ("cache", "sent"),
    [
        (True, {}),
        ({"key": "user-7"}, {"prompt_cache_key": "user-7"}),
        ("24h", {"prompt_cache_retention": "24h"}),
        ({"ttl": "30m"}, {"prompt_cache_options": {"ttl": "30m"}}),
        ({"ttl": "1h", "key": "k"}, {"prompt_cache_key": "k"}),
    ],
)
def test_the_cache_key_and_a_supported_lifetime_are_sent(cache: Any, sent: Any) -> None:
    fields = payload(cache=cache, quirks=Quirks(caching="keys"))

    assert {name: value for name, value in fields.items() if "cache" in name} == sent


def test_cache_settings_are_not_sent_to_servers_without_them() -> None:
    marked = Message("user", "Hello", metadata={"cache_control": {"type": "ephemeral"}})

    assert "cache" not in str(payload([marked], cache={"key": "k", "ttl": "24h"}))


def test_the_cache_mark_of_a_tool_is_sent_to_servers_that_accept_it() -> None:
    mark = {"type": "ephemeral"}
    tool = Tool("look", extra={"cache_control": mark, "defer_loading": True})
    (sent,) = payload("Hello", tools=[tool])["tools"]
    (marked,) = payload("Hello", tools=[tool], quirks=Quirks(caching="marks"))["tools"]

    assert marked == {**sent, "cache_control": mark}
    assert sent.keys() == {"type", "function"}


def test_cache_marks_are_set_after_the_instructions_and_at_the_end() -> None:
    turns = [Message("system", "Rules."), Message("user", "Hi"), Message("user", "Hello?")]
    sent = payload(turns, cache="1h", quirks=Quirks(caching="marks"))["messages"]
    mark = {"type": "ephemeral", "ttl": "1h"}

    assert [message["content"] for message in sent] == [
        [{"type": "text", "text": "Rules.", "cache_control": mark}],
        "Hi",
        [{"type": "text", "text": "Hello?", "cache_control": mark}],
    ]


def test_the_callers_own_cache_mark_is_unchanged() -> None:
    mine = {"type": "ephemeral", "ttl": "5m"}
    turn = Message("user", "Hello?", metadata={"cache_control": mine})
    (sent,) = payload([turn], cache="1h", quirks=Quirks(caching="marks"))["messages"]

    assert sent["content"] == [{"type": "text", "text": "Hello?", "cache_control": mine}]
