"""What the ring's calls return: awaitable, and readable at once in synchronous code."""

import sys
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from llmring.chat.embedding import EmbeddingResponse
from llmring.chat.response import LLMResponse, StreamChunk
from llmring.chat.token_count import TokenCount
from llmring.chat.tool_conversation import ToolsResponse
from llmring.dialects.dialect import ListedModel

if TYPE_CHECKING:
    from decimal import Decimal

    from llmring.chat.cost import CostParts
    from llmring.chat.events import Usage
    from llmring.chat.parts import Part
    from llmring.chat.request import Message
    from llmring.chat.response import Attempt
    from llmring.chat.tool_conversation import ToolRun
    from llmring.chat.tools import ToolCall


T = TypeVar("T")

_AS_DATA = ("to_dict", "to_json")


class Pending(Coroutine[Any, Any, T], Generic[T]):
    """A call that is sent once: when it is awaited, or when its answer is first read.

    `await` it, hand it to `asyncio.run`, `create_task` or `gather`, or take its `result()`.
    Awaiting or reading again gives the same answer. Reading an attribute of the answer inside a
    running event loop works, and warns that it blocks the loop.
    """

    __module__ = "llmring"

    # What of the answer can be read as an attribute; and the method's name, for messages.
    _shown: ClassVar[frozenset[str]] = frozenset()
    _method: ClassVar[str] = "call"

    def __init__(self, send: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._send: Callable[[], Coroutine[Any, Any, T]] | None = send
        self._coroutine: Coroutine[Any, Any, T] | None = None
        self._response: T | None = None
        self._error: BaseException | None = None

    def result(self) -> T:
        """The answer; sends the call and waits for it, where that has not happened yet.

        Raises:
            ProviderError: No model gave an answer.
        """
        if self._response is not None:
            return self._response
        if self._error is not None:
            raise self._error
        from llmring.client import portal

        try:
            return portal.run(self._answer())
        except BaseException:
            if self._send is not None:
                self.close()
            raise

    async def _answer(self) -> T:
        if self._response is not None:
            return self._response
        if self._error is not None:
            raise self._error
        if self._send is None:
            raise RuntimeError("this call has been sent already and is awaited elsewhere")
        send, self._send = self._send, None
        try:
            self._response = await send()
        except BaseException as error:
            # A cancellation is not raised again: it would look like one of the next awaiter.
            self._error = error if isinstance(error, Exception) else _given_up()
            raise
        return self._response

    def __await__(self) -> Generator[Any, Any, T]:
        return self._answer().__await__()

    def send(self, value: Any) -> Any:
        """Run on, as a coroutine does."""
        return self._step(lambda coroutine: coroutine.send(value))

    def throw(self, *error: Any) -> Any:
        """Raise an exception where the call waits, as a coroutine does."""
        return self._step(lambda coroutine: coroutine.throw(*error))

    def _step(self, advance: Callable[[Coroutine[Any, Any, T]], Any]) -> Any:
        if self._coroutine is None:
            self._coroutine = self._answer()
        try:
            return advance(self._coroutine)
        except BaseException:
            # It has ended; whoever awaits next gets the same answer from a new one.
            self._coroutine = None
            raise

    def close(self) -> None:
        """Give the call up, sent or not."""
        if self._send is not None:
            self._send, self._error = None, _given_up()
        if self._coroutine is not None:
            self._coroutine.close()
            self._coroutine = None

    def __getattr__(self, name: str) -> Any:
        if name not in self._shown:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if self._response is None and self._error is None and loop_is_running():
            _warn_of_blocking(
                f"reading .{name} of a call of {self._method}",
                f"(await ring.{self._method}(...)).{name}",
            )
        return getattr(self.result(), name)

    def __dir__(self) -> list[str]:
        # What can be read from the answer, without the call being sent.
        return sorted({*super().__dir__(), *self._shown})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._state()}>"

    def _state(self) -> str:
        if self._response is not None:
            model = getattr(self._response, "model", None)
            return f"answered by {model}" if model else "answered"
        if self._error is not None:
            return f"failed: {type(self._error).__name__}"
        return "unsent" if self._send else "sent"

    def __del__(self) -> None:
        if getattr(self, "_send", None) is not None:
            warnings.warn(
                f"a call of {self._method} was never sent: await it, or read its answer",
                RuntimeWarning,
                stacklevel=2,
                source=self,
            )


def _given_up() -> RuntimeError:
    return RuntimeError("this call was given up before its answer came; call again")


