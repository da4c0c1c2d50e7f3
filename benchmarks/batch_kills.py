"""Batches that are killed at any moment and started again: is anything lost, or paid twice?

    python benchmarks/batch_kills.py --kills 50 --rows 20000 --save docs/reliability.md

It starts `llmring batch`, kills it (SIGKILL) after a random time, and starts it again, until it was
killed KILLS times and has then ended. It exits with 1 if a row is missing, out of its
place or there twice, or if the server had more requests than rows and those in flight at the kills.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from batch_processes import Server, batch_command, counting_server, environ, write_input
from section import replace

PLACES = 256
# Long enough for a start, short enough to be within the run.
_LEAST_SECONDS, _MOST_SECONDS = 0.3, 1.5
_SECTION = "batch kills"


class Kills(NamedTuple):
    """What the kills have left.

    Attributes:
        rows: The rows of the input.
        kills: How often the batch was killed.
        requests: The requests that the server has answered.
        written: The rows of the output.
        in_order: True if they are those of the input, in its order.
        status: The exit status of the last run.
    """

    rows: int
    kills: int
    requests: int
    written: int
    in_order: bool
    status: int

    @property
    def most_requests(self) -> int:
        """The requests that there may be: one a row, and those in flight at each kill."""
        return self.rows + self.kills * PLACES

    def faults(self) -> list[str]:
        """Return what is wrong."""
        checks = {
            f"{self.written} of {self.rows} rows in the output": self.written == self.rows,
            "the rows are not those of the input, in its order": self.in_order,
            f"{self.requests} requests, {self.most_requests} may be": (
                self.requests <= self.most_requests
            ),
            f"exit status {self.status}": self.status == 0,
        }
        return [what for what, is_met in checks.items() if not is_met]


def kill_again_and_again(folder: Path, server: Server, rows: int, kills: int) -> Kills:
    """Run a batch that is killed this often, and then ends.

    Args:
        folder: An empty folder.
        server: The server.
        rows: Rows of the input.
        kills: How often to kill it.
    """
    given = folder / "in.jsonl"
    write_input(given, rows)
    command, variables = batch_command(folder, given), environ(folder, server)
    killed = 0
    with (folder / "stderr.txt").open("a") as complaints:
        while True:
            process = subprocess.Popen(  # noqa: S603 -- our own command
                command, cwd=folder, env=variables, stdout=complaints, stderr=complaints
            )
            if killed < kills:
                seconds = random.uniform(_LEAST_SECONDS, _MOST_SECONDS)  # noqa: S311
                try:
                    process.wait(seconds)
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    killed += 1
            status = process.wait()
            if status != -signal.SIGKILL:
                break
    texts = []
    if (folder / "out.jsonl").exists():
        with (folder / "out.jsonl").open(encoding="utf-8") as lines:
            texts = [json.loads(line)["text"].split()[1] for line in lines]
    return Kills(
        rows=rows,
        kills=killed,
        requests=server.counts()["requests"],
        written=len(texts),
        in_order=texts == [str(number) for number in range(rows)],
        status=status,
    )


def section(found: Kills, seconds: float) -> str:
    """Format what was found for the page."""
    more = found.requests - found.rows
    return (
        f"`make batch-kills`: a batch of {found.rows:,} rows, {PLACES} at a time, was killed "
        f"(SIGKILL) {found.kills} times at random moments and started again, in {seconds:.0f} s. "
        f"Its output has {found.written:,} rows in their order; the server had {more:,} requests "
        f"more than rows, where {found.kills * PLACES:,} were in flight at most."
    )


def main() -> int:
    """Kill a batch again and again, print what was found, and save it with --save."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--save", type=Path, help="the page to save it in")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, counting_server() as server:
        # Slow enough that all kills come before the end.
        server.order("limit", arguments.rows / max(1, arguments.kills) / _LEAST_SECONDS / 2)
        found = kill_again_and_again(Path(folder), server, arguments.rows, arguments.kills)
    text = section(found, time.monotonic() - began)
    sys.stdout.write(f"{text}\n")
    if arguments.save:
        replace(arguments.save, _SECTION, text)
    faults = found.faults()
    for each in faults:
        sys.stderr.write(f"wrong: {each}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
