"""Writers of rows: JSON Lines, CSV, TSV, Parquet, and the output lines of OpenAI's batches."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Literal, Protocol, cast

from llmring.batch.input.arrow_package import arrow
from llmring.batch.outcome import RowOutcome
from llmring.batch.output.arrow_values import as_json
from llmring.batch.output.batch_lines import batch_line
from llmring.batch.output.output_columns import Column
from llmring.batch.output.parquet_writer import ParquetWriter
from llmring.chat.json_text import json_bytes
from llmring.exceptions import ValidationError

OutputFormat = Literal["jsonl", "csv", "tsv", "parquet", "openai-batch"]

_SUFFIXES: Mapping[str, OutputFormat] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
}


class RowWriter(Protocol):
    """Writes rows."""

    def write(self, values: Mapping[str, Any], outcome: RowOutcome | None) -> None:
        """Write a row; its outcome is None if it has none yet."""

    def close(self) -> None:
        """End the file."""


def format_of(path: str) -> OutputFormat:
    """Return the format by the suffix of a file's name.

    Raises:
        ValidationError: Its suffix is unknown.
    """
    suffixes = Path(path.removesuffix(".gz").removesuffix(".zst")).suffixes
    known = _SUFFIXES.get(suffixes[-1].lower()) if suffixes else None
    if known is None:
        raise ValidationError(
            f"{path}: its suffix names no known format; give one with --output-format "
            "(jsonl, csv, tsv, parquet, openai-batch)"
        )
    return known


def require_writable(path: Path, form: OutputFormat) -> None:
    """Check that what an output needs is installed.

    Raises:
        ValidationError: pyarrow is needed, and not installed.
    """
    if form == "parquet":
        arrow(f"{path}: writing Parquet")
    elif path.suffix == ".zst":
        arrow(f"{path}: writing .zst")


def open_writer(
    path: Path,
    kind: OutputFormat,
    columns: Sequence[Column],
    suffix: str = "",
    types: Mapping[str, Any] | None = None,
) -> RowWriter:
    """Return a writer of a new file, which is complete when it is closed.

    Args:
        path: The file.
        kind: Its format.
        columns: Its columns.
        suffix: ".gz" or ".zst" to compress it, else anything.
        types: The types of Arrow of the columns of the input, for Parquet.

    Raises:
        OSError: The file can't be written.
        ValidationError: pyarrow is needed, and not installed.
    """
    if kind == "parquet":
        return ParquetWriter(path, columns, types)
    return line_writer(_opened(path, suffix.lower()), kind, columns)


def line_writer(file: IO[bytes], kind: OutputFormat, columns: Sequence[Column]) -> RowWriter:
    """Return a writer to an open stream, such as standard output.

    Raises:
        ValidationError: The format is Parquet, which needs a file.
    """
    match kind:
        case "csv" | "tsv":
            return DelimitedWriter(file, columns, "," if kind == "csv" else "\t")
        case "openai-batch":
            return BatchLineWriter(file)
        case "jsonl":
            return JsonLineWriter(file)
    raise ValidationError("Parquet can't be written to a stream; give a file with -o")


def _opened(path: Path, suffix: str) -> IO[bytes]:
    if suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path, "wb"))
    if suffix == ".zst":
        pa = arrow(f"{path}: writing .zst")
        return cast("IO[bytes]", pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "zstd"))
    return path.open("wb")


class JsonLineWriter:
    """Writes a JSON object a line; decimals are texts, which keep all digits."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, values: Mapping[str, Any], outcome: RowOutcome | None) -> None:
        """Write a row."""
        del outcome
        self._file.write(json_bytes(_plain(values), enc_hook=str) + b"\n")

    def close(self) -> None:
        """End the file."""
        self._file.close()


def _plain(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return values whose decimals are texts without an exponent."""
    if any(isinstance(value, Decimal) for value in values.values()):
        return {
            name: f"{value:f}" if isinstance(value, Decimal) else value
            for name, value in values.items()
        }
    return values


class DelimitedWriter:
    """Writes CSV or TSV with a heading; what has parts is JSON, and null is empty."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column], delimiter: str) -> None:
        self._text = io.TextIOWrapper(
            cast("Any", file), encoding="utf-8", errors="replace", newline=""
        )
        self._names = [column.name for column in columns]
        self._writer = csv.writer(self._text, delimiter=delimiter, lineterminator="\n")
        self._writer.writerow(self._names)

    def write(self, values: Mapping[str, Any], outcome: RowOutcome | None) -> None:
        """Write a row."""
        del outcome
        self._writer.writerow([_cell(values.get(name)) for name in self._names])

    def close(self) -> None:
        """End the file."""
        self._text.close()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case int() | float():
            return repr(value)
    return as_json(value)


class BatchLineWriter:
    """Writes the output lines of OpenAI's batches; see `batch_lines`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, values: Mapping[str, Any], outcome: RowOutcome | None) -> None:
        """Write a row."""
        if outcome is not None:
            self._file.write(json_bytes(batch_line(values, outcome), enc_hook=str) + b"\n")

    def close(self) -> None:
        """End the file."""
        self._file.close()
