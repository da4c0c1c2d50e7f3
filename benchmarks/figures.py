"""The figures of a run and their formats, for its page."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from measures import Results
from plot import Points

# Below this number, constant costs hide the growing ones.
FIT_FROM = 100
WIDTH = 100
# Of the reason why a figure is missing.
_LONGEST_REASON = 200


class Conditions(NamedTuple):
    """The conditions of a run."""

    command: str
    day: str
    machine: str
    rounds: int
    seconds: float
    missing: Mapping[str, str]


def median(results: Results, name: str, measure: str) -> float | None:
    """Return a figure of the run; None if it is missing."""
    figures = results.figures.get(name, {}).get(measure)
    return statistics.median(figures) if figures else None


def ratio(value: float | None, base: float | None) -> float | None:
    """Divide a figure by another; None if one is missing."""
    return None if value is None or not base else value / base


def minus(value: float | None, base: float | None) -> float | None:
    """Subtract a figure from another; None if one is missing."""
    return None if value is None or base is None else value - base


def import_time(results: Results, name: str, statement: str) -> float | None:
    """Return the milliseconds of an import, without Python's own start."""
    whole = median(results, name, f"wall {statement}")
    return minus(whole, median(results, name, "wall pass"))


def curves(results: Results) -> dict[str, Points]:
    """Return the number and the milliseconds, by what grows."""
    return {
        what: [(count, statistics.median(costs) * 1000) for count, costs in points.items()]
        for what, points in results.growth.items()
    }


def upper(points: Points) -> Points:
    """Return the points that show growth; all if there are too few."""
    growing = [point for point in points if point[0] >= FIT_FROM]
    return growing if len(growing) > 1 else points


def number(value: float | None) -> str:
    """Format a figure with its significant digits."""
    if value is None:
        return "-"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def named(results: Results, name: str) -> str:
    """Return the name of a client with its version."""
    version = results.versions.get(name, "")
    return name if version in name else f"{name} {version}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Format a Markdown table, with figures aligned to the right."""
    return [
        "| " + " | ".join(heads) + " |",
        "|---|" + "--:|" * (len(heads) - 1),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]


def paragraph(text: str) -> list[str]:
    """Break a text into lines that are not longer than those of other pages."""
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def absent(results: Results, conditions: Conditions, level: int = 2) -> list[str]:
    """Format the section of the figures that are missing; nothing if there are none."""
    rows = [[name, "", why] for name, why in conditions.missing.items()]
    rows += [
        [name, measure, why]
        for name, errors in results.errors.items()
        for measure, why in errors.items()
    ]
    if not rows:
        return []
    cells = [[_plain(cell) for cell in row] for row in rows]
    return [f"{'#' * level} Without a figure", "", *table(("", "measure", "why"), cells)]


def _plain(cell: str) -> str:
    return " ".join(cell.replace("|", "/").replace("<", "(").split())[:_LONGEST_REASON]
