"""llmring lock validate: report every problem of a lockfile, with its place and fix."""

import argparse
from collections import Counter
from typing import get_args

from llmring.cli.folded_lines import print_problem
from llmring.cli.lockfile_options import (
    add_file_option,
    add_files_argument,
    for_each_file,
    users_lockfile,
)
from llmring.cli.output import print_json, print_note, print_out
from llmring.cli.trust_check import claims_at, effects
from llmring.config.settings import effective_facts_here, read_clock
from llmring.exceptions import LockfileError
from llmring.lockfile import check, file
from llmring.lockfile.file import LockfileSource, shown
from llmring.lockfile.problem import Severity
from llmring.providers.table import PROVIDERS

EXAMPLES = """examples:
  llmring lock validate
  llmring lock validate services/*/llmring.lock
  llmring lock validate --github    # in a workflow: annotates the pull request

Exit codes: 0 no errors; 1 errors, or with --strict, warnings. Hints never
fail."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_files_argument(parser)
    add_file_option(parser)
    parser.add_argument("--strict", action="store_true", help="fail on warnings too")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--github", action="store_true", help="print annotations for GitHub Actions")


def handle(args: argparse.Namespace) -> int:
    """Print the problems, one per line."""
    return for_each_file(args, _validate)


def _validate(args: argparse.Namespace) -> int:
    source = users_lockfile(args.file)
    problems = check.problems(
        file.read(source.path), PROVIDERS, effective_facts_here, read_clock().today()
    )
    path = shown(source.path)
    steering = _steering(source)
    if args.json:
        print_json({"file": str(source.path), "problems": problems, "consent": steering})
    else:
        for problem in problems:
            if args.github:
                print_out(problem.annotation(path.as_posix()))
            else:
                print_problem(problem, path)
        for line in steering:
            print_note(f"{path}: {line}")
    counts = Counter(problem.severity for problem in problems)
    kinds = [kind for kind in get_args(Severity) if counts[kind]]
    found = [f"{counts[kind]} {kind}{'s' if counts[kind] > 1 else ''}" for kind in kinds]
    print_note(f"{path}: {', '.join(found) or 'no problems'}")
    return 1 if counts["error"] or (args.strict and counts["warning"]) else 0


def _steering(source: LockfileSource) -> list[str]:
    """Return where the lockfile sends keys and requests; nothing if it can't be read."""
    try:
        return effects(claims_at(source.path))
    except LockfileError:
        return []
