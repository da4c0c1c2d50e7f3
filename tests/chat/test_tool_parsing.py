"""Tools in every accepted form."""

from typing import Any

import pytest

from llmring import LLMRequest, ValidationError
from llmring.schemas import ProviderTool, Tool


@pytest.mark.parametrize(
    "given",
    [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
        {"name": "f", "input_schema": {"type": "object"}},
        Tool("f", parameters={"type": "object"}),
    ],
)
def test_R20_tools_are_accepted_in_several_forms(given: Any) -> None:
    request = LLMRequest("fast", "Hi", tools=[given])

    assert request.toolset() == [Tool("f", parameters={"type": "object"})]


def test_extra_fields_are_kept_for_tools_in_anthropics_format() -> None:
    own = {"name": "f", "input_schema": {}, "defer_loading": True}
    others = {"type": "function", "name": "f", "parameters": {}, "defer_loading": True}

    assert LLMRequest("fast", "Hi", tools=[own, others]).toolset() == [
        Tool("f", extra={"defer_loading": True}),
        Tool("f"),
    ]


def test_R20_a_provider_tool_is_unchanged() -> None:
    request = LLMRequest("fast", "Hi", tools=[{"type": "code_execution"}])

    assert request.toolset() == [ProviderTool({"type": "code_execution"})]


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    "given",
    [
        {"name": "f", "inputSchema": SCHEMA},
        {"name": "f", "parametersJsonSchema": SCHEMA},
        {"name": "f", "parameters_json_schema": SCHEMA},
        {"toolSpec": {"name": "f", "inputSchema": {"json": SCHEMA}}},
        {"functionDeclarations": [{"name": "f", "parameters": SCHEMA}]},
        {"function_declarations": [{"name": "f", "parameters": SCHEMA}]},
    ],
)
def test_the_schema_is_found_in_the_formats_of_other_vendors(given: Any) -> None:
    assert LLMRequest("fast", "Hi", tools=[given]).toolset() == [Tool("f", parameters=SCHEMA)]


def test_a_tool_of_google_can_list_functions_next_to_its_own_tools() -> None:
    given = {"functionDeclarations": [{"name": "f"}, {"name": "g"}], "google_search": {}}

    assert LLMRequest("fast", "Hi", tools=[given]).toolset() == [
        Tool("f"),
        Tool("g"),
        ProviderTool({"google_search": {}}),
    ]


@pytest.mark.parametrize("schema", ["text", [1], True])
def test_a_schema_that_is_not_a_mapping_is_refused(schema: Any) -> None:
    with pytest.raises(ValidationError, match=r"'parameters' of the tool 'f' is a JSON Schema"):
        LLMRequest("fast", "Hi", tools=[{"name": "f", "parameters": schema}])
