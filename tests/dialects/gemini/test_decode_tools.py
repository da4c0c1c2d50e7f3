"""The tools of a request, and which of them to call."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.gemini.decode_tools import decode_tools
from llmring.dialects.request_decoding import RequestFormatError

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
UPPER = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}
FUNCTIONS = [{"functionDeclarations": [{"name": "weather"}, {"name": "clock"}]}]


def calling(**config: Any) -> dict[str, Any]:
    return {"functionCallingConfig": config}


@pytest.mark.parametrize(
    "parameters",
    [{"parameters": UPPER}, {"parametersJsonSchema": SCHEMA}, {"parameters_json_schema": SCHEMA}],
)
def test_a_function_has_a_schema_in_any_form(parameters: dict[str, Any]) -> None:
    declaration = {"name": "weather", "description": "Looks it up", **parameters}
    found = decode_tools([{"function_declarations": [declaration]}], None)

    assert found.tools == [Tool("weather", "Looks it up", SCHEMA)]
    assert (found.own, found.required, found.choice) == ({}, [], None)


def test_tools_of_google_come_after_functions_each_on_its_own() -> None:
    tools = [
        {"googleSearch": {}, "code_execution": {}},
        {"functionDeclarations": {"name": "clock"}},
    ]
    found = decode_tools(tools, None)

    assert found.tools == [
        Tool("clock"),
        ProviderTool({"googleSearch": {}}),
        ProviderTool({"codeExecution": {}}),
    ]


def test_a_tool_of_google_may_be_left_out_elsewhere() -> None:
    tools = [{"googleSearch": {}}, {"urlContext": {}}, {"brandNew": {"a": 1}}]
    found = decode_tools(tools, None)

    assert [each.definition for each in found.tools if isinstance(each, ProviderTool)] == tools
    assert found.required == []


def test_what_a_function_returns_is_kept_for_the_same_api() -> None:
    tools = [{"functionDeclarations": [{"name": "clock", "response": {"type": "STRING"}}]}]
    found = decode_tools(tools, None)

    assert (found.tools, found.own, found.required) == ([Tool("clock")], {"tools": tools}, [])


def test_a_function_that_does_not_block_is_of_this_api_alone() -> None:
    tools = [{"functionDeclarations": [{"name": "clock", "behavior": "NON_BLOCKING"}]}]

    assert decode_tools(tools, None).required == ["tools.0.functionDeclarations.0.behavior"]


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        (calling(mode="AUTO"), "auto"),
        (calling(mode="ANY"), "required"),
        (calling(mode="any", allowed_function_names=["clock"]), NamedTool("clock")),
        (calling(mode="NONE"), "none"),
        (calling(mode="MODE_UNSPECIFIED"), None),
        (calling(mode="AUTO", streamFunctionCallArguments=True), "auto"),
        ({"function_calling_config": {"mode": "ANY"}}, "required"),
        (calling(), None),
    ],
)
def test_a_mode_is_a_choice(config: dict[str, Any], choice: Any) -> None:
    found = decode_tools(FUNCTIONS, config)

    assert (found.choice, found.own, found.required) == (choice, {}, [])


def test_validated_calls_are_those_of_strict_functions() -> None:
    found = decode_tools(FUNCTIONS, calling(mode="VALIDATED"))

    assert found.tools == [Tool("weather", strict=True), Tool("clock", strict=True)]
    assert (found.choice, found.own) == (None, {})


def test_some_of_the_functions_are_a_choice_of_this_api_alone() -> None:
    tools = [{"functionDeclarations": [{"name": name} for name in "abc"]}]
    found = decode_tools(tools, calling(mode="ANY", allowedFunctionNames=["a", "b"]))

    assert found.choice == "required"
    assert found.own == {"toolConfig": calling(allowedFunctionNames=["a", "b"])}
    assert found.required == ["toolConfig.functionCallingConfig.allowedFunctionNames"]


def test_all_of_the_functions_are_any_of_them() -> None:
    found = decode_tools(FUNCTIONS, calling(mode="ANY", allowedFunctionNames=["clock", "weather"]))

    assert (found.choice, found.required) == ("required", [])


def test_an_unknown_mode_is_of_this_api_alone() -> None:
    found = decode_tools(FUNCTIONS, calling(mode="DREAM"))

    assert found.own == {"toolConfig": calling(mode="DREAM")}
    assert found.required == ["toolConfig.functionCallingConfig.mode"]


def test_a_mode_without_functions_is_no_choice() -> None:
    found = decode_tools(None, calling(mode="AUTO"))

    assert (found.choice, found.own) == (None, {"toolConfig": calling(mode="AUTO")})


def test_other_configuration_is_kept_for_the_same_api() -> None:
    config = {"retrievalConfig": {"languageCode": "fr"}, "includeServerSideToolInvocations": True}

    assert decode_tools(FUNCTIONS, config).own == {"toolConfig": config}
    with_search = [*FUNCTIONS, {"googleSearch": {}}]
    assert decode_tools(with_search, config).own == {
        "toolConfig": {"retrievalConfig": {"languageCode": "fr"}}
    }


@pytest.mark.parametrize(
    ("tools", "config", "field"),
    [
        (["weather"], None, "tools.0"),
        ([{"functionDeclarations": [{}]}], None, "tools.0.functionDeclarations.0.name"),
        (
            [{"functionDeclarations": [{"name": "a", "parameters": []}]}],
            None,
            "tools.0.functionDeclarations.0.parameters",
        ),
        (
            [
                {
                    "functionDeclarations": [
                        {"name": "a", "parameters": {}, "parametersJsonSchema": {}}
                    ]
                }
            ],
            None,
            "tools.0.functionDeclarations.0.parametersJsonSchema",
        ),
        (FUNCTIONS, [], "toolConfig"),
        (FUNCTIONS, calling(mode=1), "toolConfig.functionCallingConfig.mode"),
    ],
)
def test_a_tool_that_is_not_one_is_an_error_at_its_path(
    tools: Any, config: Any, field: str
) -> None:
    with pytest.raises(RequestFormatError) as caught:
        decode_tools(tools, config)

    assert caught.value.field == field
