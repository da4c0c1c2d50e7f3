"""Writes docs/contract.md: the rows of two contracts and the tests that cover them.

    python tools/contract_table.py

A test names its rows: `test_S046_...`, or `test_S100_S101_...` for several. S rows are promises of
the lockfile contract; C rows are contradictions in it. G rows are promises of the gateway, named in
lower case (`test_g022_...`); gateway_rows.toml has those without a test. The tests are run, and the
exit code is 1 if a test fails, or if a row has neither a test nor a reason to lack one.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs/contract.md"

LOCKFILE_ROWS = (
    *(f"S{number}" for number in range(1, 141)),
    *(f"C{number}" for number in range(1, 21)),
)
GATEWAY_ROWS = tuple(f"G{number}" for number in range(1, 197))
ROWS = (*LOCKFILE_ROWS, *GATEWAY_ROWS)

# By "open" and "later": the words of the gateway's rows that have no test yet.
UNTESTED: Mapping[str, Mapping[str, str]] = tomllib.loads(
    (ROOT / "tools/gateway_rows.toml").read_text(encoding="utf-8")
)

_REGISTRY = "waits for the registry"

# Rows, or parts of rows, that are not implemented yet: the missing part, and the reason.
WAITING: Mapping[str, tuple[str, str]] = {
    "S35": ("`lock init` fetches the newest catalog; the bundled one is used", _REGISTRY),
    "C8": ("models that the catalog does not know, or that retire, are warnings", _REGISTRY),
}

# Rows about the contract's own text.
DOCUMENTARY: Mapping[str, str] = {
    "S136": "the names of the documents next to it",
    "C19": "a snippet that lacks an import",
}

_NAMED = re.compile(r"test_((?:(?:[SC]|g)\d+_)+)(\w+)")

_HEAD = """\
# The lockfile contract, row by row

`make contract` runs the tests that are named after a row, and writes these tables. S rows are
promises of the contract; C rows are contradictions in it, each with a behavior that satisfies both
sides.

"""
_GATEWAY_HEAD = """
## The gateway

G rows are promises of [the gateway](gateway.md). Of these, "open" ones have no test of their name,
so they may be missing or kept in part, and "later" ones are not planned for its first version.

"""
_COLUMNS = """\
| row | promise | test | result |
|---|---|---|---|
"""


class Held(NamedTuple):
    """A test that covers a row.

    Attributes:
        row: The row, as in "S46".
        words: The test's name as words.
        test: The test, as "file::name".
    """

    row: str
    words: str
    test: str


def held(tests: Path = ROOT / "tests", root: Path = ROOT) -> list[Held]:
    """Find the tests that are named after rows, in the order of the rows.

    Args:
        tests: Their folder.
        root: The folder that their paths begin in.
    """
    found = [
        Held(
            f"{row[0].upper()}{int(row[1:])}", _words(match[2]), f"{file.relative_to(root)}::{name}"
        )
        for file in sorted(tests.rglob("test_*.py"))
        for name in _functions(file)
        if (match := _NAMED.fullmatch(name)) is not None
        for row in match[1].split("_")[:-1]
    ]
    return sorted(found, key=lambda each: ROWS.index(each.row))


def _functions(file: Path) -> list[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def _words(name: str) -> str:
    words = name.replace("_", " ")
    words = re.sub(r"(\w) s\b", r"\1's", words)
    return re.sub(r"\b(can|doesn|isn|aren|won) t\b", r"\1't", words)


def uncovered(found: Iterable[Held]) -> list[str]:
    """Return the rows that have neither a test nor a reason to lack one."""
    excused = {row for rows in UNTESTED.values() for row in rows}
    known = {*(each.row for each in found), *WAITING, *DOCUMENTARY, *excused}
    return [row for row in ROWS if row not in known]


class _Results:
    """The result of each test; the cases of a test count as one."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the result of a phase of a case; called by pytest."""
        if report.when != "call" and report.passed:
            return
        test = report.nodeid.partition("[")[0]
        ranks = ("passed", "skipped", "failed")
        self.of[test] = max(self.of.get(test, "passed"), report.outcome, key=ranks.index)


def table(found: Iterable[Held], results: Mapping[str, str]) -> str:
    """Format the document."""
    lines = {row: list[str]() for row in ROWS}
    for row, words, test in found:
        lines[row].append(f"| {row} | {words} | `{test}` | {results.get(test, 'not run')} |")
    for row, (words, why) in WAITING.items():
        lines[row].append(f"| {row} | {words} | | {why} |")
    for row, words in DOCUMENTARY.items():
        lines[row].append(f"| {row} | {words} | | documentary |")
    for state, rows in UNTESTED.items():
        for row, words in rows.items():
            if not lines[row]:
                lines[row].append(f"| {row} | {words} | | {state} |")
    for row in uncovered(found):
        lines[row].append(f"| {row} | nothing yet | | **no test** |")

    def of(rows: Iterable[str]) -> str:
        return _COLUMNS + "".join(f"{line}\n" for row in rows for line in lines[row])

    return _HEAD + of(LOCKFILE_ROWS) + _GATEWAY_HEAD + of(GATEWAY_ROWS)


def main() -> int:
    """Run the tests, and write the table."""
    found = held()
    results = _Results()
    tests = list(dict.fromkeys(str(ROOT / each.test) for each in found))
    code = pytest.main([f"--rootdir={ROOT}", "-q", "--no-header", *tests], plugins=[results])
    TARGET.write_text(table(found, results.of), encoding="utf-8")
    missing = uncovered(found)
    rows = len({each.row for each in found})
    message = (
        f"{TARGET.relative_to(ROOT)}: {rows} of {len(ROWS)} rows covered by {len(tests)} tests"
    )
    sys.stdout.write(message + (f"; no test for {', '.join(missing)}\n" if missing else "\n"))
    return 1 if code or missing else 0


if __name__ == "__main__":
    sys.exit(main())
