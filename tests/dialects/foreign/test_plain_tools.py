"""Tools of one vendor's APIs, as the other APIs are given them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from llmring.chat.parsed_request import ParsedRequest, parse_request
from llmring.chat.parts import ProviderPart
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolCall
from llmring.dialects.anthropic.dialect import DIALECT as ANTHROPIC
from llmring.dialects.dialect import Dialect, Quirks
from llmring.dialects.foreign.plain_tools import with_plain_tools
from llmring.dialects.gemini.dialect import DIALECT as GEMINI
from llmring.dialects.ollama.dialect import DIALECT as OLLAMA
from llmring.dialects.openai_chat.dialect import DIALECT as OPENAI_CHAT

TEXT_SCHEMA = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}
PATCH = {
    "type": "custom",
    "name": "patch",
    "description": "Change files",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"},
}
CHAT_CUSTOM = {"type": "custom", "custom": {"name": "formula"}}
NOTHING = {"type": "object", "properties": {}}
CLOSE = {
    "type": "function",
    "name": "close",
    "description": "Close an agent",
    "parameters": NOTHING,
    "strict": False,
}
AGENTS = {
    "type": "namespace",
    "name": "agents",
    "description": "Work with agents",
    "tools": [CLOSE, {**CLOSE, "name": "wait"}],
}
READ = Tool("read")


def call(id_: str, name: str, text: str, kind: Any = "function") -> ToolCall:
    return {"id": id_, "type": kind, "function": {"name": name, "arguments": text}}


def request(*messages: Message, tools: Any = (READ, PATCH, AGENTS), **fields: Any) -> ParsedRequest:
    given = [tool if isinstance(tool, Tool) else ProviderTool(tool) for tool in tools]
    asked = Message("user", "Hello")
    return parse_request(LLMRequest(messages=[asked, *messages], tools=given, **fields))


def test_a_custom_tool_is_a_function_with_its_text_and_described_grammar() -> None:
    plain, notes = with_plain_tools(request(tools=[PATCH]))

    [tool] = plain.tools
    assert isinstance(tool, Tool)
    assert (tool.name, tool.parameters) == ("patch", TEXT_SCHEMA)
    assert tool.description is not None
    assert tool.description.startswith("Change files\n\n")
    assert tool.description.endswith("lark grammar:\nstart: x")
    assert notes == ["the tool 'patch': its grammar is described, but not enforced"]


def test_a_namespace_is_a_function_for_each_of_its_tools() -> None:
    plain, notes = with_plain_tools(request(tools=[READ, AGENTS]))

    assert plain.tools == [
        READ,
        Tool("agents__close", "agents: Work with agents\n\nClose an agent", NOTHING),
        Tool("agents__wait", "Close an agent", NOTHING),
    ]
    assert notes == []


def test_a_request_without_such_tools_is_not_changed() -> None:
    given = request(tools=[READ, {"type": "web_search"}])

    assert with_plain_tools(given) == (given, [])


def test_a_tool_that_is_given_twice_is_offered_once() -> None:
    plain, _ = with_plain_tools(request(tools=[PATCH, PATCH, AGENTS, AGENTS]))

    assert [tool.name for tool in plain.tools if isinstance(tool, Tool)] == [
        "patch",
        "agents__close",
        "agents__wait",
    ]


def test_earlier_calls_are_those_of_the_functions() -> None:
    item = {"type": "function_call", "call_id": "2", "name": "close", "namespace": "agents"}
    gone = {"type": "function_call", "call_id": "3", "name": "f", "namespace": "gone"}
    answer = Message(
        "assistant",
        [ProviderPart("openai_responses", item), ProviderPart("openai_responses", gone)],
        tool_calls=[
            call("1", "patch", 'say "hi"\r\n', "custom"),
            call("2", "close", "{}"),
            call("3", "f", "{}"),
            call("4", "read", "{}"),
            call("5", "wait", "{}"),
        ],
    )

    plain, _ = with_plain_tools(request(answer, Message("tool", "ok", name="patch")))

    assert plain.turns[1].calls == [
        call("1", "patch", r'{"input":"say \"hi\"\r\n"}'),
        call("2", "agents__close", "{}"),
        call("3", "gone__f", "{}"),
        call("4", "read", "{}"),
        call("5", "agents__wait", "{}"),
    ]
    assert plain.turns[2].name == "patch"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"input": "a"}', '{"input": "a"}'),
        ("a", '{"input":"a"}'),
        ('{"other": 1}', r'{"input":"{\"other\": 1}"}'),
        ("[" * 10_000, json.dumps({"input": "[" * 10_000}, separators=(",", ":"))),
    ],
)
def test_a_call_in_the_form_of_the_function_stays(arguments: str, expected: str) -> None:
    answer = Message("assistant", tool_calls=[call("1", "patch", arguments)])

    plain, _ = with_plain_tools(request(answer))

    assert plain.turns[1].calls == [call("1", "patch", expected)]


def test_a_function_and_a_custom_tool_of_the_same_name_are_told_apart_by_their_calls() -> None:
    answer = Message(
        "assistant", tool_calls=[call("1", "patch", "{}"), call("2", "patch", "x", "custom")]
    )

    plain, _ = with_plain_tools(request(answer, tools=[Tool("patch"), PATCH]))

    [own, other] = [each["function"]["name"] for each in plain.turns[1].calls]
    assert own == "patch" != other
    assert [tool.name for tool in plain.tools if isinstance(tool, Tool)] == [own, other]


@pytest.mark.parametrize(
    ("chosen", "expected"), [("patch", "patch"), ("close", "agents__close"), ("read", "read")]
)
def test_the_choice_of_a_tool_is_that_of_its_function(chosen: str, expected: str) -> None:
    plain, _ = with_plain_tools(request(tool_choice=NamedTool(chosen)))

    assert plain.choice == NamedTool(expected)


def test_chat_completions_keeps_custom_tools_in_its_own_form() -> None:
    answer = Message(
        "assistant",
        tool_calls=[
            call("1", "formula", "1 + 1", "custom"),
            call("2", "patch", "x", "custom"),
            call("3", "gone", "x", "custom"),
        ],
    )
    given = request(answer, tools=[CHAT_CUSTOM, PATCH])

    plain, _ = with_plain_tools(given, has_custom_tools=True)

    assert plain.tools[0] == ProviderTool(CHAT_CUSTOM)
    assert plain.turns[1].calls == [
        call("1", "formula", "1 + 1", "custom"),
        call("2", "patch", '{"input":"x"}'),
        call("3", "gone", "x", "custom"),
    ]
    elsewhere, _ = with_plain_tools(given)
    assert [tool.name for tool in elsewhere.tools if isinstance(tool, Tool)] == ["formula", "patch"]
    assert {each["type"] for each in elsewhere.turns[1].calls} == {"function"}


# --- The requests of each API ---


def of_chat(payload: dict[str, Any]) -> tuple[list[str], list[tuple[str, Any]]]:
    calls = [each["function"] for each in payload["messages"][1]["tool_calls"]]
    return (
        [tool["function"]["name"] for tool in payload["tools"]],
        [(each["name"], json.loads(each["arguments"])) for each in calls],
    )


def of_anthropic(payload: dict[str, Any]) -> tuple[list[str], list[tuple[str, Any]]]:
    return (
        [tool["name"] for tool in payload["tools"]],
        [(each["name"], each["input"]) for each in payload["messages"][1]["content"]],
    )


def of_gemini(payload: dict[str, Any]) -> tuple[list[str], list[tuple[str, Any]]]:
    calls = [each["functionCall"] for each in payload["contents"][1]["parts"]]
    return (
        [tool["name"] for tool in payload["tools"][0]["functionDeclarations"]],
        [(each["name"], each["args"]) for each in calls],
    )


def of_ollama(payload: dict[str, Any]) -> tuple[list[str], list[tuple[str, Any]]]:
    calls = [each["function"] for each in payload["messages"][1]["tool_calls"]]
    return (
        [tool["function"]["name"] for tool in payload["tools"]],
        [(each["name"], each["arguments"]) for each in calls],
    )


@pytest.mark.parametrize(
    ("dialect", "found_in"),
    [
        (ANTHROPIC, of_anthropic),
        (GEMINI, of_gemini),
        (OLLAMA, of_ollama),
        (OPENAI_CHAT, of_chat),
    ],
    ids=lambda each: each.name if isinstance(each, Dialect) else "",
)
def test_each_api_is_sent_functions_and_their_calls(
    dialect: Dialect,
    found_in: Callable[[dict[str, Any]], tuple[list[str], list[tuple[str, Any]]]],
) -> None:
    item = {"type": "function_call", "call_id": "2", "name": "close", "namespace": "agents"}
    answer = Message(
        "assistant",
        [ProviderPart("openai_responses", item)],
        tool_calls=[call("1", "patch", "a\nb", "custom"), call("2", "close", "{}")],
    )
    results = [Message("tool", "ok", tool_call_id=id_) for id_ in "12"]

    sent = dialect.encode(request(answer, *results), "m", stream=False, quirks=Quirks())

    names, calls = found_in(sent.payload)
    assert names == ["read", "patch", "agents__close", "agents__wait"]
    assert calls == [("patch", {"input": "a\nb"}), ("agents__close", {})]
    assert "the tool 'patch': its grammar is described, but not enforced" in sent.notes
