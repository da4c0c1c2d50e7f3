"""A portal to asynchronous code for synchronous callers: an event loop in its own thread.

One loop serves the whole process. It starts with the first synchronous call and ends with the
interpreter; a forked child, which inherits no threads, starts another. Synchronous code that runs
on the loop itself (an `on_attempt` that makes a call) starts another too: on its own loop it would
wait for itself.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import selectors
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from llmring.bridge.other_loops import refuse_trio
from llmring.exceptions import LLMRingError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Resumable(Protocol[T_co]):
    """A coroutine, or a step of an asynchronous generator; it may have begun elsewhere."""

    def send(self, value: None, /) -> Any:
        """Go on."""

    def throw(self, error: BaseException, /) -> Any:
        """Go on with an exception."""

    def close(self) -> None:
        """End it."""

    def __await__(self) -> Generator[Any, Any, T_co]: ...


class _Ended(Struct):
    """The end of a call with an exception that is not an `Exception`."""

    error: BaseException


class _Contained(Coroutine[Any, Any, T | _Ended]):
    """A call for a task of the loop, which such an exception would end together with the loop."""

    def __init__(self, call: Resumable[T]) -> None:
        self._call = call

    def send(self, value: Any) -> Any:
        return self._step(self._call.send, value)

    def throw(self, *error: Any) -> Any:
        return self._step(self._call.throw, *error)

    def _step(self, advance: Callable[..., Any], *given: Any) -> Any:
        try:
            return advance(*given)
        except Exception:
            raise
        except BaseException as error:
            raise StopIteration(_Ended(error)) from error

    def close(self) -> None:
        self._call.close()

    def __await__(self) -> Generator[Any, Any, T | _Ended]:
        raise TypeError("a task of the loop runs it")


def _result(outcome: T | _Ended) -> T:
    if isinstance(outcome, _Ended):
        raise outcome.error
    return outcome


class _Portal:
    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self.loop = asyncio.SelectorEventLoop(self._selector)
        self._ending = False
        self.thread = threading.Thread(target=self._serve, name="llmring", daemon=True)
        self.thread.start()
        atexit.register(self._stop)

    def run(self, coroutine: Resumable[T]) -> T:
        try:
            future = asyncio.run_coroutine_threadsafe(_Contained(coroutine), self.loop)
        except RuntimeError:
            coroutine.close()
            raise RuntimeError("Python is exiting; llmring can make no more calls") from None
        try:
            return _result(future.result())
        except BaseException:
            future.cancel()
            if self._ending and threading.current_thread().daemon:
                # Daemon threads end silently with the interpreter.
                threading.Event().wait()
            raise

    def close(self, source: AsyncGenerator[Any, None]) -> None:
        """Close a generator that this portal runs, from any thread, at any time."""
        if self._ending:
            return  # the loop closes its generators itself
        if threading.current_thread() is self.thread:
            # The garbage collector may call from this thread, where waiting would deadlock.
            self.loop.create_task(_close(source))
        else:
            self.run(_close(source))

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        while True:
            # Code of the application that runs outside of a call, such as a destructor or a
            # handler of logs, may leave the loop; the calls of other threads continue.
            with suppress(SystemExit, KeyboardInterrupt):
                self.loop.run_forever()
                break
        with suppress(SystemExit, KeyboardInterrupt):
            self.loop.run_until_complete(_wind_up(self.loop))
        self.loop.close()

    def _stop(self) -> None:
        self._ending = True
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(timeout=2)

    def disown(self) -> None:
        """Release, in a forked child, the parent's loop and connections.

        The child shares the parent's sockets and its epoll instance. Closing a connection
        properly, as the child's exit would, ends the session with the server and removes the
        socket from that instance, so the parent would get no more events for it.
        """
        atexit.unregister(self._stop)
        if self._ending:
            return
        self.loop.set_exception_handler(lambda _loop, _context: None)
        self.loop.set_debug(False)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for key in self._selector.get_map().values():
            os.dup2(nowhere, key.fd, inheritable=False)
        os.close(nowhere)


async def _wind_up(loop: asyncio.AbstractEventLoop) -> None:
    """End as asyncio.run does: cancel the calls, and close connections with their loop."""
    calls = asyncio.all_tasks() - {asyncio.current_task()}
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await loop.shutdown_asyncgens()


# By the calling thread, if it is a portal's own; None for all other threads.
_portals: dict[threading.Thread | None, _Portal] = {}
_lock = threading.Lock()


def _portal() -> _Portal:
    """Return the portal for the calling thread."""
    me = threading.current_thread()
    with _lock:
        caller = me if any(portal.thread is me for portal in _portals.values()) else None
        if caller not in _portals:
            _portals[caller] = _Portal()
        return _portals[caller]


def is_running() -> bool:
    """Return True if a portal was needed so far."""
    return bool(_portals)


def _reset_in_child() -> None:
    global _lock, _portals  # noqa: PLW0603
    # Another thread may have held the lock at the moment of the fork.
    _lock = threading.Lock()
    inherited, _portals = _portals, {}
    for portal in inherited.values():
        portal.disown()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_in_child)


def run(coroutine: Resumable[T]) -> T:
    """Return the coroutine's result; blocks the calling thread, and a Ctrl-C there cancels it.

    Raises:
        RuntimeError: The interpreter is exiting.
        LLMRingError: The calling thread runs trio's loop.
    """
    try:
        refuse_trio()
    except LLMRingError:
        coroutine.close()
        raise
    return _portal().run(coroutine)


def serves(loop: asyncio.AbstractEventLoop) -> bool:
    """Return True if a loop is a portal's, and the calling thread is not its own."""
    me = threading.current_thread()
    return any(each.loop is loop and each.thread is not me for each in _portals.values())


def iterate(
    source: AsyncGenerator[T, None], begun: Resumable[T] | None = None
) -> Generator[T, None, None]:
    """Yield the items of an asynchronous generator to the calling thread; close it at the end.

    Args:
        source: The generator.
        begun: The step to its next item, if it has begun elsewhere.

    Raises:
        LLMRingError: The calling thread runs trio's loop.
    """
    refuse_trio()
    portal = _portal()
    try:
        while True:
            try:
                yield portal.run(begun or _next(source))
            except StopAsyncIteration:
                return
            begun = None
    finally:
        portal.close(source)


async def _next(source: AsyncGenerator[T, None]) -> T:
    return await anext(source)


async def _close(source: AsyncGenerator[Any, None]) -> None:
    await source.aclose()
