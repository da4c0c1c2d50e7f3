"""The rows of a batch as a table of Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmring.batch.engine.reports.batch_row import BatchRow
from llmring.batch.input.arrow_package import arrow
from llmring.batch.output.output_columns import ANSWER, PREFIX
from llmring.plain_data import plain

if TYPE_CHECKING:
    from llmring.batch.schema.answer_columns import AnswerSchema

_TEXTS = (
    "id",
    "error",
    "error_class",
    "model",
    "served_model",
    "finish_reason",
    "cost_reason",
    "same_as",
)
_NUMBERS = ("tokens_in", "tokens_out", "attempts")
_DECIMALS = (38, 18)


def arrow_table(rows: Sequence[BatchRow], schema: AnswerSchema | None = None) -> Any:
    """Return rows as a table: the columns of the input, the answer, and the facts of the answer.

    Args:
        rows: The rows.
        schema: The schema of the answers, whose properties become columns; None for texts.

    Raises:
        ValidationError: pyarrow is not installed.
    """
    pa = arrow("to_arrow")
    names = list(dict.fromkeys(name for each in rows for name in each.row))
    columns = {name: _given(pa, [each.row.get(name) for each in rows]) for name in names}
    if schema is None:
        vectors = any(each.vectors is not None for each in rows)
        kind = pa.list_(pa.list_(pa.float64())) if vectors else pa.string()
        answers = [(each.vectors if vectors else each.text) if each.ok else None for each in rows]
        columns[ANSWER] = pa.array(answers, kind)
    else:
        columns |= _parsed(pa, rows, schema)
    columns |= {
        f"{PREFIX}status": pa.array(["ok" if each.ok else "failed" for each in rows], pa.string())
    }
    for name in _TEXTS:
        columns[f"{PREFIX}{name}"] = pa.array([getattr(each, name) for each in rows], pa.string())
    for name in _NUMBERS:
        columns[f"{PREFIX}{name}"] = pa.array([getattr(each, name) for each in rows], pa.int64())
    costs = [each.cost for each in rows]
    columns[f"{PREFIX}cost"] = pa.array(costs, pa.decimal128(*_DECIMALS))
    columns[f"{PREFIX}ms"] = pa.array([each.ms for each in rows], pa.float64())
    return pa.table(columns)


def _given(pa: Any, values: list[Any]) -> Any:
    """Return a column of the input; values of different types become texts."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if each is None else str(each) for each in values], pa.string())


def _parsed(pa: Any, rows: Sequence[BatchRow], schema: AnswerSchema) -> dict[str, Any]:
    from llmring.batch.schema.column_kinds import arrow_type, table_value

    split = [schema.split(plain(each.parsed)) if each.ok else {} for each in rows]
    return {
        column.name: pa.array(
            [table_value(each.get(column.name), column.kind) for each in split],
            arrow_type(column.kind),
        )
        for column in schema.columns
    }
