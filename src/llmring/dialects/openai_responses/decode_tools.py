"""The tools of a client's request, and its choice among them.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-tools
https://platform.openai.com/docs/api-reference/responses/create#responses-create-tool_choice

A tool that is not asked to be strict is the same as one that is asked not to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolChoice
from llmring.dialects.openai_responses.request_values import (
    list_in,
    missing,
    optional_flag,
    optional_text,
    present,
    text_in,
    wrong_type,
)
from llmring.dialects.request_decoding import RequestFormatError

Json = dict[str, Any]

_OF_FUNCTIONS = frozenset({"type", "name", "description", "parameters", "strict"})
_MODES = ("none", "auto", "required")
# Choices of tools that clients run; those of the server's own are known to it alone.
_NAMED = frozenset({"function", "custom"})
# A tool that other vendors have too.
_SEARCH = "web_search"


class ResponsesTools(Struct, frozen=True):
    """The tools that a request offers.

    Attributes:
        tools: The tools that the model may call.
        choice: Which of them it may or must call; None where the request leaves that open.
        own: The fields, where these two lack a part of them.
        required: The paths of what only servers of this API understand, and must.
    """

    tools: list[Tool | ProviderTool] = []
    choice: ToolChoice | None = None
    own: Mapping[str, Any] = {}
    required: tuple[str, ...] = ()


def decode_tools(fields: Mapping[str, Any]) -> ResponsesTools:
    """Return the tools of a request.

    Args:
        fields: The fields of the body that are not null.

    Raises:
        RequestFormatError: A tool or the choice is not what the API accepts.
    """
    given = [present(each, f"tools.{at}") for at, each in enumerate(list_in(fields, "tools"))]
    tools = [_tool(each, f"tools.{at}") for at, each in enumerate(given)]
    required = [
        f"tools.{at}.allowed_callers"
        for at, each in enumerate(given)
        if "direct" not in list_in(each, "allowed_callers", f"tools.{at}.")
        and each.get("allowed_callers")
    ]
    own: dict[str, Any] = {}
    if any(
        isinstance(tool, Tool) and each.keys() - _OF_FUNCTIONS
        for tool, each in zip(tools, given, strict=True)
    ):
        own["tools"] = given
    wanted = fields.get("tool_choice")
    match wanted:
        case None:
            choice: ToolChoice | None = None
        case "none" | "auto" | "required":
            choice = wanted
        case {"type": str(kind), "name": str(name)} if kind in _NAMED:
            choice = NamedTool(name)
        case {"type": str(kind)} if kind.startswith(_SEARCH) and _offers(tools, kind):
            choice = NamedTool(kind)
            own["tool_choice"] = wanted
        case {"type": "allowed_tools"}:
            tools, choice = _allowed(tools, present(wanted, "tool_choice"))
            own |= {"tools": given, "tool_choice": wanted}
        case {"type": str(kind)} if kind not in _NAMED:
            choice = None
            own["tool_choice"] = wanted
            required.append("tool_choice")
        case _:
            raise _unknown_choice(wanted)
    return ResponsesTools(tools, choice, own, tuple(required))


def _offers(tools: Iterable[Tool | ProviderTool], kind: str) -> bool:
    """Return True if one of the tools is of this type, which the server runs."""
    return any(isinstance(t, ProviderTool) and t.definition["type"] == kind for t in tools)


def _unknown_choice(wanted: Any) -> RequestFormatError:
    if isinstance(wanted, str):
        return RequestFormatError(
            f"tool_choice must be one of {', '.join(_MODES)} or an object, not {wanted!r:.50}",
            "tool_choice",
            "invalid_value",
        )
    if not isinstance(wanted, dict):
        return wrong_type("tool_choice", "a string or an object", wanted)
    if "type" not in wanted:
        return missing("tool_choice.type")
    return missing("tool_choice.name")


def _tool(tool: Json, path: str) -> Tool | ProviderTool:
    kind = text_in(tool, "type", path + ".")
    if kind in ("custom", "namespace"):
        text_in(tool, "name", path + ".")
        optional_text(tool, "description", path + ".")
        for at, each in enumerate(list_in(tool, "tools", path + ".")):
            place = f"{path}.tools.{at}"
            _tool(present(each, place), place)
        return ProviderTool(tool)
    if kind != "function":
        return ProviderTool(tool)
    parameters = tool.get("parameters", {})
    if not isinstance(parameters, dict):
        raise wrong_type(f"{path}.parameters", "an object", parameters)
    return Tool(
        name=text_in(tool, "name", path + "."),
        description=optional_text(tool, "description", path + "."),
        parameters=parameters,
        strict=optional_flag(tool, "strict", path + ".") or None,
    )


# --- Choices among some of the tools ---


def _allowed(
    tools: Iterable[Tool | ProviderTool], wanted: Json
) -> tuple[list[Tool | ProviderTool], ToolChoice]:
    """Return the allowed tools, and the choice among them.

    Other APIs have no list of allowed tools, and are offered these alone.
    """
    mode = wanted.get("mode", "auto")
    if mode not in ("auto", "required"):
        raise RequestFormatError(
            "tool_choice.mode must be auto or required", "tool_choice.mode", "invalid_value"
        )
    listed = [
        present(each, f"tool_choice.tools.{at}")
        for at, each in enumerate(list_in(wanted, "tools", "tool_choice."))
    ]
    kept = list(tools)
    allowed = [found for tool in kept for found in _allowed_of(tool, listed)]
    if not allowed:
        return kept, "none"
    return allowed, "required" if mode == "required" else "auto"


def _allowed_of(tool: Tool | ProviderTool, listed: list[Json]) -> list[Tool | ProviderTool]:
    """Return the tool as far as it is listed; of a namespace, the listed functions."""
    if isinstance(tool, Tool):
        return [tool] if _is_listed({"type": "function", "name": tool.name}, listed) else []
    definition = tool.definition
    if _is_listed(definition, listed):
        return [tool]
    if definition.get("type") != "namespace":
        return []
    inner = [each for each in definition.get("tools", ()) if _is_listed(each, listed)]
    return [ProviderTool({**definition, "tools": inner})] if inner else []


_IDENTITY = ("type", "name", "server_label")


def _is_listed(definition: Mapping[str, Any], listed: list[Json]) -> bool:
    return any(
        all(each.get(key) == definition.get(key) for key in _IDENTITY if key in each)
        for each in listed
    )
