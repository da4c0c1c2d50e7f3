"""The tool loop as a stream: chunks of the answers, and the calls of functions between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from llmring.bridge.contained import ContainedError, contained
from llmring.chat.request import LLMRequest
from llmring.chat.response import LLMResponse, StreamChunk
from llmring.chat.tool_conversation import ToolRun, ToolsResponse, ToolStart
from llmring.client.replies.streamed_answer import streamed_answer

Item = StreamChunk | ToolStart | ToolRun
Ask = Callable[[LLMRequest], Awaitable[LLMResponse]]
Watch = Callable[[ToolStart | ToolRun], Awaitable[None]]

# For what a stream that is left early has to close.
_CLOSING_SECONDS = 1.0

# The loops hold tasks weakly; one that waits for a caller who has gone must live until its stream
# is closed. https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task
_under_way: set[asyncio.Task[ToolsResponse]] = set()


class _Rendezvous:
    """Items of a task that goes on after each one only when the caller asks for the next."""

    def __init__(self) -> None:
        self._handed: asyncio.Queue[tuple[Item, asyncio.Future[None]] | None] = asyncio.Queue()
        self._handled: asyncio.Future[None] | None = None

    async def hand_over(self, item: Item) -> None:
        """Wait until the caller has had this item and asks for the next one."""
        handled = asyncio.get_running_loop().create_future()
        self._handed.put_nowait((item, handled))
        await handled

    async def next(self) -> Item | None:
        """Return the next item; None at the end."""
        if self._handled is not None and not self._handled.cancelled():
            self._handled.set_result(None)
        while (handed := await self._handed.get()) is not None:
            item, self._handled = handed
            if not self._handled.cancelled():
                return item
        return None

    def end(self, task: asyncio.Task[ToolsResponse]) -> None:
        """End the items with their task."""
        _under_way.discard(task)
        if not task.cancelled():
            # Retrieves it, because a caller that leaves early does not.
            task.exception()
        self._handed.put_nowait(None)


async def stream_of_tools(
    run: Callable[[Ask, Watch], Awaitable[ToolsResponse]],
    open_stream: Callable[[LLMRequest], AsyncGenerator[StreamChunk, None]],
    keep: Callable[[ToolsResponse], None],
) -> AsyncGenerator[Item, None]:
    """Yield the chunks of all turns, and each call of a function before it starts and at its end.

    What follows an item happens once the next item is asked for.

    Args:
        run: Runs the tool loop, with a function that asks a model and one that is given the calls.
        open_stream: Streams the answer to one request.
        keep: Called with the whole conversation at its end.

    Raises:
        BaseException: As `run` does.
    """
    items = _Rendezvous()

    async def ask(request: LLMRequest) -> LLMResponse:
        last: StreamChunk | None = None
        async with aclosing(open_stream(request)) as chunks:
            async for chunk in chunks:
                await items.hand_over(chunk)
                last = chunk
        return streamed_answer(last)

    # In one task of its own: connections of MCP servers must be closed by the task that opens them.
    task = asyncio.ensure_future(contained(run(ask, items.hand_over)))
    _under_way.add(task)
    task.add_done_callback(items.end)
    try:
        while (item := await items.next()) is not None:
            yield item
        keep(task.result())
    except ContainedError as carrier:
        error = carrier.error
    else:
        return
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=_CLOSING_SECONDS)
    raise error
