"""Installs client programs, and runs each through `llmring serve`; see `tools/real_clients.sh`."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date
from pathlib import Path

from real_clients.checks import CHECKS, OWN, Finding
from real_clients.documented import PAGE
from real_clients.install import install
from real_clients.program import Program
from real_clients.programs import PROGRAMS
from real_clients.report import Row, load, save, written


def main() -> int:
    """Run the programs; return 1 if one of them fails."""
    asked = _parsed()
    programs: Path = asked.folder
    programs.mkdir(parents=True, exist_ok=True)
    chosen = [each for each in PROGRAMS if not asked.only or each.package.folder in asked.only]
    if asked.install:
        for each in chosen:
            install(each.package, programs)
        return 0
    kept = programs / "results.json"
    failed = False
    for program in chosen:
        findings = [*_checked(program, programs, asked.checks)]
        failed |= any(each.ok is False for each in findings)
        rows = {(row.program, row.wire): row for row in load(kept)}
        rows[program.name, program.wire] = _merged(
            rows.get((program.name, program.wire)), program, findings
        )
        save(kept, [*rows.values()])
    rows = {(row.program, row.wire): row for row in load(kept)}
    order = [(each.name, each.wire) for each in PROGRAMS]
    found = [rows[key] for key in order if key in rows]
    if asked.save:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    return int(failed)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/real_clients.sh", description=__doc__)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser.add_argument("--folder", type=Path, default=cache / "llmring" / "real-clients")
    parser.add_argument("--only", nargs="+", help="names of programs, such as codex")
    parser.add_argument("--checks", nargs="+", default=[*CHECKS, "own"])
    parser.add_argument("--install", action="store_true", help="install, and do nothing else")
    parser.add_argument("--save", action="store_true", help="write the table in docs/gateway.md")
    return parser.parse_args()


def _checked(program: Program, programs: Path, names: list[str]) -> list[Finding]:
    checks = [check for name, check in CHECKS.items() if name in names]
    if "own" in names:
        checks += OWN.get(program.name, [])
    found = []
    for check in checks:
        for each in check(program, programs):
            mark = {True: "ok", False: "FAILED", None: ""}[each.ok]
            sys.stdout.write(
                f"{program.name} ({program.wire}): {each.check}, {each.target}: {mark} "
                f"{each.requests} requests, {each.seconds} s {each.detail}\n"
            )
            sys.stdout.flush()
            found.append(each)
    return found


def _merged(before: Row | None, program: Program, findings: list[Finding]) -> Row:
    """Return the row with new findings in the place of those of the same checks."""
    checked = {each.check for each in findings}
    kept = [] if before is None else [e for e in before.findings if e.check not in checked]
    return Row(
        program=program.name,
        version=version_of(program),
        wire=program.wire,
        date=date.today().isoformat(),
        findings=[*kept, *findings],
    )


def version_of(program: Program) -> str:
    """Return the version of a program: that of its first package."""
    first = (*program.package.npm, *program.package.pypi)[0]
    return first.replace("==", "@").rpartition("@")[2]


if __name__ == "__main__":
    sys.exit(main())
