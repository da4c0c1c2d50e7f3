"""Pending calls of a ring: awaitable, and readable directly in synchronous code."""

import sys
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterator,
    Sequence,
)
from threading import Thread, current_thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from llmring.bridge.other_loops import refuse_trio
from llmring.bridge.pending import Pending, loop_is_running, warn_of_blocking
from llmring.chat.embedding import EmbeddingResponse
from llmring.chat.response import LLMResponse, StreamChunk
from llmring.chat.token_count import TokenCount
from llmring.chat.tool_conversation import ToolRun, ToolsResponse, ToolStart
from llmring.dialects.dialect import ListedModel

if TYPE_CHECKING:
    from decimal import Decimal

    from llmring.chat.citation import Citation
    from llmring.chat.cost import CostParts
    from llmring.chat.events import Usage
    from llmring.chat.parts import Part
    from llmring.chat.request import Message
    from llmring.chat.response import Attempt
    from llmring.chat.tools import ToolCall
    from llmring.client.executor import Executor


T = TypeVar("T")

_LOOK_AGAIN_SECONDS = 0.005

_AS_DATA = ("to_dict", "to_json")


class _ChatAnswer:
    """The attributes of a chat's answer that can be read from the pending call."""

    _forwarded: ClassVar = frozenset(
        (*LLMResponse.__struct_fields__, "total_tokens", "message", *_AS_DATA)
    )

    if TYPE_CHECKING:
        content: str
        model: str
        usage: Usage | None
        finish_reason: str | None
        tool_calls: list[ToolCall] | None
        parsed: Any
        reasoning: str | None
        refusal: str | None
        cost: Decimal | None
        cost_reason: str | None
        cost_parts: CostParts | None
        attempts: tuple[Attempt, ...]
        served_model: str | None
        native_finish_reason: str | None
        id: str | None
        parts: tuple[Part, ...] | None
        citations: tuple[Citation, ...]
        commentary: str | None
        total_tokens: int | None
        message: Message
        to_dict: Callable[[], dict[str, Any]]
        to_json: Callable[[], str]


class PendingChat(_ChatAnswer, Pending[LLMResponse]):
    """A pending `chat` call; see `Pending`. Its answer's attributes can be read from it."""

    __module__ = "llmring"

    _method = "chat"


class PendingTools(_ChatAnswer, Pending[ToolsResponse]):
    """A pending `run_tools` call; see `Pending`. Its answer's attributes can be read from it."""

    __module__ = "llmring"

    _method = "run_tools"
    _needs_loop = True
    _forwarded = _ChatAnswer._forwarded | {"messages", "turns", "runs"}  # noqa: SLF001

    if TYPE_CHECKING:
        messages: list[Message]
        turns: tuple[LLMResponse, ...]
        runs: tuple[ToolRun, ...]


if TYPE_CHECKING:
    # With a type as `response_format`, for type checkers: the answer's `parsed` has this type.

    class ParsedResponse(LLMResponse, Generic[T], kw_only=True):
        """An answer whose `parsed` has a known type."""

        parsed: T

    class ParsedToolsResponse(ToolsResponse, Generic[T], kw_only=True):
        """The end of a conversation with tools, whose `parsed` has a known type."""

        parsed: T

    class PendingParsedChat(PendingChat, Generic[T]):
        """A pending `chat` call whose answer's `parsed` has a known type."""

        parsed: T

        def result(self) -> ParsedResponse[T]: ...  # noqa: D102
        def __await__(self) -> Generator[Any, Any, ParsedResponse[T]]: ...

    class PendingParsedTools(PendingTools, Generic[T]):
        """A pending `run_tools` call whose answer's `parsed` has a known type."""

        parsed: T

        def result(self) -> ParsedToolsResponse[T]: ...  # noqa: D102
        def __await__(self) -> Generator[Any, Any, ParsedToolsResponse[T]]: ...

else:
    PendingParsedChat, PendingParsedTools = PendingChat, PendingTools


class PendingEmbedding(Pending[EmbeddingResponse]):
    """A pending `embed` call; see `Pending`. Its answer's attributes can be read from it."""

    __module__ = "llmring"

    _method = "embed"
    _forwarded = frozenset((*EmbeddingResponse.__struct_fields__, "dimensions", *_AS_DATA))

    if TYPE_CHECKING:
        vectors: list[list[float]]
        model: str
        usage: Usage | None
        cost: Decimal | None
        cost_reason: str | None
        cost_parts: CostParts | None
        attempts: tuple[Attempt, ...]
        dimensions: int
        to_dict: Callable[[], dict[str, Any]]
        to_json: Callable[[], str]


class PendingModels(Pending[list[ListedModel]]):
    """A pending `list_models` call; see `Pending`."""

    __module__ = "llmring"

    _method = "list_models"


