"""Progress on standard error: drawn by rich if it is installed, in plain text if not.

Silent if standard error is not a terminal. The line disappears at the end.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from llmring.cli.colour import is_terminal
from llmring.cli.output import harmless, print_note

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import ProgressColumn, TaskID

Item = TypeVar("Item")

_EVERY_SECONDS = 0.2


class ProgressLine:
    """A line that shows how far a command is.

    Args:
        title: What is being done.
        total: The number of steps; None if it is unknown, and only the time is shown.
        in_bytes: True if the steps are bytes, which are shown as megabytes.
    """

    def __init__(self, title: str, total: int | None = None, *, in_bytes: bool = False) -> None:
        self._title = title
        self._total = total
        self._in_bytes = in_bytes
        self._line: _RichLine | _PlainLine | None = None

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items, each of which is a step."""
        for item in items:
            if self._line is not None:
                self._line.step()
            yield item

    def at(self, done: int) -> None:
        """Show that a number of steps is done."""
        if self._line is not None:
            self._line.at(done)

    def note(self, text: str) -> None:
        """Print a note on standard error, above the line if there is one."""
        if self._line is None:
            print_note(text)
        else:
            self._line.note(harmless(text))

    def __enter__(self) -> Self:
        if is_terminal(sys.stderr):
            drawn = _RichLine if find_spec("rich") else _PlainLine
            self._line = drawn(self._title, self._total, self._in_bytes)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._line is not None:
            self._line.close()


class _RichLine:
    """A line with a bar that rich draws."""

    def __init__(self, title: str, total: int | None, in_bytes: bool) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
        )
        from rich.progress import Progress as Bar

        columns = [TextColumn("{task.description}"), BarColumn(bar_width=24)]
        count: list[ProgressColumn] = []
        if total is not None:
            count = [DownloadColumn(), TaskProgressColumn()] if in_bytes else [MofNCompleteColumn()]
        self._bar: RichProgress = Bar(
            *columns, *count, TimeElapsedColumn(), console=Console(stderr=True), transient=True
        )
        self._bar.start()
        self._task: TaskID = self._bar.add_task(title, total=total)

    def step(self) -> None:
        self._bar.advance(self._task)

    def at(self, done: int) -> None:
        self._bar.update(self._task, completed=done)

    def note(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        self._bar.stop()


class _PlainLine:
    """A line of text with the count and the seconds."""

    def __init__(self, title: str, total: int | None, in_bytes: bool) -> None:
        self._title = title
        self._total = total
        self._in_bytes = in_bytes
        self._done = 0
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)
        self._thread.start()

    def step(self) -> None:
        self._done += 1

    def at(self, done: int) -> None:
        self._done = done

    def note(self, text: str) -> None:
        sys.stderr.write(f"\r{text:{len(self._text())}}\n")

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        sys.stderr.write(f"\r{' ' * len(self._text())}\r")
        sys.stderr.flush()

    def _draw(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            sys.stderr.write(f"\r{self._text()}")
            sys.stderr.flush()

    def _text(self) -> str:
        return f"{self._title}: {self._count()}{time.monotonic() - self._began:.0f} s"

    def _count(self) -> str:
        if self._total is None:
            return ""
        if not self._in_bytes:
            return f"{self._done} of {self._total}, "
        done, total = (each / 1e6 for each in (self._done, self._total))
        return f"{done:.1f} of {total:.1f} MB, {self._done * 100 // self._total} %, "
