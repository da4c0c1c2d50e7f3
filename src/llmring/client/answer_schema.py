"""Checking an answer against the requested form."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from llmring.chat.json_text import NotJsonError, json_of
from llmring.chat.output_format import OutputFormat, SchemaProblem
from llmring.exceptions import ValidationError
from llmring.json_schema.adapt import SchemaRules, adapted, is_object
from llmring.json_schema.formats import format_checks
from llmring.json_schema.openness import can_be_strict
from llmring.json_schema.references import dangling, resolved
from llmring.json_schema.restore import read_back, unwrapped

if TYPE_CHECKING:
    import jsonschema_rs

# Enough to repair an answer by; one with a thousand wrong items needs only a few examples.
_MOST_MISFITS = 20
_MOST_CHARACTERS = 300


class AnswerForm(Struct, frozen=True):
    """A requested form, ready to check answers.

    Attributes:
        output: The form as requested.
        schema: The schema that answers must match; that of `output`.
        opens: The characters that an answer of this form can begin with.
        validators: What an answer has to pass; empty if a type checks it. The first is of the
            schema as given, the second, of a strict one, refuses properties that it does not name.
    """

    output: OutputFormat
    schema: Mapping[str, Any] | None
    opens: str
    validators: tuple[jsonschema_rs.Validator, ...] = ()


class ParsedAnswer(Struct, frozen=True):
    """An answer's value, or where it does not fit."""

    value: Any = None
    misfits: tuple[SchemaProblem, ...] = ()


def answer_form(output: OutputFormat) -> AnswerForm:
    """Compile a form, checking it before anything is sent.

    Raises:
        ValidationError: The schema is invalid, or refers to something outside of it.
    """
    schema = output.schema
    if schema is None:
        return AnswerForm(output, None, "{[")
    if output.load is not None:
        return AnswerForm(output, schema, _opens(schema))
    compiled = _compiled_form(_key(schema), bool(output.strict))
    return AnswerForm(output, compiled.schema, compiled.opens, compiled.validators)


def is_widened(form: AnswerForm) -> bool:
    """Check if some APIs need a wider schema, so that an answer has to be read back.

    They take objects alone, or have null in place of what may be missing.
    """
    return form.schema is not None and _is_widened(_key(form.schema))


@functools.lru_cache(maxsize=128)
def _is_widened(key: bytes) -> bool:
    schema = msgspec.json.decode(key)
    wider = adapted(schema, SchemaRules(requires_all=True, needs_object=True))
    return wider != adapted(schema, SchemaRules())


def _opens(schema: Mapping[str, Any]) -> str:
    return "{" if is_object(schema) else "{["


def parse_answer(form: AnswerForm, text: str) -> ParsedAnswer:
    """Read the answer in a text; return its value, or where it does not fit."""
    try:
        data, value = json_of(text, form.opens)
    except NotJsonError as error:
        return ParsedAnswer(misfits=(SchemaProblem("", f"the answer is not JSON: {error}"),))
    if form.schema is None:
        if isinstance(value, dict | list):
            return ParsedAnswer(value)
        return ParsedAnswer(
            misfits=(SchemaProblem("", "the answer is neither a JSON object nor an array"),)
        )
    bare = unwrapped(value, form.schema)
    if bare is not value:
        data, value = json.dumps(bare).encode(), bare
    if form.output.load is not None:
        return _read_as_type(form.output.load, data, value, form.schema)
    if not _misfits(form.validators, value):
        return ParsedAnswer(value)
    repaired = _repaired(value, form.schema)
    still = _misfits(form.validators, repaired)
    return ParsedAnswer(misfits=still) if still else ParsedAnswer(repaired)


def data_so_far(form: AnswerForm, value: Any) -> Any:
    """Return the value of a partial answer, from the JSON received so far."""
    return value if form.schema is None else unwrapped(value, form.schema)


def _read_as_type(
    load: Callable[[bytes], Any], data: bytes, value: Any, schema: Mapping[str, Any]
) -> ParsedAnswer:
    try:
        return ParsedAnswer(load(data))
    except ValueError as error:
        fault = error
    repaired = _repaired(value, schema)
    if repaired != value:
        try:
            return ParsedAnswer(load(json.dumps(repaired).encode()))
        except ValueError as error:
            fault = error
    return ParsedAnswer(
        misfits=_pydantic_problems(fault)
        or _misfits((_compiled(_key(schema)),), repaired)
        or (_whole(fault),)
    )


