"""Batches on Ray whose workers, nodes or driver are killed: is anything lost, or paid twice?

    python benchmarks/batch_ray_kills.py --rows 20000 --moments 10

For each of a worker, a node and the driver, it runs a batch as often as there are moments, and
kills it (SIGKILL) when a share of the rows was asked. It exits with 1 if a row is missing, or if
more rows were paid twice than the killed workers had in flight.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# The plans of jobs, which are those of the tests.
sys.path.append(str(HERE.parent / "tests"))

from batch_processes import Server, counting_server, environ, write_input  # noqa: E402

from ray_plans import Results, ray_job, ray_run, run_job  # noqa: E402

PLACES = 128
_WORKERS = 2
_DRIVER = """
import sys
from pathlib import Path
from ray_plans import ray_job, run_job
job, source = map(Path, sys.argv[1:3])
run_job(ray_job(job, source, concurrency=int(sys.argv[3])), source, rows=int(sys.argv[4]))
"""


def _at(server: Server, before: int, count: int, kill: Callable[[], object]) -> threading.Thread:
    """Kill something when this number of further requests was made."""

    def wait() -> None:
        while server.counts()["requests"] < before + count:
            time.sleep(0.01)
        kill()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def _with_worker(folder: Path, source: Path, rows: int, server: Server, count: int) -> Results:
    results = Results()
    job = ray_job(folder, source, concurrency=PLACES)
    with ray_run(job, source, results, rows=rows, workers=_WORKERS) as (run, pool):
        pids = [pid for _, pid in pool.ask_all("place", seconds=120)]
        before = server.counts()["requests"]
        _at(server, before, count, lambda: os.kill(pids[0], signal.SIGKILL))
        run.run()
    return results


def _with_node(folder: Path, source: Path, rows: int, server: Server, count: int) -> Results:
    from ray.cluster_utils import Cluster

    one: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={**one, "include_dashboard": False})
    node = cluster.add_node(**one)
    # For the worker that replaces the lost one.
    cluster.add_node(**one)
    os.environ["RAY_ADDRESS"] = cluster.address

    try:
        before = server.counts()["requests"]
        _at(server, before, count, lambda: cluster.remove_node(node, allow_graceful=False))
        job = ray_job(folder, source, concurrency=PLACES)
        return run_job(job, source, rows=rows, workers=_WORKERS)[0]
    finally:
        del os.environ["RAY_ADDRESS"]
        cluster.shutdown()


def _with_driver(folder: Path, source: Path, rows: int, server: Server, count: int) -> Results:
    command = [sys.executable, "-c", _DRIVER, str(folder), str(source), str(PLACES), str(rows)]
    before = server.counts()["requests"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        _at(server, before, count, process.kill).join()
    job = ray_job(folder, source, concurrency=PLACES)
    return run_job(job, source, rows=rows, workers=_WORKERS)[0]


KILLS = {"worker": _with_worker, "node": _with_node, "driver": _with_driver}


def main() -> int:
    """Kill each thing at each moment, and print what was found."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--moments", type=int, default=10)
    parser.add_argument("--of", choices=[*KILLS], nargs="*", default=[*KILLS])
    arguments = parser.parse_args()
    is_bad = False
    for what in arguments.of:
        # The driver's workers are all lost with it.
        most = PLACES * (_WORKERS if what == "driver" else 1)
        for moment in range(1, arguments.moments + 1):
            with tempfile.TemporaryDirectory() as name, counting_server() as server:
                folder = Path(name)
                # Ray keeps a token in the home of its first cluster.
                home = os.environ.get("HOME", str(folder))
                os.environ.update(environ(folder, server) | {"HOME": home})
                os.environ["PYTHONPATH"] += os.pathsep + str(HERE.parent / "tests")
                source = folder / "in.jsonl"
                write_input(source, arguments.rows)
                count = arguments.rows * moment // (arguments.moments + 1)
                rows = max(1, arguments.rows // 4)
                results = KILLS[what](folder / "job", source, rows, server, count)
                twice = server.counts()["requests"] - arguments.rows
                asked = [json.loads(line)["text"] for line in source.open(encoding="utf-8")]
            whole = results.texts == [f"answer to {text}" for text in asked]
            is_bad |= not whole or twice > most
            sys.stdout.write(
                f"{what} killed after {count:,} requests: {len(results.outcomes):,} rows, "
                f"{'in order' if whole else 'WRONG'}; {twice:,} paid twice, {most:,} may be\n"
            )
            sys.stdout.flush()
    return int(is_bad)


if __name__ == "__main__":
    sys.exit(main())
