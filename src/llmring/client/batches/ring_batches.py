"""The part of a ring that asks the same of many rows."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from decimal import Decimal
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Unpack

from llmring.client.batches.ring_batch_calls import AskedRing, RingBatchCalls
from llmring.client.request_args import UnformedFields

if TYPE_CHECKING:
    from llmring.batch.engine.batch_job import BatchJob
    from llmring.batch.engine.job_plan import JobPlan

Rows = (
    str
    | PathLike[str]
    | Sequence[str | PathLike[str]]
    | Iterable[Mapping[str, Any]]
    | AsyncIterable[Mapping[str, Any]]
    | Any
)


class BatchFields(UnformedFields, total=False):
    """The options of `LLMRing.batch`.

    Attributes:
        system: The system message, likewise.
        schema: The form of the answers: a JSON Schema, a type as for `response_format`, the
            path of a JSON file, or "module:Model".
        job: A folder in which each answer is kept as it comes. The same call with it goes on
            where it was left, and pays for nothing twice. Default: in memory only.
        id: The column that holds the rows' IDs; by default they are numbered.
        profile: As for `chat`.
        concurrency: The most requests in flight to one model; fewer are sent where rate
            limits are met.
        tries: How many rounds over the models of the alias a row gets.
        max_cost: USD that the job may cost, earlier runs of the folder included; it is never
            exceeded.
        allow_unknown_cost: True to call models without a known price in spite of `max_cost`.
        max_rows_failed: Failed rows at which the batch stops, as a number or as a share such
            as "5%". Default: 100 in a row, or half of the last 200.
        on_limit: At a rate limit, "wait", or "spill" rows to the next model of the alias.
        wait: True to wait for the next day when `daily_budget` is used up.
        dedupe: True to ask equal requests once.
        cache_system: True to mark the system message for the provider's prompt cache, and to
            send one row ahead of the others.
        null: A text for values that are null or empty. By default, such a row fails.
        image: Columns that hold images: paths, URLs or bytes.
        file: Columns that hold files of any type, likewise.
        restart: True to begin the folder again.
        changed: If the folder is of another job, "keep" the answers that are there, or
            "rerun" the rows whose request differs. By default, it is refused.
        retry_failed: True to ask all rows of the folder again that have failed.
    """

    system: str | None
    schema: Any
    job: str | PathLike[str] | None
    id: str | None
    profile: str | None
    concurrency: int
    tries: int
    max_cost: float | str | Decimal | None
    allow_unknown_cost: bool
    max_rows_failed: int | str | None
    on_limit: Literal["wait", "spill"]
    wait: bool
    dedupe: bool
    cache_system: bool
    null: str | None
    image: Sequence[str]
    file: Sequence[str]
    restart: bool
    changed: Literal["keep", "rerun"] | None
    retry_failed: bool


BatchFields.__module__ = "llmring"

# By their names in `JobOptions`, where these differ.
_NAMES = {
    "id": "id_column",
    "max_rows_failed": "max_failed",
    "wait": "wait_for_budget",
    "image": "images",
    "file": "files",
}


class RingBatches(AskedRing):
    """The method of `LLMRing` that runs batches."""

    def batch(
        self,
        rows: Rows,
        alias: str | None = None,
        *,
        prompt: str | None = None,
        **options: Unpack[BatchFields],
    ) -> BatchJob:
        """Ask the same of many rows: iterate over the answers, or `run` the whole.

        Nothing is sent before that. A row that fails comes with its error; the others go on.

        Args:
            rows: Dictionaries or texts, also asynchronously; the path of a file or a list of paths
                (JSONL, CSV, TSV, Parquet, text); or an object with an Arrow C stream, such as a
                DataFrame of pandas or polars.
            alias: The alias, or "provider:model"; None if the rows name their own.
            prompt: The user's message with the names of columns in braces, such as "Sum up:
                {text}". Without it, the rows hold requests: a column `messages` or
                `request_json`, or the lines of OpenAI's or Anthropic's batch files.
            options: The fields of `BatchFields`, and other fields of `LLMRequest`, such as
                `temperature` or `max_tokens`.

        Raises:
            LLMRingError: When it runs: the alias does not exist, a column is unknown, the folder is
                in use, an option is wrong.
        """
        from llmring.batch.engine.batch_job import BatchJob

        def plan() -> JobPlan:
            from llmring.batch.engine.job_options import JobOptions, plan_of

            own = set(BatchFields.__annotations__) - set(UnformedFields.__annotations__)
            given: Mapping[str, Any] = options
            chosen = {_NAMES.get(name, name): value for name, value in given.items() if name in own}
            fields = {name: value for name, value in given.items() if name not in own}
            return plan_of(
                JobOptions(rows=rows, alias=alias, prompt=prompt, fields=fields, **chosen),
                RingBatchCalls(self),
            )

        return BatchJob(plan)
