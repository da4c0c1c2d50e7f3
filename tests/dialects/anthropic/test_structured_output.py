"""JSON answers from Anthropic."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest
from llmring.chat.tools import Tool
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}
TREE = {
    "$ref": "#/$defs/Node",
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}},
            "required": ["children"],
            "additionalProperties": False,
        }
    },
}
NAMES = {"type": "array", "items": {"type": "string"}}
CLOCK = Tool("clock")


def payload(schema: dict[str, Any], *, native: bool = True, **fields: Any) -> dict[str, Any]:
    wanted = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}
    request = LLMRequest(messages="Hi", response_format=wanted, **fields)
    quirks = Quirks(json_schema=native)
    return DIALECT.encode(parse_request(request), "m", stream=False, quirks=quirks).payload


def test_R27_a_schema_is_sent_as_the_output_format() -> None:
    sent = payload(PERSON)

    assert sent["output_config"] == {"format": {"type": "json_schema", "schema": PERSON}}
    assert not {"system", "tools", "tool_choice"} & sent.keys()


def test_a_format_and_an_effort_are_sent_together() -> None:
    assert payload(PERSON, reasoning_effort="high")["output_config"].keys() == {"effort", "format"}


def test_R30_a_format_and_tools_are_sent_together() -> None:
    sent = payload(PERSON, tools=[CLOCK])

    assert [tool["name"] for tool in sent["tools"]] == ["clock"]
    assert "format" in sent["output_config"]


def test_a_recursive_schema_is_sent_as_a_prompt() -> None:
    sent = payload(TREE)

    assert "output_config" not in sent
    assert json.dumps(TREE, separators=(",", ":")) in sent["system"][-1]["text"]


def test_a_schema_with_references_is_sent_as_the_output_format() -> None:
    schema = {"$ref": "#/$defs/Person", "$defs": {"Person": PERSON}}

    assert "format" in payload(schema)["output_config"]


def test_without_output_formats_the_model_must_answer_by_a_tool() -> None:
    sent = payload(PERSON, native=False)

    assert [(tool["name"], tool["input_schema"]) for tool in sent["tools"]] == [
        ("llmring_answer", PERSON)
    ]
    assert sent["tool_choice"] == {
        "type": "tool",
        "name": "llmring_answer",
        "disable_parallel_tool_use": True,
    }


def test_R33_an_answer_that_is_not_an_object_is_wrapped_for_the_tool() -> None:
    [tool] = payload(NAMES, native=False)["tools"]

    assert tool["name"] == "llmring_answer_value"
    assert tool["input_schema"]["type"] == "object"
    assert tool["input_schema"]["properties"] == {"answer": NAMES}


def test_R30_without_output_formats_the_model_may_call_tools_or_answer() -> None:
    sent = payload(PERSON, native=False, tools=[CLOCK])

    assert [tool["name"] for tool in sent["tools"]] == ["clock", "llmring_answer"]
    assert sent["tool_choice"] == {"type": "any"}


def test_with_tool_choice_none_the_model_must_answer_by_the_answer_tool() -> None:
    sent = payload(PERSON, native=False, tools=[CLOCK], tool_choice="none")

    assert sent["tool_choice"]["name"] == "llmring_answer"


def test_with_a_required_call_no_answer_tool_is_sent() -> None:
    sent = payload(PERSON, native=False, tools=[CLOCK], tool_choice="required")

    assert [tool["name"] for tool in sent["tools"]] == ["clock"]
    assert sent["tool_choice"] == {"type": "any"}


def test_with_thinking_a_schema_is_sent_as_a_prompt() -> None:
    sent = payload(PERSON, native=False, reasoning_tokens=2000)

    assert "schema" in sent["system"][-1]["text"]
    assert "tools" not in sent


@pytest.mark.parametrize(
    "wanted", [{"json_response": True}, {"response_format": {"type": "json_object"}}]
)
def test_R28_json_without_a_schema_is_requested_in_the_prompt(wanted: dict[str, Any]) -> None:
    request = LLMRequest(messages="Hi", **wanted)
    sent = DIALECT.encode(parse_request(request), "m", stream=False, quirks=Quirks()).payload

    assert "JSON object" in sent["system"][-1]["text"]
