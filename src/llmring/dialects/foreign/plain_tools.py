"""Requests with tools that only one vendor's APIs have, as APIs take them that have functions.

A custom tool becomes a function with the text as its one argument, and a namespace a function for
each of its tools; so do earlier calls. `tool_names` has the way back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from llmring.chat.json_text import value_of
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import ProviderPart
from llmring.chat.reply_events import marked_call
from llmring.chat.request import Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolCall
from llmring.dialects.foreign.tool_names import (
    ForeignTool,
    foreign_of,
    foreign_tools,
    function_name,
)

INPUT = "input"

# For APIs that have no such setting.
PARALLEL_CALLS = "parallel tool calls left on: the API can't turn them off"


def with_plain_tools(
    request: ParsedRequest, *, has_custom_tools: bool = False
) -> tuple[ParsedRequest, list[str]]:
    """Return a request with functions for the tools that an API lacks, and remarks on them.

    Args:
        request: The request, which is not changed.
        has_custom_tools: True for Chat Completions, whose custom tools stay if they are given in
            its own form.
    """
    others = [tool for tool in request.tools if not isinstance(tool, Tool)]
    if not any(True for tool in others for _ in foreign_of(tool)):
        return request, []
    plain = _PlainTools(request.tools, has_custom_tools=has_custom_tools)
    choice = request.choice
    if isinstance(choice, NamedTool):
        choice = NamedTool(plain.name_of(None, choice.name))
    found = msgspec.structs.replace(
        request, tools=plain.tools, turns=plain.turns(request.turns), choice=choice
    )
    return found, plain.notes


class _PlainTools:
    """The functions for the tools of a request.

    Attributes:
        tools: The tools to offer.
        notes: Remarks on what was lost.
    """

    def __init__(self, tools: Sequence[Tool | ProviderTool], *, has_custom_tools: bool) -> None:
        self.tools: list[Tool | ProviderTool] = []
        self.notes: list[str] = []
        self._offered: set[str] = set()
        self._has_custom_tools = has_custom_tools
        self._given = {tool.name for tool in tools if isinstance(tool, Tool)}
        self._foreign = foreign_tools(tools)
        self._names = {(each.namespace, each.name): name for name, each in self._foreign.items()}
        for tool in tools:
            self._offer(tool)

    def _offer(self, tool: Tool | ProviderTool) -> None:
        held = list(foreign_of(tool))
        if not held or (self._has_custom_tools and _is_of_chat(tool)):
            self.tools.append(tool)
            for each in held:
                # This API takes it as it is.
                self._foreign.pop(self._names.pop((each.namespace, each.name), ""), None)
                self._given.add(each.name)
            return
        for each in held:
            name = self._names.get((each.namespace, each.name))
            if name is not None and name not in self._offered:
                self._offered.add(name)
                self.tools.append(_function(name, each))
                self.notes += _lost(each)

    def name_of(self, namespace: str | None, name: str, *, is_custom: bool = False) -> str:
        """Return the name of the function for a tool; the same name for any other tool."""
        if namespace is None and name in self._given and not is_custom:
            return name
        if (known := self._names.get((namespace, name))) is not None:
            return known
        if namespace is not None:
            return function_name(namespace, name)
        return next((sent for (_, own), sent in self._names.items() if own == name), name)

    def turns(self, turns: Iterable[Message]) -> list[Message]:
        """Return the turns with calls of the functions."""
        return [self._turn(turn) if turn.calls or turn.name else turn for turn in turns]

    def _turn(self, turn: Message) -> Message:
        if turn.role == "tool" and turn.name:
            return msgspec.structs.replace(turn, name=self.name_of(None, turn.name))
        if not turn.calls:
            return turn
        spaces = {
            marked_call(part.content): part.content.get("namespace")
            for part in turn.parts
            if isinstance(part, ProviderPart)
        }
        calls = [self._call(call, spaces.get(call["id"])) for call in turn.calls]
        return msgspec.structs.replace(turn, tool_calls=calls)

    def _call(self, call: ToolCall, namespace: str | None) -> ToolCall:
        function = call["function"]
        is_custom, text = call["type"] == "custom", function["arguments"]
        name = self.name_of(namespace, function["name"], is_custom=is_custom)
        foreign = self._foreign.get(name)
        takes_text = foreign is not None and foreign.takes_text
        if is_custom and not takes_text and self._has_custom_tools:
            return call
        if is_custom or (takes_text and not _is_input(text)):
            text = msgspec.json.encode({INPUT: text}).decode()
        return ToolCall(
            **{**call, "type": "function", "function": {"name": name, "arguments": text}}
        )


def _is_of_chat(tool: Tool | ProviderTool) -> bool:
    return isinstance(tool, ProviderTool) and "custom" in tool.definition


def _is_input(arguments: str) -> bool:
    """Return True for the arguments of the function, as another API's model gave them."""
    try:
        value = value_of(arguments)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.keys() == {INPUT}


def _lost(tool: ForeignTool) -> list[str]:
    if not tool.takes_text or _grammar(tool) is None:
        return []
    return [f"the tool {tool.name!r}: its grammar is described, but not enforced"]


# --- Functions ---


def _function(name: str, tool: ForeignTool) -> Tool:
    definition = tool.definition
    preface = f"{tool.namespace}: {tool.preface}" if tool.preface else None
    described = definition.get("description")
    if not tool.takes_text:
        return Tool(
            name=name,
            description=_joined(preface, described),
            parameters=definition.get("parameters") or {},
            strict=definition.get("strict") or None,
        )
    argument = f"Give all of the tool's input as the text of `{INPUT}`."
    return Tool(
        name=name,
        description=_joined(preface, described, argument, _grammar(tool)),
        parameters={
            "type": "object",
            "properties": {INPUT: {"type": "string"}},
            "required": [INPUT],
            "additionalProperties": False,
        },
    )


def _grammar(tool: ForeignTool) -> str | None:
    match tool.definition.get("format"):
        case {"type": "grammar", "syntax": str(syntax), "definition": str(grammar)}:
            return f"The text must match this {syntax} grammar:\n{grammar}"
    return None


def _joined(*pieces: str | None) -> str | None:
    return "\n\n".join(piece for piece in pieces if piece) or None
