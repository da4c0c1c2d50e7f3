"""Removal of old calls from the ledger."""

from __future__ import annotations

from pathlib import Path

from llmring.ledger.open import store_at
from llmring.ledger.reader import CallFilter
from llmring.ledger.store import LedgerUnusableError, Store, unreadable

# Removed with one statement, so that other processes can write in between.
AT_ONCE = 1000


def prune(place: Path | str, span: CallFilter) -> int:
    """Remove all calls that match a filter; return their number.

    Args:
        place: The ledger's file, or the address of its PostgreSQL database.
        span: The calls to remove.

    Raises:
        ConfigurationError: The ledger can't be written.
    """
    store = store_at(place)
    count = 0
    try:
        while removed := remove_some(store, span):
            count += removed
    except LedgerUnusableError as error:
        raise unreadable(place, error) from None
    finally:
        store.close()
    return count


def remove_some(store: Store, span: CallFilter) -> int:
    """Remove up to `AT_ONCE` calls that match a filter, the oldest first; return their number.

    Raises:
        LedgerUnusableError: The ledger can't be written.
    """
    condition, values = span.condition()
    return store.remove(condition, values, AT_ONCE)
