"""Every provider over real HTTP, from hand-made samples of its wire format."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Way
from llmring import LLMRing, ProviderRateLimitError
from llmring.providers.presets import PRESETS
from llmring.providers.table import PROVIDERS, Provider
from loopback import Answer, Loopback, as_stream

Serve = Callable[..., Loopback]

SAMPLES = Path(__file__).resolve().parents[1] / "wire_samples"
# Presets have tests of their own.
REMOTE = [row for row in PROVIDERS.values() if row.base_url_env and row.name not in PRESETS]


@pytest.fixture(params=REMOTE, ids=lambda row: row.name)
def row(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Provider:
    found: Provider = request.param
    for name in found.key_env[:1]:
        monkeypatch.setenv(name, "a-key-that-opens-nothing")
    return found


@pytest.fixture
def answering(
    row: Provider, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Answer], Loopback]:
    """Start a server for the provider under test, which gives this answer."""

    def start(answer: Answer) -> Loopback:
        server = serve(answer)
        monkeypatch.setenv(row.base_url_env[0], server.url)
        return server

    return start


def sample(row: Provider, name: str) -> bytes:
    return (SAMPLES / row.dialect.name / name).read_bytes()


def whole(row: Provider, name: str, status: int = 200) -> Answer:
    return Answer([sample(row, name)], status, {"content-type": "application/json"})


def test_a_whole_answer_and_a_streamed_one_are_equal(
    way: Way, row: Provider, answering: Callable[[Answer], Loopback]
) -> None:
    answering(whole(row, "whole.json"))
    answer = way.chat(LLMRing(), f"{row.name}:any", "Hello")
    answering(as_stream(sample(row, "stream.txt")))
    *_, last = chunks = way.stream(LLMRing(), f"{row.name}:any", "Hello")

    assert answer.content
    assert "".join(chunk.delta for chunk in chunks) == answer.content
    assert (last.usage, last.finish_reason) == (answer.usage, answer.finish_reason)


def test_tool_calls_come_whole_and_streamed(
    way: Way, row: Provider, answering: Callable[[Answer], Loopback]
) -> None:
    answering(whole(row, "tool_whole.json"))
    answer = way.chat(LLMRing(), f"{row.name}:any", "Hello")
    answering(as_stream(sample(row, "tool_stream.txt")))
    *_, last = way.stream(LLMRing(), f"{row.name}:any", "Hello")

    assert answer.finish_reason == last.finish_reason == "tool_calls"
    assert [call["function"] for call in last.tool_calls or ()] == [
        call["function"] for call in answer.tool_calls or ()
    ]


def test_a_rate_limit_error_has_the_seconds_to_wait(
    way: Way, row: Provider, answering: Callable[[Answer], Loopback]
) -> None:
    limit = whole(row, "error_429.json", 429)
    answering(Answer(limit.steps, 429, {**limit.headers, "retry-after": "7"}))

    with pytest.raises(ProviderRateLimitError) as caught:
        way.chat(LLMRing(), f"{row.name}:any", "Hello")

    assert caught.value.retry_after == 7


def test_the_key_travels_in_a_header_and_never_in_the_address(
    way: Way, row: Provider, answering: Callable[[Answer], Loopback]
) -> None:
    server = answering(whole(row, "whole.json"))

    way.chat(LLMRing(), f"{row.name}:any", "Hello")

    [request] = server.requests
    assert "opens-nothing" not in request.path
    assert any("opens-nothing" in value for value in request.headers.values()) == bool(row.key_env)
