"""The settings of programs that docs/gateway.md gives, with the address of another gateway."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "gateway.md"
ADDRESS = "http://127.0.0.1:4180"

_VARIABLE = re.compile(r"`([A-Z_]+)=([^`]+)`")
_COMMAND = re.compile(r"`[a-z]+ (-[^`]+)`")


def variables(program: str, base: str) -> dict[str, str]:
    """Return the variables in a program's row of the table.

    Args:
        program: The program, as the first column names it.
        base: The address of the gateway.
    """
    return dict(_VARIABLE.findall(_row(program, base)))


def arguments(program: str) -> list[str]:
    """Return the arguments of the command in a program's row of the table.

    Args:
        program: The program, as the first column names it.
    """
    [found] = _COMMAND.findall(_row(program, ADDRESS))
    return str(found).split()


def block(program: str, base: str) -> str:
    """Return the file of settings that is shown for a program.

    Args:
        program: The program, as its paragraph begins.
        base: The address of the gateway.
    """
    found = re.search(
        rf"^{re.escape(program)}, in .*?^```\w+\n(.*?)^```$", _page(base), re.DOTALL | re.MULTILINE
    )
    if found is None:
        raise ValueError(f"{PAGE} has no settings of {program}")
    return found[1]


def _row(program: str, base: str) -> str:
    [row] = [line for line in _page(base).splitlines() if line.startswith(f"| {program} |")]
    return row


def _page(base: str) -> str:
    return PAGE.read_text(encoding="utf-8").replace(ADDRESS, base)
