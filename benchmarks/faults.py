"""The share of calls that each client answers correctly, fault by fault, against the same farm.

    make bench-faults

Each client runs in its own process and environment, with its own farm; requests, deadlines and the
farm's behaviour are the same for all.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

from chaos.farm import TEXT
from chaos.report import conditions, save
from chaos.storm import ALL_FAULTS, ON_KEPT_CONNECTIONS, base_urls, farm

HERE = Path(__file__).parent
CLIENTS = {
    "llmring": ["with_llmring.py"],
    "litellm": ["with_litellm.py"],
    "litellm, continuing": ["with_litellm.py", "continuing"],
    "openai": ["with_openai.py"],
}
# With more, they would slow each other down.
CLIENTS_AT_ONCE = 2
AT_ONCE = 50
DEADLINE_SECONDS = 6.0
# So that three attempts and the pauses between them fit within the deadline.
TIMEOUT_SECONDS = 1.5
STALL_SECONDS = 1.0
MODES = ("whole", "stream")

Told = dict[str, Any]


def measured(
    client: str, python: str, faults: Sequence[str], requests: int
) -> tuple[Told, dict[tuple[str, str], Told]]:
    """Return a client's name, and the results of its calls by fault and mode."""
    outcomes: dict[tuple[str, str], Told] = {}
    script, *options = CLIENTS[client]
    command = [python, str(HERE / script), *options]
    with (
        farm() as place,
        subprocess.Popen(  # noqa: S603  # our own files
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        if process.stdin is None or process.stdout is None:
            raise RuntimeError(f"{client} has no pipes")
        name: Told = json.loads(process.stdout.readline())
        for fault in faults:
            for mode in MODES:
                job = {
                    "urls": base_urls(place),
                    "fault": fault,
                    "stream": mode == "stream",
                    "requests": requests,
                    "at_once": AT_ONCE,
                    "timeout": TIMEOUT_SECONDS,
                    "stall": STALL_SECONDS,
                    "deadline": DEADLINE_SECONDS,
                    "text": TEXT,
                    "warm": fault in ON_KEPT_CONNECTIONS,
                }
                process.stdin.write(json.dumps(job) + "\n")
                process.stdin.flush()
                result: Told = json.loads(process.stdout.readline())
                outcomes[fault, mode] = result
                sys.stderr.write(f"{client} {fault} {mode} {json.dumps(result)[:400]}\n")
        process.stdin.close()
    return name, outcomes


def share(result: Told, requests: int) -> str:
    """Format a cell: the share answered correctly, and the shares that were wrong or late."""
    cell = f"{100 * result['right'] / requests:.4g} %"
    if result["wrong"]:
        cell += f" ({100 * result['wrong'] / requests:.4g} % wrong)"
    if result["late"]:
        cell += f" ({100 * result['late'] / requests:.4g} % late)"
    return cell


def table(
    results: Mapping[str, tuple[Told, dict[tuple[str, str], Told]]], requests: int
) -> list[str]:
    """Format the results as a table, clients next to each other."""
    names = [f"{name['client']} {name['version']}" for name, _ in results.values()]
    lines = ["| fault | calls | " + " | ".join(names) + " |", "|---|---|" + "--:|" * len(names)]
    some = next(iter(results.values()))[1]
    for fault, mode in some:
        cells = [share(outcomes[fault, mode], requests) for _, outcomes in results.values()]
        lines.append(f"| {fault} | {mode} | " + " | ".join(cells) + " |")
    return lines


def main() -> int:
    """Measure all clients and print the table; save it with --save."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--requests", type=int, default=1000, help="how many calls per fault")
    parser.add_argument("--fault", action="append", help="only this fault; can be repeated")
    parser.add_argument("--peers", type=Path, required=True, help="folder of their environments")
    parser.add_argument("--save", type=Path, help="the file to save the table in")
    arguments = parser.parse_args()
    pythons = {
        "llmring": sys.executable,
        "litellm": str(arguments.peers / "litellm/bin/python"),
        "openai": str(arguments.peers / "openai/bin/python"),
    }
    faults = arguments.fault or ALL_FAULTS
    with ThreadPoolExecutor(CLIENTS_AT_ONCE) as pool:
        running = {
            client: pool.submit(
                measured, client, pythons[client.split(",")[0]], faults, arguments.requests
            )
            for client in CLIENTS
        }
        results = {client: each.result() for client, each in running.items()}
    text = "\n".join(
        [
            f"`make bench-faults REQUESTS={arguments.requests}`, {date.today()}: {conditions()}; "
            f"{AT_ONCE} calls at once, each with a deadline of {DEADLINE_SECONDS:g} s.",
            "",
            *table(results, arguments.requests),
        ]
    )
    sys.stdout.write(text + "\n")
    if arguments.save:
        save(arguments.save, "comparison", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
