"""The tools of MCP servers in a conversation: they stay connected from question to question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from llmring.chat.function import FunctionTool
from llmring.exceptions import ToolServerError

_CLOSING_SECONDS = 5.0

_log = logging.getLogger("llmring")


class ServedTools:
    """Connections to MCP servers, made at the first question and again after a failure.

    Args:
        servers: The servers, as `LLMRing.run_tools` takes them.
        timeout: Seconds that a server may take to answer; None for no limit.
    """

    def __init__(self, servers: Sequence[Any], timeout: float | None) -> None:
        self._servers = servers
        self._timeout = timeout
        self._tools: Sequence[FunctionTool[..., Any]] = ()
        self._keeper: asyncio.Task[None] | None = None
        self._left = asyncio.Event()

    async def tools(self, taken: Iterable[str] = ()) -> Sequence[FunctionTool[..., Any]]:
        """Return the tools, connecting to the servers unless they are connected.

        Args:
            taken: Names of other tools.

        Raises:
            ConfigurationError: The package `mcp` is not installed, or a command line is invalid.
            ToolServerError: A server can't be reached, does not speak MCP, or fails.
        """
        if not self._servers or (self._keeper is not None and not self._keeper.done()):
            return self._tools
        await self.close()
        opened: asyncio.Future[Sequence[FunctionTool[..., Any]]] = (
            asyncio.get_running_loop().create_future()
        )
        self._left = asyncio.Event()
        # The task that opens a connection must close it, and the questions are tasks of their own.
        self._keeper = asyncio.create_task(self._keep(tuple(taken), opened, self._left))
        try:
            self._tools = await opened
        except BaseException:
            self._keeper.cancel()
            await self.close()
            raise
        return self._tools

    async def close(self) -> None:
        """Disconnect; the next question connects again."""
        keeper, self._keeper, self._tools = self._keeper, None, ()
        if keeper is None:
            return
        self._left.set()
        done, _ = await asyncio.wait([keeper], timeout=_CLOSING_SECONDS)
        if not done:
            keeper.cancel()

    async def _keep(
        self,
        taken: Sequence[str],
        opened: asyncio.Future[Sequence[FunctionTool[..., Any]]],
        left: asyncio.Event,
    ) -> None:
        from llmring.client.tools.mcp_tools import tools_of

        try:
            async with tools_of(self._servers, self._timeout, taken) as tools:
                if not opened.done():
                    opened.set_result(tools)
                await left.wait()
        except Exception as error:  # noqa: BLE001 -- handed to the question that waits
            if not opened.done():
                opened.set_exception(error)
            elif isinstance(error, ToolServerError):
                # Each question is complete; a server that fails while it is left changes nothing.
                _log.warning("%s", error)
