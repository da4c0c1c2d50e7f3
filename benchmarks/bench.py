"""llmring and its peers, measured in one run: `make bench`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import measures
from figures import Conditions
from machine import described
from page import page, write
from peers import OURS, PEERS, UPSTREAM, install, named_in, python
from processes import upstream

QUICK_SECONDS = 0.2
MOST, QUICK_MOST = 10_000, 1000


def main() -> int:
    """Measure and write the page; a quick or partial run is printed instead."""
    arguments = _arguments()
    if arguments.again:
        kept = json.loads(arguments.kept.read_text())
        write(measures.Results.of(kept["results"]), Conditions(*kept["conditions"]), arguments.save)
        return 0
    quick, only = arguments.quick, arguments.only
    names = named_in(only, [peer.name for peer in PEERS])
    chosen = [peer for peer in PEERS if peer.name in names]
    needed = [UPSTREAM, *(peer.environment for peer in chosen)]
    missing = install(arguments.peers, dict.fromkeys(needed))
    chosen = [peer for peer in chosen if peer.environment not in missing]
    seconds = QUICK_SECONDS if quick else arguments.seconds
    rounds = 1 if quick else arguments.rounds
    results = measures.Results()
    serving = upstream(python(arguments.peers / UPSTREAM))
    with tempfile.TemporaryDirectory() as folder, serving as ports:
        home = Path(folder)
        for nth in range(rounds):
            sys.stderr.write(f"round {nth + 1} of {rounds}\n")
            measures.starts(results, chosen, arguments.peers, home)
            measures.round_(results, chosen, arguments.peers, home, ports, seconds)
            if any(peer.name == OURS for peer in chosen):
                measures.growth(
                    results, arguments.peers, home, ports, QUICK_MOST if quick else MOST
                )
                measures.reload(results, arguments.peers, home)
    conditions = Conditions(
        f"make bench ROUNDS={rounds}",
        datetime.now(tz=UTC).date().isoformat(),
        described(),
        rounds,
        seconds,
        missing,
    )
    if quick or only:
        sys.stdout.write(page(results, conditions))
    else:
        kept = {"results": results.as_json(), "conditions": conditions}
        arguments.kept.write_text(json.dumps(kept))
        write(results, conditions, arguments.save)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--peers", type=Path, required=True, help="folder of their environments")
    parser.add_argument("--save", type=Path, required=True, help="the page to write")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="time per measure and round")
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--again", action="store_true", help="rewrite the page of the last run")
    arguments = parser.parse_args()
    arguments.peers = arguments.peers.absolute()
    arguments.kept = arguments.peers / "results.json"
    return arguments


if __name__ == "__main__":
    sys.exit(main())
