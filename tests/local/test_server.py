"""The process of the local model, started as the application starts it."""

import subprocess
import sys
from pathlib import Path

import msgspec

from llmring.local import server
from llmring.local.server import Ready, ServerConfig


def started(path: Path, *, modules: Path) -> tuple[Ready, int]:
    """Start the process with a file to load; return its reply and exit code."""
    load = ServerConfig(path=str(path), name="tiny", key="a-key", threads=1, context=512)
    done = subprocess.run(
        [sys.executable, server.__file__],
        input=msgspec.json.encode(load) + b"\n",
        capture_output=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(modules)},
    )
    [line] = done.stdout.splitlines()
    return msgspec.json.decode(line, type=Ready), done.returncode


def test_without_the_driver_of_llama_cpp_the_reply_gives_the_reason(tmp_path: Path) -> None:
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('built for another CPU')\n")

    ready, code = started(tmp_path / "model.gguf", modules=tmp_path)

    assert ready == Ready(problem="xllamacpp can't be loaded here: built for another CPU")
    assert code == 0
