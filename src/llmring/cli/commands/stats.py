"""llmring stats: summarize calls, tokens and cost from the ledger."""

from __future__ import annotations

import argparse
import io
from typing import TYPE_CHECKING

from llmring.cli.argument_types import HELP, since
from llmring.cli.output import print_json, print_note, print_out
from llmring.cli.project_options import add_project_options, chosen_projects, others_note
from llmring.cli.tables import print_table
from llmring.config.settings import ledger_place

if TYPE_CHECKING:
    from llmring.ledger.report import Total

EXAMPLES = """examples:
  llmring stats
  llmring stats --by model --since 7d
  llmring stats --by day --since 2026-11-01 --csv
  llmring stats --by project --all-projects

Counts the calls made with this folder's lockfile. Days are in UTC. A call
with several tags counts for each of them."""

_WITHOUT = {
    "alias": "(called by model)",
    "model": "(no answer)",
    "tag": "(no tag)",
    "project": "(not recorded)",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--by",
        choices=("alias", "model", "day", "tag", "profile", "project"),
        default="alias",
        help="group calls by this (default: alias)",
    )
    parser.add_argument("--since", type=since, metavar="TIME", help=HELP)
    add_project_options(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print comma-separated values")


def handle(args: argparse.Namespace) -> int:
    """Print the totals and a chart."""
    from llmring.ledger.reader import CallFilter
    from llmring.ledger.report import total, totals

    place = ledger_place()
    projects = chosen_projects(args, place)
    span = CallFilter(since=args.since, projects=projects)
    groups = totals(place, span, args.by)
    if args.csv:
        print_out(_csv(groups, args.by), end="")
        return 0
    whole = total(place, span)
    if args.json:
        scope = {"by": args.by, "since": args.since, "projects": projects}
        print_json({**scope, "groups": groups, "total": whole})
        return 0
    if not groups:
        when = f" since {args.since:%Y-%m-%d %H:%M} UTC" if args.since else ""
        print_note(f"the ledger has no calls{when}{others_note(projects)}")
        return 0
    names = [group.name or _WITHOUT.get(args.by, "") for group in groups]
    rows = [_cells(name, group) for name, group in zip(names, groups, strict=True)]
    print_table(
        [*rows, _cells("all", whole)],
        head=(args.by, *_HEAD),
        head_in_pipes=True,
        numbers={*range(1, len(_HEAD) + 1)},
    )
    print_out()
    for line in _chart(names, groups):
        print_out(line)
    for remark in _remarks(whole):
        print_note(remark)
    return 0


_HEAD = ("calls", "tokens in", "out", "cost", "failed", "fell back", "median", "p95")


def _cells(name: str, group: Total) -> tuple[str, ...]:
    return (
        name,
        f"{group.calls:,}",
        f"{group.prompt_tokens:,}",
        f"{group.completion_tokens:,}",
        _cost(group),
        str(group.failed),
        str(group.fell_back),
        _ms(group.median_ms),
        _ms(group.p95_ms),
    )


def _cost(group: Total) -> str:
    from llmring.registry.money import usd

    unknown = f"{group.unpriced} unknown" if group.unpriced else ""
    known = "" if group.cost is None else usd(group.cost)
    return " + ".join(filter(None, (known, unknown))) or "-"


def _ms(ms: float | None) -> str:
    return "-" if ms is None else f"{ms:,.0f} ms"


def _chart(names: list[str], groups: list[Total]) -> list[str]:
    """Draw the costs as bars, or the number of calls if all costs are unknown."""
    from llmring.cli.bar_chart import bars

    if any(group.cost for group in groups):
        sizes = [float(group.cost or 0) for group in groups]
        lines = bars(list(zip(names, sizes, map(_cost, groups), strict=True)))
        return ["cost:", *lines]
    lines = bars(
        [(name, group.calls, f"{group.calls:,}") for name, group in zip(names, groups, strict=True)]
    )
    return ["calls:", *lines]


def _remarks(whole: Total) -> list[str]:
    """List remarks that the table does not show."""
    remarks = []
    if whole.unpriced:
        of_calls = f"{whole.unpriced} of {whole.calls} calls"
        remarks.append(
            f"the cost of {of_calls} is unknown and left out; see the reasons: llmring logs"
        )
    if whole.cancelled:
        remarks.append(f"{whole.cancelled} cancelled by the caller")
    if whole.refused:
        remarks.append(f"{whole.refused} not sent: unknown alias, or a limit of the lockfile")
    return remarks


def _csv(groups: list[Total], by: str) -> str:
    import csv

    import msgspec

    rows = [msgspec.to_builtins(group) for group in groups]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    _, *rest = _fields()
    writer.writerow([by, *rest])
    writer.writerows(row.values() for row in rows)
    return out.getvalue()


def _fields() -> tuple[str, ...]:
    from llmring.ledger.report import Total

    return Total.__struct_fields__
