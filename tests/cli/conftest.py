"""The command line, in this process."""

import importlib.util
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from cli.terminal import FIRST, SECOND, Call, Outcome, lockfile_of, write
from llmring.cli.main import main
from llmring.local.weights import SMOLLM2, default_cache_dir, find
from loopback import Answer, Loopback


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return a function that runs a command with `stdin` as its piped input."""

    def run(*words: str, stdin: str = "") -> Outcome:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = main(list(words))
        output = capsys.readouterr()
        return Outcome(code, output.out, output.err)

    return run


@pytest.fixture(scope="session")
def local_model() -> str:
    """Return the name of the local model; skip the test if it can't run here."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("the extra is not installed: pip install 'llmring[local]'")
    if find(default_cache_dir(os.environ)) is None:
        pytest.skip("the local model is not downloaded: llmring local pull")
    return f"local:{SMOLLM2.name}"


@pytest.fixture
def no_local_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Point the places of the local model to empty folders."""
    for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "empty"))


@pytest.fixture
def openai(
    serve: Callable[..., Loopback], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Loopback]:
    """Return a function that starts OpenAI with given answers, and Anthropic as the fallback."""

    def start(*first: Answer, second: Answer | None = None) -> Loopback:
        server = serve(*(first or (answers.openai("Hi"),)))
        other = serve(second or answers.anthropic("Salve"))
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", other.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
        write(lockfile_of(default={"fast": [FIRST, SECOND], "solo": [FIRST]}))
        return server

    return start
