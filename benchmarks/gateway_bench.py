"""The gateway and its peers, measured in one run: `make bench-gateway`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import peers
from figures import Conditions
from gateway_measures import Bench
from gateway_page import section
from gateway_peers import GATEWAYS, Gateway
from gateway_processes import load
from machine import described
from measures import Results
from page import GATEWAY_SECTION
from processes import upstream
from section import replace

from gateways import installed

OWN = "llmring-gateway"


def main() -> int:
    """Measure and write the section; a run of some gateways is printed instead."""
    arguments = _arguments()
    if arguments.again:
        kept = json.loads(arguments.kept.read_text())
        text = section(Results.of(kept["results"]), Conditions(*kept["run"]))
        replace(arguments.save, GATEWAY_SECTION, text)
        return 0
    names = peers.named_in(arguments.only, [gateway.name for gateway in GATEWAYS])
    chosen = [gateway for gateway in GATEWAYS if gateway.name in names]
    missing = {} if arguments.here else _installed(arguments.peers, chosen)
    chosen = [gateway for gateway in chosen if gateway.environment not in missing]
    own = arguments.peers / OWN / "bin" / "python"
    python = own if own.exists() else Path(sys.executable)
    results = Results()
    with (
        tempfile.TemporaryDirectory() as folder,
        upstream(python) as ports,
        load(python) as sender,
    ):
        for nth in range(arguments.rounds):
            sys.stderr.write(f"round {nth + 1} of {arguments.rounds}\n")
            home = Path(folder) / str(nth)
            home.mkdir()
            bench = Bench(
                results,
                sender,
                ports,
                arguments.peers,
                home,
                seconds=arguments.seconds,
                short=arguments.here,
            )
            bench.round_(chosen)
    run = Conditions(
        f"make bench-gateway ROUNDS={arguments.rounds}",
        datetime.now(tz=UTC).date().isoformat(),
        described(),
        arguments.rounds,
        arguments.seconds,
        missing,
    )
    text = section(results, run)
    if arguments.only or arguments.here:
        sys.stdout.write(text + "\n")
    else:
        arguments.kept.write_text(json.dumps({"results": results.as_json(), "run": run}))
        replace(arguments.save, GATEWAY_SECTION, text)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--peers", type=Path, required=True, help="folder of their environments")
    parser.add_argument("--save", type=Path, required=True, help="the page with the section")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="time per measure and round")
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument(
        "--here", action="store_true", help="few requests, and nothing is installed"
    )
    parser.add_argument("--again", action="store_true", help="rewrite the section of the last run")
    arguments = parser.parse_args()
    arguments.peers = arguments.peers.absolute()
    arguments.kept = arguments.peers / "gateway-results.json"
    return arguments


def _installed(folder: Path, chosen: list[Gateway]) -> dict[str, str]:
    missing = peers.install(folder, [OWN])
    if any(gateway.environment not in ("", OWN) for gateway in chosen):
        missing |= installed.install(folder)
    return missing


if __name__ == "__main__":
    sys.exit(main())
