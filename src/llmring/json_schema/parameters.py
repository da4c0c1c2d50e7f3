"""The parameters of a function in the form that an API accepts."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from llmring.exceptions import ValidationError
from llmring.json_schema.adapt import SchemaRules, adapted, is_recursive, with_choices
from llmring.json_schema.openness import open_place
from llmring.json_schema.property_names import renamed
from llmring.json_schema.references import dangling, resolved, without
from llmring.json_schema.tidy import tidied


class ParameterRules(Struct, frozen=True, kw_only=True, eq=False):
    """The schemas of parameters that an API accepts; compared by identity.

    Attributes:
        usual: The rules for every function.
        strict: The rules, in addition, for a strict one; None if the API enforces any schema.
        recursive: False if a strict schema must not refer to itself.
        any_names: False if the names of the parameters are limited; see `property_names`.
    """

    usual: SchemaRules
    strict: SchemaRules | None = None
    recursive: bool = True
    any_names: bool = True


class Parameters(Struct, frozen=True):
    """Parameters as they are sent.

    Attributes:
        schema: The schema; never changed, as it is shared.
        strict: True if the API is to enforce it.
        choices: The choices between sets of parameters, in words, for the function's description:
            some servers drop that of the schema (Ollama).
        notes: Remarks on what the schema lost.
    """

    schema: dict[str, Any]
    strict: bool
    choices: str | None = None
    notes: tuple[str, ...] = ()


def fitted(parameters: Mapping[str, Any], rules: ParameterRules, *, strict: bool) -> Parameters:
    """Fit the schema of a function's parameters; worked out once for each schema.

    The result is an object with `properties`, of one JSON Schema dialect, whose references all
    have a target. A strict schema that closed objects would narrow is not sent as strict.

    Args:
        parameters: The schema.
        rules: The rules of the API.
        strict: True to have the API enforce the schema.

    Raises:
        ValidationError: It is not JSON, or a reference in it is ambiguous.
    """
    try:
        return _fitted(msgspec.json.encode(parameters, enc_hook=_as_dict), rules, strict)
    except RecursionError as error:
        raise ValidationError("its parameters are nested too deeply; flatten them") from error
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, ValidationError):
            raise
        raise ValidationError(f"its parameters are not JSON: {error}") from error


def _as_dict(value: Any) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


@functools.lru_cache(maxsize=1024)
def _fitted(key: bytes, rules: ParameterRules, strict: bool) -> Parameters:
    whole = resolved(tidied(msgspec.json.decode(key)))
    # The result is of the current standard, whatever the schema was.
    whole = {name: value for name, value in whole.items() if name not in ("$id", "$schema")}
    lost = dangling(whole)
    notes = [f"the reference {each.ref!r} at {each.place} leads nowhere" for each in lost]
    if lost:
        whole = without(whole, frozenset(each.ref for each in lost))
    plain, choices = with_choices(whole, rules.usual)
    if not rules.any_names:
        plain = renamed(plain)
    schema = plain
    if strict and rules.strict is not None:
        place = open_place(_closed_if_empty(plain))
        if place is not None:
            where = place or "the root of its schema"
            notes.append(f"sent without strict, which would forbid what is allowed at {where}")
        elif not rules.recursive and is_recursive(plain):
            notes.append("sent without strict, which takes no schema that refers to itself")
        else:
            schema = adapted(plain, rules.strict)
        strict = schema is not plain
    return Parameters(schema, strict, "; ".join(choices) or None, tuple(notes))


def _closed_if_empty(plain: dict[str, Any]) -> dict[str, Any]:
    """Close parameters without any property: a function without arguments is not open."""
    return plain if plain["properties"] else {"additionalProperties": False, **plain}
