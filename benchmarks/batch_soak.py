"""A long batch under faults, changing rate limits and a full disk: is every row there in the end?

    python benchmarks/batch_soak.py --rows 1000000 --save docs/reliability.md

The server lets 2 % of the requests fail in each of the ways of `batch_upstream.FAULTS`, and its
rate limit changes ten times. The job's folder is on a file system of its own that is full once:
the batch ends, and the same command goes on when there is room again. It exits with 1 if a row is
missing, out of its place or there twice, or if the memory has grown too much.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from batch_processes import (
    Cost,
    Server,
    batch_command,
    counting_server,
    environ,
    timed,
    write_input,
)
from section import replace

FAULT_PERCENT = 2.0
LIMIT_CHANGES = 10
# Requests a second; 0 admits all.
_LIMITS = (0, 3000, 800, 2000, 400)
_SECTION = "batch soak"
# Of a row in the journal; the disk is full after this share of the rows.
_ROW_BYTES = 400
_FULL_AFTER = 0.5
_MOST_MIB = 120.0
_MOST_RUNS = 5


class Soak(NamedTuple):
    """What a run has found.

    Attributes:
        rows: The rows of the input.
        ok: The rows of the output that have their answer.
        failed: The rows of the output that have failed.
        in_order: True if the rows are those of the input, in its order.
        runs: What each run of the command took; the first ones end for the full disk.
        requests: The requests that the server has had.
        limited: Those beyond its limit.
        changes: How often the limit has changed.
        was_full: True if the disk was full once.
    """

    rows: int
    ok: int
    failed: int
    in_order: bool
    runs: list[Cost]
    requests: int
    limited: int
    changes: int
    was_full: bool

    def faults(self) -> list[str]:
        """Return what is wrong."""
        memory = max(run.mebibytes for run in self.runs)
        checks = {
            f"{self.ok} of {self.rows} rows have an answer": self.ok == self.rows,
            "the rows are not those of the input, in its order": self.in_order,
            f"exit status {self.runs[-1].status}": self.runs[-1].status == 0,
            f"{memory:.0f} MiB of memory": memory <= _MOST_MIB,
        }
        return [what for what, is_met in checks.items() if not is_met]


@contextlib.contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[Path | None]:
    """Mount a file system of this size; None where that is not allowed."""
    place = folder / "disk"
    place.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(["mount", *options], check=False).returncode:  # noqa: S603, S607
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=False)  # noqa: S603, S607


def grow(place: Path, mebibytes: int) -> None:
    """Give a small file system another size."""
    options = ["-o", f"remount,size={mebibytes}m", str(place)]
    subprocess.run(["mount", *options], check=True)  # noqa: S603, S607


class ChangingLimit(threading.Thread):
    """A rate limit that changes at equal distances of a batch.

    Args:
        server: The server.
        rows: The rows of the batch.
    """

    def __init__(self, server: Server, rows: int) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._step = rows / (LIMIT_CHANGES + 1)
        self.changes = 0
        self.ended = threading.Event()

    def run(self) -> None:
        """Change the limit until the batch has ended."""
        while not self.ended.wait(0.2) and self.changes < LIMIT_CHANGES:
            if self._server.counts()["prompts"] > (self.changes + 1) * self._step:
                self.changes += 1
                self._server.order("limit", _LIMITS[self.changes % len(_LIMITS)])


def soak(folder: Path, server: Server, rows: int) -> Soak:
    """Run a batch under faults, changing limits and a full disk.

    Args:
        folder: An empty folder.
        server: The server.
        rows: Rows of the input.
    """
    given = folder / "in.jsonl"
    write_input(given, rows)
    server.order("faults", FAULT_PERCENT)
    limit = ChangingLimit(server, rows)
    limit.start()
    runs: list[Cost] = []
    size = max(1, int(rows * _ROW_BYTES * _FULL_AFTER) >> 20)
    with small_disk(folder, size) as disk:
        job = (disk or folder) / "job"
        command = batch_command(folder, given, "--job", str(job), "--tries", "12")
        while len(runs) < _MOST_RUNS:
            runs.append(timed(command, folder, environ(folder, server)))
            if runs[-1].status == 0 or disk is None:
                break
            grow(disk, size * 10)
    limit.ended.set()
    limit.join()
    ok = failed = 0
    in_order = True
    if (folder / "out.jsonl").exists():
        with (folder / "out.jsonl").open(encoding="utf-8") as lines:
            for at, line in enumerate(lines):
                row = json.loads(line)
                in_order = in_order and row["text"].split()[1] == str(at)
                expected = f"answer to Tell me about {row['text']}"
                ok += row["llmring_status"] == "ok" and row["answer"] == expected
                failed += row["llmring_status"] == "failed"
    counts = server.counts()
    return Soak(
        rows=rows,
        ok=ok,
        failed=failed,
        in_order=in_order,
        runs=runs,
        requests=counts["requests"],
        limited=counts["limited"],
        changes=limit.changes,
        was_full=disk is not None and len(runs) > 1,
    )


def section(found: Soak) -> str:
    """Format what was found for the page."""
    seconds = sum(run.seconds for run in found.runs)
    memory = max(run.mebibytes for run in found.runs)
    full = "the disk was full once" if found.was_full else "the disk was not full"
    return (
        f"`make batch-soak`: {found.rows:,} rows, {FAULT_PERCENT:.0f} % of the requests failing in "
        f"each of six ways, {found.changes} changes of the rate limit, and {full}: in "
        f"{seconds:.0f} s {found.ok:,} rows have their answer, in their order. The server had "
        f"{found.requests:,} requests, {found.limited:,} beyond its limit; the batch had at most "
        f"{memory:.0f} MiB of memory."
    )


def main() -> int:
    """Run a batch under faults, print what was found, and save it with --save."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--save", type=Path, help="the page to save it in")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, counting_server() as server:
        found = soak(Path(folder), server, arguments.rows)
    text = section(found)
    sys.stdout.write(f"{text}\n")
    if arguments.save:
        replace(arguments.save, _SECTION, text)
    faults = found.faults()
    for each in faults:
        sys.stderr.write(f"wrong after {time.monotonic() - began:.0f} s: {each}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
