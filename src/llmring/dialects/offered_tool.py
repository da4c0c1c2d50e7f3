"""A function tool as it is offered to one API."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from llmring.chat.tools import Tool
from llmring.exceptions import ValidationError
from llmring.json_schema.parameters import ParameterRules, fitted


class OfferedTool(Struct, frozen=True):
    """A function tool as it is offered to one API.

    Attributes:
        parameters: The schema of its arguments; never changed, as it is shared.
        description: Its description, with the choices that the schema can't express.
        strict: True if the API is to enforce the schema; None if the caller gave no choice.
        notes: Remarks on what was lost.
    """

    parameters: dict[str, Any]
    description: str | None
    strict: bool | None
    notes: tuple[str, ...] = ()


def offered(tool: Tool, rules: ParameterRules) -> OfferedTool:
    """Fit a tool to the rules of an API.

    Raises:
        ValidationError: Its schema is not JSON, or has an ambiguous reference.
    """
    try:
        found = fitted(tool.parameters, rules, strict=bool(tool.strict))
    except ValidationError as error:
        raise ValidationError(f"the tool {tool.name!r} can't be offered: {error}") from error
    description = tool.description
    if found.choices:
        told = f"Arguments: {found.choices}"
        description = f"{description}\n\n{told}" if description else told
    strict = found.strict if tool.strict else tool.strict
    if not found.notes:
        return OfferedTool(found.schema, description, strict)
    notes = tuple(f"the tool {tool.name!r}: {note}" for note in found.notes)
    return OfferedTool(found.schema, description, strict, notes)