class PendingCount(Pending[TokenCount]):
    """A pending `count_tokens` call; see `Pending`. Its answer's attributes can be read from it."""

    __module__ = "llmring"

    _method = "count_tokens"
    _forwarded = frozenset((*TokenCount.__struct_fields__, *_AS_DATA))

    if TYPE_CHECKING:
        tokens: int
        exact: bool
        method: str
        model: str
        reason: str | None
        to_dict: Callable[[], dict[str, Any]]
        to_json: Callable[[], str]


class _PendingItems(Generic[T]):
    """Items that arrive one by one, for `async for` or `for`; see `PendingStream`."""

    _method: ClassVar[str]
    _needs_loop: ClassVar[bool] = False

    def __init__(self, open_stream: Callable[[], AsyncGenerator[T, None]]) -> None:
        self._open: Callable[[], AsyncGenerator[T, None]] | None = open_stream
        self._async: AsyncGenerator[T, None] | None = None
        self._sync: Generator[T, None, None] | None = None

    def _source(self) -> AsyncGenerator[T, None]:
        if self._open is None:
            raise RuntimeError(f"a stream can be read once; call {self._method} again")
        self._async, self._open = self._open(), None
        return self._async

    def __aiter__(self) -> AsyncIterator[T]:
        if "trio" in sys.modules:
            refuse_trio()
        return self._source()

    def __iter__(self) -> Iterator[T]:
        source = self._source()
        is_blocked = loop_is_running()
        if is_blocked:
            warn_of_blocking(f"for over a stream of {self._method}", "async for")
        if is_blocked or self._needs_loop:
            from llmring.bridge import portal

            self._sync = portal.iterate(source)
        else:
            from llmring.bridge import inline

            self._sync = inline.iterate(source)
        return self._sync

    async def aclose(self) -> None:
        """Close the connection if it is open; no more chunks can be read."""
        self._open = None
        if self._sync is not None:
            self._sync.close()
        elif self._async is not None:
            await self._async.aclose()

    def close(self) -> None:
        """Close the connection, from synchronous code; see `aclose`."""
        self._open = None
        if self._sync is not None:
            self._sync.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class PendingStream(_PendingItems[StreamChunk]):
    """A streamed answer, to iterate over with `async for` or `for`.

    The request is sent when the first chunk is requested. If the loop is left early, the
    connection closes once the stream is garbage-collected; to close it sooner, use the stream as
    a context manager. Iterating with `for` inside a running event loop works, with a warning that
    it blocks the loop.
    """

    __module__ = "llmring"

    _method = "chat_stream"


class PendingToolsStream(_PendingItems[StreamChunk | ToolStart | ToolRun]):
    """A streamed conversation with tools, to iterate over with `async for` or `for`.

    The items are the chunks of all turns, and each function call when it starts (`ToolStart`) and
    when it has ended (`ToolRun`). The last chunk of a turn has its `message`. Otherwise as
    `PendingStream`.
    """

    __module__ = "llmring"

    _method = "stream_tools"
    _needs_loop = True

    def __init__(
        self,
        open_stream: Callable[
            [Callable[[ToolsResponse], None]],
            AsyncGenerator[StreamChunk | ToolStart | ToolRun, None],
        ],
    ) -> None:
        super().__init__(lambda: open_stream(self._keep))
        self._response: ToolsResponse | None = None

    def _keep(self, response: ToolsResponse) -> None:
        self._response = response

    @property
    def response(self) -> ToolsResponse:
        """The whole conversation, as `run_tools` returns it; known after the last item.

        Raises:
            RuntimeError: The stream has not been read to its end.
        """
        if self._response is None:
            raise RuntimeError(
                "the response is known when the stream has ended; read all of its items first"
            )
        return self._response


async def ended(threads: Sequence[Thread]) -> None:
    """Wait until these threads have ended, while the event loop goes on."""
    import asyncio

    while any(each.is_alive() for each in threads):
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


class PendingClose:
    """The pending end of a ring's connections; takes effect once, by `await` or `finish`.

    It waits for the threads that read the ring's lockfiles, which soon end by themselves.
    """

    __module__ = "llmring"

    def __init__(self, executor: "Executor | None", readers: Sequence[Thread] = ()) -> None:
        self._executor = executor
        # The application's log handlers run in these threads too, and may close the ring.
        self._readers = [each for each in readers if each is not current_thread()]

    def finish(self) -> None:
        """Close the connections, from synchronous code; blocks until done."""
        if self._executor is not None:
            from llmring.bridge import portal

            self._executor.close()
            if portal.is_running():
                portal.run(self._take())
        for reader in self._readers:
            reader.join()

    async def _take(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            await executor.aclose()
        if self._readers:
            await ended(self._readers)

    def __await__(self) -> Generator[Any, Any, None]:
        return self._take().__await__()
