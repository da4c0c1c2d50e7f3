"""The tools that clients send to Chat Completions."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolChoice
from llmring.dialects.openai_chat.decode_tools import DecodedTools, decoded_tools
from llmring.dialects.request_decoding import BodyFields, RequestFormatError

SCHEMA = {"type": "object", "properties": {"model": {"type": "string"}}}
LOOK = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
ASK = {"type": "function", "function": {"name": "ask"}}
PATCH = {"type": "custom", "custom": {"name": "patch", "format": {"type": "text"}}}
SEARCH = {"type": "web_search"}
TOOLS = [LOOK, ASK, PATCH, SEARCH]


def read(**fields: Any) -> DecodedTools:
    return decoded_tools(BodyFields(fields))


def test_functions_are_read() -> None:
    whole = {"name": "look", "description": "Look.", "parameters": SCHEMA, "strict": True}

    assert read(tools=[{"type": "function", "function": whole}, ASK]) == DecodedTools(
        tools=[Tool("look", "Look.", SCHEMA, strict=True), Tool("ask")]
    )


def test_a_flat_function_is_read() -> None:
    flat = {"type": "function", "name": "look", "parameters": SCHEMA, "strict": None}

    assert read(tools=[flat]).tools == [Tool("look", None, SCHEMA)]


@pytest.mark.parametrize("tool", [PATCH, SEARCH, {"google_search": {}}])
def test_other_tools_are_kept_as_they_are(tool: dict[str, Any]) -> None:
    assert read(tools=[tool]) == DecodedTools(tools=[ProviderTool(tool)])


def test_functions_of_the_older_form_are_read() -> None:
    function = {"name": "look", "parameters": SCHEMA}
    tools = [Tool("look", None, SCHEMA)]

    assert read(functions=[function]) == DecodedTools(tools=tools)
    chosen: list[tuple[Any, ToolChoice]] = [("auto", "auto"), ({"name": "look"}, NamedTool("look"))]
    for called, choice in chosen:
        assert read(functions=[function], function_call=called) == DecodedTools(
            tools=tools, choice=choice
        )


@pytest.mark.parametrize("where", [{}, {"function": {"name": "ask"}}])
def test_the_cache_mark_of_a_function_is_kept(where: dict[str, Any]) -> None:
    mark = {"type": "ephemeral"}
    tool = {"type": "function", "function": {"name": "ask", "cache_control": mark}}
    if not where:
        tool = {**ASK, "cache_control": mark}

    assert read(tools=[tool]) == DecodedTools(tools=[Tool("ask", extra={"cache_control": mark})])


def test_further_fields_of_a_function_stay_with_the_same_api() -> None:
    tools = [LOOK, {"type": "function", "function": {"name": "ask", "examples": [1]}}]

    assert read(tools=tools) == DecodedTools(
        tools=[Tool("look", None, SCHEMA), Tool("ask")], own={"tools": tools}
    )


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("any", "required"),
        ({"type": "auto", "name": "look"}, NamedTool("look")),
        ({"type": "function", "function": {"name": "look"}}, NamedTool("look")),
        ({"type": "custom", "custom": {"name": "patch"}}, NamedTool("patch")),
        ({"type": "function", "name": "look"}, NamedTool("look")),
    ],
)
def test_a_choice_is_read(given: Any, choice: ToolChoice) -> None:
    assert read(tools=TOOLS, tool_choice=given).choice == choice


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_a_choice_without_tools_chooses_nothing(choice: str) -> None:
    assert read(tool_choice=choice) == DecodedTools()


def test_a_choice_of_allowed_tools_leaves_the_others_out_for_other_apis() -> None:
    names = [{"type": "function", "function": {"name": "ask"}}, PATCH, SEARCH]
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": names}}

    assert read(tools=TOOLS, tool_choice=choice) == DecodedTools(
        tools=[Tool("ask"), ProviderTool(PATCH), ProviderTool(SEARCH)],
        choice="required",
        own={"tools": TOOLS, "tool_choice": choice},
    )


def test_the_choice_of_a_server_s_own_tool_is_for_the_same_api_alone() -> None:
    assert read(tools=TOOLS, tool_choice=SEARCH) == DecodedTools(
        tools=read(tools=TOOLS).tools,
        own={"tool_choice": SEARCH},
        required_own=("tool_choice",),
    )


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"tools": {}}, "tools"),
        ({"tools": ["look"]}, "tools"),
        ({"tools": [ASK, {"type": "function"}]}, "tools.1.name"),
        ({"tools": [{"type": "function", "function": "look"}]}, "tools.0.function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools.0.function.name"),
        ({"tools": [{"function": {"name": 5}}]}, "tools.0.function.name"),
        ({"tools": [{"function": {"name": "a", "parameters": "x"}}]}, "tools.0"),
        ({"tools": [{"function": {"name": "a", "description": 5}}]}, "tools.0"),
        ({"tools": [{"function": {"name": "a", "strict": "yes"}}]}, "tools.0"),
        ({"tools": [{**ASK, "cache_control": 5}]}, "tools.0.cache_control"),
        ({"tools": [{"type": "custom", "custom": 5}]}, "tools.0.custom"),
        ({"tools": [{"type": "custom", "custom": {}}]}, "tools.0.custom.name"),
        ({"tools": [{"type": 5}]}, "tools.0.type"),
        ({"functions": [{}]}, "functions.0.function.name"),
        ({"tools": [ASK], "tool_choice": 5}, "tool_choice"),
        ({"tools": [ASK], "tool_choice": "ask"}, "tool_choice"),
        ({"tools": [ASK], "tool_choice": {"function": {}}}, "tool_choice"),
        ({"tools": [ASK], "function_call": {"name": 5}}, "function_call"),
        ({"tools": [ASK], "tool_choice": {"type": "allowed_tools"}}, "tool_choice.allowed_tools"),
        (
            {
                "tools": [ASK],
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "auto", "tools": [ASK, LOOK]},
                },
            },
            "tool_choice.allowed_tools.tools.1",
        ),
    ],
)
def test_tools_of_another_form_are_an_error_at_their_field(
    fields: dict[str, Any], path: str
) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(**fields)

    assert caught.value.field == path
