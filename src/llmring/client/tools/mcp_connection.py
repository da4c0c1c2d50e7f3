"""Connections to MCP servers, and the errors of servers that can't be used.

https://modelcontextprotocol.io/specification/2025-06-18/server/utilities/pagination
"""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from llmring.exceptions import ConfigurationError, LLMRingError, ToolServerError

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import Tool as ServedTool

# A server whose list has more pages than this does not end it.
MOST_PAGES = 1000


class ToolServer:
    """An MCP server, not yet connected.

    Args:
        server: An address ("https://…"), a command line that starts a server ("python
            server.py"), or anything else that `mcp.Client` accepts.
        timeout: Seconds that it may take to answer; None for no limit.

    Raises:
        ConfigurationError: The package `mcp` is not installed, or the command line is invalid.
    """

    def __init__(self, server: Any, timeout: float | None) -> None:
        self._server = server
        self._timeout = timeout
        self.client = _client(server, timeout)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[list[ServedTool]]:
        """Connect, and yield the tools of all pages while the connection is open.

        Raises:
            ToolServerError: It can't be reached, does not speak MCP, or fails.
        """
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(self._timeout):
                    await stack.enter_async_context(self.client)
                    tools = await self._tools()
                yield tools
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 -- of any transport
            fault = self.fault(error)
        else:
            return
        # The text of the cause may hold a key, which a traceback would show.
        raise fault from None

    async def _tools(self) -> list[ServedTool]:
        """Return the tools of all pages of the server's list."""
        tools: list[ServedTool] = []
        cursor: str | None = None
        seen: set[str | None] = set()
        while cursor not in seen and len(seen) < MOST_PAGES:
            seen.add(cursor)
            page = await self.client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None:
                return tools
        raise ToolServerError(
            f"the MCP server {self.name} can't be used: its list of tools does not end (page "
            f"{len(seen) + 1}); repair how the server sets nextCursor"
        )

    def fault(self, error: BaseException) -> BaseException:
        """Return the error to raise for one of this server's client."""
        first = next(_leaves(error))
        for each in _leaves(error):
            # An error of our own, from this server or another one, comes out as it is; so does
            # one that must end the program.
            if isinstance(each, LLMRingError) or not isinstance(each, Exception):
                return each
        return ToolServerError(
            f"the MCP server {self.name} can't be used: {self._text(first)}; {self._remedy(first)}"
        )

    def is_gone(self, error: Exception) -> bool:
        """Check if an error of a call means that the connection to the server has ended."""
        from mcp.shared.exceptions import MCPError
        from mcp_types import CONNECTION_CLOSED

        if isinstance(error, MCPError):
            return error.code == CONNECTION_CLOSED
        return not isinstance(error, (ValueError, RuntimeError, TimeoutError))

    @property
    def name(self) -> str:
        """The server for a message: the host of an address, the program of a command.

        The rest of either may carry a key.
        """
        if not isinstance(self._server, str):
            return type(self._server).__name__
        if _is_address(self._server):
            from urllib.parse import urlsplit

            place = urlsplit(self._server)
            return f"at {place.hostname}" + (f":{place.port}" if place.port else "")
        return self._server.split()[0] if self._server.split() else "''"

    def _text(self, error: BaseException) -> str:
        """Return the text of an error without the parts of the server that may carry a key."""
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        if isinstance(self._server, str):
            text = text.replace(self._server, self.name)
            if not _is_address(self._server):
                for part in shlex.split(self._server)[1:]:
                    text = text.replace(part, "…")
        return _QUERY.sub("?…", _USER.sub("//", text))

    def _remedy(self, error: BaseException) -> str:
        if isinstance(error, FileNotFoundError | PermissionError):
            return "install the program, or correct the command"
        if isinstance(error, TimeoutError) or _timed_out(error):
            limit = "" if self._timeout is None else f" of {self._timeout:g} s"
            return f"check that the server is running, or raise the timeout{limit}"
        if isinstance(self._server, str) and not _is_address(self._server):
            return "run the command in a terminal to see why it fails"
        return "check that the server is running, and the address"


_QUERY = re.compile(r"\?[^\s'\"<>]+")
_USER = re.compile(r"//[^\s/'\"@]+@")


def _is_address(server: str) -> bool:
    return server.startswith(("http://", "https://"))


def _timed_out(error: BaseException) -> bool:
    from mcp.shared.exceptions import MCPError
    from mcp_types import REQUEST_TIMEOUT

    return isinstance(error, MCPError) and error.code == REQUEST_TIMEOUT


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions in a group, and in the groups within it."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _client(server: Any, timeout: float | None) -> Client:
    try:
        from mcp import Client
        from mcp.client.stdio import StdioServerParameters
    except ImportError as error:
        raise ConfigurationError(
            'MCP servers need the package mcp; run pip install "llmring[mcp]"'
        ) from error
    if isinstance(server, str) and not _is_address(server):
        try:
            command, *rest = shlex.split(server)
        except ValueError as error:
            raise ConfigurationError(
                f"{server!r} is neither an address nor a valid command line: {error}"
            ) from error
        server = StdioServerParameters(command=command, args=rest)
    return Client(server, read_timeout_seconds=timeout)
