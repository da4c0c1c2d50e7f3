"""The table of docs/gateway.md: what each program did, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from real_clients.checks import FAILURES, RETURNED, Finding
from real_clients.documented import PAGE

BEGIN, END = "<!-- real clients -->", "<!-- end of real clients -->"

API_NAMES = {
    "chat": "Chat Completions",
    "responses": "Responses",
    "messages": "Anthropic",
    "gemini": "Gemini",
    "ollama": "Ollama",
}
_TARGETS = {
    "openai_chat": "Chat Completions",
    "openai_responses": "Responses",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
    "ollama": "Ollama",
}
# By the checks that only one program has: their results.
OWN = {
    "426": "with its own provider and `openai_base_url`, from the refused WebSocket to HTTP: {}",
    "discovery": "the file in which it keeps the aliases that it finds: {}",
    "tools": "the tool that it names only once the model has looked for it: {}",
    "names": "with a rule for `claude-*` and without `--model`, the model that it asks for: {}",
}

_COLUMNS = (
    "program",
    "API",
    "date",
    "reads a file, with models of",
    "signed reasoning",
    "broken streams",
    *FAILURES,
)
_HEAD = f"| {' | '.join(_COLUMNS)} |\n{'|---' * len(_COLUMNS)}|\n"


class Row(Struct, frozen=True, kw_only=True):
    """What one program did, by one API.

    Attributes:
        program: Its name.
        version: Its version.
        wire: The API that it calls.
        date: The day.
        findings: The results of its checks.
    """

    program: str
    version: str
    wire: str
    date: str
    findings: Sequence[Finding]

    def of(self, check: str) -> list[Finding]:
        """Return the results of a check."""
        return [each for each in self.findings if each.check == check]


def load(path: Path) -> list[Row]:
    """Return the rows of earlier runs."""
    return msgspec.json.decode(path.read_bytes(), type=list[Row]) if path.is_file() else []


def save(path: Path, rows: Sequence[Row]) -> None:
    """Keep rows for later runs."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows)))


def table(rows: Iterable[Row]) -> str:
    """Format the table."""
    return _HEAD + "".join(_line(row) for row in rows)


def _line(row: Row) -> str:
    cells = [
        f"{row.program} {row.version}",
        API_NAMES[row.wire],
        row.date,
        _reading(row.of("reads")),
        _thinking(row.of("thinks")),
        _surviving(row.of("survives")),
        *(_giving_up(row.of("gives up"), failure) for failure in FAILURES),
    ]
    return f"| {' | '.join(cells)} |\n"


def _reading(found: Sequence[Finding]) -> str:
    good = ", ".join(_TARGETS[each.target] for each in found if each.ok)
    if len(found) == len(_TARGETS) and all(each.ok for each in found):
        return "all five"
    bad = ", ".join(_TARGETS[each.target] for each in found if not each.ok)
    return good + (f"; **not** {bad}" if bad else "") or "not run"


def _thinking(found: Sequence[Finding]) -> str:
    bad = ", ".join(_TARGETS[each.target] for each in found if not each.ok)
    good = ", ".join(_TARGETS[each.target] for each in found if each.detail == RETURNED)
    return (good or "none") + (f"; **fails** with {bad}" if bad else "")


def _surviving(found: Sequence[Finding]) -> str:
    bad = ", ".join(each.target for each in found if not each.ok)
    good = f"{sum(bool(each.ok) for each in found)} of {len(found)}"
    return good + (f"; **not** {bad}" if bad else "") if found else "not run"


def _giving_up(found: Sequence[Finding], failure: str) -> str:
    for each in found:
        if each.target == failure:
            return f"{each.requests}{'' if each.ended else ' or more'} ({each.seconds:.0f} s)"
    return "not run"


def _own(rows: Iterable[Row]) -> str:
    """Return the results of checks that only one program has."""
    found = [
        f"- {row.program}: {OWN[each.check].format(each.detail if each.ok else '**fails**')}\n"
        for row in rows
        for each in row.findings
        if each.check in OWN
    ]
    return "\n" + "".join(found) if found else ""


def written(page: str, rows: Sequence[Row]) -> str:
    """Return the page with the table between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE} lacks the marks of the table")
    return f"{before}{begin}\n\n{table(rows)}{_own(rows)}\n{end}{after}"
