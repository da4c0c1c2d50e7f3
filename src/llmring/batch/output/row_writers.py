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
from llmring.batch.output.output_columns import Column, ColumnType
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
_ROWS_TOGETHER = 5000
_BYTES_TOGETHER = 64 << 20
# 18 decimals of a dollar.
_DECIMALS = (38, 18)


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


def open_writer(
    path: Path, kind: OutputFormat, columns: Sequence[Column], suffix: str
) -> RowWriter:
    """Return a writer of a new file.

    Args:
        path: The file.
        kind: Its format.
        columns: Its columns.
        suffix: ".gz" or ".zst" to compress it, else anything.

    Raises:
        OSError: The file can't be written.
        ValidationError: pyarrow is needed, and not installed.
    """
    if kind == "parquet":
        return ParquetWriter(path, columns)
    file = _opened(path, suffix)
    if kind in ("csv", "tsv"):
        return DelimitedWriter(file, columns, "," if kind == "csv" else "\t")
    return BatchLineWriter(file) if kind == "openai-batch" else JsonLineWriter(file)


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
        self._file.write(json_bytes(values, enc_hook=str) + b"\n")

    def close(self) -> None:
        """End the file."""
        self._file.close()


class DelimitedWriter:
    """Writes CSV or TSV with a heading; what has parts is JSON, and null is empty."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column], delimiter: str) -> None:
        self._text = io.TextIOWrapper(cast("Any", file), encoding="utf-8", newline="")
        self._writer = csv.writer(self._text, delimiter=delimiter, lineterminator="\n")
        self._writer.writerow([column.name for column in columns])

    def write(self, values: Mapping[str, Any], outcome: RowOutcome | None) -> None:
        """Write a row."""
        del outcome
        self._writer.writerow([_cell(value) for value in values.values()])

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
    return json_bytes(value, enc_hook=str).decode()


class BatchLineWriter:
    """Writes the output lines of OpenAI's batches.

    A row that was refused has a status of 400 or more and the error in `body`, as OpenAI has it.
    https://platform.openai.com/docs/guides/batch#4-check-the-status-of-a-batch
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, values: Mapping[str, Any], outcome: RowOutcome | None) -> None:
        """Write a row."""
        if outcome is None:
            return
        custom_id = values.get("custom_id") or outcome.id
        self._file.write(json_bytes(_batch_line(str(custom_id), outcome), enc_hook=str) + b"\n")

    def close(self) -> None:
        """End the file."""
        self._file.close()


def _batch_line(custom_id: str, outcome: RowOutcome) -> dict[str, Any]:
    request_id = f"req-{outcome.ordinal}"
    if outcome.status == "failed":
        status = outcome.http_status if (outcome.http_status or 0) >= 400 else 500
        error = {"message": outcome.error, "type": outcome.error_class, "code": None, "param": None}
        response = {"status_code": status, "request_id": request_id, "body": {"error": error}}
    else:
        body = _embedding_body(outcome) if outcome.vectors is not None else _chat_body(outcome)
        response = {"status_code": 200, "request_id": request_id, "body": body}
    return {
        "id": f"batch_req_{outcome.ordinal}",
        "custom_id": custom_id,
        "response": response,
        "error": None,
    }


def _usage(outcome: RowOutcome) -> dict[str, int] | None:
    if outcome.tokens_in is None or outcome.tokens_out is None:
        return None
    return {
        "prompt_tokens": outcome.tokens_in,
        "completion_tokens": outcome.tokens_out,
        "total_tokens": outcome.tokens_in + outcome.tokens_out,
    }


def _chat_body(outcome: RowOutcome) -> dict[str, Any]:
    message = {"role": "assistant", "content": outcome.text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": outcome.finish_reason}
    return {
        "id": f"chatcmpl-{outcome.ordinal}",
        "object": "chat.completion",
        "created": 0,
        "model": outcome.served_model or outcome.model,
        "choices": [choice],
        "usage": _usage(outcome),
    }


def _embedding_body(outcome: RowOutcome) -> dict[str, Any]:
    data = [
        {"object": "embedding", "index": at, "embedding": vector}
        for at, vector in enumerate(outcome.vectors or ())
    ]
    return {"object": "list", "model": outcome.model, "data": data, "usage": _usage(outcome)}


class ParquetWriter:
    """Writes Parquet, in row groups of at most 64 MB.

    Columns of the input have the types of their first values; what has parts is JSON text.
    """

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._pa = arrow(f"{path}: writing Parquet")
        self._path = path
        self._columns = columns
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0
        self._writer: Any = None
        self._schema: Any = None

    def write(self, values: Mapping[str, Any], outcome: RowOutcome | None) -> None:
        """Write a row."""
        del outcome
        row = dict(values)
        self._rows.append(row)
        self._bytes += sum(len(each) for each in row.values() if isinstance(each, str | bytes))
        if len(self._rows) >= _ROWS_TOGETHER or self._bytes >= _BYTES_TOGETHER:
            self._flush()

    def close(self) -> None:
        """End the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow.parquet as pq

        pa = self._pa
        if self._schema is None:
            self._schema = pa.schema(
                [(column.name, self._type(column)) for column in self._columns]
            )
            self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd")
        arrays = [
            pa.array(
                [_converted(row[field.name], field.type, pa) for row in self._rows], field.type
            )
            for field in self._schema
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows, self._bytes = [], 0

    def _type(self, column: Column) -> Any:
        pa = self._pa
        types: Mapping[ColumnType, Any] = {
            "text": pa.string(),
            "integer": pa.int64(),
            "number": pa.float64(),
            "boolean": pa.bool_(),
            "decimal": pa.decimal128(*_DECIMALS),
        }
        if column.type != "json":
            return types[column.type]
        kinds = {type(row[column.name]) for row in self._rows} - {type(None)}
        plain = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), bytes: pa.binary()}
        if kinds == {int, float}:
            return pa.float64()
        return plain.get(next(iter(kinds)), pa.string()) if len(kinds) == 1 else pa.string()


def _converted(value: Any, kind: Any, pa: Any) -> Any:
    """Return a value for a column of this type; null if it is of another one."""
    if value is None:
        return None
    if kind == pa.string():
        return value if isinstance(value, str) else json_bytes(value, enc_hook=str).decode()
    if pa.types.is_decimal(kind):
        return Decimal(value).quantize(Decimal(1).scaleb(-_DECIMALS[1]))
    if kind == pa.float64():
        return float(value) if isinstance(value, int | float) else None
    if kind == pa.int64():
        return int(value) if isinstance(value, int) or value == int(value) else None
    return value
