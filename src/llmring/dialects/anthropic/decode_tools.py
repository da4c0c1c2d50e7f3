"""The tools of a client's request, and the choice among them.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools
https://platform.claude.com/docs/en/agents-and-tools/tool-use/server-tools
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolChoice
from llmring.dialects.anthropic.decode_fields import (
    Json,
    at,
    beyond,
    filled_text,
    flag,
    required_table,
    required_text,
    table,
    tables,
    text,
)

_FUNCTION = frozenset({"type", "name", "description", "input_schema", "strict"})
_CHOICE = frozenset({"type", "name", "disable_parallel_tool_use"})

# A tool that other vendors have too.
_WEB_SEARCH = "web_search_"


def decode_tools(body: Json) -> list[Tool | ProviderTool]:
    """Return the tools; those of the vendor itself as they are.

    Raises:
        RequestFormatError: A tool is incomplete.
    """
    return [_tool(tool, at("tools", place)) for place, tool in enumerate(tables(body, "tools", ""))]


def _tool(tool: Json, path: str) -> Tool | ProviderTool:
    if text(tool, "type", path) not in (None, "custom"):
        return ProviderTool(tool)
    return Tool(
        name=filled_text(tool, "name", path),
        description=text(tool, "description", path),
        parameters=required_table(tool, "input_schema", path),
        strict=flag(tool, "strict", path),
        extra=beyond(tool, _FUNCTION),
    )


class AskedChoice(Struct, frozen=True, kw_only=True):
    """The choice among the tools that a request asks for.

    Attributes:
        choice: The choice; None where it is left open.
        one_call: True if the model may call only one tool at a time.
        own: The fields of the choice for this API alone.
        required: The paths of what only this API can do.
    """

    choice: ToolChoice | None = None
    one_call: bool = False
    own: Json = {}
    required: tuple[str, ...] = ()


def decode_choice(body: Json, tools: Sequence[Tool | ProviderTool]) -> AskedChoice:
    """Return the choice.

    Raises:
        RequestFormatError: The choice is incomplete.
    """
    given = table(body, "tool_choice", "")
    if given is None:
        return AskedChoice()
    own = beyond(given, _CHOICE)
    one_call = bool(flag(given, "disable_parallel_tool_use", "tool_choice"))
    choice: ToolChoice
    match required_text(given, "type", "tool_choice"):
        case "auto":
            choice = "auto"
        case "none":
            choice = "none"
        case "any":
            choice = "required"
        case "tool":
            choice = NamedTool(filled_text(given, "name", "tool_choice"))
        case _:
            return AskedChoice(own=given, required=("tool_choice",))
    if one_call and (not tools or choice == "none"):
        # It means nothing here.
        own["disable_parallel_tool_use"], one_call = True, False
    required = ("tool_choice",) if _forced(choice, tools) else ()
    return AskedChoice(choice=choice, one_call=one_call, own=own, required=required)


def _forced(choice: ToolChoice, tools: Sequence[Tool | ProviderTool]) -> bool:
    """Return True if the model must use a tool that no other vendor has."""
    match choice:
        case NamedTool(name=name):
            return any(_is_own(tool) and _name(tool) == name for tool in tools)
        case "required":
            return bool(tools) and all(map(_is_own, tools))
    return False


def _is_own(tool: Tool | ProviderTool) -> bool:
    if isinstance(tool, Tool):
        return False
    return not str(tool.definition.get("type")).startswith(_WEB_SEARCH)


def _name(tool: Tool | ProviderTool) -> object:
    return tool.name if isinstance(tool, Tool) else tool.definition.get("name")
