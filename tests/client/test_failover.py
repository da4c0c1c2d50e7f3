"""Failover through the public door, against real HTTP, in both ways of calling."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from conftest import Way
from llmring import (
    AllModelsFailedError,
    Attempt,
    LLMRequest,
    LLMRing,
    ModelNotFoundError,
    NoUsableModelError,
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderTimeoutError,
)
from loopback import Answer, Close, Loopback, Pause, Reset, as_json, as_stream

Serve = Callable[..., Loopback]
Lock = Callable[..., Path]

FIRST = "openai:gpt-4o-mini"
SECOND = "anthropic:claude-sonnet-4-5"


@pytest.fixture
def pair(serve: Serve, lockfile: Lock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Loopback]:
    """Start both providers, the first with these answers; return the first. Alias: fast."""

    def start(*first: Answer, second: Answer | None = None) -> Loopback:
        openai = serve(*first)
        anthropic = serve(second or answers.anthropic())
        monkeypatch.setenv("OPENAI_BASE_URL", f"{openai.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", anthropic.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(lockfile(fast=[FIRST, SECOND])))
        return openai

    return start


HELLO = LLMRequest(model="fast", messages="Hello")


def test_S011_the_first_model_answers(way: Way, pair: Serve) -> None:
    pair(answers.openai("Hi"))

    response = way.chat(LLMRing(), HELLO)

    assert (response.content, response.model) == ("Hi", FIRST)


@pytest.mark.parametrize("status", [401, 402, 403, 404, 408, 409, 410, 429, 500, 502, 503, 529])
def test_S100_S101_these_statuses_move_on_to_the_next_model(
    way: Way, pair: Serve, status: int
) -> None:
    pair(answers.openai_error(status))

    response = way.chat(LLMRing(), HELLO)

    assert response.model == SECOND
    assert [(a.model, a.outcome, a.status) for a in response.attempts] == [
        (FIRST, "failed", status),
        (SECOND, "ok", 200),
    ]


@pytest.mark.parametrize("status", [400, 422])
def test_a_request_that_is_itself_wrong_is_not_sent_to_another_model(
    way: Way, pair: Serve, status: int
) -> None:
    pair(answers.openai_error(status, "messages must not be empty"))

    with pytest.raises(ProviderRequestError, match="messages must not be empty") as caught:
        way.chat(LLMRing(), HELLO)

    assert [a.model for a in caught.value.attempts] == [FIRST]


@pytest.mark.parametrize("code", ["context_length_exceeded", "unsupported_parameter"])
def test_a_request_that_another_model_may_accept_is_sent_to_it(
    way: Way, pair: Serve, code: str
) -> None:
    pair(answers.openai_error(400, "too long", code))

    assert way.chat(LLMRing(), HELLO).model == SECOND


FAULTS = {
    "reset before the head": Answer([Reset()]),
    "closed before the head": Answer([Close()]),
    "closed in the body": Answer([b'{"choices": [', Close()], framing="chunked"),
    "no HTTP": Answer([b"SSH-2.0-OpenSSH_9.2\r\n"], framing="raw"),
    "a proxy's page": Answer([b"<html>busy</html>"], headers={"content-type": "text/html"}),
    "an empty body": Answer([], headers={"content-type": "application/json"}),
    "cut JSON": Answer([b'{"choices": [{"mess'], headers={"content-type": "application/json"}),
    "no choices": as_json({"choices": []}),
    "bad gzip": Answer(
        [b"not gzip at all"], headers={"content-encoding": "gzip", "content-type": "text/plain"}
    ),
    "a redirect": Answer([], 302, {"location": "http://127.0.0.1:9/"}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_an_unreadable_answer_moves_on(way: Way, pair: Serve, fault: Answer) -> None:
    pair(fault)

    response = way.chat(LLMRing(), HELLO)

    assert response.model == SECOND
    assert response.attempts[0].reason


def test_a_refused_connection_moves_on(way: Way, pair: Serve) -> None:
    pair(answers.openai()).close()

    response = way.chat(LLMRing(), HELLO)

    assert isinstance(response.attempts[0].error, ProviderConnectionError)


def test_a_host_that_does_not_exist_moves_on(
    way: Way, pair: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair(answers.openai())
    monkeypatch.setenv("OPENAI_BASE_URL", "http://no-such-host.invalid/v1")

    response = way.chat(LLMRing(), HELLO)

    assert "no-such-host.invalid" in str(response.attempts[0].error)


def test_a_model_that_never_answers_leaves_the_next_one_time(way: Way, pair: Serve) -> None:
    pair(Answer([Pause(30), b"late"]))

    response = way.chat(LLMRing(timeout=1.0), HELLO)

    assert response.model == SECOND
    assert isinstance(response.attempts[0].error, ProviderTimeoutError)


def test_a_timeout_of_the_request_beats_the_ring_s(way: Way, pair: Serve) -> None:
    pair(Answer([Pause(30), b"late"]), second=Answer([Pause(30), b"late"]))

    with pytest.raises(ProviderTimeoutError):
        way.chat(LLMRing(timeout=None), "fast", "Hello", timeout=0.4)


def test_S102_S103_all_failed_reports_every_attempt_in_order(way: Way, pair: Serve) -> None:
    pair(
        answers.openai_error(500, "first is down"),
        second=as_json(
            {"type": "error", "error": {"type": "overloaded_error", "message": "b"}}, 529
        ),
    )

    with pytest.raises(AllModelsFailedError) as caught:
        way.chat(LLMRing(), HELLO)

    assert [(a.model, a.status) for a in caught.value.attempts] == [(FIRST, 500), (SECOND, 529)]
    assert "first is down" in str(caught.value)


def test_all_failed_is_also_of_the_last_failure_s_class(way: Way, pair: Serve) -> None:
    pair(
        answers.openai_error(500),
        second=as_json(
            {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}},
            429,
            retry_after="7",
        ),
    )

    with pytest.raises(ProviderRateLimitError) as caught:
        way.chat(LLMRing(), HELLO)

    assert isinstance(caught.value, AllModelsFailedError)
    assert caught.value.retry_after == 7.0


def test_S105_a_provider_without_a_key_is_skipped_and_the_skip_is_reported(
    way: Way, pair: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pair(answers.openai())
    monkeypatch.delenv("OPENAI_API_KEY")

    response = way.chat(LLMRing(), HELLO)

    assert response.attempts[0].outcome == "skipped"
    assert "OPENAI_API_KEY" in (response.attempts[0].reason or "")
    assert first.requests == []


def test_S135_with_no_usable_model_the_error_is_model_not_found(
    way: Way, pair: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair(answers.openai())
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("ANTHROPIC_API_KEY")

    with pytest.raises(ModelNotFoundError, match="ANTHROPIC_API_KEY") as caught:
        way.chat(LLMRing(), HELLO)

    assert isinstance(caught.value, NoUsableModelError)


def test_a_refused_key_is_reported_loudly(
    way: Way, pair: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    pair(answers.openai_error(401, "Incorrect API key provided"))

    way.chat(LLMRing(), HELLO)

    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert FIRST in warnings[0].getMessage()


def test_a_model_named_outright_raises_its_own_error(way: Way, pair: Serve) -> None:
    pair(answers.openai_error(429, "slow down", retry_after="3"))

    with pytest.raises(ProviderRateLimitError, match="slow down") as caught:
        way.chat(LLMRing(), FIRST, "Hello")

    assert not isinstance(caught.value, AllModelsFailedError)
    assert (caught.value.provider, caught.value.model) == ("openai", "gpt-4o-mini")
    assert caught.value.retry_after == 3.0


@pytest.mark.parametrize("key", ["sk-first-0123456789abcdef", "nothing-like-a-0123456789abcdef"])
def test_a_key_that_the_provider_echoes_is_masked(
    way: Way, pair: Serve, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    pair(answers.openai_error(401, f"Incorrect API key provided: {key}."))
    monkeypatch.setenv("OPENAI_API_KEY", key)

    with pytest.raises(ProviderAuthenticationError) as caught:
        way.chat(LLMRing(), FIRST, "Hello")

    error = caught.value
    for text in (str(error), repr(error), repr(error.args), str(error.provider_message)):
        assert "0123456789abcdef" not in text


def test_W08_the_request_is_not_changed_by_a_call(way: Way, pair: Serve) -> None:
    pair(answers.openai_error(500))
    request = LLMRequest(model="fast", messages="Hello", temperature=0.5)
    before = repr(request)

    way.chat(LLMRing(), request)

    assert repr(request) == before


# --- streams ---------------------------------------------------------------------------------


def test_R16_the_pieces_of_a_stream_add_up_to_the_answer(way: Way, pair: Serve) -> None:
    pair(answers.openai_stream("Hel", "lo"))

    chunks = way.stream(LLMRing(), HELLO)

    assert "".join(chunk.delta for chunk in chunks) == "Hello"
    assert {chunk.model for chunk in chunks} == {FIRST}


def test_R14_usage_and_cost_come_once_at_the_end(way: Way, pair: Serve) -> None:
    pair(answers.openai_stream("Hello"))

    *before, last = way.stream(LLMRing(), HELLO)

    assert all(chunk.usage is None for chunk in before)
    assert last.usage is not None
    assert last.usage.total_tokens == 12
    assert last.cost is not None
    assert last.finish_reason == "stop"


BROKEN_STREAMS = {
    "an error status": answers.openai_error(503),
    "cut after the role": as_stream(answers.ROLE, Reset()),
    "ends after the role": as_stream(answers.ROLE),
    "an error event first": as_stream(
        answers.ROLE, answers.sse({"error": {"message": "overloaded", "code": 503}})
    ),
    "a malformed event first": as_stream(b"data: {nonsense\n\n"),
    "a page": Answer([b"<html></html>"], headers={"content-type": "text/html"}),
}


@pytest.mark.parametrize("fault", BROKEN_STREAMS.values(), ids=BROKEN_STREAMS.keys())
def test_a_stream_that_fails_before_its_first_text_moves_on(
    way: Way, pair: Serve, fault: Answer
) -> None:
    pair(fault, second=answers.anthropic_stream("from anthropic"))

    chunks = way.stream(LLMRing(), HELLO)

    assert "".join(chunk.delta for chunk in chunks) == "from anthropic"
    assert [a.outcome for a in chunks[-1].attempts] == ["failed", "ok"]


def test_a_silent_stream_leaves_time_for_the_next_model(way: Way, pair: Serve) -> None:
    pair(as_stream(answers.ROLE, Pause(30)), second=answers.anthropic_stream("second"))

    chunks = way.stream(LLMRing(timeout=1.0), HELLO)

    assert chunks[-1].model == SECOND


def test_R17_the_deadline_covers_the_gaps_of_a_stream(way: Way, pair: Serve) -> None:
    drip = [step for _ in range(50) for step in (answers.openai_event(content="x"), Pause(0.1))]
    pair(as_stream(*drip))

    with pytest.raises(ProviderTimeoutError):
        way.stream(LLMRing(timeout=0.5), HELLO)


def test_every_attempt_is_reported_as_it_happens(way: Way, pair: Serve) -> None:
    pair(answers.openai_error(500))
    seen: list[Attempt] = []

    way.chat(LLMRing(on_attempt=seen.append), HELLO)

    assert [(attempt.model, attempt.outcome) for attempt in seen] == [
        (FIRST, "failed"),
        (SECOND, "ok"),
    ]


def test_errors_are_of_one_tree(way: Way, pair: Serve) -> None:
    pair(answers.openai_error(500), second=answers.openai_error(500))

    with pytest.raises(ProviderError):
        way.chat(LLMRing(), HELLO)
