"""Tool calls and tool choices in every accepted form."""

from typing import Any

import pytest

from llmring import LLMRequest, Message, ValidationError
from llmring.schemas import NamedTool


@pytest.mark.parametrize(
    "call",
    [
        {"id": "a", "type": "custom", "custom": {"name": "formula", "input": "4 + 4"}},
        {"id": "a", "type": "custom", "function": {"name": "formula", "arguments": "4 + 4"}},
    ],
)
def test_a_call_of_a_custom_tool_keeps_its_free_text(call: dict[str, Any]) -> None:
    assert Message("assistant", tool_calls=[call]).calls == [
        {"id": "a", "type": "custom", "function": {"name": "formula", "arguments": "4 + 4"}}
    ]


def test_arguments_of_a_tool_call_become_a_json_text() -> None:
    call: Any = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}

    message = Message("assistant", None, tool_calls=[call])

    assert message.tool_calls is not None
    assert message.tool_calls[0]["function"]["arguments"] == '{"a":1}'


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("any", "required"),
        ({"type": "function", "function": {"name": "f"}}, NamedTool("f")),
        ({"function": "f"}, NamedTool("f")),
        ({"type": "tool", "name": "f"}, NamedTool("f")),
    ],
)
def test_R21_tool_choices_are_accepted_in_several_forms(given: Any, choice: Any) -> None:
    assert LLMRequest("fast", "Hi", tool_choice=given).choice() == choice


def test_an_invalid_tool_choice_is_refused() -> None:
    with pytest.raises(ValidationError, match="'perhaps'"):
        LLMRequest("fast", "Hi", tool_choice="perhaps")
