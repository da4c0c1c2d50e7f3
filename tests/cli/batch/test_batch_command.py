"""`llmring batch` in processes of its own, against a server."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rings import MODEL
from row_upstream import Decide, RowUpstream, say_hi

Start = Callable[..., RowUpstream]
# Where tests run in the background, SIGINT is ignored, and their processes would ignore it, too.
_RUN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from llmring.cli.main import run
run()
"""


@pytest.fixture
def upstream() -> Iterator[Start]:
    servers: list[RowUpstream] = []

    def start(decide: Decide = say_hi, seconds: float = 0.0) -> RowUpstream:
        servers.append(RowUpstream(decide, seconds))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def started(server: RowUpstream, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, "batch", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **server.environ},
    )


def finished(server: RowUpstream, *words: str, given: str = "") -> tuple[int, str, str]:
    with started(server, *words) as process:
        out, err = process.communicate(given, timeout=60)
    return process.returncode, out, err


def write(path: Path, count: int) -> str:
    path.write_text("text\n" + "".join(f"n{number}\n" for number in range(count)))
    return str(path)


def test_b12_all_rows_ok_and_the_same_command_again_asks_nothing(
    upstream: Start, tmp_path: Path
) -> None:
    server, out = upstream(), tmp_path / "out.csv"
    words = (write(tmp_path / "in.csv", 5), "-m", MODEL, "-p", "{text}", "-o", str(out))

    code, _, err = finished(server, *words)
    again, _, _ = finished(server, *words)

    rows = [*csv.DictReader(out.read_text().splitlines())]
    assert (code, again) == (0, 0), err
    assert [row["answer"] for row in rows] == [f"Hi n{number}" for number in range(5)]
    assert len(server.bodies) == 5
    assert "5 rows ok" in err


def test_b12_some_rows_failed_and_the_side_file_has_them(upstream: Start, tmp_path: Path) -> None:
    server = upstream(lambda prompt, _: (400, "bad") if prompt == "n1" else (200, "Hi"))
    out = tmp_path / "out.jsonl"
    words = (write(tmp_path / "in.csv", 3), "-m", MODEL, "-p", "{text}", "-o", str(out))

    code, _, err = finished(server, *words)

    failed = (Path(f"{out}.llmring") / "failed.jsonl").read_text().splitlines()
    assert code == 3
    assert [json.loads(line)["row"] for line in failed] == [{"text": "n1"}]
    assert "--retry-failed" in err
    server.decide = lambda *_: (200, "Hi")
    assert finished(server, *words, "--retry-failed")[0] == 0


def test_b12_a_limit_of_cost_ends_with_its_own_code(upstream: Start, tmp_path: Path) -> None:
    server, out = upstream(), tmp_path / "out.jsonl"
    words = (write(tmp_path / "in.csv", 200), "-m", MODEL, "-p", "{text}", "-o", str(out))

    code, _, err = finished(server, *words, "--max-cost", "0.00008", "--max-tokens", "2")

    assert code == 4
    assert 1 <= len(out.read_text().splitlines()) == len(server.bodies) < 200
    assert "go on: llmring batch" in err


@pytest.mark.parametrize(
    "words",
    [
        ("-m", MODEL, "-p", "{nothing}"),
        ("-p", "{text}"),
        ("-m", MODEL, "-p", "{text}", "--prompt-file", "p.txt"),
        ("-m", MODEL, "-p", "{text}", "--concurrency", "0"),
    ],
)
def test_b12_wrong_usage_sends_nothing(
    upstream: Start, tmp_path: Path, words: tuple[str, ...]
) -> None:
    server = upstream()

    code, _, err = finished(server, write(tmp_path / "in.csv", 3), *words)

    assert (code, server.bodies) == (2, [])
    assert "llmring" in err


def test_b8_rows_come_on_standard_output_with_their_ids(upstream: Start) -> None:
    server = upstream()

    code, out, err = finished(server, "-", "--text", "-m", MODEL, "-p", "{text}", given="a\nb\n")

    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0, err
    assert sorted(row["answer"] for row in rows) == ["Hi a", "Hi b"]
    assert len({row["llmring_id"] for row in rows}) == 2


def test_b11_progress_is_json_on_standard_error(upstream: Start, tmp_path: Path) -> None:
    server = upstream(seconds=0.3)
    words = (write(tmp_path / "in.csv", 12), "-m", MODEL, "-p", "{text}", "--concurrency", "2")

    _, out, err = finished(server, *words, "--progress", "json")

    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert lines
    assert lines[0]["in_flight"] == 2
    assert all(json.loads(line)["answer"] for line in out.splitlines())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_b29_a_signal_ends_the_job_with_the_rows_in_flight_written(
    upstream: Start, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    server, out = upstream(seconds=0.3), tmp_path / "out.csv"
    words = (write(tmp_path / "in.csv", 300), "-m", MODEL, "-p", "{text}", "-o", str(out))

    with started(server, *words, "--concurrency", "4") as process:
        assert server.received(4)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)

    assert process.returncode == code, err
    assert len([*csv.DictReader(out.read_text().splitlines())]) == len(server.bodies) < 300
    server.seconds = 0
    assert finished(server, *words)[0] == 0
    assert server.asked.most_common(1)[0][1] == 1


