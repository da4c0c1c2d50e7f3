"""llmring stats: summarize calls, tokens and cost from the ledger."""

from __future__ import annotations

import argparse
import io
import sys
from typing import TYPE_CHECKING

from llmring.cli.argument_types import HELP, since
from llmring.cli.colour import is_terminal
from llmring.cli.gateway_options import add_gateway_options, gateway_filter
from llmring.cli.output import print_error, print_json, print_note, print_out
from llmring.cli.project_options import add_project_options, chosen_projects, others_note
from llmring.cli.tables import print_table
from llmring.config.settings import ledger_place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmring.ledger.report import Total

EXAMPLES = """examples:
  llmring stats
  llmring stats --by model --since 7d
  llmring stats --by day --since 2026-11-01 --csv
  llmring stats --by project --all-projects
  llmring stats --by key --team blue --daily

Counts the calls made with this folder's lockfile. Days are in UTC. A call
with several tags counts for each of them. --daily reads sums of whole days:
quick for any number of calls, with those that were removed, and with times
rounded up."""

_WITHOUT = {
    "alias": "(by model)",
    "model": "(no answer)",
    "tag": "(no tag)",
    "project": "(not recorded)",
    "key": "(no key)",
    "team": "(no team)",
    "wire": "(no gateway)",
    "client": "(no gateway)",
}

# What there are sums by day for.
_DAILY_BY = ("alias", "model", "day", "profile", "project", "key", "team")
_BY = (*_DAILY_BY, "tag", "wire", "client")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--by",
        choices=_BY,
        default="alias",
        metavar="WHAT",
        help=f"group calls by this: {', '.join(_BY)} (default: alias)",
    )
    parser.add_argument("--since", type=since, metavar="TIME", help=HELP)
    parser.add_argument("--daily", action="store_true", help="read the sums of whole days")
    parser.add_argument(
        "--recount", action="store_true", help="with --daily, make the sums again from the calls"
    )
    add_gateway_options(parser)
    add_project_options(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print comma-separated values")


def handle(args: argparse.Namespace) -> int:
    """Print the totals and a chart."""
    place = ledger_place()
    projects = chosen_projects(args, place)
    if args.daily and (unknown := _unknown_by_day(args)):
        print_error(f"--daily does not know {unknown}; leave one of them out")
        return 2
    if args.recount:
        from llmring.ledger.daily_report import recount

        recount(place)
    groups, whole = (_daily if args.daily else _exact)(args, place, projects)
    if args.csv:
        print_out(_csv(groups, args.by), end="")
        return 0
    if args.json:
        scope = {"by": args.by, "since": args.since, "projects": projects}
        print_json({**scope, "groups": groups, "total": whole})
        return 0
    if not groups:
        when = f" since {args.since:%Y-%m-%d %H:%M} UTC" if args.since else ""
        print_note(f"the ledger has no calls{when}{others_note(projects)}")
        return 0
    names = [*(group.name or _WITHOUT.get(args.by, "") for group in groups), "all"]
    brief = is_terminal(sys.stdout)
    rows = [_cells(*each, brief=brief) for each in zip(names, (*groups, whole), strict=True)]
    if brief and any(group.cost for group in groups):
        # The chart has the costs, and the table needs the room.
        rows = [(*row[:_COST], "", *row[_COST + 1 :]) for row in rows]
    print_table(
        rows,
        head=(args.by, *_HEAD),
        head_in_pipes=True,
        numbers={*range(1, len(_HEAD) + 1)},
    )
    print_out()
    for line in _chart(names, groups, whole if brief else None):
        print_out(line)
    for remark in _remarks(whole):
        print_note(remark)
    return 0


def _unknown_by_day(args: argparse.Namespace) -> str | None:
    if args.by not in _DAILY_BY:
        return f"--by {args.by}"
    return next(
        (f"--{name}" for name in ("wire", "client", "session") if getattr(args, name)), None
    )


def _exact(
    args: argparse.Namespace, place: Path | str, projects: tuple[str, ...] | None
) -> tuple[Sequence[Total], Total]:
    """Return the totals by group and of all, from the calls."""
    from llmring.ledger.reader import CallFilter
    from llmring.ledger.report import total, totals

    span = CallFilter(since=args.since, projects=projects, **gateway_filter(args))
    groups = totals(place, span, args.by)
    return groups, total(place, span)


def _daily(
    args: argparse.Namespace, place: Path | str, projects: tuple[str, ...] | None
) -> tuple[Sequence[Total], Total]:
    """Return the totals by group and of all, from the sums by day."""
    from llmring.ledger.daily_report import DayFilter, daily_total, daily_totals

    since = None if args.since is None else args.since.date()
    span = DayFilter(since=since, projects=projects, key=args.key, team=args.team)
    groups = daily_totals(place, span, args.by)
    return groups, daily_total(place, span)


# The place of the cost in a row.
_COST = 4
_HEAD = ("calls", "tokens in", "out", "cost", "failed", "fell back", "median", "p95")


def _cells(name: str, group: Total, *, brief: bool) -> tuple[str, ...]:
    """Return the cells of a group; brief for the width of a terminal."""
    time = _brief_time if brief else _ms
    return (
        name,
        f"{group.calls:,}",
        f"{group.prompt_tokens:,}",
        f"{group.completion_tokens:,}",
        _cost(group),
        str(group.failed),
        str(group.fell_back),
        time(group.median_ms),
        time(group.p95_ms),
    )


def _cost(group: Total) -> str:
    from llmring.registry.money import usd

    unknown = f"{group.unpriced} unknown" if group.unpriced else ""
    known = "" if group.cost is None else usd(group.cost)
    return " + ".join(filter(None, (known, unknown))) or "-"


def _ms(ms: float | None) -> str:
    return "-" if ms is None else f"{ms:,.0f} ms"


def _brief_time(ms: float | None) -> str:
    return _ms(ms) if ms is None or ms < 1000 else f"{ms / 1000:.3g} s"


def _chart(names: Sequence[str], groups: Sequence[Total], whole: Total | None) -> list[str]:
    """Draw the costs as bars, or the number of calls if all costs are unknown.

    Args:
        names: The names of the groups.
        groups: The groups.
        whole: All calls, whose cost is written below the others.
    """
    from llmring.cli.bar_chart import bars

    if any(group.cost for group in groups):
        rows = [
            (name, float(group.cost or 0), _cost(group))
            for name, group in zip(names, groups, strict=False)
        ]
        if whole is not None:
            rows.append(("all", 0.0, _cost(whole)))
        return ["cost:", *bars(rows)]
    lines = bars(
        [
            (name, group.calls, f"{group.calls:,}")
            for name, group in zip(names, groups, strict=False)
        ]
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
    if whole.hits:
        remarks.append(f"{whole.hits} answered by the cache{_saved(whole)}")
    if whole.cancelled:
        remarks.append(f"{whole.cancelled} cancelled by the caller")
    if whole.refused:
        remarks.append(f"{whole.refused} not sent: unknown alias, or a limit of the lockfile")
    return remarks


def _saved(whole: Total) -> str:
    from llmring.registry.money import usd

    return "" if whole.saved is None else f", which saved {usd(whole.saved)}"


def _csv(groups: Sequence[Total], by: str) -> str:
    import csv

    import msgspec

    fields = _fields()
    rows = [msgspec.to_builtins(group) for group in groups]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([by, *fields[1:]])
    writer.writerows([row[name] for name in fields] for row in rows)
    return out.getvalue()


def _fields() -> tuple[str, ...]:
    from llmring.ledger.report import Total

    return Total.__struct_fields__
