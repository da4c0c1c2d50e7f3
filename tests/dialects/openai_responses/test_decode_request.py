"""Requests of clients of the Responses API, read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmring.chat.caching import Caching
from llmring.chat.events import Event, Finished, TextDelta, Usage, UsageReport
from llmring.chat.output_format import OutputFormat
from llmring.chat.request import Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.openai_responses.dialect import DIALECT
from llmring.dialects.reply_encoding import Envelope
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError


def decoded(**fields: Any) -> ClientRequest:
    body = {"model": "fast", "input": "Hello", **fields}
    return DIALECT.request_decoding()(json.dumps(body).encode(), {})


def error(**fields: Any) -> RequestFormatError:
    with pytest.raises(RequestFormatError) as caught:
        decoded(**fields)
    return caught.value


def test_a_text_is_a_message_of_the_user() -> None:
    found = decoded()

    assert (found.model, found.stream, found.conversation) == ("fast", False, None)
    assert found.request.messages == [Message("user", "Hello")]
    assert (found.own, found.required_own, found.echo) == ({}, (), {})


def test_instructions_are_the_first_system_message() -> None:
    messages = decoded(instructions="Be brief").request.messages

    assert messages == [Message("system", "Be brief"), Message("user", "Hello")]


def test_options_are_read_under_the_librarys_names() -> None:
    found = decoded(
        temperature=0.5,
        top_p=0.9,
        max_output_tokens=100,
        stream=True,
        reasoning={"effort": "high", "summary": "detailed"},
        text={"format": {"type": "json_object"}, "verbosity": "low"},
    )
    request = found.request

    assert (request.temperature, request.top_p, request.max_tokens) == (0.5, 0.9, 100)
    assert (request.reasoning_effort, request.response_format) == ("high", OutputFormat())
    assert found.stream
    assert found.own == {"reasoning": {"summary": "detailed"}, "text": {"verbosity": "low"}}


def test_a_schema_is_the_format_of_the_answer() -> None:
    schema = {"type": "object", "properties": {}}
    format_ = {"type": "json_schema", "name": "x", "schema": schema, "strict": True}

    assert decoded(text={"format": format_}).request.response_format == OutputFormat(
        schema, "x", strict=True
    )


def test_an_effort_without_a_wish_for_a_summary_leaves_it_out_at_the_same_api() -> None:
    assert decoded(reasoning={"effort": "low"}).own == {"reasoning": {"summary": None}}
    assert decoded(reasoning={"effort": "none"}).own == {}


def test_an_effort_that_is_not_known_is_for_the_same_api() -> None:
    found = decoded(reasoning={"effort": "colossal"})

    assert found.request.reasoning_effort is None
    assert found.own == {"reasoning": {"effort": "colossal"}}


def test_the_key_of_the_cache_is_that_of_the_conversation() -> None:
    found = decoded(prompt_cache_key="ses_1", prompt_cache_retention="24h")

    assert found.conversation == "ses_1"
    assert found.request.caching() == Caching("24h", "ses_1")
    assert decoded(prompt_cache_options={"ttl": "30m"}).request.caching() == Caching("30m")
    options = {"ttl": "30m", "mode": "explicit"}
    assert decoded(prompt_cache_options=options).own == {"prompt_cache_options": options}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_metadata", {"thread_id": "1"}),
        ("context_management", [{"type": "compaction"}]),
        ("include", ["reasoning.encrypted_content"]),
        ("max_tool_calls", 3),
        ("metadata", {"a": "b"}),
        ("parallel_tool_calls", False),
        ("safety_identifier", "s"),
        ("service_tier", "auto"),
        ("service_tier", "default"),
        ("stream_options", {"include_obfuscation": False}),
        ("truncation", "auto"),
        ("user", "u"),
        ("a_new_field", [1]),
    ],
)
def test_harmless_fields_are_for_the_same_api(name: str, value: Any) -> None:
    found = decoded(**{name: value})

    assert found.own == {name: value}
    assert found.required_own == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("include", ["message.output_text.logprobs"]),
        ("moderation", {"model": "m"}),
        ("prompt", {"id": "p"}),
        ("service_tier", "flex"),
        ("tool_choice", {"type": "web_search_preview"}),
        ("tool_choice", {"type": "mcp", "server_label": "s", "name": "n"}),
        ("top_logprobs", 2),
    ],
)
def test_fields_of_meaning_or_price_require_the_same_api(name: str, value: Any) -> None:
    found = decoded(**{name: value})

    assert found.own == {name: value}
    assert found.required_own == (name,)


@pytest.mark.parametrize("name", ["previous_response_id", "conversation", "background"])
def test_g063_requests_that_rest_on_what_is_stored_are_refused(name: str) -> None:
    fault = error(**{name: True if name == "background" else "x_1"})

    assert (fault.field, fault.code) == (name, "unsupported_parameter")
    assert "send the whole input" in str(fault)


def test_what_asks_for_nothing_to_be_stored_is_accepted() -> None:
    found = decoded(background=False, previous_response_id=None, conversation=None, store=True)

    assert (found.own, found.echo) == ({}, {})


def test_a_null_is_a_field_that_is_not_there() -> None:
    names = ("instructions", "temperature", "tools", "tool_choice", "reasoning", "text", "include")

    assert decoded(**dict.fromkeys(names)) == decoded()


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"model": None}, "model", "missing_required_parameter"),
        ({"model": ""}, "model", "missing_required_parameter"),
        ({"model": 1}, "model", "invalid_type"),
        ({"input": None}, "input", "missing_required_parameter"),
        ({"input": 5}, "input", "invalid_type"),
        ({"input": ["x"]}, "input.0", "invalid_type"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"temperature": True}, "temperature", "invalid_type"),
        ({"max_output_tokens": 1.5}, "max_output_tokens", "invalid_type"),
        ({"max_output_tokens": -1}, "max_output_tokens", "integer_below_min_value"),
        ({"stream": "yes"}, "stream", "invalid_type"),
        ({"store": 1}, "store", "invalid_type"),
        ({"text": []}, "text", "invalid_type"),
        ({"text": {"format": {}}}, "text.format.type", "missing_required_parameter"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type", "invalid_value"),
        (
            {"text": {"format": {"type": "json_schema", "name": "x"}}},
            "text.format.schema",
            "invalid_type",
        ),
        ({"reasoning": {"effort": 1}}, "reasoning.effort", "invalid_type"),
        ({"include": "all"}, "include", "invalid_type"),
    ],
)
def test_a_fault_names_its_field(fields: dict[str, Any], field: str, code: str) -> None:
    fault = error(**fields)

    assert (fault.field, fault.code) == (field, code)


def test_a_body_that_is_not_json_is_refused() -> None:
    with pytest.raises(RequestFormatError, match="JSON"):
        DIALECT.request_decoding()(b"{", {})


def test_tools_of_clients_and_of_the_server_are_read() -> None:
    function = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}
    patch = {"type": "custom", "name": "patch", "format": {"type": "text"}}
    found = decoded(
        tools=[function, patch, {"type": "web_search"}],
        tool_choice={"type": "custom", "name": "patch"},
    )

    assert found.request.tools == [
        Tool("f", parameters={"type": "object"}, strict=True),
        ProviderTool(patch),
        ProviderTool({"type": "web_search"}),
    ]
    assert found.request.tool_choice == NamedTool("patch")
    assert found.required_own == ()


def test_the_reply_repeats_fields_as_they_came() -> None:
    fields: dict[str, Any] = {
        "instructions": "x",
        "metadata": {"a": "b"},
        "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": False}],
        "tool_choice": "required",
        "temperature": 0.5,
    }

    found = decoded(**fields, text={"verbosity": "low"}, reasoning={"summary": "auto"}, store=True)

    assert found.echo == {
        **fields,
        "text": {"format": {"type": "text"}, "verbosity": "low"},
        "reasoning": {"effort": None, "summary": "auto"},
    }


FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}}
TOOLS = [
    FUNCTION,
    {"type": "custom", "name": "p", "format": {"type": "text"}},
    {"type": "namespace", "name": "n", "description": "d", "tools": [FUNCTION]},
    {"type": "web_search", "external_web_access": False},
    {"type": "mcp", "server_label": "s"},
    {"type": "local_shell"},
]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"tools": TOOLS, "metadata": {"a": "b"}, "instructions": "x", "user": "u"},
        {"tools": TOOLS, "tool_choice": {"type": "function", "name": "f"}},
        {
            "tools": TOOLS,
            "tool_choice": {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "f"}],
            },
        },
        {"text": {"verbosity": "low"}, "reasoning": {"effort": "low"}, "truncation": "auto"},
        {"text": {"format": {"type": "json_schema", "name": "x", "schema": {}}}},
        {"prompt_cache_options": {"mode": "explicit"}, "prompt_cache_key": "k"},
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_with_these_fields_is_valid_in_the_client_s_strict_types(
    fields: dict[str, Any], stream: bool
) -> None:
    responses = pytest.importorskip("openai.types.responses")
    encoding = DIALECT.reply_encoding()
    envelope = Envelope(id="resp_1", model="m", created=1, echo=decoded(**fields).echo)
    events: list[Event] = [
        TextDelta("Hi"),
        UsageReport(Usage(prompt_tokens=1, completion_tokens=2)),
        Finished("stop", ""),
    ]
    body = encoding.whole(events, envelope)
    if stream:
        body = json.dumps(
            json.loads(encoding.stream(events, envelope)[-1].splitlines()[1][6:])["response"]
        ).encode()

    found = responses.Response.model_validate_json(body, strict=True)

    assert found.output_text == "Hi"
    for name in fields.keys() - {"prompt_cache_options", "reasoning", "text"}:
        assert json.loads(body)[name] == fields[name]
