"""llmring lock validate: every problem of a lockfile, with its place and its mend."""

import argparse
from collections import Counter
from pathlib import Path

from llmring.cli.lockfile import add_file_option
from llmring.cli.output import note, say
from llmring.client.settings import lockfile_in_force
from llmring.lockfile import check, file
from llmring.providers import PROVIDERS

EXAMPLES = """examples:
  llmring lock validate
  llmring lock validate --file path/to/llmring.lock

Errors make the exit code 1; warnings and hints do not."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_file_option(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the problems, one a line."""
    path = lockfile_in_force(args.file).path
    problems = check.problems(file.read(path), PROVIDERS)
    shown = _short(path)
    if args.json:
        import msgspec

        say(msgspec.json.encode({"file": str(path), "problems": problems}).decode())
    else:
        for problem in problems:
            say(problem.render(shown))
    counts = Counter(problem.severity for problem in problems)
    found = [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items()]
    note(f"{shown}: {', '.join(found) or 'good'}")
    return 1 if counts["error"] else 0


def _short(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
