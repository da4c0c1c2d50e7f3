"""The columns of an output: those of the input, the answer, and the facts about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from llmring.batch.outcome import RowOutcome
from llmring.exceptions import ValidationError
from llmring.json_schema.tree import DEFINITIONS

ColumnType = Literal["text", "integer", "number", "boolean", "decimal", "json"]
PREFIX = "llmring_"
ANSWER = "answer"


class Column(Struct, frozen=True):
    """A column of an output.

    Attributes:
        name: Its name.
        type: The type of its values; "json" for what has parts of its own, and for columns of the
            input.
        schema: The JSON Schema of its values, with its definitions; None without one.
    """

    name: str
    type: ColumnType = "json"
    schema: Mapping[str, Any] | None = None


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
        prefix: Begins the names of the facts; where it is not the usual one, also those of the
            answer's columns that the input has too.
        dedupes: True if rows may have the answer of another row.

    Attributes:
        given: The columns of the input.
        chosen: The names of the columns to write; None for all.
        columns: The columns to write.

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
        self.given = list(given)
        self.chosen = chosen
        self._schema = schema
        self._prefix = prefix
        self._dedupes = dedupes
        facts = _FACTS if dedupes else _WITHOUT_SAME
        self._facts = {f"{prefix}{name}": _FACTS[name][1] for name in facts}
        answers = [Column(ANSWER, "text")] if schema is None else list(schema)
        self._answer_names = {each.name: self._own_name(each.name) for each in answers}
        own = [
            *(msgspec.structs.replace(each, name=self._own_name(each.name)) for each in answers),
            *(Column(name, _FACTS[fact][0]) for name, fact in zip(self._facts, facts, strict=True)),
        ]
        self._own = frozenset(column.name for column in own)
        self._refuse_clashes(own)
        every = [*(Column(name) for name in self.given), *own]
        self.columns = every if chosen is None else _chosen(every, chosen)
        self._names = [column.name for column in self.columns]

    def _own_name(self, name: str) -> str:
        clashes = name in self.given and self._prefix != PREFIX
        return f"{self._prefix}{name}" if clashes else name

    def _refuse_clashes(self, own: Sequence[Column]) -> None:
        names = [*self.given, *(column.name for column in own)]
        if len(set(names)) == len(names):
            return
        twice = next(column.name for column in own if names.count(column.name) > 1)
        raise ValidationError(
            f"the output has a column {twice!r} of its own, and another one has the same name; "
            "choose another beginning with --prefix, or rename the column"
        )

    def with_given(self, given: Sequence[str]) -> OutputColumns:
        """Return the columns of an output whose input has other columns.

        Raises:
            ValidationError: As for the class.
        """
        if self.given == list(given):
            return self
        return OutputColumns(given, self._schema, self.chosen, self._prefix, dedupes=self._dedupes)

    def values(self, given: Mapping[str, Any], outcome: RowOutcome | None) -> dict[str, Any]:
        """Return the values of a row.

        Columns that this row alone has are among them, unless columns were chosen.

        Args:
            given: The row of the input.
            outcome: Its outcome; None if it has none yet.

        Raises:
            ValidationError: A column that this row alone has is one of the output's own.
        """
        own = self._answers(outcome)
        for name, fact in self._facts.items():
            own[name] = None if outcome is None else fact(outcome)
        values = {name: own[name] if name in self._own else given.get(name) for name in self._names}
        if self.chosen is None and len(given) > 0:
            for name in given.keys() - values.keys():
                values[name] = given[name]
            for name in self._own & given.keys():
                raise ValidationError(
                    f"a row has a column {name!r}, which the output has too; choose another "
                    "beginning with --prefix, or rename the column"
                )
        return values

    def _answers(self, outcome: RowOutcome | None) -> dict[str, Any]:
        is_ok = outcome is not None and outcome.status == "ok"
        names = self._answer_names
        if self._schema is None:
            answer: Any = None
            if outcome is not None and is_ok:
                answer = outcome.text if outcome.vectors is None else outcome.vectors
            return {names[ANSWER]: answer}
        parsed = outcome.parsed if outcome is not None and is_ok else None
        fields = parsed if isinstance(parsed, Mapping) else {}
        return {own: fields.get(name) for name, own in names.items()}


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
    definitions = {name: schema[name] for name in DEFINITIONS if name in schema}
    return [_column(name, each, definitions) for name, each in properties.items()]


def _column(name: str, schema: Any, definitions: Mapping[str, Any]) -> Column:
    kind = _type_of(schema)
    if kind == "json" and isinstance(schema, Mapping):
        return Column(name, kind, {**schema, **definitions})
    return Column(name, kind)


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
