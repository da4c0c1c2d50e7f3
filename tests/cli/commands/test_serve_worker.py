"""llmring _serve_worker: the command that starts a worker."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli.terminal import Call
from llmring.cli.commands.serve_worker import command


def test_g173_the_help_of_the_command_names_the_socket(call: Call) -> None:
    assert call("_serve_worker", "five").code == 2
    assert "SOCKET" in call("_serve_worker", "--help").out


def test_g173_a_worker_runs_no_code_of_the_working_folder() -> None:
    for name in ("json", "msgspec", "llmring", "sitecustomize"):
        Path(f"{name}.py").write_text("raise SystemExit('code of the working folder')")
    done = subprocess.run([*command(), "--help"], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "SOCKET" in done.stdout


def test_g173_a_worker_finds_modules_where_its_parent_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    words = command()
    done = subprocess.run(
        [*words[:3], "import sys, os; print(sys.argv.pop(1).split(os.pathsep)[0])", words[4]],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == str(tmp_path)
