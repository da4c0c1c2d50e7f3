"""The summary at the end of a batch, on standard error."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from decimal import Decimal

from llmring.batch.engine.job_plan import OpenJob
from llmring.batch.engine.reports.batch_report import BatchReport
from llmring.cli.output import print_note, print_warning
from llmring.registry.price import dollars


def print_summary(report: BatchReport, job: OpenJob, words: Sequence[str]) -> None:
    """Print the summary of a run.

    Args:
        report: The report on the run.
        job: The job.
        words: The words of the command, after the program's name.
    """
    if report.message is not None:
        print_warning(f"stopped: {report.message}")
    for line in summary_lines(report):
        print_note(line)
    folder = job.folder
    if folder is None:
        return
    again = f"llmring {shlex.join(_without_restart(words))}"
    if report.stopped is not None:
        print_note(f"go on: {again}")
    if report.failed:
        print_note(f"failed rows: {folder.path / 'failed.jsonl'}")
        if report.stopped is None:
            print_note(f"ask them again: {again} --retry-failed")


def summary_lines(report: BatchReport) -> Iterator[str]:
    """Yield the lines of a summary."""
    rows = f"{report.ok} rows ok, {report.failed} failed"
    if report.earlier:
        rows += f", {report.earlier} done before"
    if report.left:
        rows += f", {report.left} left"
    elif report.left is None:
        rows += ", others left"
    seconds = report.seconds
    done = report.ok + report.failed
    rate = f", {done / seconds:.0f} rows/s" if seconds > 0 and done else ""
    yield f"{rows} ({duration(seconds)}{rate})"
    for name, count in sorted(report.errors.items(), key=lambda each: -each[1]):
        yield f"  {name}: {count}"
    for name, model in report.models.items():
        yield (
            f"  {name}: {model.rows} rows, {model.tokens_in} tokens in, {model.tokens_out} out, "
            f"{_shown(model.cost, report)}"
        )
    yield f"cost {_shown(report.cost, report)}{_notes(report)}"


def _shown(cost: Decimal, report: BatchReport) -> str:
    """Return a cost, which is never 0 for requests whose cost is unknown."""
    return "unknown" if cost == 0 and report.unknown_costs else dollars(cost)


def duration(seconds: float) -> str:
    """Return a time in words, such as "2 h 5 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def _notes(report: BatchReport) -> str:
    notes = []
    if report.unknown_costs:
        notes.append(f"{report.unknown_costs} requests of unknown cost")
    if report.spent != report.cost:
        notes.append(f"{dollars(report.spent)} in all runs")
    if report.tokens_cached and report.tokens_in:
        share = 100 * report.tokens_cached / report.tokens_in
        notes.append(f"{share:.0f} % of the prompts' tokens from the cache")
    return f" ({'; '.join(notes)})" if notes else ""


def _without_restart(words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in ("--restart", "--retry-failed", "--debug")]
