"""Prompts over the blocks of a table, for pipelines of Ray and pandas."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmring.batch.carried_lockfile import CarriedLockfile, carry_lockfile
from llmring.batch.input.request_builder import RequestBuilder
from llmring.batch.input.template import Template, as_text
from llmring.batch.mapping.block_columns import Kind, names_of, rows_of_block, with_columns
from llmring.batch.mapping.block_journal import BlockJournal
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import InputRow, RowProblem, RowRequest
from llmring.bridge import portal
from llmring.config.active_lockfile import lockfile_of_caller
from llmring.exceptions import ValidationError

if TYPE_CHECKING:
    from llmring.batch.mapping.prompt_asker import PromptAsker

_ANSWER = "answer"
# The columns of an outcome: their attributes and kinds.
_COLUMNS: Mapping[str, tuple[str, Kind]] = {
    _ANSWER: ("text", "text"),
    "_status": ("status", "text"),
    "_error": ("error", "text"),
    "_error_class": ("error_class", "text"),
    "_model": ("model", "text"),
    "_served_model": ("served_model", "text"),
    "_finish_reason": ("finish_reason", "text"),
    "_tokens_in": ("tokens_in", "whole"),
    "_tokens_out": ("tokens_out", "whole"),
    "_cost": ("cost", "usd"),
    "_cost_reason": ("cost_reason", "text"),
    "_attempts": ("attempts", "whole"),
    "_ms": ("ms", "number"),
}


class MapPrompts:
    """Asks a prompt for each row of a block, and returns the block with the answers.

    A block is a dictionary of columns, an Arrow table, or a pandas DataFrame:

        frame.pipe(MapPrompts("summarizer", prompt="Summarize: {text}"))
        dataset.map_batches(
            MapPrompts,
            fn_constructor_args=("summarizer",),
            fn_constructor_kwargs={"prompt": "Summarize: {text}"},
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=2),
        )

    The block gets the columns `answer`, `_status`, `_error`, `_error_class`, `_model`,
    `_served_model`, `_finish_reason`, `_tokens_in`, `_tokens_out`, `_cost` (USD, null if unknown),
    `_cost_reason`, `_attempts` and `_ms`. A row that fails has the `_status` "failed"; it raises
    nothing.

    It pickles as its arguments and the content of the lockfile. Each process makes a ring of its
    own, which reads the keys from the environment there.

    Args:
        alias: An alias or "provider:model".
        prompt: The message of the user, with the names of columns in braces: "About {text}".
        system: The system message, if there is one, with columns too.
        null: The text for a value that is null or empty; by default such a row fails.
        concurrency: The most requests in flight in a process, over all blocks.
        tries: How many rounds over the models of the alias a row gets.
        journal: A folder for the answers, on a disk that all workers share. A block that is
            processed again, because its worker has died, then asks only what is missing; a block
            whose requests are all equal to those of an earlier one, and in the same order, counts
            as the same. Without it, such a block is asked, and paid, again as a whole.
        id: A column that makes blocks with equal requests distinct, so that each is asked.
        lockfile: The path of the lockfile. Default: as for `LLMRing`, where this is made.
        profile: The profile of the lockfile; by default as for `LLMRing.chat`.
        prefix: Put before the names of the new columns.
        fields: Other fields of `LLMRequest`, such as `max_tokens`.

    Raises:
        LockfileNotFoundError: The lockfile does not exist.
        ValidationError: A field is unknown, or the prompt has a brace without its counterpart.
    """

    __module__ = "llmring.batch"

    def __init__(  # noqa: PLR0913 -- options with names
        self,
        alias: str,
        *,
        prompt: str,
        system: str | None = None,
        null: str | None = None,
        concurrency: int = 256,
        tries: int = 5,
        journal: str | PathLike[str] | None = None,
        id: str | None = None,  # noqa: A002 -- the name of the option
        lockfile: str | PathLike[str] | None = None,
        profile: str | None = None,
        prefix: str = "",
        **fields: Any,
    ) -> None:
        if concurrency < 1 or tries < 1:
            raise ValidationError("concurrency and tries must be at least 1")
        self._lockfile: CarriedLockfile = carry_lockfile(lockfile, lockfile_of_caller(None, 1))
        # Absolute, as a worker may run in another folder.
        self._folder = None if journal is None else Path(fspath(journal)).absolute()
        self._texts = (prompt, system, null)
        self._alias, self._fields = alias, fields
        self._concurrency, self._tries = concurrency, tries
        self._id, self._profile, self._prefix = id, profile, prefix
        self._prepare()

    def _prepare(self) -> None:
        prompt, system, null = self._texts
        self._prompt = Template(prompt, null)
        self._system = None if system is None else Template(system, null, "the system message")
        self._builder = RequestBuilder(
            self._alias, prompt=self._prompt, system=self._system, options=self._fields
        )
        self._asker: PromptAsker | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Without the ring, which belongs to this process.
        made = ("_prompt", "_system", "_builder", "_asker")
        return {name: value for name, value in vars(self).items() if name not in made}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._prepare()

    def __call__(self, block: Any) -> Any:
        """Return the block with the answers to its rows.

        Raises:
            ValidationError: The prompt names an unknown column, or a new column exists already.
            LockfileError: The lockfile can't be used.
            OSError: The journal can't be written.
        """
        names = names_of(block)
        self._check(names)
        requests, marks = self._requests(block)
        journal = None
        if self._folder is not None:
            journal = BlockJournal(self._folder, [each.digest for each in requests], marks)
        try:
            outcomes = portal.run(self._ask(requests, journal))
        finally:
            if journal is not None:
                journal.close()
        return with_columns(block, self._columns(outcomes))

    async def acall(self, block: Any) -> Any:
        """Return the block with the answers, without holding up the event loop."""
        return await asyncio.to_thread(self, block)

    def _check(self, names: list[str]) -> None:
        for template in (self._prompt, self._system):
            # A dotted name is a value within a column, which rows may lack.
            if template is not None:
                paths = {*names, *(each for each in template.names if _column(each) in names)}
                template.check(paths, names)
        if self._id is not None and self._id not in names:
            raise ValidationError(
                f"unknown column {self._id!r} for the ID; the columns are: {', '.join(names)}"
            )
        clash = [name for name in names if name in self._new_names()]
        if clash:
            raise ValidationError(
                f"the block has a column {clash[0]!r} already; give a prefix for the new columns"
            )

    def _new_names(self) -> list[str]:
        return [self._prefix + name for name in _COLUMNS]

    def _requests(self, block: Any) -> tuple[list[RowRequest | RowProblem], list[str]]:
        requests: list[RowRequest | RowProblem] = []
        marks = []
        for at, values in enumerate(rows_of_block(block)):
            if self._id is not None:
                marks.append(as_text(values[self._id]) or "")
            row = InputRow(at, str(at), values, f"row {at} of the block")
            requests.append(self._builder.build(row))
        return requests, marks

    async def _ask(
        self, requests: list[RowRequest | RowProblem], journal: BlockJournal | None
    ) -> list[RowOutcome]:
        if self._asker is None:
            import llmring
            from llmring.batch.mapping.prompt_asker import PromptAsker

            ring = llmring.LLMRing(self._lockfile.put())
            self._asker = PromptAsker(ring, self._profile, self._concurrency, self._tries)
        return await self._asker.ask_all(requests, journal)

    def _columns(self, outcomes: list[RowOutcome]) -> dict[str, tuple[Kind, list[Any]]]:
        columns: dict[str, tuple[Kind, list[Any]]] = {}
        for name, (attribute, kind) in _COLUMNS.items():
            values = [getattr(each, attribute) for each in outcomes]
            columns[self._prefix + name] = (kind, values)
        return columns


def _column(name: str) -> str:
    return name.partition(".")[0]
