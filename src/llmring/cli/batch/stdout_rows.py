"""Rows on standard output, as they finish."""

from __future__ import annotations

import sys
from collections.abc import Callable

from llmring.batch.engine.stop_reason import StopReason
from llmring.batch.outcome import RowOutcome
from llmring.batch.output.output_columns import OutputColumns
from llmring.batch.output.row_writers import OutputFormat, line_writer
from llmring.batch.row import InputRow
from llmring.cli.output import discard_output


class StdoutRows:
    """Writes rows to standard output.

    Args:
        columns: The columns.
        kind: The format; None for JSON Lines.

    Attributes:
        on_end: Called when the reader of the output is gone.
    """

    def __init__(self, columns: OutputColumns, kind: OutputFormat | None) -> None:
        self._columns = columns
        self._kind = kind or "jsonl"
        self._writer = line_writer(sys.stdout.buffer, self._kind, columns.columns)
        self._is_closed = False
        self.on_end: Callable[[StopReason], None] | None = None

    def write(self, outcome: RowOutcome, row: InputRow, _: object) -> None:
        """Write a row, and let a reader see it at once."""
        if self._is_closed:
            return
        is_batch = self._kind == "openai-batch"
        values = row.values if is_batch else self._columns.values(row.values, outcome)
        try:
            self._writer.write(values, outcome)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            self._is_closed = True
            discard_output()
            if self.on_end is not None:
                self.on_end(StopReason("left", "the reader of the output is gone"))
