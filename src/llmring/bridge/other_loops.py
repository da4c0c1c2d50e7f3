"""Event loops other than asyncio's: calls from one are refused, or recognized as synchronous."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from llmring.exceptions import LLMRingError

if TYPE_CHECKING:
    import asyncio


def refuse_trio() -> None:
    """Check that the caller does not run in trio's loop, which can't await llmring.

    Raises:
        LLMRingError: It does.
    """
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        raise LLMRingError(
            "llmring runs on asyncio, and would block trio; call it in a thread: "
            'await trio.to_thread.run_sync(lambda: ring.chat("fast", "Hi").result())'
        )


def is_of_a_portal(loop: asyncio.AbstractEventLoop) -> bool:
    """Return True if a loop serves synchronous callers, of whom the caller is one.

    With gevent's patches, all threads share the loop that Python takes for running.
    """
    portal = sys.modules.get("llmring.bridge.portal")
    return portal is not None and portal.serves(loop)
