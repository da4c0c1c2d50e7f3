"""The memory that the workers of a gateway share."""

from __future__ import annotations

import mmap
import os
import tempfile

from llmring.gateway.affinity import MOST
from llmring.gateway.shared_table import SharedTable, SharedTables, size_of

# So many that few buckets are full while as many conversations run as one process remembers.
_CONVERSATIONS = MOST // 2
_ALIASES = 128


def make_memory() -> int | None:
    """Return the descriptor of new memory; None if the system gives none."""
    try:
        descriptor = _new_descriptor()
    except OSError:
        return None
    try:
        os.ftruncate(descriptor, size_of(_CONVERSATIONS + _ALIASES))
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _new_descriptor() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("llmring")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def tables_in(descriptor: int) -> SharedTables:
    """Return the tables of the memory.

    Args:
        descriptor: The descriptor, which may be closed after this.
    """
    memory = mmap.mmap(descriptor, size_of(_CONVERSATIONS + _ALIASES))
    return SharedTables(
        conversations=SharedTable(memory, 0, _CONVERSATIONS),
        aliases=SharedTable(memory, size_of(_CONVERSATIONS), _ALIASES),
    )
