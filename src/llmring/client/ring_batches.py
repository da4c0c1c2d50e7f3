"""The part of a ring that asks the same of many rows."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from decimal import Decimal
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from llmring.client.ring_calls import RingCalls
from llmring.client.ring_models import RingModels

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


class RingBatches(RingModels, RingCalls):
    """The method of `LLMRing` that runs batches."""

    def batch(
        self,
        rows: Rows,
        alias: str | None = None,
        *,
        prompt: str | None = None,
        system: str | None = None,
        schema: Any = None,
        job: str | PathLike[str] | None = None,
        id: str | None = None,  # noqa: A002 -- the name of the command's option
        profile: str | None = None,
        concurrency: int = 256,
        tries: int = 5,
        max_cost: float | str | Decimal | None = None,
        allow_unknown_cost: bool = False,
        max_rows_failed: int | str | None = None,
        on_limit: Literal["wait", "spill"] = "wait",
        wait: bool = False,
        dedupe: bool = False,
        cache_system: bool = False,
        null: str | None = None,
        image: Sequence[str] = (),
        file: Sequence[str] = (),
        restart: bool = False,
        changed: Literal["keep", "rerun"] | None = None,
        retry_failed: bool = False,
        **fields: Any,
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
            restart: True to begin the folder anew.
            changed: If the folder is of another job, "keep" the answers that are there, or
                "rerun" the rows whose request differs. By default, it is refused.
            retry_failed: True to ask all rows of the folder again that have failed.
            fields: Other fields of `LLMRequest`, such as `temperature` or `max_tokens`.

        Raises:
            LLMRingError: When it runs: the alias does not exist, a column is unknown, the folder is
                in use, an option is wrong.
        """
        from llmring.batch.engine.batch_job import BatchJob
        from llmring.client.operations.ring_batch_calls import RingBatchCalls

        def plan() -> JobPlan:
            from llmring.batch.engine.job_options import JobOptions, plan_of

            options = JobOptions(
                rows=rows,
                alias=alias,
                prompt=prompt,
                system=system,
                schema=schema,
                job=job,
                id_column=id,
                profile=profile,
                concurrency=concurrency,
                tries=tries,
                max_cost=max_cost,
                allow_unknown_cost=allow_unknown_cost,
                max_failed=max_rows_failed,
                on_limit=on_limit,
                wait_for_budget=wait,
                dedupe=dedupe,
                cache_system=cache_system,
                null=null,
                images=image,
                files=file,
                restart=restart,
                changed=changed,
                retry_failed=retry_failed,
                fields=fields,
            )
            return plan_of(options, RingBatchCalls(self))

        return BatchJob(plan)
