"""The tools of clients' requests, and the choice among them."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.chat.tools import NamedTool, ProviderTool, Tool
from llmring.dialects.openai_responses.decode_tools import ResponsesTools, decode_tools
from llmring.dialects.request_decoding import RequestFormatError

F = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}
G = {**F, "name": "g"}
SPACE = {"type": "namespace", "name": "agents", "description": "d", "tools": [F, G]}
SEARCH = {"type": "web_search", "external_web_access": False}


def tools(*given: Any, choice: Any = None) -> ResponsesTools:
    fields = {"tools": list(given), "tool_choice": choice}
    return decode_tools({name: value for name, value in fields.items() if value is not None})


def test_functions_are_tools_and_all_others_stay_as_they_are() -> None:
    found = tools({**F, "description": "d", "strict": True}, SPACE, SEARCH)

    assert found == ResponsesTools(
        [
            Tool("f", "d", {"type": "object"}, strict=True),
            ProviderTool(SPACE),
            ProviderTool(SEARCH),
        ]
    )


def test_a_tool_that_is_not_strict_has_no_choice_of_it() -> None:
    for strict in (False, None):
        assert tools({**F, "strict": strict}).tools == [Tool("f", parameters={"type": "object"})]


def test_further_fields_of_a_function_are_for_the_same_api() -> None:
    later = {**F, "defer_loading": True}

    found = tools(later, G)

    assert found.own == {"tools": [later, G]}
    assert found.required == ()


def test_a_function_that_only_programs_may_call_requires_the_same_api() -> None:
    assert tools(G, {**F, "allowed_callers": ["programmatic"]}).required == (
        "tools.1.allowed_callers",
    )
    assert tools({**F, "allowed_callers": ["direct", "programmatic"]}).required == ()


@pytest.mark.parametrize("choice", ["none", "auto", "required"])
def test_a_choice_may_be_a_word(choice: str) -> None:
    assert tools(F, choice=choice).choice == choice


@pytest.mark.parametrize("kind", ["function", "custom"])
def test_a_choice_may_name_a_tool(kind: str) -> None:
    found = tools(F, choice={"type": kind, "name": "f"})

    assert found.choice == NamedTool("f")
    assert found.own == {}


def test_the_choice_of_a_tool_that_the_server_runs_requires_it() -> None:
    found = tools({"type": "image_generation"}, choice={"type": "image_generation"})

    assert (found.choice, found.own, found.required) == (
        None,
        {"tool_choice": {"type": "image_generation"}},
        ("tool_choice",),
    )


def test_the_choice_of_a_search_has_an_equivalent_elsewhere() -> None:
    found = tools(SEARCH, choice={"type": "web_search"})

    assert (found.choice, found.own, found.required) == (
        NamedTool("web_search"),
        {"tool_choice": {"type": "web_search"}},
        (),
    )


def test_the_choice_of_a_search_that_is_not_offered_requires_the_same_api() -> None:
    assert tools(F, choice={"type": "web_search"}).required == ("tool_choice",)


def allowed(*listed: dict[str, str], mode: str = "auto") -> ResponsesTools:
    choice = {"type": "allowed_tools", "mode": mode, "tools": list(listed)}
    found = tools(F, G, SPACE, SEARCH, choice=choice)
    assert found.own == {"tools": [F, G, SPACE, SEARCH], "tool_choice": choice}
    assert found.required == ()
    return found


def test_other_apis_are_offered_the_allowed_tools_alone() -> None:
    found = allowed({"type": "function", "name": "g"}, {"type": "web_search"}, mode="required")

    assert found.choice == "required"
    assert found.tools == [
        Tool("g", parameters={"type": "object"}),
        ProviderTool({**SPACE, "tools": [G]}),
        ProviderTool(SEARCH),
    ]
    assert allowed({"type": "namespace", "name": "agents"}).tools == [ProviderTool(SPACE)]


def test_no_allowed_tool_is_the_choice_of_none() -> None:
    found = allowed()

    assert found.choice == "none"
    assert len(found.tools) == 4


@pytest.mark.parametrize(
    ("given", "choice", "field"),
    [
        ("f", None, "tools.0"),
        ({"name": "f"}, None, "tools.0.type"),
        ({"type": "function"}, None, "tools.0.name"),
        ({**F, "parameters": []}, None, "tools.0.parameters"),
        ({**F, "strict": "yes"}, None, "tools.0.strict"),
        ({"type": "custom"}, None, "tools.0.name"),
        ({"type": "custom", "name": "p", "description": 1}, None, "tools.0.description"),
        (
            {"type": "namespace", "name": "n", "tools": [{"type": "function"}]},
            None,
            "tools.0.tools.0.name",
        ),
        (F, "sometimes", "tool_choice"),
        (F, 1, "tool_choice"),
        (F, {}, "tool_choice.type"),
        (F, {"type": "function"}, "tool_choice.name"),
        (F, {"type": "allowed_tools", "mode": "x", "tools": []}, "tool_choice.mode"),
        (F, {"type": "allowed_tools", "tools": [1]}, "tool_choice.tools.0"),
    ],
)
def test_a_fault_is_named(given: Any, choice: Any, field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        tools(given, choice=choice)

    assert caught.value.field == field
