"""The processes of a run: the upstream and the clients, each on its own core."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
# A client that takes longer than this never answers.
PATIENCE_SECONDS = 60.0

Told = dict[str, Any]


class Ports(NamedTuple):
    """The ports of the upstream; both serve the same."""

    first: int
    second: int

    def url(self, what: str) -> str:
        """Return the base URL of a model with this behaviour."""
        return f"http://127.0.0.1:{self.first}/{what}/v1"


def cores() -> tuple[int | None, int | None]:
    """Return a core for the clients and one for the upstream; None if there is only one."""
    free = sorted(os.sched_getaffinity(0))
    return (free[0], free[-1]) if len(free) > 1 else (None, None)


@contextlib.contextmanager
def upstream(python: Path | str = sys.executable) -> Iterator[Ports]:
    """Run the upstream.

    Args:
        python: An interpreter that has llmring.
    """
    core = cores()[1]
    command = [str(python), str(HERE / "upstream.py"), *([] if core is None else [str(core)])]
    with subprocess.Popen(  # noqa: S603  # our own file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the upstream has no pipes")
        yield Ports(*json.loads(process.stdout.readline()))
        process.stdin.close()


def environ(home: Path) -> dict[str, str]:
    """Return the variables of every client, with none of the user's own."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "LLM_USER_PATH": str(home / "llm"),
        "OPENAI_API_KEY": "sk-none",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # otherwise importing it uses the network
        "DO_NOT_TRACK": "1",
        "TENSORZERO_DISABLE_PSEUDONYMOUS_USAGE_ANALYTICS": "1",
    }


class Client:
    """A client's process, which does one job after the other."""

    def __init__(self, python: Path, command: Sequence[str], home: Path) -> None:
        script, *arguments = command
        with (home / "stderr.txt").open("a") as complaints:
            self._process = subprocess.Popen(  # noqa: S603  # our own files
                [str(python), str(HERE / "clients" / script), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=environ(home),
                cwd=home,
            )
        core = cores()[0]
        if core is not None:
            os.sched_setaffinity(self._process.pid, {core})
        self.about = self._answer()

    def do(self, **job: Any) -> Told:
        """Run a job and return its result."""
        if "error" in self.about:
            return self.about
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(json.dumps(job).encode() + b"\n")
                self._process.stdin.flush()
        result = self._answer()
        if "error" in result and self._process.poll() is not None:
            self.about = result
        return result

    def _answer(self) -> Told:
        out = self._process.stdout
        if out is None:
            raise RuntimeError("a client has no pipes")
        if not select.select([out], [], [], PATIENCE_SECONDS)[0]:
            self._process.kill()
            self._process.wait()
            return {"error": f"no answer in {PATIENCE_SECONDS:.0f} s"}
        line = out.readline()
        if not line:
            self._process.wait()
            return {"error": f"the client ended with {self._process.returncode}"}
        result: Told = json.loads(line)
        return result

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Ended(NamedTuple):
    """The costs and output of a command.

    Attributes:
        wall: Milliseconds from its start to its end.
        cpu: Milliseconds of CPU.
        out: Its standard output.
    """

    wall: float
    cpu: float
    out: str


def run(command: Sequence[str], home: Path, also: Mapping[str, str] | None = None) -> Ended:
    """Run a command to its end.

    Raises:
        RuntimeError: The command failed.
    """
    core = cores()[0]
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603  # our own commands
        list(command),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environ(home), **(also or {})},
        cwd=home,
    ) as process:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        if process.stdout is None or process.stderr is None:
            raise RuntimeError("a command has no pipes")
        out = process.stdout.read().decode()
        complaint = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(complaint.strip()[-300:] or f"it ended with {process.returncode}")
    return Ended(wall * 1000, (used.ru_utime + used.ru_stime) * 1000, out)
