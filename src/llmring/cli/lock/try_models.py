"""llmring lock try: send recorded requests to another model, before editing the lockfile."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, Any

from llmring.cli.colour import Styled, is_terminal
from llmring.cli.confirmation import is_yes
from llmring.cli.lockfile_options import add_options, users_lockfile
from llmring.cli.output import print_error, print_json, print_note, print_out
from llmring.cli.progress import ProgressLine
from llmring.cli.tables import Cell, Cuts, print_table
from llmring.cli.trust_check import add_trust_option, require_consent
from llmring.exceptions import InvalidModelReferenceError
from llmring.lockfile.document import references
from llmring.lockfile.file import shown
from llmring.registry.price import Unpriced, dollars

if TYPE_CHECKING:
    from llmring.audit.candidate_trial import Comparison, TrialRing, TrialSide
    from llmring.replay.history import RecordedCalls

EXAMPLES = """examples:
  llmring lock try fast=openai:gpt-6-luna --replay 20
  llmring lock try fast=openai:gpt-5.4-mini,google:gemini-3.8-flash --yes
  llmring lock try fast=ollama:llama3.2 --profile dev --yes --json

Sends the last recorded requests of an alias to the given models, falling back
in their order, and compares the answers with the recorded ones. Calls record
their requests if the profile has mode = "record". The lockfile is not
changed, and budgets apply. Exit codes: 0 all answers look alike; 1 some
differ, or no request is recorded; 2 wrong usage."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "binding",
        metavar="ALIAS=provider:model[,...]",
        help="the alias, and the models to try for it",
    )
    parser.add_argument(
        "--replay",
        type=_count,
        default=5,
        metavar="N",
        help="send the last N requests (default: 5)",
    )
    parser.add_argument("--yes", action="store_true", help="send without asking")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_trust_option(parser)
    add_options(parser)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def handle(args: argparse.Namespace) -> int:
    """Send the requests and print a comparison of the answers."""
    alias, _, models_text = args.binding.partition("=")
    try:
        models = references(models_text)
    except InvalidModelReferenceError as error:
        print_error(str(error))
        return 2
    if not alias:
        print_error("the alias is missing; write ALIAS=provider:model")
        return 2
    from llmring.audit.candidate_trial import TrialRing

    # The lockfile shipped with llmring has no recordings.
    users_lockfile(args.file)
    require_consent(args)
    with TrialRing(args.file, alias, models) as ring:
        folder = ring.folder(args.profile)
        found = ring.recorded(args.replay, args.profile)
        for name, reason in found.unusable.items():
            print_note(f"{name} skipped: {reason}")
        if not found.calls:
            print_error(
                f"no request of {alias} is recorded in {shown(folder)}; make some calls "
                'in a profile with mode = "record", then try again'
            )
            return 1
        code = _allowed(args, ring, found)
        if code is not None:
            return code
        with ProgressLine("requests answered", len(found.calls)) as progress:
            trials = [*progress.over(ring.replay(found.calls, args.profile))]
    verdict = _verdict(args.binding, trials)
    if args.json:
        print_json(
            {"binding": args.binding, "verdict": verdict, "trials": [*map(_to_json, trials)]}
        )
    else:
        _print(trials)
        print_out()
        print_out(verdict)
    return 0 if all(trial.is_alike for trial in trials) else 1


def _allowed(args: argparse.Namespace, ring: TrialRing, found: RecordedCalls) -> int | None:
    """Report the cost and ask for consent; return an exit code to stop with, or None to send."""
    cost = ring.estimate(found.calls)
    price = (
        f"at unknown cost ({cost.reason})"
        if isinstance(cost, Unpriced)
        else f"for about {_usd(cost)}, if each uses as many tokens as before"
    )
    count = len(found.calls)
    print_note(f"{count} request{'s' if count > 1 else ''} to send {price}")
    if args.yes:
        return None
    if not is_terminal(sys.stdin):
        print_error("can't ask for consent without a terminal; send with --yes")
        return 2
    print_note("send? [y/N]")
    if is_yes(sys.stdin.readline()):
        return None
    print_note("nothing sent")
    return 1


def _print(trials: Sequence[Comparison]) -> None:
    rows: list[tuple[str, ...]] = []
    below: list[list[Cell]] = []
    for trial in trials:
        rows.append((trial.recording, *_cells(trial.before)))
        below.append([])
        if trial.after is not None:
            rows.append(("  →", *_cells(trial.after)))
            below.append([])
        if trial.failure:
            below[-1].append(Styled(f"    failed: {trial.failure}", "error"))
        below[-1] += [Styled(f"    {remark}", "warning") for remark in trial.unlike]
    print_table(rows, head=_HEAD, head_in_pipes=True, cuts=Cuts(names={1}), below=below)


_HEAD = ("", "model", "time", "tokens", "cost", "finish", "answer")


def _cells(side: TrialSide) -> tuple[str, ...]:
    tokens = "?" if side.prompt_tokens is None else f"{side.prompt_tokens}+{side.completion_tokens}"
    return (
        side.model,
        "?" if side.ms is None else f"{side.ms:.0f} ms",
        tokens,
        "?" if side.cost is None else _usd(side.cost),
        side.shape.finish or "?",
        f"{side.shape}, {side.shape.length} characters",
    )


def _verdict(binding: str, trials: Sequence[Comparison]) -> str:
    """Summarize all trials on one line."""
    answered = [(trial.before, trial.after) for trial in trials if trial.after is not None]
    alike = sum(trial.is_alike for trial in trials)
    parts = [f"{len(answered)} of {len(trials)} answered, {alike} alike"]
    if answered:
        before, after = [one for one, _ in answered], [other for _, other in answered]
        parts.append(f"cost {_total(before)} → {_total(after)}")
        parts.append(f"time {_typical(before)} → {_typical(after)}")
        lengths = [sum(side.shape.length for side in sides) for sides in (before, after)]
        if lengths[0]:
            parts.append(f"texts {lengths[1] / lengths[0]:.1f} times as long")
    return f"{binding}: {'; '.join(parts)}"


def _total(sides: Sequence[TrialSide]) -> str:
    costs = [side.cost for side in sides if side.cost is not None]
    return _usd(sum(costs, Decimal(0))) if len(costs) == len(sides) else "unknown"


def _typical(sides: Sequence[TrialSide]) -> str:
    times = [side.ms for side in sides if side.ms is not None]
    return f"{median(times):.0f} ms" if times else "unknown"


def _usd(amount: Decimal) -> str:
    """Format an amount with three significant digits, the precision of the estimate."""
    return dollars(Decimal(f"{amount:.3g}"))


def _to_json(trial: Comparison) -> dict[str, Any]:
    import msgspec

    fields: dict[str, Any] = {**msgspec.structs.asdict(trial), "alike": trial.is_alike}
    for name in ("before", "after"):
        side: TrialSide | None = fields[name]
        if side is not None:
            cost = None if side.cost is None else f"{side.cost:f}"
            fields[name] = {**msgspec.structs.asdict(side), "cost": cost}
    return fields
