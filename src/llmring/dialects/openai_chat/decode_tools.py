"""The tools in a client's request of Chat Completions, and the choice among them.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools
https://platform.openai.com/docs/guides/function-calling

A choice of several allowed tools leaves the others out, which any API can do. Tools that the API
runs itself are kept as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.tool_parsing import parse_tool
from llmring.chat.tools import ProviderTool, Tool, ToolChoice, parse_choice
from llmring.dialects.openai_chat.decode_content import parsed
from llmring.dialects.request_decoding import BodyFields, RequestFormatError, check


class DecodedTools(Struct, frozen=True, kw_only=True):
    """The tools of a request.

    Attributes:
        tools: The tools.
        choice: The choice among them; None if it is left open.
        own: The fields as servers of the same API take them, where more is in these.
        required_own: The paths of what no other API understands.
    """

    tools: Sequence[Tool | ProviderTool] = ()
    choice: ToolChoice | None = None
    own: Mapping[str, Any] = {}
    required_own: tuple[str, ...] = ()


def decoded_tools(fields: BodyFields) -> DecodedTools:
    """Take the tools and the choice from the fields of a body.

    Raises:
        RequestFormatError: They are not what the API accepts.
    """
    given = fields.take("tools", list[dict[str, Any]]) or []
    older = fields.take("functions", list[dict[str, Any]]) or []
    tools = [_tool(each, f"tools.{at}") for at, each in enumerate(given)]
    tools += [
        _tool({"type": "function", "function": e}, f"functions.{at}") for at, e in enumerate(older)
    ]
    own = {"tools": given} if any(map(_has_more, given)) else {}
    choice = fields.take("tool_choice", str | dict[str, Any])
    called = fields.take("function_call", str | dict[str, Any])
    path = "tool_choice" if choice is not None else "function_call"
    choice = called if choice is None else choice
    match choice:
        case None:
            return DecodedTools(tools=tools, own=own)
        case {"type": "allowed_tools"}:
            allowed = BodyFields(choice, path).need("allowed_tools", dict[str, Any])
            table = BodyFields(allowed, f"{path}.allowed_tools")
            names = table.need("tools", list[dict[str, Any]])
            found = _allowed(names, tools, given, table.path("tools"))
            mode = parsed(parse_choice, table.need("mode", str), table.path("mode"))
            return DecodedTools(tools=found, choice=mode, own={"tools": given, path: choice})
        case "auto" | "none" if not tools:
            # It chooses nothing, and OpenAI refuses it.
            return DecodedTools(own=own)
        case str() | {"function": _} | {"custom": _} | {"name": _}:
            return DecodedTools(tools=tools, choice=parsed(parse_choice, choice, path), own=own)
    # One of the tools that the server itself runs.
    return DecodedTools(tools=tools, own={**own, path: choice}, required_own=(path,))


def _tool(tool: dict[str, Any], path: str) -> Tool | ProviderTool:
    tool = {name: value for name, value in tool.items() if value is not None}
    kind = tool.get("type", "function")
    if kind == "custom" and "custom" in tool:
        check(tool["custom"], dict[str, Any], f"{path}.custom")
        BodyFields(tool["custom"], f"{path}.custom").need("name", str)
        return ProviderTool(tool)
    if kind != "function" or not ("type" in tool or "function" in tool or "name" in tool):
        check(kind, str, f"{path}.type")
        return ProviderTool(tool)
    inner = tool.get("function", tool)
    check(inner, dict[str, Any], f"{path}.function")
    BodyFields(inner, path if inner is tool else f"{path}.function").need("name", str)
    found: Tool = parsed(parse_tool, {**tool, "type": "function"}, path)
    check(msgspec.structs.asdict(found), Tool, path)
    # https://docs.litellm.ai/docs/completion/prompt_caching
    mark = tool.get("cache_control") or inner.get("cache_control")
    if not mark:
        return found
    check(mark, dict[str, Any], f"{path}.cache_control")
    return msgspec.structs.replace(found, extra={"cache_control": mark})


_OF_TOOL = frozenset({"type", "function", "cache_control"})
_OF_FUNCTION = frozenset({"name", "description", "parameters", "strict", "cache_control"})


def _has_more(tool: Mapping[str, Any]) -> bool:
    """Return True if a function has fields that only some servers know."""
    function = tool.get("function")
    if tool.get("type", "function") != "function" or not isinstance(function, dict):
        return False
    return not (tool.keys() <= _OF_TOOL and function.keys() <= _OF_FUNCTION)


def _allowed(
    names: Iterable[Mapping[str, Any]],
    tools: Sequence[Tool | ProviderTool],
    given: Sequence[Mapping[str, Any]],
    path: str,
) -> list[Tool | ProviderTool]:
    """Return the tools that are allowed by their names."""
    allowed = [_name(each) for each in names]
    offered = [_name(each) for each in given]
    known, chosen = set(offered), set(allowed)
    for at, name in enumerate(allowed):
        if name not in known:
            raise RequestFormatError(
                f"{path}.{at} is not one of the tools of the request", f"{path}.{at}"
            )
    return [tool for tool, name in zip(tools, offered, strict=False) if name in chosen]


def _name(tool: Mapping[str, Any]) -> str:
    """Return the name of a tool; of one that has none, its type."""
    inner = tool.get("function") or tool.get("custom") or tool
    name = inner.get("name") if isinstance(inner, Mapping) else None
    return str(name or tool.get("type"))
