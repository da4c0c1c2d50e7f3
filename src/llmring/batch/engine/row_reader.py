"""Reading of rows ahead of their turn, a bounded number of them, without holding up the loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterable, Callable, Iterable

from llmring.batch.row import InputRow, RowProblem

Row = InputRow | RowProblem

_AHEAD = 512


class RowReader:
    """Reads rows in a thread, or in a task if they come asynchronously.

    Args:
        rows: The rows.
        on_more: Called in the event loop when there are rows again, or no more rows will come.

    Attributes:
        error: The exception with which the input has ended, if it has.
    """

    def __init__(
        self, rows: Iterable[Row] | AsyncIterable[Row], on_more: Callable[[], None]
    ) -> None:
        self._rows = rows
        self._on_more = on_more
        self._read: deque[Row] = deque()
        self._loop = asyncio.get_running_loop()
        self._is_hungry = True
        self._is_closed = False
        self._has_ended = False
        self.error: BaseException | None = None
        self._room = threading.Event()
        self._async_room = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        if isinstance(rows, AsyncIterable):
            self._task = self._loop.create_task(self._read_async(rows))
        else:
            # A daemon: a thread that waits for a terminal or a pipe can't be interrupted.
            thread = threading.Thread(
                target=self._read_all, args=(rows,), name="llmring batch", daemon=True
            )
            thread.start()

    @property
    def is_done(self) -> bool:
        """True if all rows were taken."""
        return self._has_ended and not self._read

    def take(self) -> Row | None:
        """Return the next row; None if no row has come yet, or no more will come."""
        try:
            row = self._read.popleft()
        except IndexError:
            self._is_hungry = True
            # A row may have come in the same moment.
            if not self._read:
                self._make_room()
                return None
            self._is_hungry = False
            row = self._read.popleft()
        if len(self._read) == _AHEAD // 2:
            self._make_room()
        return row

    def close(self) -> None:
        """Read no more rows."""
        self._is_closed = True
        self._make_room()
        if self._task is not None:
            self._task.cancel()

    def _make_room(self) -> None:
        self._room.set()
        self._async_room.set()

    def _read_all(self, rows: Iterable[Row]) -> None:
        try:
            for row in rows:
                if self._is_closed:
                    return
                self._read.append(row)
                if self._is_hungry:
                    self._wake()
                if len(self._read) >= _AHEAD:
                    self._wait_for_room()
        except BaseException as error:  # noqa: BLE001 -- the job raises it
            self.error = error
        finally:
            self._has_ended = True
            self._wake()

    def _wait_for_room(self) -> None:
        while len(self._read) >= _AHEAD and not self._is_closed:
            self._room.clear()
            if len(self._read) >= _AHEAD and not self._is_closed:
                self._room.wait()

    def _wake(self) -> None:
        self._is_hungry = False
        try:
            self._loop.call_soon_threadsafe(self._on_more)
        except RuntimeError:
            self._is_closed = True  # The loop is closed.

    async def _read_async(self, rows: AsyncIterable[Row]) -> None:
        try:
            async for row in rows:
                self._read.append(row)
                if self._is_hungry:
                    self._is_hungry = False
                    self._on_more()
                while len(self._read) >= _AHEAD:
                    self._async_room.clear()
                    await self._async_room.wait()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 -- the job raises it
            self.error = error
        finally:
            self._has_ended = True
            self._on_more()
