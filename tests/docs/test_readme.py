"""README.md: its code and commands run."""

import ast
import asyncio
import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmring.cli.main import COMMANDS
from llmring.lockfile.check import problems
from llmring.providers.table import PROVIDERS
from llmring.testing.fake_vendors import DemoServer

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start a server on loopback that answers as all four vendors."""
    server = DemoServer()
    for name, value in server.environ().items():
        monkeypatch.setenv(name, value)
    Path("llmring.lock").write_text(blocks("toml")[0])
    Path("photo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    Path("report.pdf").write_bytes(b"%PDF-1.7\n")
    yield
    server.close()


@pytest.mark.parametrize("code", blocks("python"))
def test_the_python_code_of_the_readme_runs(vendors: None, code: str) -> None:
    compiled = compile(code, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(compiled, {})  # noqa: S307 -- our own README
    if inspect.iscoroutine(result):
        asyncio.run(result)


def test_the_example_lockfile_has_no_errors() -> None:
    found = problems(blocks("toml")[0], PROVIDERS)

    assert [problem for problem in found if problem.severity == "error"] == []


COMMAND_LINES = [
    line.partition("#")[0].strip()
    for block in blocks("bash")
    for line in block.splitlines()
    if line.startswith("llmring ") and "local" not in line
]


def test_the_commands_of_the_readme_run(vendors: None) -> None:
    Path("llmring.lock").unlink()
    for line in COMMAND_LINES:
        words = [sys.executable, "-m", *shlex.split(line)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.returncode, line) == (0, line), done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_every_command_is_in_the_readme(command: object) -> None:
    assert f"llmring {' '.join(command.words)}" in README  # type: ignore[attr-defined]
