"""llmring without the parts of `os` that Windows lacks."""

import os
import subprocess
import sys
from pathlib import Path

from cli.terminal import run

# "Availability: Unix" in https://docs.python.org/3/library/os.html. What the name of the platform
# chooses, as asyncio does, has what it needs there.
UNIX_ONLY = [
    *("O_CLOEXEC", "O_NONBLOCK", "O_SYNC", "O_NOCTTY", "getuid", "getgid", "openpty"),
    *("mkfifo", "killpg", "getpgid", "setsid", "sched_getaffinity", "uname", "sysconf", "nice"),
]

CODE = f"""
import asyncio, os, sys
for name in {UNIX_ONLY}:
    if hasattr(os, name):
        delattr(os, name)
for name in ("resource", "pwd", "grp", "termios", "tty"):
    sys.modules[name] = None
from llmring import LLMRing
from llmring.cli.main import main

assert main(["lock", "init"]) == 0
assert main(["bind", "fast", "mock:echo"]) == 0
assert main(["lock", "validate"]) == 0
with LLMRing() as ring:
    assert ring.chat("fast", "Hi").content == "Hi"
    assert "".join(chunk.delta for chunk in ring.chat_stream("fast", "Hi")) == "Hi"
assert main(["chat", "--model", "fast", "Hi"]) == 0
assert main(["doctor"]) in (0, 1)
"""


def test_calls_and_commands_work_without_unix_only_functions(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE],
        cwd=tmp_path,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert run("logs", XDG_STATE_HOME=str(tmp_path / "state")).out.count("mock:echo") == 3
