"""The names of functions that represent tools of one vendor's APIs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.tools import ProviderTool, Tool
from llmring.dialects.foreign.tool_names import foreign_tools, function_name

GRAMMAR = {"syntax": "lark", "definition": "start: x"}


def custom(name: str) -> dict[str, Any]:
    return {"type": "custom", "name": name}


def namespace(name: str, *tools: dict[str, Any]) -> ProviderTool:
    return ProviderTool(
        {"type": "namespace", "name": name, "description": "About it", "tools": list(tools)}
    )


def function(name: str) -> dict[str, Any]:
    return {"type": "function", "name": name, "parameters": {}}


def test_tools_are_known_by_the_names_of_their_functions() -> None:
    found = foreign_tools(
        [
            Tool("read"),
            ProviderTool(custom("patch")),
            namespace("agents", function("close"), custom("send")),
            ProviderTool({"type": "web_search"}),
        ]
    )

    assert {name: (each.namespace, each.name, each.takes_text) for name, each in found.items()} == {
        "patch": (None, "patch", True),
        "agents__close": ("agents", "close", False),
        "agents__send": ("agents", "send", True),
    }
    assert [each.preface for each in found.values()] == [None, "About it", None]


def test_a_custom_tool_of_chat_completions_is_read_in_the_form_of_responses() -> None:
    format_ = {"type": "grammar", "grammar": GRAMMAR}
    tool = ProviderTool({"type": "custom", "custom": {"name": "f", "format": format_}})

    assert foreign_tools([tool])["f"].definition == {
        "name": "f",
        "format": {"type": "grammar", **GRAMMAR},
    }


def test_a_function_of_anthropic_is_not_a_custom_tool() -> None:
    tool = {"type": "custom", "name": "f", "input_schema": {"type": "object"}}

    assert foreign_tools([ProviderTool(tool)]) == {}


@pytest.mark.parametrize("name", ["a b", "1st", "-x", "ü", "x" * 65, ""])
def test_a_name_that_other_apis_refuse_gets_another_end(name: str) -> None:
    found = function_name(None, name)

    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*_[0-9a-f]{8}", found)
    assert len(found) <= 64
    assert function_name(None, name) == found


def test_names_that_would_be_the_same_differ() -> None:
    found = foreign_tools(
        [
            namespace("a", function("b__c")),
            namespace("a__b", function("c")),
            Tool("a__d"),
            namespace("a", function("d")),
            ProviderTool(custom("a__d")),
        ]
    )

    assert len(found) == 4
    assert "a__b__c" in found
    assert "a__d" not in found


NAMES = st.text("ab_-.é", max_size=3) | st.text("x", min_size=60, max_size=70)
TOOLS = st.lists(
    st.builds(Tool, NAMES)
    | NAMES.map(lambda name: ProviderTool(custom(name)))
    | st.builds(
        lambda name, inner: namespace(name, *inner),
        NAMES,
        st.lists(NAMES.map(function) | NAMES.map(custom), max_size=4),
    ),
    max_size=8,
)


@given(TOOLS)
def test_names_and_tools_are_one_to_one(tools: list[Tool | ProviderTool]) -> None:
    found = foreign_tools(tools)

    meant = {(each.namespace, each.name) for each in found.values()}
    assert len(meant) == len(found)
    for tool in tools:
        if isinstance(tool, Tool):
            assert tool.name not in found
        elif tool.definition["type"] == "custom":
            assert (None, tool.definition["name"]) in meant
        else:
            space = tool.definition["name"]
            assert {(space, each["name"]) for each in tool.definition["tools"]} <= meant
    for name in found:
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", name)
