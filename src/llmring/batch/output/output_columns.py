"""The columns of an output: those of the input, the answer, and the facts about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from llmring.batch.outcome import RowOutcome
from llmring.exceptions import ValidationError

ColumnType = Literal["text", "integer", "number", "boolean", "decimal", "json"]
PREFIX = "llmring_"
ANSWER = "answer"


class Column(Struct, frozen=True):
    """A column of an output.

    Attributes:
        name: Its name.
        type: The type of its values; "json" for what has parts of its own.
    """

    name: str
    type: ColumnType = "json"


_FACTS: Mapping[str, tuple[ColumnType, Callable[[RowOutcome], Any]]] = {
    "id": ("text", lambda outcome: outcome.id),
    "status": ("text", lambda outcome: outcome.status),
    "error": ("text", lambda outcome: outcome.error),
    "error_class": ("text", lambda outcome: outcome.error_class),
    "model": ("text", lambda outcome: outcome.model),
    "served_model": ("text", lambda outcome: outcome.served_model),
    "finish_reason": ("text", lambda outcome: outcome.finish_reason),
    "tokens_in": ("integer", lambda outcome: outcome.tokens_in),
    "tokens_out": ("integer", lambda outcome: outcome.tokens_out),
    "cost": ("decimal", lambda outcome: outcome.cost),
    "cost_reason": ("text", lambda outcome: outcome.cost_reason),
    "attempts": ("integer", lambda outcome: outcome.attempts),
    "ms": ("number", lambda outcome: outcome.ms),
    "same_as": ("text", lambda outcome: outcome.same_as),
}
_WITHOUT_SAME = tuple(name for name in _FACTS if name != "same_as")


class OutputColumns:
    """The columns of an output.

    Args:
        given: The columns of the input.
        schema: The columns of the answer's schema; None for one column with its text.
        chosen: The names of the columns to write; None for all.
        prefix: Begins the names of the facts.
        dedupes: True if rows may have the answer of another row.

    Raises:
        ValidationError: Two columns have the same name, or a chosen one is unknown.
    """

    def __init__(
        self,
        given: Sequence[str],
        schema: Sequence[Column] | None = None,
        chosen: Sequence[str] | None = None,
        prefix: str = PREFIX,
        *,
        dedupes: bool = False,
    ) -> None:
        self._given = list(given)
        self._schema = schema
        facts = _FACTS if dedupes else _WITHOUT_SAME
        self._facts = {f"{prefix}{name}": _FACTS[name] for name in facts}
        answers = [Column(ANSWER, "text")] if schema is None else list(schema)
        own = [*answers, *(Column(name, kind) for name, (kind, _) in self._facts.items())]
        for column in own:
            if column.name in self._given:
                raise ValidationError(
                    f"the input has a column {column.name!r}, which the output needs; choose "
                    "another beginning with --prefix, rename the column, or leave it out with "
                    "--columns"
                )
        every = [*(Column(name) for name in self._given), *own]
        self.columns = every if chosen is None else _chosen(every, chosen)

    def values(self, given: Mapping[str, Any], outcome: RowOutcome | None) -> dict[str, Any]:
        """Return the values of a row.

        Args:
            given: The row of the input.
            outcome: Its outcome; None if it has none yet.
        """
        answers = self._answers(outcome)
        values: dict[str, Any] = {}
        for column in self.columns:
            name = column.name
            if name in answers:
                values[name] = answers[name]
            elif name in self._facts:
                values[name] = None if outcome is None else self._facts[name][1](outcome)
            else:
                values[name] = given.get(name)
        return values

    def _answers(self, outcome: RowOutcome | None) -> Mapping[str, Any]:
        is_ok = outcome is not None and outcome.status == "ok"
        if self._schema is None:
            answer: Any = None
            if outcome is not None and is_ok:
                answer = outcome.text if outcome.vectors is None else outcome.vectors
            return {ANSWER: answer}
        parsed = outcome.parsed if outcome is not None and is_ok else None
        fields = parsed if isinstance(parsed, Mapping) else {}
        return {column.name: fields.get(column.name) for column in self._schema}


def _chosen(every: Sequence[Column], names: Iterable[str]) -> list[Column]:
    by_name = {column.name: column for column in every}
    for name in names:
        if name not in by_name:
            shown = ", ".join(by_name)
            raise ValidationError(f"--columns: unknown column {name!r}; there are {shown}")
    return [by_name[name] for name in names]


def schema_columns(schema: Mapping[str, Any]) -> list[Column]:
    """Return the columns of a JSON Schema's properties.

    Raises:
        ValidationError: The schema is not that of an object with properties.
    """
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        raise ValidationError("the schema has no properties, which become the columns")
    return [Column(name, _type_of(each)) for name, each in properties.items()]


_TYPES: Mapping[str, ColumnType] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}


def _type_of(schema: Any) -> ColumnType:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if isinstance(kind, list):
        kinds = [each for each in kind if each != "null"]
        kind = kinds[0] if len(kinds) == 1 else None
    if kind is None and isinstance(schema, Mapping):
        options = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
        if len(options) == 1:
            return _type_of(options[0])
        texts = schema.get("enum")
        if texts and all(isinstance(text, str) for text in texts):
            return "text"
    return _TYPES.get(kind, "json") if isinstance(kind, str) else "json"
