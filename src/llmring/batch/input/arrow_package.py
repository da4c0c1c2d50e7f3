"""The package pyarrow, imported when an input or an output needs it."""

from __future__ import annotations

from typing import Any

from llmring.exceptions import ValidationError


def arrow(why: str) -> Any:
    """Import pyarrow.

    Args:
        why: What needs it, for the message.

    Raises:
        ValidationError: It is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise ValidationError(f'{why}; run `pip install "llmring[batch]"`') from None
    return pa


def parquet(why: str) -> Any:
    """Import the reader and writer of Parquet; see `arrow`."""
    arrow(why)
    import pyarrow.parquet as pq

    return pq
