"""Requests of Chat Completions, as clients send them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from llmring.chat.caching import Caching
from llmring.chat.output_format import OutputFormat
from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import Tool
from llmring.dialects.call_ids import ANY
from llmring.dialects.dialect import AS_GIVEN, EVERY_FIELD, Quirks
from llmring.dialects.openai_chat.decode_request import decode
from llmring.dialects.openai_chat.dialect import DIALECT
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError

HELLO = [{"role": "user", "content": "Hello"}]
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
NAMED_SCHEMA = {"type": "json_schema", "json_schema": {"name": "point", "schema": SCHEMA}}

# A server that takes all that the API can carry.
QUIRKS = Quirks(
    reasoning_field=AS_GIVEN,
    message_fields=EVERY_FIELD,
    caching="marks",
    any_schema=True,
    signed_calls=True,
    call_ids=ANY,
)


def read(body: dict[str, Any]) -> ClientRequest:
    return decode(msgspec.json.encode(body), {})


def read_with(**fields: Any) -> ClientRequest:
    return read({"model": "fast", "messages": HELLO, **fields})


def encoded(client: ClientRequest, quirks: Quirks = QUIRKS) -> dict[str, Any]:
    """The body that a server with the same API is sent."""
    request = msgspec.structs.replace(client.request, extra_params=dict(client.own))
    parsed = msgspec.structs.replace(parse_request(request), one_call=client.one_call)
    return DIALECT.encode(parsed, client.model, stream=client.stream, quirks=quirks).payload


def test_the_dialect_has_the_decoder() -> None:
    assert DIALECT.request_decoding() is decode


def test_the_least_request_is_read() -> None:
    assert read_with() == ClientRequest(
        model="fast", request=LLMRequest(messages=[Message("user", "Hello")])
    )


def test_the_options_that_all_apis_share_are_read() -> None:
    fields = {
        "temperature": 0,
        "top_p": 0.5,
        "max_tokens": 10,
        "stop": ["A", "B"],
        "seed": 7,
        "reasoning_effort": "low",
        "tools": [TOOL],
        "tool_choice": "required",
        "response_format": NAMED_SCHEMA,
    }

    assert read_with(**fields) == ClientRequest(
        model="fast",
        request=LLMRequest(
            messages=[Message("user", "Hello")],
            temperature=0,
            top_p=0.5,
            max_tokens=10,
            stop=["A", "B"],
            seed=7,
            reasoning_effort="low",
            tools=[Tool("look", None, SCHEMA)],
            tool_choice="required",
            response_format=OutputFormat(SCHEMA, "point"),
        ),
    )


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (None, False),
        ({}, False),
        ({"include_usage": None}, False),
        ({"include_usage": False}, False),
        ({"include_usage": True}, True),
    ],
)
def test_a_stream_has_the_tokens_only_if_asked_for(
    options: dict[str, Any] | None, asked: bool
) -> None:
    client = read_with(stream=True, stream_options=options)

    assert (client.stream, client.include_usage, client.own) == (True, asked, {})


def test_a_whole_reply_always_has_the_tokens() -> None:
    for stream in (None, False):
        client = read_with(stream=stream)
        assert (client.stream, client.include_usage) == (False, True)


def test_further_options_of_a_stream_are_the_api_s_own() -> None:
    options = {"include_usage": True, "include_obfuscation": False}
    client = read_with(stream=True, stream_options=options)

    assert client.own == {"stream_options": {"include_obfuscation": False}}
    assert encoded(client)["stream_options"] == options


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({"max_completion_tokens": 10}, 10),
        ({"max_tokens": 10}, 10),
        ({"max_tokens": 10, "max_completion_tokens": 20}, 10),
        ({"max_tokens": 30, "max_completion_tokens": 20}, 20),
        ({"max_tokens": None}, None),
        ({"max_tokens": -1}, None),
        ({"max_tokens": 100, "reasoning": {"max_tokens": 40}}, 60),
    ],
)
def test_the_limit_of_the_answer_is_read(fields: dict[str, Any], limit: int | None) -> None:
    client = read_with(**fields)

    assert client.request.max_tokens == limit
    assert client.own == {}


@pytest.mark.parametrize(
    ("fields", "tokens", "effort", "own"),
    [
        ({"reasoning_effort": "none"}, None, "none", {}),
        ({"reasoning_effort": None}, None, None, {}),
        ({"reasoning_effort": "default"}, None, None, {"reasoning_effort": "default"}),
        ({"reasoning": {"effort": "high"}}, None, "high", {}),
        ({"reasoning": {"max_tokens": 2000}}, 2000, None, {}),
        ({"reasoning": {"enabled": False}}, None, "none", {}),
        ({"reasoning": {"enabled": True}}, None, None, {"reasoning": {"enabled": True}}),
        (
            {"reasoning": {"effort": "low", "exclude": True}},
            None,
            "low",
            {"reasoning": {"exclude": True}},
        ),
        (
            {"reasoning_effort": "low", "reasoning": {"effort": "high"}},
            None,
            "low",
            {"reasoning": {"effort": "high"}},
        ),
        ({"enable_thinking": False}, None, None, {"enable_thinking": False}),
    ],
)
def test_the_amount_of_reasoning_is_read(
    fields: dict[str, Any], tokens: int | None, effort: str | None, own: dict[str, Any]
) -> None:
    client = read_with(**fields)

    assert client.request.reasoning_tokens == tokens
    assert client.request.reasoning_effort == effort
    assert client.own == own


@pytest.mark.parametrize(
    ("form", "output"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, OutputFormat()),
        (NAMED_SCHEMA, OutputFormat(SCHEMA, "point")),
        (
            {"type": "json_schema", "json_schema": {"schema": SCHEMA, "strict": True}},
            OutputFormat(SCHEMA, strict=True),
        ),
    ],
)
def test_the_form_of_the_answer_is_read(form: dict[str, Any], output: OutputFormat | None) -> None:
    client = read_with(response_format=form)

    assert client.request.response_format == output
    assert client.own == {}


@pytest.mark.parametrize(
    ("fields", "caching"),
    [
        ({"prompt_cache_key": "c1"}, Caching(key="c1")),
        ({"prompt_cache_key": "c1", "prompt_cache_retention": "24h"}, Caching("24h", "c1")),
        ({"prompt_cache_options": {"ttl": "30m"}}, Caching("30m")),
        ({"prompt_cache_key": ""}, None),
    ],
)
def test_what_is_asked_of_the_cache_is_read(
    fields: dict[str, Any], caching: Caching | None
) -> None:
    client = read_with(**fields)

    assert client.request.caching() == caching
    assert client.conversation == (fields.get("prompt_cache_key") or None)
    assert client.own == {}


# The API's own fields: with their usual values, and with those that matter.
HARMLESS: dict[str, Any] = {
    "n": 1,
    "logprobs": False,
    "top_logprobs": 0,
    "modalities": ["text"],
    "service_tier": "auto",
    "parallel_tool_calls": True,
    "frequency_penalty": 0.5,
    "presence_penalty": 0.5,
    "logit_bias": {"50256": -100},
    "user": "ann",
    "safety_identifier": "h",
    "metadata": {"a": "b"},
    "store": True,
    "verbosity": "low",
    "prediction": {"type": "content", "content": "a"},
    "prompt_cache_options": {"mode": "implicit"},
    "new_field": [1],
}
MATTERS: dict[str, Any] = {
    "n": 2,
    "logprobs": True,
    "top_logprobs": 3,
    "modalities": ["text", "audio"],
    "service_tier": "flex",
    "moderation": {"model": "m"},
    "web_search_options": {},
    "response_format": {"type": "grammar", "grammar": "root ::= [0-9]"},
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_field_of_the_api_alone_is_kept(name: str) -> None:
    client = read_with(**{name: HARMLESS[name], "tools": [TOOL]})

    assert client.own == {name: HARMLESS[name]}
    assert client.required_own == ()
    assert encoded(client)[name] == HARMLESS[name]


@pytest.mark.parametrize("name", MATTERS)
def test_a_field_that_changes_the_answer_or_its_price_needs_the_same_api(name: str) -> None:
    client = read_with(**{name: MATTERS[name], "tools": [TOOL]})

    assert client.own == {name: MATTERS[name]}
    assert client.required_own == (name,)
    assert encoded(client)[name] == MATTERS[name]


def test_calls_one_at_a_time_are_read_where_there_are_tools() -> None:
    client = read_with(parallel_tool_calls=False, tools=[TOOL])

    assert (client.one_call, client.own, client.required_own) == (True, {}, ())
    assert encoded(client)["parallel_tool_calls"] is False


def test_calls_one_at_a_time_need_nothing_without_tools() -> None:
    client = read_with(parallel_tool_calls=False)

    assert (client.one_call, client.own) == (False, {"parallel_tool_calls": False})
    assert client.required_own == ()


def test_a_null_field_is_an_absent_one() -> None:
    names = {*HARMLESS, *MATTERS, "stop", "seed", "temperature", "tools", "tool_choice", "stream"}

    assert read_with(**dict.fromkeys(names)) == read_with()


def test_content_and_choices_of_the_same_api_alone_are_named() -> None:
    search = {"type": "web_search"}
    client = read(
        {
            "model": "fast",
            "messages": [{"role": "user", "content": [{"type": "video_url"}]}],
            "tools": [search],
            "tool_choice": search,
        }
    )

    assert client.required_own == ("messages.0.content.0", "tool_choice")
    assert client.own == {"tool_choice": search}
    sent = encoded(client)
    assert sent["messages"][0]["content"] == [{"type": "video_url"}]
    assert (sent["tools"], sent["tool_choice"]) == ([search], search)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 5}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": [5]}, "messages.0"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": []}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": 2**63}, "max_tokens"),
        ({"max_completion_tokens": "5"}, "max_completion_tokens"),
        ({"max_tokens": 100, "reasoning": {"max_tokens": 100}}, "max_tokens"),
        ({"reasoning": "high"}, "reasoning"),
        ({"reasoning": {"max_tokens": -1}}, "reasoning.max_tokens"),
        ({"reasoning_effort": 5}, "reasoning_effort"),
        ({"stop": 5}, "stop"),
        ({"stop": ["A", 5]}, "stop"),
        ({"seed": 2**63}, "seed"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": []}, "stream_options"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
            "response_format.json_schema.schema",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"schema": SCHEMA, "name": 5},
                }
            },
            "response_format.json_schema.name",
        ),
        ({"prompt_cache_key": 5}, "prompt_cache_key"),
        ({"prompt_cache_options": {"ttl": 5}}, "prompt_cache_options.ttl"),
        ({"n": 0}, "n"),
        ({"n": "2"}, "n"),
        ({"service_tier": 5}, "service_tier"),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
        ({"tools": {}}, "tools"),
    ],
)
def test_a_field_of_another_form_is_an_error(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read_with(**fields)

    assert caught.value.field == path
