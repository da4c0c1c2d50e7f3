"""The pytest plugin with applications that do not use it directly, in nested test runs."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Imported here once; otherwise each nested run would import them again.
import llmring.client.executor
import llmring.client.ring
import llmring.registry.bundled  # noqa: F401
from answers import openai, openai_stream
from loopback import Loopback
from rings import LASTING

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]

Run = Callable[..., pytest.RunResult]

LOCKFILE = """
[profiles.default]

[[profiles.default.bindings]]
alias = "fast"
models = ["openai:gpt-4o-mini", "anthropic:claude-haiku-4-5"]

[profiles.replay]
extends = "default"
mode = "replay"

[profiles.chaos]
extends = "default"
faults = [{ model = "openai:*", status = 503 }]
"""

APPLICATION = """
import asyncio
from llmring import LLMRing

ring = LLMRing()

def answer(text):
    return ring.chat("fast", messages=text).content

async def stream(text):
    return "".join([chunk.content or "" async for chunk in ring.chat_stream("fast", messages=text)
                    if not chunk.finish_reason])
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run tests of an application with the plugin."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    Path("llmring.lock").write_text(LOCKFILE + LASTING)
    pytester.makepyfile(application=APPLICATION)

    def start(code: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(code)
        plugin = "-p", "llmring.testing", "-p", "no:cacheprovider"
        return pytester.runpytest_inprocess(*plugin, "--strict-markers", "-Werror", *options)

    return start


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with Loopback(openai("from the server")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef0123")
        yield server


def test_scripted_answers_need_neither_a_key_nor_a_server(run: Run) -> None:
    run(
        """
import asyncio
import application

def test_it(llmring_replies):
    llmring_replies.add("Paris.")
    llmring_replies.add("Two words")

    assert application.answer("Capital of France?") == "Paris."
    assert asyncio.run(application.stream("And?")) == "Two words"
    assert [sent.model for sent in llmring_replies.sent] == ["openai:gpt-4o-mini"] * 2
    assert llmring_replies.sent[0].body["messages"][0]["content"] == "Capital of France?"
"""
    ).assert_outcomes(passed=1)


def test_a_call_without_a_scripted_answer_left_fails_at_once(run: Run) -> None:
    run(
        """
import pytest
from llmring import ConfigurationError
import application

def test_it(llmring_replies):
    with pytest.raises(ConfigurationError, match="no scripted answer is left"):
        application.answer("Hi")
    assert len(llmring_replies.sent) == 1
"""
    ).assert_outcomes(passed=1)


def test_a_scripted_fault_leads_to_the_next_model(run: Run) -> None:
    run(
        """
import application

def test_it(llmring_faults, llmring_replies):
    llmring_faults.add(model="openai:*", status=503, times=1)
    llmring_replies.add("from the fallback", model="anthropic:*")

    response = application.ring.chat("fast", messages="Hi").result()

    assert response.content == "from the fallback"
    assert [attempt.status for attempt in response.attempts] == [503, 200]
"""
    ).assert_outcomes(passed=1)


def test_a_scripted_tool_call_is_executed(run: Run) -> None:
    run(
        """
from application import ring

def weather(city: str) -> str:
    "The weather."
    return f"sunny in {city}"

def test_it(llmring_replies):
    llmring_replies.add(tool_calls=[("weather", {"city": "Paris"})])
    llmring_replies.add("It is sunny.")

    found = ring.run_tools("fast", messages="Weather?", tools=[weather])

    assert found.content == "It is sunny."
    assert "sunny in Paris" in str(llmring_replies.sent[1].body)
"""
    ).assert_outcomes(passed=1)


def test_a_real_call_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef0123")

    result = run("import application\ndef test_it(): application.answer('Hi')")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*would have sent a request to api.openai.com*"])


def test_a_call_to_this_machine_is_allowed(run: Run, server: Loopback) -> None:
    run(
        "import application\ndef test_it(): assert application.answer('Hi') == 'from the server'"
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "use", ["def test_it(llmring_recordings):", "def test_it(llmring_profile):"]
)
def test_recordings_of_one_run_are_replayed_in_the_next(
    run: Run, server: Loopback, monkeypatch: pytest.MonkeyPatch, use: str
) -> None:
    code = f"""
import application

{use}
    if "llmring_profile" in locals():
        llmring_profile("replay")
    assert application.answer("Hi") == "from the server"
"""
    run(code).assert_outcomes(failed=1)
    run(code, "--llmring-record").assert_outcomes(passed=1)
    assert len(server.requests) == 1
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    run(code).assert_outcomes(passed=1)
    assert len(server.requests) == 1


def test_a_ring_gets_the_faults_of_its_profile(run: Run) -> None:
    run(
        """
def test_it(llmring_ring, llmring_replies):
    llmring_replies.add("Hello.")
    ring = llmring_ring(profile="chaos")

    response = ring.chat("fast", messages="Hi").result()

    assert [attempt.status for attempt in response.attempts] == [503, 200]
"""
    ).assert_outcomes(passed=1)


def test_recordings_of_one_test_are_not_replayed_in_another(run: Run, server: Loopback) -> None:
    code = """
import application, pytest

@pytest.mark.parametrize("n", [1, 2])
def test_it(llmring_recordings, n):
    application.answer("Hi")
    assert len(list(llmring_recordings.iterdir())) == 1
"""
    run(code, "--llmring-record").assert_outcomes(passed=2)

    assert len(server.requests) == 2
    assert len(list(Path("recordings").rglob("*.json"))) == 2


def test_a_stream_is_recorded_in_its_pieces(run: Run, server: Loopback) -> None:
    server.answers[:] = [openai_stream("a ", "b ", "c")]
    code = """
import asyncio, application

def test_it(llmring_recordings):
    assert asyncio.run(application.stream("Hi")) == "a b c"
"""
    run(code, "--llmring-record").assert_outcomes(passed=1)
    run(code).assert_outcomes(passed=1)

    assert len(server.requests) == 1


def test_the_example_in_the_docs_runs(run: Run, server: Loopback) -> None:
    text = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    server.answers[:] = [openai("It is Paris.")]

    code = "from application import answer\n" + example
    run(code, "--llmring-record").assert_outcomes(passed=3)
    assert len(server.requests) == 1
