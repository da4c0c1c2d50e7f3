"""Tools of MCP servers, offered to a model; the only module that uses `mcp` as a client.

https://modelcontextprotocol.io/specification/
"""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from llmring.chat.function import FunctionTool
from llmring.chat.parts import AudioPart, ImagePart, Part, TextPart
from llmring.chat.request import LLMRequest
from llmring.exceptions import ConfigurationError, ToolServerError, ValidationError

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import CallToolResult, ContentBlock
    from mcp_types import Tool as ServedTool

T = TypeVar("T")

_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME = 64


class _Arguments(Struct):
    """A placeholder: the server checks arguments against its own schema."""


class ServerTool(FunctionTool[..., Any], frozen=True, kw_only=True, dict=True):
    """A tool of an MCP server."""

    def keywords(self, arguments: str) -> dict[str, Any]:
        """Return the arguments given by a model, in one piece.

        Raises:
            ValidationError: They are not a JSON object.
        """
        try:
            return {"arguments": msgspec.json.decode(arguments or "{}", type=dict[str, Any])}
        except msgspec.DecodeError as error:
            raise ValidationError(f"the arguments do not fit {self.name}: {error}") from error


@asynccontextmanager
async def tools_of(
    servers: Sequence[Any], timeout: float | None = None
) -> AsyncIterator[list[ServerTool]]:
    """Yield the tools of MCP servers while the connections are open.

    Args:
        servers: Each an address ("https://…"), a command line that starts a server ("python
            server.py"), or anything else that `mcp.Client` accepts.
        timeout: Seconds that a server may take to answer; None for no limit.

    Raises:
        ConfigurationError: The package `mcp` is not installed, or a command line is invalid.
        ToolServerError: A server can't be reached, or does not speak MCP.
    """
    tools: list[ServerTool] = []
    async with AsyncExitStack() as stack:
        for server in servers:
            client = _client(server, timeout)
            try:
                await stack.enter_async_context(client)
                served = (await client.list_tools()).tools
            except Exception as error:
                raise ToolServerError(
                    f"the MCP server {_server_name(server)} can't be used: "
                    f"{_error_text(error)}; check the "
                    "address or the command"
                ) from error
            taken = {tool.name for tool in tools}
            tools += _named(client, served, taken)
        yield tools


async def with_servers(
    servers: Sequence[Any],
    timeout: float | None,
    request: LLMRequest,
    run: Callable[[LLMRequest], Awaitable[T]],
) -> T:
    """Run a request that may use the tools of MCP servers; errors as for `tools_of`.

    Args:
        servers: The servers.
        timeout: Seconds that a server may take to answer; None for no limit.
        request: The request.
        run: Executes the request.
    """
    failure: Exception | None = None
    async with tools_of(servers, timeout) as tools:
        whole = msgspec.structs.replace(request, tools=[*request.toolset(), *tools])
        try:
            return await run(whole)
        except Exception as error:  # noqa: BLE001 -- raised again outside
            # The connections are task groups, which would wrap it in an ExceptionGroup.
            failure = error
    raise failure


def _client(server: Any, timeout: float | None) -> Client:
    try:
        from mcp import Client
        from mcp.client.stdio import StdioServerParameters
    except ImportError as error:
        raise ConfigurationError(
            'MCP servers need the package mcp; run pip install "llmring[mcp]"'
        ) from error
    if isinstance(server, str) and not server.startswith(("http://", "https://")):
        try:
            command, *rest = shlex.split(server)
        except ValueError as error:
            raise ConfigurationError(
                f"{server!r} is neither an address nor a valid command line: {error}"
            ) from error
        server = StdioServerParameters(command=command, args=rest)
    return Client(server, read_timeout_seconds=timeout)


def _named(client: Client, served: Iterable[ServedTool], taken: set[str]) -> list[ServerTool]:
    """Convert tools, giving each a unique name that every provider accepts."""
    tools = []
    for each in served:
        stem = _NOT_IN_NAME.sub("_", each.name)[: _LONGEST_NAME - 3] or "tool"
        stem = stem if stem[0].isalpha() or stem[0] == "_" else f"_{stem}"
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}_{number}"
        taken.add(name)
        tools.append(_tool(client, each, name))
    return tools


def _tool(client: Client, served: ServedTool, name: str) -> ServerTool:
    async def call(arguments: Mapping[str, Any]) -> str | list[Part]:
        result = await client.call_tool(served.name, dict(arguments))
        content = _content(result)
        if result.is_error:
            raise ValidationError(_text(content) or f"{served.name} failed without a message")
        return content

    return ServerTool(
        name=name,
        description=served.description or served.title,
        parameters=served.input_schema,
        function=call,
        arguments=_Arguments,
    )


def _content(result: CallToolResult) -> str | list[Part]:
    parts = [_part(block) for block in result.content]
    if not parts and result.structured_content is not None:
        return msgspec.json.encode(result.structured_content).decode()
    if all(isinstance(part, TextPart) for part in parts):
        return _text(parts)
    return parts


def _part(block: ContentBlock) -> Part:
    match block.type:
        case "text":
            return TextPart(block.text)
        case "image":
            return ImagePart(data=block.data, media_type=block.mime_type)
        case "audio":
            return AudioPart(block.data, block.mime_type)
        case "resource":
            text = getattr(block.resource, "text", None)
            return TextPart(text if text is not None else f"[{block.resource.uri}]")
        case "resource_link":
            return TextPart(f"[{block.name}: {block.uri}]")


def _text(content: str | Sequence[Part]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.text for part in content if isinstance(part, TextPart))


def _server_name(server: Any) -> str:
    """Return a server for a message: only the host of an address, only the name of a command.

    Either may carry a key.
    """
    if not isinstance(server, str):
        return type(server).__name__
    if server.startswith(("http://", "https://")):
        from urllib.parse import urlsplit

        return f"at {urlsplit(server).hostname}"
    return server.split()[0] if server.split() else "''"


def _error_text(error: BaseException) -> str:
    """Format an error; of a group, its first member."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
