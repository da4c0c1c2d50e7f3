"""Lines of results that people read: on a terminal, what does not fit goes on below."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from llmring.cli.colour import Style, Styled, columns
from llmring.cli.output import print_line
from llmring.cli.text_width import folded

if TYPE_CHECKING:
    from llmring.lockfile.problem import Problem

# The spaces before what goes on below, more than before the line.
_DEEPER = 4

_STYLES: dict[str, Style] = {"error": "error", "warning": "warning", "hint": "dim"}


def print_folded(line: str, style: Style | None = None) -> None:
    """Print a line of a result, divided between words where the terminal ends."""
    text = _fitting(line)
    print_line(Styled(text, style) if style else text)


def print_problem(problem: Problem, path: object) -> None:
    """Print a problem in a file, with its severity in colour."""
    place, severity, rest = _fitting(problem.render(path)).partition(f"{problem.severity}:")
    print_line(place, Styled(severity.rstrip(":"), _STYLES[problem.severity]), severity[-1:], rest)


def _fitting(line: str) -> str:
    indent = len(line) - len(line.lstrip()) + _DEEPER
    return folded(line, columns(sys.stdout), 0, indent)
