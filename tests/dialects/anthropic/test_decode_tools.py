"""Tools of clients' requests, and the choice among them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.anthropic.decode_request import decode_request
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError

Json = dict[str, Any]

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"name": "weather", "description": "Returns it.", "input_schema": SCHEMA}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
BASH = {"type": "bash_20250124", "name": "bash"}


def read(tools: Any, choice: Any = None) -> ClientRequest:
    turns = [{"role": "user", "content": "Hi"}]
    fields = {"tools": tools, "tool_choice": choice}
    body = {"model": "m", "max_tokens": 9, "messages": turns, **fields}
    return decode_request(json.dumps(body).encode(), {})


def written_again(found: ClientRequest) -> Json:
    parsed = msgspec.structs.replace(
        parse_request(found.request), extra_params=dict(found.own), one_call=found.one_call
    )
    payload: Json = DIALECT.encode(parsed, "m", stream=False, quirks=Quirks()).payload
    return payload


@pytest.mark.parametrize("kind", [{}, {"type": None}, {"type": "custom"}], ids=str)
def test_a_function_is_a_tool(kind: Json) -> None:
    found = read([{**kind, **WEATHER, "strict": False}])

    assert found.request.toolset() == [Tool("weather", "Returns it.", SCHEMA, False)]


def test_further_fields_of_a_function_are_for_this_api_alone() -> None:
    extra = {
        "allowed_callers": ["direct"],
        "cache_control": {"type": "ephemeral"},
        "defer_loading": True,
        "eager_input_streaming": True,
        "input_examples": [{"city": "Paris"}],
        "of_tomorrow": 1,
    }
    found = read([{**WEATHER, **extra}])

    assert found.request.toolset() == [Tool("weather", "Returns it.", SCHEMA, extra=extra)]
    assert found.required_own == ()
    assert written_again(found)["tools"] == [{**WEATHER, **extra}]


@pytest.mark.parametrize("tool", [SEARCH, BASH, {"type": "of_tomorrow", "a": [1]}], ids=str)
def test_a_tool_of_the_vendor_is_kept_as_it_is(tool: Json) -> None:
    found = read([WEATHER, tool])

    assert found.request.toolset()[1] == ProviderTool(tool)
    assert found.required_own == ()
    assert written_again(found)["tools"] == [WEATHER, tool]


@pytest.mark.parametrize("tools", [None, []])
def test_no_tools_are_none(tools: Any) -> None:
    assert read(tools).request.tools is None


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, "auto"),
        ({"type": "none"}, "none"),
        ({"type": "any"}, "required"),
        ({"type": "tool", "name": "weather"}, NamedTool("weather")),
    ],
    ids=str,
)
def test_a_choice_is_that_of_the_library(choice: Json, expected: Any) -> None:
    found = read([WEATHER], choice)

    assert found.request.choice() == expected
    assert found.own == {}
    assert written_again(found)["tool_choice"] == choice


def test_calls_one_at_a_time_are_read() -> None:
    choice = {"type": "any", "disable_parallel_tool_use": True}
    found = read([WEATHER], choice)

    assert (found.one_call, found.own, found.required_own) == (True, {}, ())
    assert written_again(found)["tool_choice"] == choice


@pytest.mark.parametrize(("tools", "kind"), [([], "auto"), ([WEATHER], "none")])
def test_calls_one_at_a_time_are_of_this_api_alone_where_no_tool_can_be_called(
    tools: list[Json], kind: str
) -> None:
    choice = {"type": kind, "disable_parallel_tool_use": True}
    found = read(tools, choice)

    assert (found.one_call, found.own) == (
        False,
        {"tool_choice": {"disable_parallel_tool_use": True}},
    )


def test_parallel_calls_are_the_default() -> None:
    found = read([WEATHER], {"type": "auto", "disable_parallel_tool_use": False})

    assert (found.one_call, found.own) == (False, {})


def test_a_choice_of_tomorrow_is_kept_and_required() -> None:
    choice = {"type": "of_tomorrow", "names": ["weather"]}
    found = read([WEATHER], choice)

    assert found.required_own == ("tool_choice",)
    assert written_again(found)["tool_choice"] == choice


@pytest.mark.parametrize(
    ("tools", "choice", "required"),
    [
        ([BASH], {"type": "tool", "name": "bash"}, True),
        ([BASH], {"type": "any"}, True),
        ([BASH, WEATHER], {"type": "any"}, False),
        ([BASH, WEATHER], {"type": "tool", "name": "weather"}, False),
        ([BASH], {"type": "auto"}, False),
        # Other vendors have a search of their own.
        ([SEARCH], {"type": "tool", "name": "web_search"}, False),
    ],
    ids=str,
)
def test_a_forced_tool_that_only_the_vendor_has_is_required(
    tools: list[Json], choice: Json, required: bool
) -> None:
    assert read(tools, choice).required_own == (("tool_choice",) if required else ())


@pytest.mark.parametrize(
    ("tools", "choice", "field"),
    [
        ("weather", None, "tools"),
        (["weather"], None, "tools.0"),
        ([WEATHER, {"input_schema": SCHEMA}], None, "tools.1.name"),
        ([{"name": "", "input_schema": SCHEMA}], None, "tools.0.name"),
        ([{"name": "weather"}], None, "tools.0.input_schema"),
        ([{"name": "weather", "input_schema": "{}"}], None, "tools.0.input_schema"),
        ([{**WEATHER, "strict": "yes"}], None, "tools.0.strict"),
        ([{**WEATHER, "type": 1}], None, "tools.0.type"),
        ([WEATHER], "auto", "tool_choice"),
        ([WEATHER], {}, "tool_choice.type"),
        ([WEATHER], {"type": "tool"}, "tool_choice.name"),
        (
            [WEATHER],
            {"type": "auto", "disable_parallel_tool_use": 1},
            "tool_choice.disable_parallel_tool_use",
        ),
    ],
    ids=str,
)
def test_what_is_malformed_is_an_error_with_its_path(tools: Any, choice: Any, field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(tools, choice)

    assert caught.value.field == field
