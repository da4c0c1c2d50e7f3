"""The options of a job, as programs and the command line give them, and the plan made of them."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from llmring.batch.batch_calls import BatchCalls
from llmring.batch.engine.batch_settings import CONCURRENCY, TRIES, BatchSettings
from llmring.batch.engine.job_plan import JobPlan
from llmring.batch.input.attachments import Attachments
from llmring.batch.input.given_requests import GivenRequests, line_fault
from llmring.batch.input.input_file import Format
from llmring.batch.input.open_rows import open_rows
from llmring.batch.input.request_builder import RequestBuilder
from llmring.batch.input.row_checks import check_rows
from llmring.batch.input.row_choice import ChosenRows, RowChoice, parse_sample
from llmring.batch.input.row_source import RowSource
from llmring.batch.input.template import Template
from llmring.batch.journal.job_description import JobDescription, digest_of, parts_of
from llmring.batch.schema.answer_columns import AnswerSchema, open_schema
from llmring.chat.request import LLMRequest
from llmring.exceptions import ConfigurationError, LLMRingError, ValidationError

# Fields that are set for each row, or make no sense for many.
_OWN = frozenset({"model", "messages", "response_format", "files"})


class JobOptions(Struct, frozen=True, kw_only=True):
    """The options of a job.

    Attributes:
        rows: The input; see `open_rows`.
        alias: The alias or model of all rows; None if rows name their own.
        prompt: The message of the user with the names of columns in braces; None if the rows hold
            their requests.
        system: The system message, likewise; None without one.
        schema: The schema or type of the answers; None for text.
        job: The folder of the job; None to keep it in memory.
        id_column: The column that holds the rows' IDs.
        format: The format of the input's files.
        delimiter: The character between the values of CSV.
        null: The text for values that are null or empty; None if such rows fail.
        images: Columns that hold images.
        files: Columns that hold files.
        skip: Rows to leave out at the beginning.
        limit: The most rows.
        sample: A number of rows, or a share such as "5%", to take at random.
        seed: The seed of the sample, and of the order.
        shuffle: True to send the rows in another order.
        profile: The profile of the lockfile.
        concurrency: The most requests in flight to one model.
        tries: How many rounds over the models of its alias a row gets.
        max_cost: USD that the job may cost in all its runs.
        allow_unknown_cost: True if models without a price may be called in spite of `max_cost`.
        max_failed: Failed rows at which the job stops: a number, or a share such as "5%".
        wait_for_budget: True to wait for the next day when `daily_budget` is used up.
        on_limit: "wait" at a rate limit, or "spill" to the next model of the alias.
        dedupe: True to ask equal requests once.
        cache_system: True to mark the system prompt for the provider's cache.
        restart: True to begin again.
        changed: What to do with the rows that are done if the job has changed.
        retry_failed: True to ask all rows again that have failed.
        fields: Other fields of `LLMRequest`.
    """

    rows: Any
    alias: str | None = None
    prompt: str | None = None
    system: str | None = None
    schema: Any = None
    job: str | PathLike[str] | None = None
    id_column: str | None = None
    format: Format | None = None
    delimiter: str | None = None
    null: str | None = None
    images: Sequence[str] = ()
    files: Sequence[str] = ()
    skip: int = 0
    limit: int | None = None
    sample: str | None = None
    seed: int = 0
    shuffle: bool = False
    profile: str | None = None
    concurrency: int = CONCURRENCY
    tries: int = TRIES
    max_cost: float | str | Decimal | None = None
    allow_unknown_cost: bool = False
    max_failed: int | str | None = None
    wait_for_budget: bool = False
    on_limit: Literal["wait", "spill"] = "wait"
    dedupe: bool = False
    cache_system: bool = False
    restart: bool = False
    changed: Literal["keep", "rerun"] | None = None
    retry_failed: bool = False
    fields: Mapping[str, Any] = {}


def plan_of(options: JobOptions, calls: BatchCalls) -> JobPlan:
    """Open the input of a job, and check its options.

    Raises:
        ModelNotFoundError: The alias does not exist.
        ValidationError: An option is wrong, or the input can't be read.
    """
    settings = settings_of(options)
    if options.alias is not None:
        calls.models(options.alias, options.profile)
    source = open_rows(
        options.rows,
        format=options.format,
        id_column=options.id_column,
        delimiter=options.delimiter,
    )
    choice = _choice(options)
    chosen = source if choice.takes_all else ChosenRows(source, choice)
    schema = None if options.schema is None else open_schema(options.schema)
    builder = _builder(options, source, calls, schema)
    builder.check(source)
    if source.has_own_ids or options.prompt is None:
        check_rows(chosen, None if options.prompt is not None else line_fault)
    return JobPlan(
        calls=calls,
        source=chosen,
        builder=builder,
        settings=settings,
        schema=schema,
        folder=None if options.job is None else Path(options.job),
        description=None if options.job is None else _description(options, source),
        restart=options.restart,
        changed=options.changed,
        retry_failed=options.retry_failed,
        kept=_kept(options),
        seed=options.seed if options.shuffle else None,
        is_asynchronous=isinstance(options.rows, AsyncIterable),
    )


def settings_of(options: JobOptions) -> BatchSettings:
    """Return how the rows are sent.

    Raises:
        ValidationError: An option is wrong.
    """
    for name in ("concurrency", "tries"):
        value = getattr(options, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValidationError(f"{name} must be a whole number from 1 on, not {value!r}")
    if options.on_limit not in ("wait", "spill"):
        raise ValidationError(f"on_limit must be 'wait' or 'spill', not {options.on_limit!r}")
    most, share = _failures(options.max_failed)
    return BatchSettings(
        alias=options.alias,
        profile=options.profile,
        concurrency=options.concurrency,
        tries=options.tries,
        max_cost=None if options.max_cost is None else _usd(options.max_cost),
        allow_unknown_cost=options.allow_unknown_cost,
        max_failed=most,
        max_failed_share=share,
        waits_for_budget=options.wait_for_budget,
        on_limit=options.on_limit,
        dedupe=options.dedupe,
        cache_system=options.cache_system,
    )


def _builder(
    options: JobOptions, source: RowSource, calls: BatchCalls, schema: AnswerSchema | None
) -> RequestBuilder:
    known = LLMRequest.__struct_fields__
    for name in options.fields:
        if name not in known or name in _OWN:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValidationError(f"a batch has no option {name!r}{hint}")
    fields = dict(options.fields)
    if schema is not None:
        fields["response_format"] = schema.format
    prompt = system = read = None
    if options.prompt is not None:
        prompt = Template(options.prompt, options.null)
        if options.alias is None:
            raise ValidationError("a batch with a prompt needs the alias to send it to: --alias")
    else:
        read = GivenRequests.of(source.columns, lambda name: _is_model(calls, name, options))
    if options.system is not None:
        system = Template(options.system, options.null, "the system message")
    enclose = None
    if options.images or options.files:
        enclose = Attachments(options.images, options.files)
        enclose.check(source)
    return RequestBuilder(
        options.alias, prompt=prompt, system=system, options=fields, read=read, enclose=enclose
    )


def _is_model(calls: BatchCalls, name: str, options: JobOptions) -> bool:
    if options.alias is not None:
        return True
    try:
        calls.models(name, options.profile)
    except LLMRingError:
        return False
    return True


def _choice(options: JobOptions) -> RowChoice:
    sample, share = (None, None) if options.sample is None else parse_sample(options.sample)
    return RowChoice(
        skip=options.skip, limit=options.limit, sample=sample, share=share, seed=options.seed
    )


def _description(options: JobOptions, source: RowSource) -> JobDescription:
    named = {
        "alias": options.alias,
        "profile": options.profile,
        "prompt": options.prompt,
        "system": options.system,
        "schema": None if options.schema is None else _shown(options.schema),
        "null": options.null,
        "images": list(options.images) or None,
        "files": list(options.files) or None,
        "skip": options.skip or None,
        "limit": options.limit,
        "sample": options.sample,
        "seed": options.seed or None,
        **{name: _shown(value) for name, value in options.fields.items()},
    }
    return JobDescription(
        inputs=tuple(source.fingerprint()),
        parts=parts_of(named, list(named)),
        ids=source.has_own_ids,
    )


def _kept(options: JobOptions) -> dict[str, Any]:
    """Return what `status` and `export` need of the options."""
    rows = options.rows
    given = [rows] if isinstance(rows, str | PathLike) else rows
    paths: list[str] = []
    if isinstance(given, list | tuple) and all(isinstance(each, str | PathLike) for each in given):
        paths = [str(each) for each in given]
    return {
        "inputs": [each if each == "-" else str(Path(each).absolute()) for each in paths],
        "format": options.format,
        "id_column": options.id_column,
        "delimiter": options.delimiter,
        "schema": options.schema if isinstance(options.schema, str) else None,
        "skip": options.skip,
        "limit": options.limit,
        "sample": options.sample,
        "seed": options.seed,
        "dedupe": options.dedupe,
    }


def _shown(value: Any) -> str:
    """Return a value of an option, for the comparison with that of a later run."""
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, type):
        return f"{value.__module__}:{value.__qualname__}"
    try:
        return f"digest {digest_of(value)}"
    except TypeError:
        return repr(value)


def _failures(given: int | str | None) -> tuple[int | None, float | None]:
    """Return the number and the share of failed rows at which a job stops."""
    if given is None:
        return None, None
    text = str(given).strip()
    number = text.removesuffix("%")
    try:
        if number != text:
            share = float(number) / 100
            if 0 <= share <= 1:
                return None, share
        elif int(number) >= 0:
            return max(1, int(number)), None
    except ValueError:
        pass
    raise ValidationError(
        f"{text[:40]!r} is not a number of failed rows; write a number, or a share such as 5%"
    )


def _usd(given: float | str | Decimal) -> Decimal:
    try:
        usd = Decimal(str(given))
    except InvalidOperation:
        usd = Decimal("NaN")
    if not usd.is_finite() or usd <= 0:
        raise ConfigurationError(f"the most cost is an amount in USD such as 5, not {given!r}")
    return usd
