"""The pytest plugin, tested in nested test runs."""

import subprocess
import sys
from collections.abc import Callable

import pytest

import llmring.client.ring
import llmring.replay.cassette  # noqa: F401

# Imported here once; otherwise each nested run would import them again.
from llmring.replay import overrides

pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a test file with the plugin."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def start(code: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(code)
        plugin = "-p", "llmring.testing", "-p", "no:cacheprovider"
        return pytester.runpytest_inprocess(*plugin, "--strict-markers", "-Werror", *options)

    return start


ADMITTED = """
import pytest
from llmring import ConfigurationError
from llmring.transport.network_guard import admit

def admitted(url):
    try:
        admit(url)
    except ConfigurationError:
        return False
    return True
"""


def test_requests_stay_on_this_machine_unless_a_test_allows_more(run: Run) -> None:
    result = run(
        ADMITTED
        + """
def test_far():
    assert not admitted("https://api.openai.com/v1/chat/completions")

@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:80", "127.9.9.9"])
def test_near(host):
    assert admitted(f"http://{host}/v1")

@pytest.mark.llmring_network
def test_allowed():
    assert admitted("https://api.openai.com")

def test_far_again():
    assert not admitted("https://api.openai.com")
"""
    )

    result.assert_outcomes(passed=7)


@pytest.mark.parametrize("option", ["--llmring-network", "--llmring-record"])
def test_an_option_opens_the_network_for_all_tests(run: Run, option: str) -> None:
    code = ADMITTED + "def test_far():\n    assert admitted('https://api.openai.com')\n"

    run(code, option).assert_outcomes(passed=1)


def test_the_error_for_a_blocked_request_lists_alternatives(run: Run) -> None:
    result = run(
        "def test_far():\n    "
        "__import__('llmring.transport.network_guard').transport.network_guard.admit('http://h')"
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*would have sent a request to h*llmring_replies*"])


def test_the_previous_state_is_restored_after_the_run(run: Run) -> None:
    before = overrides.current

    run(
        "from llmring.replay import overrides\n"
        "def test_now(): assert overrides.current is not None and not overrides.current.network\n"
    ).assert_outcomes(passed=1)

    assert overrides.current is before


def test_the_effect_of_a_fixture_ends_with_its_test(run: Run) -> None:
    run(
        """
from llmring.replay import overrides

def test_set(llmring_replies, llmring_faults, llmring_recordings):
    llmring_faults.add(status=429)
    assert overrides.current.replies and overrides.current.faults and overrides.current.cassette

def test_over():
    now = overrides.current
    assert (now.replies, now.faults, now.cassette) == (None, None, None)
"""
    ).assert_outcomes(passed=2)


def test_faults_are_validated_like_those_of_a_lockfile(run: Run) -> None:
    run(
        """
import pytest
from llmring import ConfigurationError

def test_faults(llmring_faults):
    with pytest.raises(ConfigurationError, match="statsu: .* did you mean 'status'"):
        llmring_faults.add(statsu=429)
    with pytest.raises(ConfigurationError, match="status: is not an HTTP status from 400"):
        llmring_faults.add(status=200)
    llmring_faults.add(model="openai:*", connection="dns", latency=0.5, times=1)
"""
    ).assert_outcomes(passed=1)


def test_each_test_has_its_own_folder_of_recordings(run: Run, pytester: pytest.Pytester) -> None:
    run(
        """
import pytest

class TestIt:
    @pytest.mark.parametrize("text", ["a b", "../c"])
    def test_here(self, llmring_recordings, text, request):
        folder = request.path.parent / "recordings" / request.path.stem
        assert llmring_recordings.parent == folder
        assert llmring_recordings.name.startswith("TestIt_test_here_")
        assert not folder.exists()
"""
    ).assert_outcomes(passed=2)


def test_a_profile_is_selected_for_one_test(run: Run) -> None:
    run(
        """
import os

def test_set(llmring_profile):
    llmring_profile("chaos")
    assert os.environ["LLMRING_PROFILE"] == "chaos"

def test_over():
    assert "LLMRING_PROFILE" not in os.environ
"""
    ).assert_outcomes(passed=2)


def test_the_options_and_the_marker_are_described(run: Run) -> None:
    run("", "--help").stdout.fnmatch_lines(["*--llmring-network*", "*--llmring-record*"])
    run("", "--markers").stdout.fnmatch_lines(["@pytest.mark.llmring_network: *"])


def test_the_fixtures_are_described(run: Run) -> None:
    lines = run("", "--fixtures").stdout
    for name in ("replies", "faults", "recordings", "profile", "ring"):
        lines.fnmatch_lines([f"llmring_{name} -- *"])


LOADED = """
import sys
{code}
heavy = ("pytest", "httptools", "asyncio", "llmring.client.ring", "llmring.replay.interceptor",
         "llmring.replay.cassette", "llmring.replay.scripted_replies",
         "llmring.lockfile.schema.keys")
print(sorted(name for name in heavy if name in sys.modules))
"""


def loaded_by(code: str) -> str:
    program = [sys.executable, "-c", LOADED.format(code=code)]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()


def test_llmring_does_not_import_pytest() -> None:
    ring = "import llmring\nllmring.LLMRing()"

    assert "pytest" not in loaded_by(ring)


def test_the_plugin_imports_next_to_nothing_until_a_fixture_is_used() -> None:
    before = "import pytest\nbefore = set(sys.modules)\nimport llmring.testing\n"
    added = "for name in before: sys.modules.pop(name) if name in ('asyncio', 'pytest') else 0"

    assert loaded_by(before + added) == "[]"


def test_b38_scripted_replies_and_faults_work_under_a_batch(run: Run) -> None:
    result = run(
        """
        from llmring import LLMRing

        ROWS = [{"text": "one"}, {"text": "two"}]

        def test_replies(llmring_replies):
            llmring_replies.add("First")
            llmring_replies.add("Second")
            batch = LLMRing().batch(ROWS, "fast", prompt="Say {text}", concurrency=1)
            assert [row.text for row in batch] == ["First", "Second"]
            assert len(llmring_replies.sent) == 2
        """
    )

    result.assert_outcomes(passed=1)
