"""What a batch costs beside a plain loop of calls: `make bench-batch ROWS=…`.

Both send a chat for each row of a file to a server on loopback, 256 at a time, and write a file of
answers. The time of a start is left out: a short run is subtracted from a long one.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from batch_processes import (
    HERE,
    Server,
    batch_command,
    counting_server,
    environ,
    timed,
    write_input,
)
from figures import number, paragraph, table
from machine import described
from page import BATCH_SECTION
from section import replace

PLACES = 256
SHORT_RUN = 0.1
LEAST_SPEED = 0.9
MOST_CPU_US = 60.0
MOST_GROWTH_MIB = 10.0
MOST_MIB = 120.0
MOST_HELP_MS = 10.0


class Rate(NamedTuple):
    """The speed of a way to send rows.

    Attributes:
        rows_per_second: Rows a second.
        cpu_us: µs of CPU for a row.
    """

    rows_per_second: float
    cpu_us: float


class Figures(NamedTuple):
    """The figures of a run.

    Attributes:
        loop: The plain loop.
        batch: `llmring batch`.
        memory: The most memory of a batch in MiB, by its rows.
        help_ms: ms of `llmring batch --help` beyond those of `llmring --help`.
    """

    loop: Rate
    batch: Rate
    memory: dict[int, float]
    help_ms: float

    def faults(self) -> list[str]:
        """Return the goals that were missed."""
        least, most = min(self.memory), max(self.memory)
        growth = self.memory[most] - self.memory[least]
        speed = self.batch.rows_per_second / self.loop.rows_per_second
        more = self.batch.cpu_us - self.loop.cpu_us
        checks = {
            f"{speed:.2f} of the loop's rows a second": speed >= LEAST_SPEED,
            f"{more:.0f} µs of CPU a row more than the loop": more <= MOST_CPU_US,
            f"{growth:.0f} MiB more with {most:,} rows": growth <= MOST_GROWTH_MIB,
            f"{self.memory[most]:.0f} MiB": self.memory[most] <= MOST_MIB,
            f"{self.help_ms:.0f} ms more for --help": self.help_ms <= MOST_HELP_MS,
        }
        return [what for what, is_met in checks.items() if not is_met]


class Bench:
    """The runs of a benchmark, each in a new folder.

    Args:
        folder: Where to make the folders.
        server: The server.
    """

    def __init__(self, folder: Path, server: Server) -> None:
        self._folder = folder
        self._server = server
        self._runs = 0

    def memory(self, rows: int) -> float:
        """Return the most memory of a batch in MiB."""
        return self._run(rows, is_batch=True)[2]

    def rates(self, rows: int, rounds: int) -> tuple[Rate, Rate]:
        """Return the speed of the loop and of a batch, the medians of several rounds."""
        found: dict[bool, list[Rate]] = {False: [], True: []}
        for _ in range(rounds):
            for is_batch, rates in found.items():
                few = max(PLACES, int(rows * SHORT_RUN))
                short = self._run(few, is_batch=is_batch)
                long = self._run(rows, is_batch=is_batch)
                seconds, cpu = long[0] - short[0], long[1] - short[1]
                rates.append(Rate((rows - few) / seconds, cpu / (rows - few) * 1e6))
        loop, batch = (
            Rate(*(statistics.median(column) for column in zip(*rates, strict=True)))
            for rates in found.values()
        )
        return loop, batch

    def help_ms(self, rounds: int) -> float:
        """Return ms of `llmring batch --help` beyond those of `llmring --help`."""
        times: dict[str, list[float]] = {"batch": [], "": []}
        folder = self._new_folder()
        for _ in range(rounds):
            for word, found in times.items():
                command = [sys.executable, "-m", "llmring", *word.split(), "--help"]
                found.append(timed(command, folder, environ(folder, self._server)).seconds)
        return (min(times["batch"]) - min(times[""])) * 1000

    def _run(self, rows: int, *, is_batch: bool) -> tuple[float, float, float]:
        folder = self._new_folder()
        given = folder / "in.jsonl"
        write_input(given, rows)
        command: Sequence[str] = batch_command(folder, given)
        if not is_batch:
            script = HERE / "clients" / "loop_of_calls.py"
            command = [sys.executable, str(script), "in.jsonl", "out.jsonl", str(PLACES)]
        cost = timed(command, folder, environ(folder, self._server))
        with (folder / "out.jsonl").open(encoding="utf-8") as lines:
            written = sum(1 for _ in lines)
        if cost.status or written != rows:
            complaints = (folder / "stderr.txt").read_text(encoding="utf-8")[-2000:]
            raise RuntimeError(f"{written} of {rows} rows, status {cost.status}: {complaints}")
        return cost.seconds, cost.cpu, cost.mebibytes

    def _new_folder(self) -> Path:
        self._runs += 1
        folder = self._folder / str(self._runs)
        folder.mkdir()
        return folder


def measure(folder: Path, rows: int, sizes: Sequence[int], rounds: int) -> Figures:
    """Return the figures.

    Args:
        folder: An empty folder.
        rows: Rows of a run that is timed.
        sizes: Rows of the runs whose memory is measured.
        rounds: Number of runs of each kind.
    """
    with counting_server() as server:
        bench = Bench(folder, server)
        loop, batch = bench.rates(rows, rounds)
        memory = {size: bench.memory(size) for size in sizes}
        return Figures(loop, batch, memory, bench.help_ms(max(3, rounds)))


def section(figures: Figures, command: str, rows: int) -> str:
    """Format the figures for the page."""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    loop, batch = figures.loop, figures.batch
    lines = paragraph(
        f"`{command}`, {day}: {described()}. A chat for each of {rows:,} rows of a JSONL file, "
        f"{PLACES} at a time, from a server on loopback into a file; the batch keeps a journal "
        "from which it can be resumed. The start is left out. `llmring batch --help` takes "
        f"{figures.help_ms:.0f} ms more than `llmring --help`."
    )
    speed = table(
        ["", "rows/s", "µs of CPU a row"],
        [
            ["a loop of `ring.chat`", number(loop.rows_per_second), number(loop.cpu_us)],
            ["`llmring batch`", number(batch.rows_per_second), number(batch.cpu_us)],
            [
                "ratio, difference",
                f"{batch.rows_per_second / loop.rows_per_second:.2f}",
                f"{batch.cpu_us - loop.cpu_us:+.0f}",
            ],
        ],
    )
    memory = table(
        ["rows of a batch", "most memory, MiB"],
        [[f"{size:,}", number(found)] for size, found in figures.memory.items()],
    )
    return "\n".join([*lines, "", *speed, "", *memory])


def main() -> int:
    """Measure, print the section, and save it with --save; fail if a goal is missed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="rows of a run that is timed")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind")
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[10_000, 100_000],
        help="rows of the runs whose memory is measured",
    )
    parser.add_argument("--save", type=Path, help="the page to save it in")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), arguments.rows, arguments.sizes, arguments.rounds)
    text = section(figures, "make bench-batch", arguments.rows)
    sys.stdout.write(f"{text}\n")
    if arguments.save:
        replace(arguments.save, BATCH_SECTION, text)
    faults = figures.faults()
    for each in faults:
        sys.stderr.write(f"missed: {each}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
