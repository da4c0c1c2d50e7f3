"""The bodies that real client programs send, recorded next to the repository."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "captures"

_LONG = re.compile(r"text\((\d+)\)")


def sent_to(*paths: str) -> list[Any]:
    """Return the bodies sent to these paths, as parameters of a test."""
    found = [*_found(paths)] if CAPTURES.is_dir() else []
    missing = pytest.mark.skip(reason="needs the captures next to the repository")
    return found or [pytest.param({}, marks=missing)]


def _found(paths: tuple[str, ...]) -> Iterator[Any]:
    for file in sorted(CAPTURES.glob("*.json")):
        for at, request in enumerate(json.loads(file.read_text(encoding="utf-8"))):
            if request.get("path") in paths and isinstance(request.get("body"), dict):
                yield pytest.param(_expanded(request["body"]), id=f"{file.stem}-{at}")


def _expanded(value: Any) -> Any:
    """Put a text of the length in place of `text(N)`."""
    if isinstance(value, dict):
        return {name: _expanded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_expanded(each) for each in value]
    if isinstance(value, str) and (match := _LONG.fullmatch(value)):
        length = int(match[1])
        return (f"{length} words and more " * length)[:length]
    return value
