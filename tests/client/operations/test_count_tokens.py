"""Counting tokens before a request is sent."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from llmring import LLMRequest, LLMRing, ModelNotFoundError, TokenCount, ValidationError, tool
from loopback import Answer, Loopback, Pause, as_json
from rings import KEY, MODEL, ring_at

Serve = Callable[..., Loopback]


@tool
def weather(city: str) -> str:
    """Look the weather up."""
    return city


FULL = LLMRequest(
    messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
    temperature=0.5,
    max_tokens=10,
    stop=["END"],
    seed=1,
    tools=[weather],
)


def request_for(model: str) -> LLMRequest:
    request = LLMRequest(model, FULL.messages, FULL.temperature, FULL.max_tokens)
    request.tools, request.stop, request.seed = FULL.tools, FULL.stop, FULL.seed
    return request


@pytest.fixture
def anthropic(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], Loopback]:
    def start(answer: Answer) -> Loopback:
        server = serve(answer)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        return server

    return start


CLAUDE = "anthropic:claude-haiku-4-5"


def test_anthropic_counts(anthropic: Callable[[Answer], Loopback]) -> None:
    server = anthropic(as_json({"input_tokens": 14}))

    count = LLMRing().count_tokens(request_for(CLAUDE)).result()

    assert count == TokenCount(tokens=14, exact=True, method="anthropic count_tokens", model=CLAUDE)
    [request] = server.requests
    assert request.path == "/v1/messages/count_tokens"
    assert set(request.json) == {"model", "messages", "system", "tools"}


def test_google_counts(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(as_json({"totalTokens": 31, "promptTokensDetails": []}))
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url)
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)

    count = LLMRing().count_tokens(request_for("google:gemini-2.5-flash")).result()

    assert (count.tokens, count.exact, count.method) == (31, True, "gemini countTokens")
    [request] = server.requests
    assert request.path == "/v1beta/models/gemini-2.5-flash:countTokens"
    whole = request.json["generateContentRequest"]
    assert whole["model"] == "models/gemini-2.5-flash"
    assert {"contents", "systemInstruction", "tools"} <= set(whole)


def test_openai_counts_for_either_of_its_apis(serve: Serve) -> None:
    server = serve(as_json({"object": "response.input_tokens", "input_tokens": 11}))

    count = ring_at(server).count_tokens(request_for(MODEL)).result()

    assert (count.tokens, count.exact) == (11, True)
    assert count.method == "openai responses input_tokens"
    [request] = server.requests
    assert request.path == "/v1/responses/input_tokens"
    assert {"model", "input", "tools"} <= set(request.json)
    assert not {"temperature", "max_output_tokens", "store", "stop", "stream"} & set(request.json)


def test_count_tokens_can_be_awaited(serve: Serve) -> None:
    server = serve(as_json({"input_tokens": 11}))

    async def call() -> TokenCount:
        async with ring_at(server) as ring:
            return await ring.count_tokens(MODEL, "Hello")

    assert asyncio.run(call()).tokens == 11


def test_in_synchronous_code_the_count_is_read_from_the_call() -> None:
    count = LLMRing().count_tokens("mock:echo", "Hello there, how are you?")

    assert count.exact is False
    assert 5 <= count.tokens <= 20
    assert count.reason == "mock can't count tokens"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answers.openai_error(500), "500"),
        (answers.openai_error(404), "404"),
        (as_json({"tokens": 1}), "can't be read"),
        (Answer([b"<html>"], 200, {"content-type": "text/html"}), "can't be read"),
    ],
)
def test_a_counter_that_fails_leaves_an_estimate(serve: Serve, answer: Answer, reason: str) -> None:
    count = ring_at(serve(answer)).count_tokens(MODEL, "Hello").result()

    assert not count.exact
    assert count.method.startswith("estimate")
    assert reason in (count.reason or "")


def test_a_counter_that_is_slow_leaves_an_estimate(serve: Serve) -> None:
    server = serve(Answer([Pause(30)]))

    count = ring_at(server).count_tokens(MODEL, "Hello", timeout=0.1).result()

    assert not count.exact


def test_a_request_that_the_model_does_not_take_leaves_an_estimate(
    anthropic: Callable[[Answer], Loopback],
) -> None:
    server = anthropic(as_json({"input_tokens": 14}))
    audio = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}

    count = LLMRing().count_tokens(CLAUDE, [{"role": "user", "content": [audio]}]).result()

    assert (count.exact, server.requests) == (False, [])


def test_tokens_are_counted_for_the_first_usable_model(
    anthropic: Callable[[Answer], Loopback], lockfile: Callable[..., Path]
) -> None:
    anthropic(as_json({"input_tokens": 14}))

    count = LLMRing(lockfile(fast=[MODEL, CLAUDE])).count_tokens("fast", "Hello").result()

    assert (count.model, count.tokens) == (CLAUDE, 14)


def test_without_any_key_there_is_an_estimate() -> None:
    count = LLMRing().count_tokens(MODEL, "Hello").result()

    assert (count.exact, count.model, count.reason) == (False, MODEL, "no key; set OPENAI_API_KEY")


def test_files_are_counted_with_the_request(
    anthropic: Callable[[Answer], Loopback], tmp_path: Path
) -> None:
    server = anthropic(as_json({"input_tokens": 14}))
    note = tmp_path / "note.txt"
    note.write_text("A note.")

    count = LLMRing().count_tokens(CLAUDE, "Read it.", files=[note]).result()

    assert count.exact
    assert "A note." in server.requests[0].body.decode()


def test_an_unknown_alias_is_an_error() -> None:
    with pytest.raises(ModelNotFoundError):
        LLMRing().count_tokens("nothing", "Hello")


def test_a_request_without_a_model_is_an_error() -> None:
    with pytest.raises(ValidationError, match="names no model"):
        LLMRing().count_tokens(LLMRequest(messages="Hello")).result()
