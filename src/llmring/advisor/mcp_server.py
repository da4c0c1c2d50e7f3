"""An MCP server with the advisor's tools, for assistants that manage a lockfile.

https://modelcontextprotocol.io/specification/
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from llmring.advisor.editor import LockfileEditor, Proposal
from llmring.advisor.toolset import Tools
from llmring.chat.function import FunctionTool, result_content
from llmring.exceptions import ConfigurationError, LLMRingError

if TYPE_CHECKING:
    from mcp.server import Server

INSTRUCTIONS = (
    "Tools for an llmring.lock: look up models with their prices in the registry, and the aliases "
    "bound to them. Look up a model before binding it. Each change is written at once and "
    "returns its diff; undo reverts the last one."
)


def server(editor: LockfileEditor, *, edits: bool = True) -> Server[Any]:
    """Build an MCP server for a lockfile.

    Args:
        editor: The lockfile.
        edits: False to offer only tools that change nothing.

    Raises:
        ConfigurationError: The package `mcp` is not installed.
    """
    try:
        import mcp_types as types
        from mcp.server import Server
    except ImportError as error:
        raise ConfigurationError(
            'the MCP server needs the package mcp: pip install "llmring[mcp]"'
        ) from error
    from llmring import __version__

    tools = Tools(editor, _agreed)
    reading = {tool.name: tool for tool in tools.looking_up()}
    editing = {tool.name: tool for tool in tools.editing()} if edits else {}
    undo = _undo_tool(editor) if edits else {}
    everything: Mapping[str, FunctionTool[..., Any]] = {**reading, **editing, **undo}

    async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=name,
                    description=each.description,
                    input_schema=dict(each.parameters),
                    annotations=types.ToolAnnotations(
                        read_only_hint=name in reading,
                        destructive_hint=name == "unbind",
                        open_world_hint=False,
                    ),
                )
                for name, each in everything.items()
            ]
        )

    async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        count = len(tools.proposals)
        try:
            text = await _called(everything, params.name, params.arguments or {})
        except LLMRingError as error:
            return types.CallToolResult(content=[types.TextContent(text=str(error))], is_error=True)
        diffs = [proposal.diff for proposal, _ in tools.proposals[count:]]
        return types.CallToolResult(
            content=[types.TextContent(text=each) for each in (text, *diffs)]
        )

    return Server(
        "llmring",
        version=__version__,
        title="llmring lockfile",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve_stdio(served: Server[Any]) -> None:
    """Serve the parent process over standard input and output."""
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (reading, writing):
        await served.run(reading, writing, served.create_initialization_options())


async def _agreed(_: Proposal) -> bool:
    # Assistants ask their user before calling a tool that changes something.
    return True


async def _called(
    everything: Mapping[str, FunctionTool[..., Any]], name: str, arguments: Mapping[str, Any]
) -> str:
    tool = everything.get(name)
    if tool is None:
        raise ConfigurationError(f"unknown tool {name!r}; use one of {', '.join(everything)}")
    result: Any = tool(**tool.keywords(json.dumps(dict(arguments))))
    if hasattr(result, "__await__"):
        result = await result
    return str(result_content(result))


def _undo_tool(editor: LockfileEditor) -> dict[str, FunctionTool[..., Any]]:
    from llmring.chat.function import tool

    def undo() -> str:
        """Undo the last change of this session."""
        return f"Undone: {editor.undo().done}"

    made: Callable[..., Any] = tool(undo)
    return {"undo": made} if isinstance(made, FunctionTool) else {}
