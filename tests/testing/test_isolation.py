"""Test runs with the plugin: they and the programs that they start leave the user's data alone."""

import os
from pathlib import Path

import pytest

import answers
from loopback import Loopback
from rings import MODEL, environ_of

pytest_plugins = ["pytester"]

TESTS = f"""
import os, subprocess, sys
import pytest
from llmring import LLMRing

CALL = "from llmring import LLMRing; print(LLMRing().chat('fast', 'Hello').content)"

def program(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

def test_a_call():
    with LLMRing() as ring:
        assert ring.chat("fast", "Hello").content == "fine"

def test_a_program_that_makes_a_call():
    assert program(CALL).stdout == "fine\\n"

def test_a_command():
    command = [sys.executable, "-m", "llmring", "chat", "--no-stream", "--model", "fast", "Hi"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "fine" in done.stdout, done.stderr

FAR = '''
from llmring import LLMRing
ring = LLMRing(environ={{"OPENAI_API_KEY": "sk-0123456789abcdef", "LLMRING_RETRIES": "0",
                         "OPENAI_BASE_URL": "http://far.invalid/v1"}})
try:
    ring.chat("{MODEL}", "Hello").content
except Exception as error:
    print(error)
'''

def test_a_program_may_not_reach_other_machines():
    assert "tests may not reach other machines" in program(FAR).stdout

@pytest.mark.llmring_network
def test_a_program_may_reach_them_if_its_test_may():
    assert "can't find the host" in program(FAR).stdout

def test_a_ledger_that_a_test_names_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMRING_LEDGER_URL", f"sqlite://{{tmp_path}}/own.sqlite")
    program(CALL)
    assert (tmp_path / "own.sqlite").exists()
"""


@pytest.fixture
def home(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home folder of a user, with a lockfile that has a daily budget."""
    folder = pytester.mkdir("home")
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.path.joinpath("llmring.lock").write_text(
        'version = "1.0"\n[[profiles.default.bindings]]\nalias = "fast"\n'
        f'models = ["{MODEL}"]\ndaily_budget = 1\n'
    )
    return folder


def files(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def test_a_test_run_writes_nothing_to_the_user_s_folders(
    pytester: pytest.Pytester, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = pytester.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(temporary))
    pytester.makepyfile(TESTS)
    with Loopback(answers.openai("fine")) as server:
        for name, value in environ_of(server).items():
            monkeypatch.setenv(name, value)
        result = pytester.runpytest_subprocess(
            *("-p", "llmring.testing", "-p", "no:cacheprovider", "--strict-markers")
        )

    result.assert_outcomes(passed=6)
    assert files(home) == []
    # The run's own folder ends with it.
    assert [*temporary.glob("llmring-tests-*")] == []
    assert "LLMRING_TESTS" not in os.environ