def _pydantic_problems(fault: ValueError) -> tuple[SchemaProblem, ...]:
    """Return the places named by pydantic's error."""
    if not hasattr(fault, "errors"):
        return ()
    errors = fault.errors(include_url=False)[:_MOST_MISFITS]
    return tuple(SchemaProblem(_pointer(each["loc"]), _cut(each["msg"])) for each in errors)


def _whole(fault: ValueError) -> SchemaProblem:
    return SchemaProblem("", _cut(str(fault)))


def _repaired(value: Any, schema: Mapping[str, Any]) -> Any:
    try:
        return read_back(value, schema)
    except RecursionError:
        return value


def _misfits(
    validators: Sequence[jsonschema_rs.Validator], value: Any
) -> tuple[SchemaProblem, ...]:
    for validator in validators:
        errors = itertools.islice(validator.iter_errors(value), _MOST_MISFITS)
        found = tuple(
            SchemaProblem(_pointer(each.instance_path), _cut(_reason(each))) for each in errors
        )
        if found:
            return found
    return ()


def _reason(error: jsonschema_rs.ValidationError) -> str:
    branches = list(_branches(error))
    return f"it fits none of: {'; '.join(branches)}" if branches else error.message


def _branches(error: jsonschema_rs.ValidationError) -> Iterator[str]:
    """Yield the reason why each schema of an `anyOf` or `oneOf` does not fit."""
    for branch in getattr(error.kind, "context", None) or ():
        for each in branch[:1]:
            place = _pointer(each.instance_path[len(error.instance_path) :])
            yield str(SchemaProblem(place, each.message))


def _pointer(path: Any) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _cut(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}…"


def _key(schema: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(schema)
    except (TypeError, OverflowError) as error:
        raise ValidationError(f"the schema of the response_format is not JSON: {error}") from error


class _Compiled(Struct, frozen=True):
    schema: Mapping[str, Any]
    opens: str
    validators: tuple[jsonschema_rs.Validator, ...]


@functools.lru_cache(maxsize=128)
def _compiled_form(key: bytes, strict: bool) -> _Compiled:
    try:
        schema = resolved(msgspec.json.decode(key))
    except ValidationError as error:
        raise ValidationError(f"the response_format can't be used: {error}") from error
    key = _key(schema)
    try:
        validator = _compiled(key)
    except ValidationError as error:
        lost = ", ".join(f"{each.ref!r} at {each.place or 'the root'}" for each in dangling(schema))
        if not lost:
            raise
        raise ValidationError(f"{error}; these references lead out of it: {lost}") from error
    closed = _compiled_closed(key) if strict else None
    validators = (validator,) if closed is None else (validator, closed)
    return _Compiled(schema, _opens(schema), validators)


def _compiled_closed(key: bytes) -> jsonschema_rs.Validator | None:
    """Compile a schema with all objects closed; None if that would change its meaning."""
    schema = msgspec.json.decode(key)
    if not can_be_strict(schema):
        return None
    return _compiled(_key(adapted(schema, SchemaRules(closes_objects=True))))


@functools.lru_cache(maxsize=128)
def _compiled(key: bytes) -> jsonschema_rs.Validator:
    import jsonschema_rs

    schema = msgspec.json.decode(key)
    # The drafts before 2020-12 lack some formats, or have them without a duty to check them.
    formats = format_checks() if "$schema" in schema else None
    try:
        return jsonschema_rs.validator_for(
            schema, retriever=_fetches_nothing, validate_formats=True, formats=formats
        )
    except jsonschema_rs.ValidationError as error:
        place = _pointer(error.instance_path)
        problem = SchemaProblem(place, error.message)
        raise ValidationError(
            f"the schema of the response_format can't be used: {problem}"
        ) from error


def _fetches_nothing(uri: str) -> Any:
    raise LookupError(f"llmring fetches no schemas; put the one at {uri} under $defs")
