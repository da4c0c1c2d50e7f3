"""The schema of a batch's answers, and the columns that an answer is split into.

The columns come from the schema alone. They don't depend on the answers, so all parts of an output
have the same ones.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import msgspec

from llmring.batch.schema.column_kinds import (
    ColumnKind,
    RecordKind,
    SchemaColumn,
    fitted,
    kind_of,
)
from llmring.chat.output_format import OutputFormat, parse_format
from llmring.exceptions import MissingFileError, ValidationError
from llmring.json_schema.references import resolved

# The column of an answer that is not an object, or whose properties the schema does not name.
ANSWER_COLUMN = "answer"


class AnswerSchema:
    """The schema of answers.

    Args:
        format_: The format of the answers.

    Attributes:
        format: The same, for the `response_format` of requests.
        columns: The columns, in the order of the schema.

    Raises:
        ValidationError: The format has no schema.
    """

    def __init__(self, format_: OutputFormat) -> None:
        if format_.schema is None:
            raise ValidationError("the format of the answers has no schema; give one")
        self.format = format_
        root = resolved(format_.schema)
        self._kind: ColumnKind = kind_of(root, root)
        self._is_split = isinstance(self._kind, RecordKind)
        self.columns: tuple[SchemaColumn, ...] = (
            self._kind.fields
            if isinstance(self._kind, RecordKind)
            else (SchemaColumn(ANSWER_COLUMN, self._kind),)
        )

    def split(self, parsed: Any) -> dict[str, Any]:
        """Return a parsed answer as values by column; null for what it lacks.

        Raises:
            ValidationError: It does not fit the columns.
        """
        values = fitted(parsed, self._kind, "")
        if self._is_split:
            return dict.fromkeys(each.name for each in self.columns) if values is None else values
        return {ANSWER_COLUMN: values}


def open_schema(
    given: str | PathLike[str] | Mapping[str, Any] | type | OutputFormat,
) -> AnswerSchema:
    """Return the schema that an option gives.

    Args:
        given: The path of a JSON file with a JSON Schema, "module:Model" for a type in a module
            that can be imported or is in this folder, a schema, or a type: a dataclass, TypedDict,
            msgspec Struct or pydantic model.

    Raises:
        MissingFileError: The file does not exist.
        ValidationError: It holds no schema, or the type can't be found.
    """
    match given:
        case str() | PathLike():
            return _named(fspath(given))
        case Mapping():
            return _of_json(given, "answer", "the schema")
    found = parse_format(given)
    if found is None:
        raise ValidationError(f"{given!r} is not a schema; give a JSON Schema or a type")
    return AnswerSchema(found)


def _named(name: str) -> AnswerSchema:
    path = Path(name)
    if path.is_file() or name.endswith(".json"):
        try:
            value = msgspec.json.decode(path.read_bytes())
        except FileNotFoundError:
            raise MissingFileError(f"no file {name}; check the path of --schema") from None
        except OSError as error:
            raise ValidationError(f"can't read {name}: {error.strerror or error}") from None
        except (ValueError, RecursionError) as error:
            raise ValidationError(f"{name} is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise ValidationError(f"{name} is not a JSON Schema; write an object")
        return _of_json(value, path.stem, name)
    return open_schema(_imported(name))


def _of_json(schema: Mapping[str, Any], name: str, what: str) -> AnswerSchema:
    if schema.get("type") in ("json_schema", "json_object"):
        found = parse_format(schema)
    else:
        # Vendors accept no other characters in a name.
        plain = "".join(each if each.isascii() and each.isalnum() else "_" for each in name)[:64]
        definition = {"name": plain or "answer", "schema": schema}
        found = parse_format({"type": "json_schema", "json_schema": definition})
    if found is None or found.schema is None:
        raise ValidationError(f"{what} has no schema; write a JSON Schema")
    return AnswerSchema(found)


def _imported(name: str) -> Any:
    module_name, colon, path = name.partition(":")
    if not colon or not module_name or not path:
        raise ValidationError(f"{name!r} is not a schema; write FILE.json or module:Model")
    if "" not in sys.path:
        # Last, so that no file here takes the place of an installed package.
        sys.path.append("")
    try:
        found: Any = import_module(module_name)
    except ModuleNotFoundError as error:
        raise ValidationError(f"--schema {name}: no module {error.name!r}") from None
    except Exception as error:
        raise ValidationError(
            f"--schema {name}: importing it failed: {type(error).__name__}: {error}"
        ) from error
    for step in path.split("."):
        if not hasattr(found, step):
            raise ValidationError(f"--schema {name}: {module_name} has no {path!r}")
        found = getattr(found, step)
    if isinstance(found, str):
        raise ValidationError(f"--schema {name}: {path!r} is a text; name a type or a schema")
    return found
