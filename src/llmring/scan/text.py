"""Aliases used in files other than Python: in commands, settings, and likely settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from llmring.scan.aliases import Use, Uses, lines_of

# A shell command, up to the start of the next one.
_COMMAND = r"\bllmring\b[^|;&\n]*?"
_NAME = r"[\"']?([^\s\"'`|;&)\]},]+)"

_CERTAIN: tuple[tuple[Literal["alias", "profile"], re.Pattern[str]], ...] = (
    ("alias", re.compile(rf"{_COMMAND}\schat\s[^|;&\n]*?(?:--model(?:=|\s+)|-m\s+){_NAME}")),
    ("alias", re.compile(rf"\bllmring\s+explain\s+(?!-){_NAME}")),
    ("profile", re.compile(rf"{_COMMAND}\s--profile(?:=|\s+){_NAME}")),
    ("profile", re.compile(rf"\bLLMRING_PROFILE[\"']?\s*[=:]\s*{_NAME}")),
)

# Other programs have settings for models too, so these uses are not sure.
_POSSIBLE = re.compile(r"\bmodel[\"']?\s*[:=]\s*(?:[\"'`]([^\"'`]+)[\"'`]|([^\s\"'`#,;{}()]+))")

# A variable, a template's placeholder, or a placeholder for the reader to fill in.
_PLACEHOLDER = re.compile(r"[$<>{}%…*\\]|\.\.\.|^[A-Z_]+$")

# Longer lines are generated.
_LONGEST = 2000


def in_text(text: str, *, prose: bool = False) -> Uses:
    """Find the names used in a text.

    Args:
        text: The text.
        prose: Whether the text is documentation, so that its examples need not exist.
    """
    return Uses(tuple(_uses(text, prose)))


def _uses(text: str, prose: bool) -> Iterator[Use]:
    for number, line in enumerate(lines_of(text), 1):
        if len(line) > _LONGEST:
            continue
        certain = dict(_certain(line)) if "llmring" in line.lower() else {}
        for (start, name), kind in certain.items():
            yield Use(kind=kind, name=name, line=number, column=start + 1, sure=not prose)
        for match in _POSSIBLE.finditer(line) if "model" in line else ():
            name, start = match[match.lastindex or 0], match.start(match.lastindex or 0)
            if (start, name) not in certain:
                yield Use(kind="alias", name=name, line=number, column=start + 1, sure=False)


def _certain(line: str) -> Iterator[tuple[tuple[int, str], Literal["alias", "profile"]]]:
    for kind, pattern in _CERTAIN:
        for match in pattern.finditer(line):
            if not _PLACEHOLDER.search(match[1]):
                yield (match.start(1), match[1]), kind
