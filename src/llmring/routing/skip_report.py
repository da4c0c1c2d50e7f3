"""A table of what each model of an alias lacks, for errors when none can be used."""

from __future__ import annotations

from collections.abc import Sequence

from llmring.chat.response import Attempt, story
from llmring.exceptions import ProviderRequestError


def why_none(attempts: Sequence[Attempt]) -> str:
    """List the models and what each lacks, one per line, with a column for each lack.

    If no model lacks a capability, this is a plain list with the reasons.

    Args:
        attempts: The outcome for each model; all were skipped.
    """
    lacking = [_lacking(attempt) for attempt in attempts]
    columns = list(dict.fromkeys(column for each in lacking for column in each))
    if not columns:
        return story(attempts)
    rows = []
    for attempt, lacks in zip(attempts, lacking, strict=True):
        cells = [lacks.get(column, "") for column in columns]
        rows.append([attempt.model, *cells, "" if lacks else attempt.reason or ""])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(f"  {line.rstrip()}" for line in aligned)


def _lacking(attempt: Attempt) -> dict[str, str]:
    error = attempt.error
    return dict(error.lacking) if isinstance(error, ProviderRequestError) else {}
