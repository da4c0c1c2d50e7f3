"""Tools of MCP servers, offered to a model.

https://modelcontextprotocol.io/specification/
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from llmring.chat.function import FunctionTool
from llmring.chat.parts import AudioPart, ImagePart, Part, TextPart
from llmring.chat.request import LLMRequest
from llmring.chat.tools import Tool
from llmring.client.tools.mcp_connection import ToolServer
from llmring.client.tools.tool_names import fit_names
from llmring.exceptions import ToolServerError, ValidationError

if TYPE_CHECKING:
    from mcp_types import CallToolResult, ContentBlock
    from mcp_types import Tool as ServedTool

T = TypeVar("T")

log = logging.getLogger("llmring")


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
    servers: Sequence[Any], timeout: float | None = None, taken: Iterable[str] = ()
) -> AsyncIterator[list[ServerTool]]:
    """Yield the tools of MCP servers while the connections are open.

    Args:
        servers: Each an address ("https://…"), a command line that starts a server ("python
            server.py"), or anything else that `mcp.Client` accepts.
        timeout: Seconds that a server may take to answer; None for no limit.
        taken: Names of other tools.

    Raises:
        ConfigurationError: The package `mcp` is not installed, or a command line is invalid.
        ToolServerError: A server can't be reached, does not speak MCP, or fails.
    """
    known = [ToolServer(server, timeout) for server in servers]
    async with AsyncExitStack() as stack:
        served = [
            (server, each)
            for server in known
            for each in await stack.enter_async_context(server.connected())
        ]
        names = fit_names([each.name for _, each in served], taken)
        yield [
            _tool(server, each, name) for (server, each), name in zip(served, names, strict=True)
        ]


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
    toolset = request.toolset()
    taken = [tool.name for tool in toolset if isinstance(tool, Tool)]
    failure: BaseException | None = None
    answers: list[T] = []
    try:
        async with tools_of(servers, timeout, taken) as tools:
            try:
                answers.append(
                    await run(msgspec.structs.replace(request, tools=[*toolset, *tools]))
                )
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001 -- raised again outside
                # The connections are task groups, which would wrap it in an ExceptionGroup.
                failure = error
    except ToolServerError as error:
        if failure is None and not answers:
            raise
        # The request is over; a server that fails while it is left changes nothing.
        log.warning("%s", error)
    if failure is not None:
        raise failure
    return answers[0]


def _tool(server: ToolServer, served: ServedTool, name: str) -> ServerTool:
    async def call(arguments: Mapping[str, Any]) -> str | list[Part]:
        try:
            result = await server.client.call_tool(served.name, dict(arguments))
        except Exception as error:
            if not server.is_gone(error):
                raise
            fault = server.fault(error)
        else:
            content = _content(result)
            if result.is_error:
                raise ValidationError(_text(content) or f"{served.name} failed without a message")
            return content
        raise fault

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
