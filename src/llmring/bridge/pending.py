"""Pending calls: sent once, by `await` or by `result`."""

import sys
import warnings
from collections.abc import Callable, Coroutine, Generator
from typing import Any, ClassVar, Generic, TypeVar

from llmring.bridge.other_loops import is_of_a_portal, refuse_trio

T = TypeVar("T")


class Pending(Coroutine[Any, Any, T], Generic[T]):
    """A call that is sent once: when it is awaited, or when its answer is first read.

    `await` it, pass it to `asyncio.run`, `create_task` or `gather`, or call its `result()`.
    Awaiting or reading it again gives the same answer. Reading an attribute of the answer inside
    a running event loop works, with a warning that it blocks the loop.
    """

    __module__ = "llmring"

    # Attributes of the answer that can be read from the call, and the method's name for messages.
    _forwarded: ClassVar[frozenset[str]] = frozenset()
    _method: ClassVar[str] = "call"
    # True for a call that waits for several things at once.
    _needs_loop: ClassVar[bool] = False

    def __init__(self, send: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._send: Callable[[], Coroutine[Any, Any, T]] | None = send
        self._coroutine: Coroutine[Any, Any, T] | None = None
        self._response: T | None = None
        self._error: BaseException | None = None

    def result(self) -> T:
        """Return the answer; if necessary, send the call and wait for it.

        Raises:
            ProviderError: No model answered.
        """
        if self._response is not None:
            return self._response
        if self._error is not None:
            raise self._error
        try:
            return self._runner()(self._answer())
        except BaseException:
            if self._send is not None:
                self.close()
            raise

    def _runner(self) -> Callable[[Coroutine[Any, Any, T]], T]:
        """Return what runs the call: the calling thread, or another one's event loop."""
        if self._needs_loop or loop_is_running():
            from llmring.bridge import portal

            return portal.run
        from llmring.bridge import inline

        return inline.run

    async def _answer(self) -> T:
        if self._response is not None:
            return self._response
        if self._error is not None:
            raise self._error
        if self._send is None:
            raise RuntimeError("this call has been sent already and is awaited elsewhere")
        send, self._send = self._send, None
        try:
            if "trio" in sys.modules:
                refuse_trio()
            self._response = await send()
        except BaseException as error:
            # A cancellation is not raised again: the next awaiter would seem to be cancelled.
            self._error = error if isinstance(error, Exception) else _was_abandoned()
            raise
        return self._response

    def __await__(self) -> Generator[Any, Any, T]:
        return self._answer().__await__()

    def send(self, value: Any) -> Any:
        """Resume the call, as a coroutine does."""
        return self._step(lambda coroutine: coroutine.send(value))

    def throw(self, *error: Any) -> Any:
        """Raise an exception inside the call, as a coroutine does."""
        return self._step(lambda coroutine: coroutine.throw(*error))

    def _step(self, advance: Callable[[Coroutine[Any, Any, T]], Any]) -> Any:
        if self._coroutine is None:
            self._coroutine = self._answer()
        try:
            return advance(self._coroutine)
        except BaseException:
            # It has ended; the next awaiter gets the same answer from a new coroutine.
            self._coroutine = None
            raise

    def close(self) -> None:
        """Cancel the call, sent or not."""
        if self._send is not None:
            self._send, self._error = None, _was_abandoned()
        if self._coroutine is not None:
            self._coroutine.close()
            self._coroutine = None

    def __getattr__(self, name: str) -> Any:
        if name not in self._forwarded:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if self._response is None and self._error is None and loop_is_running():
            warn_of_blocking(
                f"reading .{name} of a call of {self._method}",
                f"(await ring.{self._method}(...)).{name}",
            )
        return getattr(self.result(), name)

    def __dir__(self) -> list[str]:
        # Lists the answer's attributes without sending the call.
        return sorted({*super().__dir__(), *self._forwarded})

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


def _was_abandoned() -> RuntimeError:
    return RuntimeError("this call was cancelled before its answer came; call again")


def warn_of_blocking(what: str, instead: str) -> None:
    """Warn of a call that blocks a running event loop."""
    warnings.warn(f"{what} blocks the event loop; write {instead}", RuntimeWarning, stacklevel=3)


def loop_is_running() -> bool:
    """Check if the calling code runs inside an event loop."""
    # Without asyncio imported, no loop can be running.
    if "asyncio" not in sys.modules:
        return False
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return False
    return "gevent" not in sys.modules or not is_of_a_portal(loop)
