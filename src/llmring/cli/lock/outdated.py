"""llmring lock outdated: list models that have a newer version."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date

from llmring.audit import upgrades
from llmring.cli.lockfile_options import add_scope_options, users_lockfile
from llmring.cli.output import print_error, print_json, print_note
from llmring.cli.tables import Cuts, print_table
from llmring.config.settings import read_clock
from llmring.exceptions import ConfigurationError, LockfileError
from llmring.lockfile import file
from llmring.lockfile.document import parse
from llmring.lockfile.file import shown
from llmring.registry.successors import Step

EXAMPLES = """examples:
  llmring lock outdated
  llmring lock outdated --profile prod --all
  llmring lock outdated --json

Newest is the model that llmring lock upgrade would choose: of the same line
and provider, with all capabilities of the present one. Prices are USD per
million tokens, in/out. Exit codes: 0 all models are up to date; 1 some are
not; 2 the lockfile is missing or bad."""

HEAD = ("profile", "alias", "model", "newest", "price", "retires")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--all", action="store_true", help="include models that are up to date, and the reason"
    )
    form.add_argument("--json", action="store_true", help="print all models as JSON")
    add_scope_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Print the outdated models, one per line."""
    try:
        path = users_lockfile(args.file).path
        lockfile = parse(file.read(path), path)
        found = upgrades.binding_upgrades(lockfile, upgrades.bindings(lockfile, args.profile))
    except (LockfileError, ConfigurationError) as error:
        # 2, not 1, so that scripts can distinguish an outdated lockfile from a missing one.
        print_error(str(error))
        return 2
    day = read_clock().today()
    pairs = [(binding_upgrade, step) for binding_upgrade in found for step in binding_upgrade.steps]
    outdated = [(binding_upgrade, step) for binding_upgrade, step in pairs if step.to is not None]
    if args.json:
        models = [upgrades.to_json(binding_upgrade, step, day) for binding_upgrade, step in pairs]
        print_json({"file": str(path), "outdated": len(outdated), "models": models})
        return 1 if outdated else 0
    rows = [
        _row(binding_upgrade, step, day)
        for binding_upgrade, step in (pairs if args.all else outdated)
    ]
    if rows:
        print_table(rows, head=HEAD, head_in_pipes=True, cuts=Cuts(names={1, 2, 3}, kept={4, 5}))
    for binding_upgrade in found:
        for remark in upgrades.held_back(binding_upgrade):
            print_note(remark)
    print_note(f"{shown(path)}: {_summary([step for _, step in pairs])}")
    return 1 if outdated else 0


def _row(binding_upgrade: upgrades.BindingUpgrade, step: Step, day: date) -> tuple[str, ...]:
    return (
        binding_upgrade.profile,
        binding_upgrade.binding.alias,
        str(step.ref),
        str(step.to) if step.to else f"- ({step.why})",
        upgrades.price_change(step, day),
        str(step.facts.retires or "") if step.facts else "",
    )


def _summary(every: Sequence[Step]) -> str:
    outdated = sum(step.to is not None for step in every)
    unknown = sum(step.is_unknown for step in every)
    words = (
        f"{outdated} of {len(every)} models can be upgraded: llmring lock upgrade"
        if outdated
        else "no model is outdated"
    )
    return f"{words}; {unknown} can't be judged: see --all" if unknown else words
