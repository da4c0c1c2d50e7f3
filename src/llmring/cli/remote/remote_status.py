"""The status of a gateway that runs."""

from __future__ import annotations

import argparse

from llmring.cli.colour import Styled
from llmring.cli.output import print_json, print_out
from llmring.cli.remote.gateway_client import GatewayClient
from llmring.cli.tables import Cell, print_section, print_table


def print_remote_status(args: argparse.Namespace) -> int:
    """Print the status of the gateway at `--url`; return the exit code."""
    from llmring.gateway.ui_api.shown_status import GatewayStatus

    status = GatewayClient(args.url).get("/ui/api/status", {}, GatewayStatus)
    if args.json:
        print_json(status)
        return 0
    stale = " (can't be used as it is now; the last good version is in use)"
    print_out(f"lockfile: {status.lockfile}{stale if status.stale else ''}")
    print_out(f"digest: {status.lock}")
    print_out(f"profile: {status.profile}")
    print_out(f"llmring: {status.version}, workers: {status.workers}")
    print_out(f"calls in progress: {status.inflight}, to be recorded: {status.ledger_pending}")
    aliases: list[tuple[Cell, ...]] = [
        (alias, Styled("no model can be called", "warning") if model is None else model)
        for alias, model in status.aliases.items()
    ]
    _section("aliases", aliases or [("none",)])
    circuits: list[tuple[Cell, ...]] = [
        (model, Styled("open", "error")) for model in status.open_circuits
    ]
    _section("circuits", circuits or [("all closed",)])
    return 0


def _section(title: str, rows: list[tuple[Cell, ...]]) -> None:
    print_section(title)
    print_table(rows, indent="  ", whole=True)
