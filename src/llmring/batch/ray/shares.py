"""The shares of workers in the limits of a lockfile, where no server counts for all of them."""

from __future__ import annotations

import re
import tomllib
from typing import Any

_LIMITS = ("rpm", "tpm", "max_concurrency", "daily_budget")
_SET = re.compile(rf"(?P<key>\b(?:{'|'.join(_LIMITS)})\s*=\s*)(?P<number>[0-9][0-9_.]*)")


def share_limits(text: str, workers: int) -> tuple[str, list[str]]:
    """Divide the limits of a lockfile evenly.

    Args:
        text: The lockfile.
        workers: The number of workers.

    Returns:
        The lockfile of each worker, and the names of the limits that were divided.
    """
    if workers == 1:
        return text, []
    divided: dict[str, None] = {}

    def share(found: re.Match[str]) -> str:
        key = found["key"].rstrip("= \t")
        number = found["number"].replace("_", "")
        divided[key] = None
        if key == "daily_budget":
            return f"{found['key']}{float(number) / workers!r}"
        return f"{found['key']}{max(1, int(number) // workers)}"

    lines = []
    for line in text.splitlines(keepends=True):
        shared = _SET.sub(share, line)
        lines.append(line if shared != line and _is_quoted(line, shared) else shared)
    return "".join(lines), [*divided]


def _is_quoted(line: str, shared: str) -> bool:
    """Return True if the limit is in a comment or a text."""
    try:
        before, after = (_without_limits(tomllib.loads(each)) for each in (line, shared))
    except tomllib.TOMLDecodeError:
        # A part of a longer value, such as a table in a list.
        return line.lstrip().startswith("#")
    return bool(before != after)


def _without_limits(value: Any) -> Any:
    match value:
        case dict():
            return {
                name: None if name in _LIMITS else _without_limits(each)
                for name, each in value.items()
            }
        case list():
            return [_without_limits(each) for each in value]
    return value
