"""Recordings that several processes write into one folder at the same time."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import answers
from loopback import Loopback, Pause
from rings import MODEL, environ_of

Serve = Callable[..., Loopback]

PROCESSES, CALLS = 6, 8

CODE = f"""
import asyncio, sys
from llmring import LLMRing
async def main():
    async with LLMRing() as ring:
        print("ready", flush=True)
        sys.stdin.readline()
        own = [f"question {{number}} of process {{sys.argv[1]}}" for number in range({CALLS})]
        await asyncio.gather(*(ring.chat("fast", text) for text in [*own, *["shared"] * {CALLS}]))
asyncio.run(main())
"""


@pytest.fixture
def server(serve: Serve) -> Loopback:
    """Start a server that answers late, so that all processes record at the same time."""
    answer = answers.openai("an answer")
    return serve(replace(answer, steps=[Pause(0.5), *answer.steps]))


def together(folder: Path, mode: str, environ: dict[str, str]) -> list[tuple[int, str]]:
    """Run the calls in several processes at once; return the exit code and stderr of each."""
    (folder / "llmring.lock").write_text(
        f'version = "1.0"\n[profiles.default]\nmode = "{mode}"\n'
        f'[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["{MODEL}"]\n'
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CODE, str(number)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environ, "LLMRING_TRUST": "1"},
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [(process.wait(60), process.communicate()[1]) for process in processes]


def recorded(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.iterdir())]


def test_processes_that_record_at_once_lose_no_answer_and_fail_nowhere(
    server: Loopback, tmp_path: Path
) -> None:
    outcomes = together(tmp_path, "record", environ_of(server))

    assert outcomes == [(0, "")] * PROCESSES
    folder = tmp_path / "tests" / "recordings"
    assert len(recorded(folder)) == len(server.requests)
    assert {path.suffix for path in folder.iterdir()} == {".json"}
    # Each request of its own is there, and the shared one is numbered without a gap.
    asked = [each["request"]["body"]["messages"][0]["content"] for each in recorded(folder)]
    assert len({*asked}) == PROCESSES * CALLS + 1
    shared = asked.count("shared")
    [digest] = {
        path.name.rsplit("_", 2)[1] for path in folder.iterdir() if "shared" in path.read_text()
    }
    numbers = [int(path.stem.rsplit("_", 1)[1]) for path in folder.glob(f"*_{digest}_*.json")]
    assert sorted(numbers) == [*range(1, shared + 1)]


def test_processes_replay_at_once_what_processes_recorded_at_once(
    server: Loopback, tmp_path: Path
) -> None:
    together(tmp_path, "record", environ_of(server))
    sent = len(server.requests)

    outcomes = together(tmp_path, "replay", environ_of(server))

    assert outcomes == [(0, "")] * PROCESSES
    assert len(server.requests) == sent
