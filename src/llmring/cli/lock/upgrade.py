"""llmring lock upgrade: replace models by newer versions."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from llmring.audit import upgrades
from llmring.cli.folded_lines import print_diff, print_folded
from llmring.cli.lockfile_options import add_scope_options, users_lockfile
from llmring.cli.output import print_json, print_note, print_out
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


class UpgradeResult(Struct, frozen=True):
    """The result of an upgrade: the text before and after, and the step for each model."""

    before: str
    after: str
    lockfile: Lockfile
    binding_upgrades: Sequence[upgrades.BindingUpgrade]

    @property
    def taken(self) -> Iterator[tuple[upgrades.BindingUpgrade, Step]]:
        """The models that are replaced, each with its binding."""
        for binding_upgrade in self.binding_upgrades:
            for step in binding_upgrade.steps:
                if step.to is not None:
                    yield binding_upgrade, step


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
    found: list[UpgradeResult] = []

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
        _print_json(outcome, path, written=written)
    else:
        _print_steps(outcome, path)
    for remark in _remarks(outcome):
        print_note(remark)
    print_note(f"{shown(path)}: {_summary(outcome, written=written)}")
    return 0


def _upgraded(text: str, path: Path, args: argparse.Namespace) -> UpgradeResult:
    lockfile = parse(text, path)
    chosen = upgrades.own_bindings(lockfile, args.profile, args.alias)
    found = upgrades.binding_upgrades(lockfile, chosen, allow_smaller=args.allow_smaller)
    changes = {
        binding_upgrade.binding.at: {
            step.ref: step.to for step in binding_upgrade.steps if step.to is not None
        }
        for binding_upgrade in found
    }
    return UpgradeResult(text, replace_models(text, changes), lockfile, found)


def _print_steps(outcome: UpgradeResult, path: Path) -> None:
    day = read_clock().today()
    for binding_upgrade, step in outcome.taken:
        price = priced(upgrades.price_change(step, day))
        print_folded(f"{binding_upgrade.key}: {step.ref} → {step.to}, price {price}")
    diff = _diff(outcome, path)
    if diff:
        print_out()
        print_diff(diff)


def _print_json(outcome: UpgradeResult, path: Path, *, written: bool) -> None:
    day = read_clock().today()
    models = [
        upgrades.to_json(binding_upgrade, step, day)
        for binding_upgrade in outcome.binding_upgrades
        for step in binding_upgrade.steps
    ]
    print_json(
        {
            "file": str(path),
            "written": written,
            "upgraded": [each for each in models if each["newest"] is not None],
            "kept": [each for each in models if each["newest"] is None],
            "diff": _diff(outcome, path),
        }
    )


def _diff(outcome: UpgradeResult, path: Path) -> str:
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


def _remarks(outcome: UpgradeResult) -> Iterator[str]:
    for binding_upgrade in outcome.binding_upgrades:
        yield from upgrades.held_back(binding_upgrade)
    for binding_upgrade, step in outcome.taken:
        for profile in outcome.lockfile.profiles.values():
            policy = profile.policy.get("policy", {}) | profile.policy
            if str(step.ref) in (policy.get("weights") or {}):
                yield (
                    f"the weights of profile {profile.name} name {step.ref}, which "
                    f"{binding_upgrade.key} "
                    "no longer has; edit them by hand"
                )
    if outcome.after != outcome.before and pins.is_pinned(outcome.lockfile):
        yield "the pins are those of the replaced models; renew them: llmring lock pin"


def _summary(outcome: UpgradeResult, *, written: bool) -> str:
    count = sum(1 for _ in outcome.taken)
    if not count:
        return "nothing to upgrade"
    models = f"{count} model{'s' if count != 1 else ''}"
    return f"upgraded {models}" if written else f"would upgrade {models}; nothing written"
