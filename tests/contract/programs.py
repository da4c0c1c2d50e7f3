"""Separate processes started by the contract's tests."""

import os
import subprocess
import sys

from cli.terminal import Outcome

# Makes every connection and every host lookup fail.
_NO_NETWORK = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise RuntimeError(f"{event}{arguments} in a test without network")
sys.addaudithook(refuse)
"""


def run_python(code: str, **env: str) -> Outcome:
    """Run code in a new process."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **env},
        timeout=30,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def run_offline(*words: str) -> Outcome:
    """Run `llmring` with these arguments, without network."""
    return run_python(
        f"{_NO_NETWORK}\nfrom llmring.cli.main import main\nsys.exit(main({list(words)}))"
    )


def run_python_offline(code: str, **env: str) -> Outcome:
    """Run code in a new process, without network."""
    return run_python(_NO_NETWORK + code, **env)
