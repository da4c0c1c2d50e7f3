"""Fixtures for the contract's tests: the example lockfile, vendors on loopback, commands."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.terminal import Call, Outcome, write
from llmring.cli.main import main
from llmring.testing.fake_vendors import DemoServer
from lockfile.texts import EXAMPLE

MakePackage = Callable[..., Path]


@pytest.fixture
def example() -> Path:
    """Write the contract's example lockfile into the working folder."""
    return write(EXAMPLE).resolve()


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoServer]:
    """Start four vendors on loopback, and set keys for them."""
    with DemoServer() as server:
        for name, value in server.environ().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Provide a function that runs a command in this process."""

    def run(*words: str, stdin: str = "") -> Outcome:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = main(list(words))
        message = capsys.readouterr()
        return Outcome(code, message.out, message.err)

    return run


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePackage]:
    """Provide a function that makes importable packages, laid out as in the contract."""
    import importlib
    import sys

    folder = tmp_path / "project" / "src"
    made: list[str] = []

    def make(name: str, code: str = "", lockfile: str | None = None) -> Path:
        root = folder / name
        root.mkdir(parents=True)
        (root / "__init__.py").write_text(code)
        if lockfile is not None:
            (root / "llmring.lock").write_text(lockfile)
        made.append(name)
        importlib.invalidate_caches()
        return root

    monkeypatch.syspath_prepend(str(folder))
    yield make
    for name in made:
        sys.modules.pop(name, None)
