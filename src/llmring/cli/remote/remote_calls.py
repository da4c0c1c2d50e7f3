"""The last calls of a gateway that runs."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from llmring.cli.output import print_json, print_note, print_out
from llmring.cli.remote.gateway_client import GatewayClient

if TYPE_CHECKING:
    from llmring.gateway.watching.finished_call import FinishedCall

_LOOK_EVERY_SECONDS = 0.5
# A call is shown shortly after its end.
_SHOWN_WITHIN = timedelta(seconds=2)
_MOST = "1000"


def print_remote_calls(args: argparse.Namespace) -> int:
    """Print the last calls of the gateway at `--url`; return the exit code."""
    client = GatewayClient(args.url)
    came = _calls(client, args.since)
    found = _wanted(came, args)[-args.limit :]
    if args.json and not args.follow:
        print_json(found)
        return 0
    _show(found, as_json=args.json)
    if not args.follow:
        if not found:
            print_note("the gateway has no such calls in memory; older ones are in the ledger")
        return 0
    while True:
        time.sleep(_LOOK_EVERY_SECONDS)
        last = max((each.ended for each in came), default=None)
        seen = {each.id for each in came}
        fresh = _calls(client, None if last is None else last - _SHOWN_WITHIN)
        _show(_wanted([each for each in fresh if each.id not in seen], args), as_json=args.json)
        came = fresh or came


def _calls(client: GatewayClient, since: datetime | None) -> list[FinishedCall]:
    from llmring.gateway.ui_api.shown_calls import ShownCalls

    query = {"limit": _MOST} | ({} if since is None else {"since": since.isoformat()})
    return client.get("/ui/api/calls", query, ShownCalls).calls


def _wanted(calls: Iterable[FinishedCall], args: argparse.Namespace) -> list[FinishedCall]:
    return [
        each
        for each in calls
        if (args.alias is None or each.alias == args.alias)
        and (args.model is None or each.model == args.model)
        and (not args.failed or each.outcome == "failed")
        and (args.request is None or each.id == args.request)
        and (args.client is None or args.client in (each.client, _name_of(each.client)))
        and all(
            getattr(args, name) in (None, getattr(each, name)) for name in ("key", "team", "wire")
        )
    ]


def _name_of(client: str | None) -> str | None:
    return None if client is None else client.partition("/")[0]


def _show(calls: Iterable[FinishedCall], *, as_json: bool) -> None:
    from llmring.gateway.watching.log_lines import log_line

    for call in calls:
        print_out(log_line(call).decode().rstrip("\n") if as_json else call_line(call))


def call_line(call: FinishedCall) -> str:
    """Return a call on one line.

    Args:
        call: The call.
    """
    first = "" if call.first_ms is None else f", first after {call.first_ms:,.0f}"
    tokens = ""
    if call.input_tokens is not None and call.output_tokens is not None:
        tokens = f"{call.input_tokens}+{call.output_tokens} tokens"
    cost = f"cost unknown ({call.cost_unknown})" if call.cost_unknown is not None else ""
    parts = [
        f"{call.time:%Y-%m-%d %H:%M:%S}",
        _who(call),
        call.outcome if call.error is None else f"{call.outcome}: {call.error}",
        "" if call.status is None else str(call.status),
        f"{call.ms:,.0f} ms{first}",
        tokens,
        cost if call.cost is None else f"{call.cost} USD",
        f"{len(call.attempts)} attempts" if len(call.attempts) > 1 else "",
        call.wire,
        call.key or "",
        call.client or "",
    ]
    return "  ".join(filter(None, parts))


def _who(call: FinishedCall) -> str:
    answered = call.model or (call.attempts[-1].model if call.attempts else None)
    names = [each for each in (call.alias, answered) if each]
    return " → ".join(names) or call.route or "unknown path"
