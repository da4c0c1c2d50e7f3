"""An application under the profiles for tests: only LLMRING_PROFILE is another one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from answers import anthropic, anthropic_stream, openai, openai_stream
from conftest import Way
from llmring import LLMRing
from llmring.exceptions import AllModelsFailedError, ProviderRateLimitError
from loopback import Loopback
from rings import LASTING

Serve = Callable[..., Loopback]

LOCKFILE = """
[profiles.default]

[[profiles.default.bindings]]
alias = "fast"
models = ["openai:gpt-4o-mini", "anthropic:claude-haiku-4-5"]

[profiles.record]
extends = "default"
mode = "record"

[profiles.test]
extends = "default"
mode = "replay"

[profiles.chaos]
extends = "default"
on_stream_failure = "continue"
FAULTS
"""


@pytest.fixture
def application(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Callable[..., LLMRing]]:
    """Write a lockfile with faults, start two vendors, and return a maker of rings by profile."""

    def make(first: Any = None, second: Any = None, faults: str = "") -> Callable[..., LLMRing]:
        Path("llmring.lock").write_text(LOCKFILE.replace("FAULTS", faults) + LASTING)
        servers = serve(first or openai()), serve(second or anthropic())
        make.servers = servers  # type: ignore[attr-defined]
        keys = {
            "OPENAI_API_KEY": "sk-0123456789abcdef0123",
            "ANTHROPIC_API_KEY": "sk-ant-0123456789abcdef",
        }

        def ring(profile: str, *, keyed: bool = True) -> LLMRing:
            monkeypatch.setenv("LLMRING_PROFILE", profile)
            for name, key in keys.items():
                if keyed:
                    monkeypatch.setenv(name, key)
                else:
                    monkeypatch.delenv(name)
            monkeypatch.setenv("OPENAI_BASE_URL", f"{servers[0].url}/v1")
            monkeypatch.setenv("ANTHROPIC_BASE_URL", servers[1].url)
            return LLMRing()

        return ring

    return make


def served(application: Any) -> list[int]:
    return [len(server.requests) for server in application.servers]


def test_an_answer_is_recorded_and_replayed_with_neither_a_key_nor_a_server(
    application: Any, way: Way
) -> None:
    ring = application(openai("Bonjour"))

    recorded = way.chat(ring("record"), "fast", messages="Hi")
    replayed = way.chat(ring("test", keyed=False), "fast", messages="Hi")

    assert (recorded.content, replayed.content) == ("Bonjour", "Bonjour")
    assert replayed.usage == recorded.usage
    assert replayed.cost == recorded.cost
    assert served(application) == [1, 0]
    assert len(list(Path("tests/recordings").iterdir())) == 1


def test_a_stream_is_recorded_and_replayed(application: Any, way: Way) -> None:
    ring = application(openai_stream("Bon", "jour"))

    recorded = way.stream(ring("record"), "fast", messages="Hi")
    replayed = way.stream(ring("test", keyed=False), "fast", messages="Hi")

    assert [chunk.content for chunk in replayed] == [chunk.content for chunk in recorded]
    assert served(application) == [1, 0]


def test_a_missing_recording_is_named_with_the_way_to_record_it(application: Any, way: Way) -> None:
    ring = application()

    with pytest.raises(AllModelsFailedError, match=r'no recording of POST .* mode = "record"'):
        way.chat(ring("test"), "fast", messages="Hi")
    assert served(application) == [0, 0]


def test_a_fault_happens_and_the_next_model_answers(application: Any, way: Way) -> None:
    ring = application(faults='faults = [{ model = "openai:*", status = 429, message = "slow" }]')

    response = way.chat(ring("chaos"), "fast", messages="Hi")

    assert response.content == "from anthropic"
    assert isinstance(response.attempts[0].error, ProviderRateLimitError)
    assert served(application) == [0, 1]


def test_a_stream_that_is_cut_continues_with_the_next_model(application: Any, way: Way) -> None:
    ring = application(
        openai_stream("Bonjour ", "le ", "monde"),
        anthropic_stream("tout ", "le monde"),
        'faults = [{ model = "openai:*", cut = 2 }]',
    )

    chunks = way.stream(ring("chaos"), "fast", messages="Hi")

    text = "".join(chunk.content or "" for chunk in chunks if not chunk.finish_reason)
    assert text == "Bonjour tout le monde"
    assert served(application) == [1, 1]


def test_a_stream_that_stalls_continues_with_the_next_model(application: Any, way: Way) -> None:
    ring = application(
        openai_stream("Bonjour ", "le ", "monde"),
        anthropic_stream("tout ", "le monde"),
        'stall_timeout = 0.1\nfaults = [{ model = "openai:*", stall = 2 }]',
    )

    chunks = way.stream(ring("chaos"), "fast", messages="Hi")

    text = "".join(chunk.content or "" for chunk in chunks if not chunk.finish_reason)
    assert text == "Bonjour tout le monde"


def test_a_malformed_event_within_a_stream_breaks_the_attempt(application: Any, way: Way) -> None:
    ring = application(
        openai_stream("Bon", "jour"),
        anthropic_stream("soir"),
        'faults = [{ model = "openai:*", malformed = 2 }]',
    )

    chunks = way.stream(ring("chaos"), "fast", messages="Hi")

    text = "".join(chunk.content or "" for chunk in chunks if not chunk.finish_reason)
    assert text == "Bonsoir"
    assert served(application) == [1, 1]


def test_without_faults_and_mode_the_replay_modules_are_not_loaded(
    serve: Serve,
) -> None:
    from rings import run_program

    out, err, code = run_program(
        """
ring.chat(MODEL, messages="Hi")
print([name for name in ("interceptor", "cassette",
         "fault_injection") if "llmring.replay." + name in sys.modules])
""",
        serve(openai()),
    )

    assert (out.strip(), code) == ("[]", 0), err
