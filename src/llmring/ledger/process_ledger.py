"""The ledgers of this process, one object for each place."""

from __future__ import annotations

import atexit
import os
import sys
from functools import cache
from pathlib import Path

from llmring.ledger.writer import Ledger


@cache
def ledger_at(place: Path | str, spool: Path | None = None) -> Ledger:
    """Return the ledger at an address; one object per process.

    Args:
        place: Its file, or the address of its PostgreSQL database.
        spool: As for `Ledger`.
    """
    ledger = Ledger(place, spool=spool)
    atexit.register(ledger.end)
    if sys.platform != "win32":
        os.register_at_fork(
            before=ledger.fork, after_in_parent=ledger.has_forked, after_in_child=ledger.forked
        )
    return ledger
