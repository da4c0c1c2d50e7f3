"""The progress of a batch on standard error: lines that are drawn again, plain lines, or JSON."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, Protocol

from llmring.batch.engine.reports.run_progress import BatchProgress
from llmring.cli.batch.batch_summary import duration
from llmring.cli.colour import columns, is_terminal
from llmring.cli.output import harmless, print_note
from llmring.registry.price import dollars

if TYPE_CHECKING:
    from rich.live import Live

    from llmring.batch.engine.batch_run import BatchRun
    from llmring.batch.vendors.vendor_batch import VendorBatch

_DRAWN_SECONDS = 0.25
_LINE_SECONDS = 30.0
_JSON_SECONDS = 1.0


class _Display(Protocol):
    seconds: float

    def show(self, progress: BatchProgress) -> None:
        """Show how far the batch is."""

    def close(self) -> None:
        """Remove what is drawn."""


@asynccontextmanager
async def progress_shown(
    run: BatchRun | VendorBatch, way: Literal["auto", "json", "none"]
) -> AsyncIterator[None]:
    """Show the progress of a run, as long as the context is entered.

    Args:
        run: The run.
        way: "auto" to draw it on a terminal, and to print a line each 30 seconds elsewhere.
    """
    display = _display(way)
    if display is None:
        yield
        return
    task = asyncio.create_task(_show(run, display))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        display.close()


async def _show(run: BatchRun | VendorBatch, display: _Display) -> None:
    while True:
        await asyncio.sleep(display.seconds)
        display.show(run.progress())


def _display(way: str) -> _Display | None:
    if way == "none" or sys.stderr is None:
        return None
    if way == "json":
        return _Lines(_JSON_SECONDS, lambda progress: progress.to_json())
    if not is_terminal(sys.stderr):
        return _Lines(_LINE_SECONDS, lambda progress: ", ".join(progress_lines(progress)))
    return _RichLines() if find_spec("rich") else _DrawnLine()


def progress_lines(progress: BatchProgress) -> list[str]:
    """Return the lines that show how far a batch is: one for the rows, one for each model."""
    done = f"{progress.done}"
    if progress.total is not None:
        share = f" ({100 * progress.done // progress.total} %)" if progress.total else ""
        done = f"{progress.done} of {progress.total}{share}"
    parts = [f"{done} rows", f"{progress.rate:.0f} rows/s"]
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    parts.append(_cost(progress))
    if progress.left_seconds is not None:
        parts.append(f"{duration(progress.left_seconds)} left")
    if progress.trouble is not None:
        parts.append(progress.trouble)
    lines = [", ".join(parts)]
    for each in progress.models:
        line = f"{each.model}: {each.in_flight} of {each.most} in flight"
        if each.resumes_in > 0:
            line += f", waiting for rate limit of {each.model}, {each.resumes_in:.0f} s"
        lines.append(line)
    return lines


def _cost(progress: BatchProgress) -> str:
    spent = f"${progress.spent:.4f}"
    return spent if progress.max_cost is None else f"{spent} of {dollars(progress.max_cost)}"


class _Lines:
    """A line for each report."""

    def __init__(self, seconds: float, line: Callable[[BatchProgress], str]) -> None:
        self.seconds = seconds
        self._line = line

    def show(self, progress: BatchProgress) -> None:
        print_note(self._line(progress))

    def close(self) -> None:
        """Do nothing: the lines stay."""


class _DrawnLine:
    """One line that is drawn again."""

    seconds = _DRAWN_SECONDS

    def __init__(self) -> None:
        self._width = 0

    def show(self, progress: BatchProgress) -> None:
        most = (columns(sys.stderr) or 80) - 1
        text = harmless(", ".join(progress_lines(progress)))[:most]
        sys.stderr.write(f"\r{text:{self._width}}")
        sys.stderr.flush()
        self._width = len(text)

    def close(self) -> None:
        sys.stderr.write(f"\r{' ' * self._width}\r")
        sys.stderr.flush()


class _RichLines:
    """Lines that rich draws again."""

    seconds = _DRAWN_SECONDS

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live: Live = Live(console=Console(stderr=True), transient=True, auto_refresh=False)
        self._live.start()

    def show(self, progress: BatchProgress) -> None:
        from rich.text import Text

        text = harmless("\n".join(progress_lines(progress)))
        self._live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)

    def close(self) -> None:
        self._live.stop()