class _ChatAnswer:
    """What of a chat's answer can be read from the call itself."""

    _shown: ClassVar = frozenset(
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
        total_tokens: int | None
        message: Message
        to_dict: Callable[[], dict[str, Any]]
        to_json: Callable[[], str]


class PendingChat(_ChatAnswer, Pending[LLMResponse]):
    """A call of `chat`; see `Pending`. Its answer's attributes can be read from it."""

    __module__ = "llmring"

    _method = "chat"


class PendingTools(_ChatAnswer, Pending[ToolsResponse]):
    """A call of `run_tools`; see `Pending`. Its answer's attributes can be read from it."""

    __module__ = "llmring"

    _method = "run_tools"
    _shown = _ChatAnswer._shown | {"messages", "turns", "runs"}  # noqa: SLF001

    if TYPE_CHECKING:
        messages: list[Message]
        turns: tuple[LLMResponse, ...]
        runs: tuple[ToolRun, ...]


class PendingEmbedding(Pending[EmbeddingResponse]):
    """A call of `embed`; see `Pending`. Its answer's attributes can be read from it."""

    __module__ = "llmring"

    _method = "embed"
    _shown = frozenset((*EmbeddingResponse.__struct_fields__, "dimensions", *_AS_DATA))

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
    """A call of `list_models`; see `Pending`."""

    __module__ = "llmring"

    _method = "list_models"


class PendingCount(Pending[TokenCount]):
    """A call of `count_tokens`; see `Pending`. Its answer's attributes can be read from it."""

    __module__ = "llmring"

    _method = "count_tokens"
    _shown = frozenset((*TokenCount.__struct_fields__, *_AS_DATA))

    if TYPE_CHECKING:
        tokens: int
        exact: bool
        method: str
        model: str
        reason: str | None
        to_dict: Callable[[], dict[str, Any]]
        to_json: Callable[[], str]


class PendingStream:
    """A streamed answer, for `async for` and for `for`; sent when the first chunk is asked for.

    Leaving the loop early closes the connection, at the latest when the stream is dropped; use
    it as a context manager to have it closed at a given place. Iterating with `for` inside a
    running event loop works, and warns that it blocks the loop.
    """

    __module__ = "llmring"

    def __init__(self, open_stream: Callable[[], AsyncGenerator[StreamChunk, None]]) -> None:
        self._open: Callable[[], AsyncGenerator[StreamChunk, None]] | None = open_stream
        self._async: AsyncGenerator[StreamChunk, None] | None = None
        self._sync: Generator[StreamChunk, None, None] | None = None

    def _source(self) -> AsyncGenerator[StreamChunk, None]:
        if self._open is None:
            raise RuntimeError("a stream can be read once; call chat_stream again")
        self._async, self._open = self._open(), None
        return self._async

    def __aiter__(self) -> AsyncIterator[StreamChunk]:
        return self._source()

    def __iter__(self) -> Iterator[StreamChunk]:
        from llmring.client import portal

        source = self._source()
        if loop_is_running():
            _warn_of_blocking("for over a chat stream", "async for")
        self._sync = portal.iterate(source)
        return self._sync

    async def aclose(self) -> None:
        """Close the connection, if it is open; nothing more can be read."""
        self._open = None
        if self._sync is not None:
            self._sync.close()
        elif self._async is not None:
            await self._async.aclose()

    def close(self) -> None:
        """Do as `aclose` does, from synchronous code."""
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


class PendingClose:
    """The end of a ring's connections, if it has any; done once, by `await` or by `finish`."""

    __module__ = "llmring"

    def __init__(self, close: Callable[[], Coroutine[Any, Any, None]] | None) -> None:
        self._close = close

    def finish(self) -> None:
        """Close now; blocks, from synchronous code."""
        if self._close is not None:
            from llmring.client import portal

            portal.run(self._take())

    async def _take(self) -> None:
        close, self._close = self._close, None
        if close is not None:
            await close()

    def __await__(self) -> Generator[Any, Any, None]:
        return self._take().__await__()


def _warn_of_blocking(what: str, instead: str) -> None:
    warnings.warn(f"{what} blocks the event loop; write {instead}", RuntimeWarning, stacklevel=3)


def loop_is_running() -> bool:
    """Whether the calling code runs inside an event loop."""
    # Where nobody has imported asyncio, no loop can be running.
    if "asyncio" not in sys.modules:
        return False
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
