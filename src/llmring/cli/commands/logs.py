"""llmring logs: show the last calls in the ledger."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from llmring.cli.argument_types import HELP, since
from llmring.cli.colour import Styled, is_terminal
from llmring.cli.gateway_options import add_gateway_options, gateway_filter
from llmring.cli.output import print_error, print_json, print_note, print_out
from llmring.cli.project_options import add_project_options, chosen_projects, others_note
from llmring.cli.remote.gateway_client import add_url_option
from llmring.cli.remote.remote_calls import print_remote_calls
from llmring.cli.tables import Cell, Cuts, print_table
from llmring.config.settings import ledger_place, read_clock

if TYPE_CHECKING:
    from pathlib import Path

    from llmring.ledger.entry import LedgerEntry
    from llmring.ledger.reader import CallFilter

EXAMPLES = """examples:
  llmring logs
  llmring logs --alias fast --failed --since 12h
  llmring logs --follow
  llmring logs --follow --url http://127.0.0.1:4180

Shows the calls made with this folder's lockfile; the newest call comes last.
With --url, the last calls of a running gateway, which it keeps in memory.
Times are UTC. To remove old calls: llmring logs prune"""

_DEFAULT_LIMIT = 20

_LOOK_EVERY_SECONDS = 0.5
# A call is recorded shortly after its end, or later if the database was unreachable.
_ENTERED_WITHIN = timedelta(seconds=2)
_LATEST = timedelta(minutes=2)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--since", type=since, metavar="TIME", help=HELP)
    parser.add_argument("--alias", help="show only calls of this alias")
    parser.add_argument("--model", metavar="REF", help="show only calls that this model answered")
    parser.add_argument("--failed", action="store_true", help="show only failed calls")
    parser.add_argument(
        "--limit",
        type=_limit,
        default=_DEFAULT_LIMIT,
        metavar="N",
        help=f"show at most N calls (default: {_DEFAULT_LIMIT})",
    )
    add_gateway_options(parser)
    parser.add_argument("--request", metavar="ID", help="show the call of this request")
    add_project_options(parser)
    add_url_option(parser)
    parser.add_argument("--follow", action="store_true", help="keep printing calls as they end")
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json", action="store_true", help="print JSON; with --follow, one call per line"
    )
    form.add_argument("--csv", action="store_true", help="print comma-separated values")


def handle(args: argparse.Namespace) -> int:
    """Print the calls."""
    if args.csv and (args.follow or args.url is not None):
        print_error("--csv can't be followed, nor asked of a gateway; use --json")
        return 2
    if args.url is not None:
        return print_remote_calls(args)
    from llmring.ledger.reader import CallFilter, entries_in

    place = ledger_place()
    projects = chosen_projects(args, place)
    span = CallFilter(
        since=args.since,
        alias=args.alias,
        model=args.model,
        failed=args.failed,
        projects=projects,
        request_id=args.request,
        **gateway_filter(args),
    )
    began = read_clock().now() - _ENTERED_WITHIN
    found = list(entries_in(place, span, limit=args.limit))
    if args.csv:
        print_out(_csv(found), end="")
        return 0
    if args.json and not args.follow:
        print_json(found)
        return 0
    if found and not args.follow and is_terminal(sys.stdout):
        print_table(
            [*map(_cells, found)], head=_HEAD, numbers=_NUMBERS, cuts=Cuts(names={1, 2}, kept={0})
        )
        for remark in _unknown_costs(found):
            print_note(remark)
        return 0
    _show(found, as_json=args.json)
    if args.follow:
        for fresh in _fresh(place, span, began, {entry.id for entry in found}):
            _show(fresh, as_json=args.json)
    elif not found:
        print_note(f"the ledger has no such calls{others_note(projects)}")
    return 0


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"{text[:32]!r} is not a whole number above 0")
    return int(text)


def _fresh(
    place: Path | str, span: CallFilter, began: datetime, seen: set[str]
) -> Iterator[list[LedgerEntry]]:
    """Yield new calls as they end, forever."""
    import msgspec

    from llmring.ledger.reader import entries_in

    while True:
        time.sleep(_LOOK_EVERY_SECONDS)
        now = read_clock().now()
        recent = msgspec.structs.replace(span, ended=max(began, now - _LATEST))
        found = list(entries_in(place, recent))
        yield [entry for entry in found if entry.id not in seen]
        seen = {entry.id for entry in found}


def _show(entries: Iterable[LedgerEntry], *, as_json: bool) -> None:
    import msgspec

    for entry in entries:
        print_out(msgspec.json.encode(entry).decode() if as_json else _line(entry))


def _csv(entries: Iterable[LedgerEntry]) -> str:
    """Format calls as comma-separated values, with lists and tables in them as JSON."""
    import csv
    import io

    import msgspec

    from llmring.ledger.entry import LedgerEntry

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(LedgerEntry.__struct_fields__)
    for entry in entries:
        values = msgspec.to_builtins(entry).values()
        writer.writerow(
            msgspec.json.encode(each).decode() if isinstance(each, list | tuple | dict) else each
            for each in values
        )
    return out.getvalue()


# The columns of a table on a terminal; elsewhere, and with --follow, a call is a line.
_HEAD = ("time", "alias", "model", "ms", "tokens", "cost", "outcome", "tags")
_NUMBERS = {3, 4, 5}


def _cells(entry: LedgerEntry) -> tuple[Cell, ...]:
    tried = entry.story[-1].model if entry.story else "none"
    outcome = entry.outcome if entry.error is None else f"{entry.outcome}: {entry.error}"
    again = f", {entry.attempts} attempts" if entry.attempts > 1 else ""
    return (
        f"{entry.at:%m-%d %H:%M:%S}",
        entry.alias or "",
        entry.model or ("-" if tried == "none" else tried),
        f"{entry.ms:,.0f}",
        _tokens(entry).removesuffix(" tokens"),
        _cost(entry).partition(" (")[0].removeprefix("cost "),
        Styled(outcome, "error") if entry.outcome == "failed" else f"{outcome}{again}",
        ", ".join(entry.tags),
    )


def _unknown_costs(entries: Iterable[LedgerEntry]) -> Iterator[str]:
    """List why costs in the table are unknown, once for each reason."""
    reasons: dict[str, dict[str, None]] = {}
    for entry in entries:
        if entry.cost is None and entry.cost_reason and entry.model:
            reasons.setdefault(entry.cost_reason, {})[entry.model] = None
    for reason, models in reasons.items():
        yield f"cost unknown: {reason} ({', '.join(models)})"


def _line(entry: LedgerEntry) -> str:
    """Format a call on one line."""
    first = f", first after {entry.first_ms:,.0f}" if entry.first_ms is not None else ""
    parts = [
        f"{entry.at:%Y-%m-%d %H:%M:%S}",
        _who(entry),
        entry.outcome if entry.error is None else f"{entry.outcome}: {entry.error}",
        f"{entry.ms:,.0f} ms{first}",
        _tokens(entry),
        _cost(entry),
        "from the cache" if entry.cache == "hit" else "",
        f"key {entry.key}" if entry.key else "",
        f"{entry.attempts} attempts" if entry.attempts > 1 else "",
        f"[{', '.join(entry.tags)}]" if entry.tags else "",
    ]
    return "  ".join(filter(None, parts))


def _who(entry: LedgerEntry) -> str:
    alias = entry.alias or ""
    tried = entry.story[-1].model if entry.story else "none"
    answered = entry.model or tried
    return f"{alias} → {answered}" if alias else answered


def _tokens(entry: LedgerEntry) -> str:
    usage = entry.usage
    return "" if usage is None else f"{usage.prompt_tokens}+{usage.completion_tokens} tokens"


def _cost(entry: LedgerEntry) -> str:
    from llmring.registry.money import usd

    remark = f" ({entry.cost_reason})" if entry.cost_reason else ""
    if entry.cost is None:
        return f"cost unknown{remark}" if remark else ""
    return f"{usd(entry.cost)}{remark}"
