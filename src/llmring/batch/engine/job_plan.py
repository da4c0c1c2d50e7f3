"""The plan of a job, and the opening of one of its runs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from llmring.batch.batch_calls import BatchCalls
from llmring.batch.engine.batch_run import BatchRun
from llmring.batch.engine.batch_settings import BatchSettings
from llmring.batch.engine.row_caller import RowCaller
from llmring.batch.engine.row_reader import Row
from llmring.batch.engine.run_parts import OnRow, Parts
from llmring.batch.engine.spending import cost_account
from llmring.batch.input.request_builder import RequestBuilder
from llmring.batch.input.row_choice import ChosenRows, shuffled
from llmring.batch.input.row_source import RowSource
from llmring.batch.row import RowProblem, RowRequest
from llmring.pacing.pacer import Pacer
from llmring.routing.call_wishes import CallWishes

if TYPE_CHECKING:
    from llmring.batch.journal.job_description import JobDescription
    from llmring.batch.journal.job_folder import JobFolder
    from llmring.batch.schema.answer_columns import AnswerSchema


class JobPlan(Struct, frozen=True, kw_only=True):
    """The plan of a job.

    Attributes:
        calls: The calls of the ring.
        source: The rows.
        builder: Builds their requests.
        settings: How they are sent.
        folder: The folder of the job; None to keep it in memory.
        description: What the job does, so that a later run finds out if that has changed; needed
            with a folder.
        restart: True to begin again.
        changed: What to do with the rows that are done if the description differs.
        retry_failed: True to ask all rows again that have failed.
        seed: The seed of the order in which rows are sent; None for that of the input.
        kept: Plain values that the commands on the folder need again.
        is_asynchronous: True if the rows come asynchronously.
        schema: The schema of the answers; None for text.
    """

    calls: BatchCalls
    source: RowSource
    builder: RequestBuilder
    settings: BatchSettings
    folder: Path | None = None
    description: JobDescription | None = None
    restart: bool = False
    changed: Literal["keep", "rerun"] | None = None
    retry_failed: bool = False
    seed: int | None = None
    kept: dict[str, Any] | None = None
    is_asynchronous: bool = False
    schema: AnswerSchema | None = None

    def requests(self) -> Iterator[RowRequest | RowProblem]:
        """Yield the requests of all rows of the input, also of those that this run leaves out."""
        source = self.source.source if isinstance(self.source, ChosenRows) else self.source
        return map(self.builder.build, source)


class OpenJob:
    """A job with its folder open, if it has one; `close` lets another run begin.

    Args:
        plan: The plan.

    Attributes:
        id: The ID of the job.
        folder: Its folder, open; None if it is kept in memory.

    Raises:
        ConfigurationError: Another run is in progress, or the job has changed.
        OSError: The folder can't be used.
    """

    def __init__(self, plan: JobPlan) -> None:
        self.plan = plan
        self.folder: JobFolder | None = None
        if plan.folder is None or plan.description is None:
            self.id = secrets.token_hex(4)
            return
        from llmring.batch.journal.open_job import open_job

        self.folder = open_job(
            plan.folder,
            plan.description,
            plan.requests if plan.source.is_repeatable else None,
            restart=plan.restart,
            changed=plan.changed,
            retry_failed=plan.retry_failed,
            settings=plan.kept,
        )
        self.id = self.folder.job.id

    def run(
        self,
        on_row: OnRow | None,
        has_room: Callable[[int], bool] | None = None,
        only: Iterable[Row] | None = None,
    ) -> BatchRun:
        """Return a run of the job, to be started in this event loop; see `Parts`.

        Args:
            on_row: As for `Parts`.
            has_room: As for `Parts`.
            only: The rows to send, of an unknown number; None for all of them.
        """
        plan, folder = self.plan, self.folder
        settings = plan.settings
        pacer = Pacer(settings.concurrency, spills=settings.on_limit == "spill")
        wishes = CallWishes(patience=pacer)
        if settings.max_cost is not None:
            from decimal import Decimal

            spent = Decimal(0) if folder is None else folder.spent
            account = cost_account(self.id, secrets.token_hex(4), settings.max_cost, spent)
            wishes = CallWishes(patience=pacer, accounts=(account,))
        caller = RowCaller(
            plan.calls,
            settings.profile,
            wishes,
            {"batch": self.id},
            cache_system=settings.cache_system,
        )
        source = plan.source
        rows = source.stream() if plan.is_asynchronous else iter(source if only is None else only)
        if plan.seed is not None and isinstance(rows, Iterator):
            rows = shuffled(rows, plan.seed)
        return BatchRun(
            Parts(
                id=self.id,
                calls=plan.calls,
                caller=caller,
                rows=rows,
                build=plan.builder.build,
                total=source.count() if only is None else None,
                journal=folder,
                pace=pacer,
                on_row=on_row,
                has_room=has_room,
            ),
            settings,
        )

    def close(self) -> None:
        """Close the folder."""
        if self.folder is not None:
            with suppress(OSError):
                self.folder.close()
