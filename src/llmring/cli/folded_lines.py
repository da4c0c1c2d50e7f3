"""Lines of results that people read: on a terminal, what does not fit goes on below."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from llmring.cli.colour import Style, Styled, columns
from llmring.cli.output import harmless, print_line
from llmring.cli.text_width import folded

if TYPE_CHECKING:
    from llmring.lockfile.problem import Problem

_DEEPER = 4

_STYLES: dict[str, Style] = {"error": "error", "warning": "warning", "hint": "dim"}
# As in git.
_DIFF_STYLES: dict[str, Style] = {"+": "ok", "-": "error"}


def print_folded(line: str, style: Style | None = None, deeper: int = _DEEPER) -> None:
    """Print a line of a result, divided between words where the terminal ends.

    Args:
        line: The line.
        style: Its style.
        deeper: The spaces before what goes on below, more than before the line.
    """
    text = _fitting(line, deeper)
    print_line(Styled(text, style) if style else text)


def print_problem(problem: Problem, path: object) -> None:
    """Print a problem in a file, with its severity in colour."""
    place, severity, rest = _fitting(problem.render(path)).partition(f"{problem.severity}:")
    print_line(place, Styled(severity.rstrip(":"), _STYLES[problem.severity]), severity[-1:], rest)


def print_diff(text: str) -> None:
    """Print a unified diff in colour; its long lines stay whole, so that they can be copied."""
    for line in text.splitlines():
        heading = line.startswith(("+++ ", "--- ", "@@ "))
        style = "dim" if heading else _DIFF_STYLES.get(line[:1])
        print_line(Styled(harmless(line), style) if style else harmless(line))


def _fitting(line: str, deeper: int = _DEEPER) -> str:
    indent = len(line) - len(line.lstrip()) + deeper
    return folded(line, columns(sys.stdout), 0, indent)
