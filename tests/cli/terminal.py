"""The command line, run as a process or, for speed, within the test process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

# The models of the alias `fast` in the tests of chat.
FIRST = "openai:gpt-4o-mini"
SECOND = "anthropic:claude-sonnet-4-5"

PYTHON = [sys.executable, "-m", "llmring"]


class Outcome(NamedTuple):
    """The result of a command."""

    code: int
    out: str
    err: str


Call = Callable[..., Outcome]


def run(*words: str, stdin: str | bytes = "", cwd: Path | None = None, **env: str) -> Outcome:
    """Run `llmring` with these words in a separate process."""
    done = subprocess.run(
        [*PYTHON, *words],
        input=stdin if isinstance(stdin, bytes) else stdin.encode(),
        capture_output=True,
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **env},
        timeout=30,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def run_on_terminal(*words: str, typed: str = "") -> tuple[int, str]:
    """Run `llmring` on a terminal; return its exit code, and what the terminal shows."""
    ours, theirs = os.openpty()
    command = [*PYTHON, *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        if typed:
            os.write(ours, typed.encode())
        shown = b""
        while piece := _read_from(ours):
            shown += piece
        code = process.wait(30)
    os.close(ours)
    return code, shown.decode()


def _read_from(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # on Linux, the other end is closed
        return b""


def is_plain_error(err: str) -> bool:
    """Return True for a one-line error message without a traceback."""
    return err.startswith("llmring: ") and err.count("\n") == 1 and "Traceback" not in err


def write(text: str, path: str = "llmring.lock") -> Path:
    """Write a lockfile."""
    file = Path(path)
    file.write_text(text, encoding="utf-8")
    return file


def lockfile_of(default_profile: str = "default", /, **profiles: dict[str, list[str]]) -> str:
    """Build the text of a lockfile with these profiles: aliases and their models."""
    lines = ['version = "1.0"', f'default_profile = "{default_profile}"']
    for profile, aliases in profiles.items():
        lines += ["", f"[profiles.{profile}]"]
        for alias, models in aliases.items():
            lines += ["", f"[[profiles.{profile}.bindings]]", f'alias = "{alias}"']
            lines += [f"models = {models}"]
    return "\n".join([*lines, ""])
