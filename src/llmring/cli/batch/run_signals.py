"""Ctrl-C and SIGTERM: the first stops a batch gently, the second at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from llmring.batch.engine.stop_reason import Cause, StopReason
from llmring.cli.output import print_note

if TYPE_CHECKING:
    from llmring.batch.engine.batch_run import BatchRun
    from llmring.batch.vendors.vendor_batch import VendorBatch

_CAUSES: dict[signal.Signals, tuple[Cause, str]] = {
    signal.SIGINT: ("interrupted", "interrupted"),
    signal.SIGTERM: ("terminated", "terminated"),
}
_NOTE = "stopping when the rows in flight are done; once more to stop at once"


@contextmanager
def stopped_by_signals(run: BatchRun | VendorBatch, note: str = _NOTE) -> Iterator[None]:
    """Let signals stop a run, as long as the context is entered.

    Args:
        run: The run.
        note: What the first signal does, in words.
    """
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        if run.is_stopping:
            run.abort()
            return
        cause, message = _CAUSES[number]
        run.stop(StopReason(cause, message))
        print_note(note)

    def handle(number: int, _: object) -> None:
        loop.call_soon_threadsafe(stop, signal.Signals(number))

    before = {number: signal.getsignal(number) for number in _CAUSES}
    try:
        for number in _CAUSES:
            # Loops of Windows have no handlers of signals.
            try:
                loop.add_signal_handler(number, stop, number)
            except NotImplementedError:
                signal.signal(number, handle)
        yield
    finally:
        for number, handler in before.items():
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, handler)
