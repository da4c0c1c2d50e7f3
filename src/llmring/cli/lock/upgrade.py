"""llmring lock upgrade: replace models by newer versions."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from llmring.audit import upgrades
from llmring.cli.lockfile_options import add_scope_options, users_lockfile
from llmring.cli.output import note, say, say_json
from llmring.config.settings import read_clock
from llmring.lockfile import file, pins
from llmring.lockfile.document import Lockfile, parse
from llmring.lockfile.edit.replace_models import replace_models
from llmring.lockfile.file import shown
from llmring.registry.money import priced
from llmring.registry.successors import Step

EXAMPLES = """examples:
  llmring lock upgrade --dry-run
  llmring lock upgrade fast
  llmring lock upgrade --profile prod --json

Replaces each model by the newest of its line and provider with the same
capabilities; by a preview only if it is one itself. Fallbacks are replaced in
place. Comments and order are kept."""


class Outcome(Struct, frozen=True):
    """The result of an upgrade: the text before and after, and the step for each model."""

    before: str
    after: str
    lockfile: Lockfile
    lineups: Sequence[upgrades.Lineup]

    @property
    def taken(self) -> Iterator[tuple[upgrades.Lineup, Step]]:
        """The models that are replaced, each with its binding."""
        for lineup in self.lineups:
            for step in lineup.steps:
                if step.to is not None:
                    yield lineup, step


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "alias", metavar="ALIAS", nargs="?", help="upgrade only this alias (default: all)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show the changes, but write nothing"
    )
    parser.add_argument(
        "--allow-smaller",
        action="store_true",
        help="accept models with less context or fewer capabilities",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_scope_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Write the upgrade and print the changes."""
    path = users_lockfile(args.file).path
    found: list[Outcome] = []

    def upgraded(text: str) -> str:
        found[:] = [_upgraded(text, path, args)]
        return found[0].after

    if args.dry_run:
        upgraded(file.read(path))
    else:
        file.update(path, upgraded)
    [outcome] = found
    written = outcome.after != outcome.before and not args.dry_run
    if args.json:
        _say_json(outcome, path, written=written)
    else:
        _say(outcome, path)
    for remark in _remarks(outcome):
        note(remark)
    note(f"{shown(path)}: {_summary(outcome, written=written)}")
    return 0


def _upgraded(text: str, path: Path, args: argparse.Namespace) -> Outcome:
    lockfile = parse(text, path)
    chosen = upgrades.own_bindings(lockfile, args.profile, args.alias)
    found = upgrades.lineups(lockfile, chosen, allow_smaller=args.allow_smaller)
    changes = {
        lineup.binding.at: {step.ref: step.to for step in lineup.steps if step.to is not None}
        for lineup in found
    }
    return Outcome(text, replace_models(text, changes), lockfile, found)


def _say(outcome: Outcome, path: Path) -> None:
    day = read_clock().today()
    for lineup, step in outcome.taken:
        price = priced(upgrades.price_change(step, day))
        say(f"{lineup.key}: {step.ref} → {step.to}, price {price}")
    diff = _diff(outcome, path)
    if diff:
        say(f"\n{diff}", end="")


def _say_json(outcome: Outcome, path: Path, *, written: bool) -> None:
    day = read_clock().today()
    models = [
        upgrades.plain(lineup, step, day) for lineup in outcome.lineups for step in lineup.steps
    ]
    say_json(
        {
            "file": str(path),
            "written": written,
            "upgraded": [each for each in models if each["newest"] is not None],
            "kept": [each for each in models if each["newest"] is None],
            "diff": _diff(outcome, path),
        }
    )


def _diff(outcome: Outcome, path: Path) -> str:
    """Return the change as a unified diff that patch(1) and git apply accept."""
    name = shown(path).as_posix().lstrip("/")
    before, after = (
        # In TOML as in patches, only a line feed ends a line.
        re.findall(r"[^\n]*\n|[^\n]+", text)
        for text in (outcome.before, outcome.after)
    )
    lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _remarks(outcome: Outcome) -> Iterator[str]:
    for lineup in outcome.lineups:
        yield from upgrades.held_back(lineup)
    for lineup, step in outcome.taken:
        for profile in outcome.lockfile.profiles.values():
            policy = profile.policy.get("policy", {}) | profile.policy
            if str(step.ref) in (policy.get("weights") or {}):
                yield (
                    f"the weights of profile {profile.name} name {step.ref}, which {lineup.key} "
                    "no longer has; edit them by hand"
                )
    if outcome.after != outcome.before and pins.is_pinned(outcome.lockfile):
        yield "the pins are those of the replaced models; renew them: llmring lock pin"


def _summary(outcome: Outcome, *, written: bool) -> str:
    count = sum(1 for _ in outcome.taken)
    if not count:
        return "nothing to upgrade"
    models = f"{count} model{'s' if count != 1 else ''}"
    return f"upgraded {models}" if written else f"would upgrade {models}; nothing written"