def test_b29_a_second_signal_ends_it_at_once(upstream: Start, tmp_path: Path) -> None:
    server = upstream(seconds=8)
    words = (write(tmp_path / "in.csv", 300), "-m", MODEL, "-p", "{text}", "-o", "out.csv")

    with started(server, *words, "--concurrency", "4") as process:
        assert server.received(4)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    assert process.returncode == 130
    assert time.monotonic() - began < 6


def test_b33_status_and_export_read_the_folder(upstream: Start, tmp_path: Path) -> None:
    server, out = upstream(), tmp_path / "out.csv"
    write(tmp_path / "in.csv", 4)
    finished(server, str(tmp_path / "in.csv"), "-m", MODEL, "-p", "{text}", "-o", str(out))
    folder, copy = f"{out}.llmring", tmp_path / "copy.jsonl"

    status = finished(server, "status", folder, "--json")
    export = finished(server, "export", folder, "-o", str(copy))

    assert json.loads(status[1])["ok"] == 4
    assert export[0] == 0, export[2]
    assert [json.loads(line)["text"] for line in copy.read_text().splitlines()] == [
        f"n{number}" for number in range(4)
    ]
    assert finished(server, "cancel", folder)[0] == 0


def test_b33_cancel_stops_a_run(upstream: Start, tmp_path: Path) -> None:
    server, out = upstream(seconds=0.3), tmp_path / "out.csv"
    words = (write(tmp_path / "in.csv", 300), "-m", MODEL, "-p", "{text}", "-o", str(out))

    with started(server, *words, "--concurrency", "4") as process:
        assert server.received(4)
        cancelled = finished(server, "cancel", f"{out}.llmring")
        process.communicate(timeout=30)

    assert (cancelled[0], process.returncode) == (0, 143), cancelled[2]


def test_b57_the_help_imports_neither_pyarrow_nor_ray() -> None:
    code = (
        "import sys; from llmring.cli.main import main; main(['batch', '--help']); "
        "sys.exit(bool({'pyarrow', 'ray', 'asyncio'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert done.returncode == 0


def test_b47_b48_the_workers_of_ray_send_the_rows(upstream: Start, tmp_path: Path) -> None:
    server, out = upstream(), tmp_path / "out.csv"
    words = (write(tmp_path / "in.csv", 40), "-m", MODEL, "-p", "{text}", "-o", str(out))

    code, _, err = finished(server, *words, "--engine", "ray", "--workers", "1")
    again, _, _ = finished(server, *words)

    rows = [*csv.DictReader(out.read_text().splitlines())]
    assert code == 0, err
    assert [row["answer"] for row in rows] == [f"Hi n{number}" for number in range(40)]
    assert "40 rows ok, 0 failed" in err
    assert again == 0
    assert len(server.bodies) == 40


def test_b48_ray_needs_a_file_for_the_rows(upstream: Start, tmp_path: Path) -> None:
    given = write(tmp_path / "in.csv", 1)

    code, _, err = finished(upstream(), given, "-m", MODEL, "-p", "{text}", "--engine", "ray")

    assert code == 2
    assert "-o OUT" in err


def test_b16_a_budget_of_the_lockfile_ends_the_batch(upstream: Start, tmp_path: Path) -> None:
    server, out, lockfile = upstream(), tmp_path / "out.csv", tmp_path / "llmring.lock"
    lockfile.write_text(
        'version = "1.0"\n[[profiles.default.bindings]]\nalias = "fast"\n'
        f'models = ["{MODEL}"]\ndaily_budget = 0.00005\n'
    )
    words = (write(tmp_path / "in.csv", 40), "-m", "fast", "-p", "{text}", "-o", str(out))

    code, _, err = finished(server, *words, "--max-tokens", "20", "--file", str(lockfile))

    rows = [*csv.DictReader(out.read_text().splitlines())]
    assert code == 4, err
    assert "daily_budget" in err
    assert 0 < len(rows) < 40
    assert len(server.bodies) == len(rows)


@pytest.mark.parametrize("name", ["out.parquet", "out.csv.zst"])
def test_b1_what_an_output_needs_is_checked_before_anything_is_sent(
    upstream: Start, tmp_path: Path, name: str
) -> None:
    server = upstream()
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "pyarrow.py").write_text("raise ImportError")
    given, out = write(tmp_path / "in.csv", 2), str(tmp_path / name)
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'without')!r})\n{_RUN}"

    ended = subprocess.run(
        [sys.executable, "-c", program, "batch", given, "-m", MODEL, "-p", "{text}", "-o", out],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **server.environ},
    )

    assert ended.returncode == 2
    assert 'pip install "llmring[batch]"' in ended.stderr
    assert server.bodies == []
