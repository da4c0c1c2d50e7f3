"""The arguments of calls, as the schema of the tool has them and not as an API made the model give.

Strict mode makes a model give every argument, null for those that it leaves out; an API that takes
only objects as arguments gets any other kind in an object; and some names have to be replaced.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing

import msgspec

from llmring.chat.response import LLMResponse, StreamChunk
from llmring.chat.tools import ProviderTool, Tool, ToolCall
from llmring.json_schema.adapt import is_object
from llmring.json_schema.restore import arguments_back, has_other_names


def _changed(tools: Iterable[Tool | ProviderTool]) -> dict[str, Tool]:
    """Return the tools whose arguments may come changed, by name."""
    return {
        tool.name: tool
        for tool in tools
        if isinstance(tool, Tool)
        and tool.parameters
        and (tool.strict or not is_object(tool.parameters) or has_other_names(tool.parameters))
    }


def restore_calls(response: LLMResponse, tools: Iterable[Tool | ProviderTool]) -> None:
    """Restore the arguments of an answer's calls, in place."""
    changed = _changed(tools)
    if response.tool_calls and changed:
        response.tool_calls = [_restored(call, changed) for call in response.tool_calls]


def restored_stream(
    chunks: AsyncGenerator[StreamChunk, None], tools: Iterable[Tool | ProviderTool]
) -> AsyncGenerator[StreamChunk, None]:
    """Return the chunks, with the arguments of their calls restored."""
    changed = _changed(tools)
    return _restoring(chunks, changed) if changed else chunks


async def _restoring(
    chunks: AsyncGenerator[StreamChunk, None], changed: Mapping[str, Tool]
) -> AsyncGenerator[StreamChunk, None]:
    async with aclosing(chunks):
        async for chunk in chunks:
            if chunk.tool_calls:
                chunk.tool_calls = [_restored(call, changed) for call in chunk.tool_calls]
                if chunk.message is not None:
                    chunk.message.tool_calls = chunk.tool_calls
            yield chunk


def _restored(call: ToolCall, changed: Mapping[str, Tool]) -> ToolCall:
    function = call["function"]
    tool = changed.get(function["name"])
    if tool is None or call["type"] != "function":
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
