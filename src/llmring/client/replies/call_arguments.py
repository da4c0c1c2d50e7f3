"""The arguments of calls, as the schema of the tool has them and not as an API made the model give.

Strict mode makes a model give every argument, null for those that it leaves out; an API that takes
only objects as arguments gets any other kind in an object; and some names have to be replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import msgspec

from llmring.chat.reply import Restore
from llmring.chat.tools import ProviderTool, Tool, ToolCall
from llmring.json_schema.adapt import is_object
from llmring.json_schema.restore import arguments_back, has_other_names


def restorer(tools: Iterable[Tool | ProviderTool]) -> Restore | None:
    """Return the function that restores the arguments of a call; None without any."""
    named = {tool.name: tool for tool in tools if isinstance(tool, Tool) and tool.parameters}
    return partial(_restored, named) if named else None


def _is_changed(tool: Tool) -> bool:
    """Return True if the model may be asked for other arguments than those of a tool."""
    return bool(tool.strict or not is_object(tool.parameters) or has_other_names(tool.parameters))


def _restored(tools: Mapping[str, Tool], call: ToolCall) -> ToolCall:
    function = call["function"]
    tool = tools.get(function["name"])
    if tool is None or call["type"] != "function" or not _is_changed(tool):
        return call
    try:
        given = msgspec.json.decode(function["arguments"])
        found = arguments_back(given, tool.parameters, strict=bool(tool.strict))
    except (msgspec.DecodeError, RecursionError):
        return call
    if found == given:
        return call
    arguments = msgspec.json.encode(found).decode()
    return {**call, "function": {"name": function["name"], "arguments": arguments}}
