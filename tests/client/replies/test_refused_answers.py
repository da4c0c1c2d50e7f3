"""Answers that a content policy has emptied: another provider answers, or the refusal is given."""

from decimal import Decimal
from pathlib import Path

import pytest

import answers
from conftest import Way
from ledgers import wait_for
from llmring import (
    AllModelsFailedError,
    Attempt,
    ContentPolicyError,
    LLMRing,
    ProviderResponseError,
)
from llmring.chat.events import Event, Finished, ReasoningDelta, RefusalDelta, TextDelta
from loopback import Answer, Pause, as_json
from traces import collected
from vendors import (
    APIS,
    FALLBACK,
    USED,
    Api,
    Pair,
    Serve,
    asked,
    either_form,
    ended,
    outcomes,
)


@pytest.fixture
def pair(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


REFUSALS = [
    ("anthropic", "refusal"),
    ("openai_chat", "content_filter"),
    ("openai_chat", "sensitive"),
    ("openai_chat", "content_filter: RECITATION"),
    ("openai_responses", "content_filter"),
    ("gemini", "SAFETY"),
    ("gemini", "RECITATION"),
    ("gemini", "PROHIBITED_CONTENT"),
    ("gemini", "JAILBREAK"),
]
JSON = {"content-type": "application/json"}
each_refusal = pytest.mark.parametrize(("name", "native"), REFUSALS)


def refused(native: str) -> list[Event]:
    return [USED, Finished("content_filter", native)]


def also_refused(api: Api, stream: bool) -> Answer:
    return api.answer(*refused("content_filter"), stream=stream)


@each_refusal
@either_form
def test_a_refused_answer_goes_to_another_provider(
    way: Way, pair: Pair, name: str, native: str, stream: bool
) -> None:
    pair.first(name, *refused(native), stream=stream)

    text, answer = asked(way, stream)

    assert text == "from groq"
    assert outcomes(answer) == [(APIS[name].provider, "failed"), ("groq", "ok")]
    assert isinstance(answer.attempts[0].error, ContentPolicyError)
    assert native in str(answer.attempts[0].reason)


@each_refusal
@either_form
def test_where_every_provider_refuses_the_refusal_is_the_answer(
    way: Way, pair: Pair, name: str, native: str, stream: bool
) -> None:
    pair.first(name, *refused(native), stream=stream)
    pair.start(FALLBACK, also_refused(FALLBACK, stream))

    text, answer = asked(way, stream)

    assert (text, answer.finish_reason, answer.model) == ("", "content_filter", "groq:any")
    assert outcomes(answer) == [(APIS[name].provider, "failed"), ("groq", "ok")]


@each_refusal
@either_form
def test_a_model_without_a_fallback_gives_its_refusal(
    way: Way, pair: Pair, name: str, native: str, stream: bool
) -> None:
    api = APIS[name]
    pair.lock(api.model, f"{api.provider}:other", lockfile=api.lockfile)
    server = pair.start(api, api.answer(*refused(native), stream=stream))

    _, answer = asked(way, stream)

    assert answer.finish_reason == "content_filter"
    assert outcomes(answer) == [(api.provider, "ok")]
    # The same provider would refuse again.
    assert len(server.requests) == 1


@each_refusal
@either_form
def test_the_lockfile_can_ask_for_the_refusal(
    way: Way, pair: Pair, name: str, native: str, stream: bool
) -> None:
    _, groq = pair.first(name, *refused(native), stream=stream, policy='on_refusal = "answer"')

    _, answer = asked(way, stream)

    assert (answer.finish_reason, outcomes(answer)) == (
        "content_filter",
        [(APIS[name].provider, "ok")],
    )
    assert not groq.requests


@either_form
@pytest.mark.parametrize("status", [429, 500])
def test_a_refusal_is_the_answer_if_the_other_providers_fail(
    way: Way, pair: Pair, stream: bool, status: int
) -> None:
    pair.first("anthropic", RefusalDelta("It may harm."), *refused("refusal"), stream=stream)
    pair.start(FALLBACK, answers.openai_error(status))

    text, answer = asked(way, stream)

    assert (text, answer.finish_reason, answer.refusal) == ("", "content_filter", "It may harm.")
    assert answer.model == "anthropic:any"
    assert outcomes(answer) == [("anthropic", "failed"), ("groq", "failed")]
    assert answer.message is not None


@either_form
@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_is_the_answer_if_another_provider_rejects_the_request(
    way: Way, pair: Pair, stream: bool, status: int
) -> None:
    pair.first("gemini", *refused("SAFETY"), stream=stream)
    pair.start(FALLBACK, answers.openai_error(status))

    _, answer = asked(way, stream)

    assert (answer.model, answer.finish_reason) == ("google:any", "content_filter")


@either_form
def test_a_refusal_by_an_error_leaves_the_refusal_of_an_answer(
    way: Way, pair: Pair, stream: bool
) -> None:
    pair.first("gemini", *refused("SAFETY"), stream=stream)
    pair.start(FALLBACK, answers.openai_error(400, code="content_filter"))

    _, answer = asked(way, stream)

    assert (answer.model, answer.finish_reason) == ("google:any", "content_filter")


@either_form
def test_refusals_by_errors_alone_raise(way: Way, pair: Pair, stream: bool) -> None:
    pair.lock("deepseek:any", FALLBACK.model)
    pair.start(APIS["openai_chat"], answers.openai_error(400, code="content_filter"))
    pair.start(FALLBACK, answers.openai_error(400, code="content_filter"))

    with pytest.raises(ContentPolicyError):
        asked(way, stream)


@either_form
@pytest.mark.parametrize("name", ["anthropic", "openai_chat", "openai_responses"])
def test_an_explained_refusal_keeps_its_text(way: Way, pair: Pair, name: str, stream: bool) -> None:
    api = APIS[name]
    pair.lock(api.model, lockfile=api.lockfile)
    said = [RefusalDelta("It may harm."), *ended("content_filter")]
    pair.start(api, api.answer(*said, stream=stream))

    assert asked(way, stream)[1].refusal == "It may harm."


def test_the_explanation_of_a_blocked_prompt_is_kept(way: Way, pair: Pair) -> None:
    feedback = {"blockReason": "MODEL_ARMOR", "blockReasonMessage": "It may harm."}
    pair.lock("google:any", FALLBACK.model)
    pair.start(APIS["gemini"], as_json({"promptFeedback": feedback}))
    pair.start(FALLBACK, answers.openai("from groq"), answers.openai_error(500))

    _, first = asked(way, stream=False)
    _, second = asked(way, stream=False)

    assert "MODEL_ARMOR" in str(first.attempts[0].reason)
    assert "It may harm." in str(first.attempts[0].reason)
    assert (second.model, second.refusal) == ("google:any", "It may harm.")


def test_a_refusal_may_have_no_list_of_content(way: Way, pair: Pair) -> None:
    pair.lock("anthropic:any", FALLBACK.model)
    pair.start(APIS["anthropic"], as_json({"content": None, "stop_reason": "refusal"}))
    pair.start(FALLBACK, answers.openai("from groq"))

    _, answer = asked(way, stream=False)

    assert isinstance(answer.attempts[0].error, ContentPolicyError)


@either_form
def test_a_model_that_declines_in_its_own_words_has_answered(
    way: Way, pair: Pair, stream: bool
) -> None:
    pair.first("openai_chat", RefusalDelta("I won't."), *ended("stop"), stream=stream)

    _, answer = asked(way, stream)

    assert (answer.refusal, outcomes(answer)) == ("I won't.", [("deepseek", "ok")])


@each_refusal
@either_form
def test_an_answer_with_text_that_a_policy_cut_off_keeps_its_text(
    way: Way, pair: Pair, name: str, native: str, stream: bool
) -> None:
    if native == "JAILBREAK":
        pytest.skip("a blocked prompt has no answer")
    _, groq = pair.first(name, TextDelta("Once upon"), *refused(native), stream=stream)

    text, answer = asked(way, stream)

    assert (text, answer.finish_reason) == ("Once upon", "content_filter")
    assert not groq.requests


def test_reasoning_that_was_shown_is_replaced_by_the_next_answer(way: Way, pair: Pair) -> None:
    pair.first("openai_chat", ReasoningDelta("Hm."), *refused("content_filter"), stream=True)

    chunks = way.stream(LLMRing(), "t", "Hello")

    assert [(chunk.reasoning, chunk.delta, chunk.restart) for chunk in chunks[:2]] == [
        ("Hm.", "", False),
        (None, "from", True),
    ]
    assert outcomes(chunks[-1]) == [("deepseek", "failed"), ("groq", "ok")]


def test_reasoning_is_not_replaced_if_the_lockfile_forbids_it(way: Way, pair: Pair) -> None:
    said = [ReasoningDelta("Hm."), *refused("content_filter")]
    pair.first("openai_chat", *said, stream=True, policy='on_stream_failure = "raise"')

    _, answer = asked(way, stream=True)

    assert (answer.finish_reason, outcomes(answer)) == ("content_filter", [("deepseek", "ok")])


def test_a_refusal_to_continue_goes_to_another_provider(way: Way, pair: Pair) -> None:
    pair.first("anthropic", TextDelta("Once "), *ended("error", "error"), stream=True)
    pair.lock("anthropic:any", "deepseek:any", FALLBACK.model)
    deepseek = APIS["openai_chat"]
    pair.start(deepseek, also_refused(deepseek, stream=True))

    text, answer = asked(way, stream=True)

    assert text == "Once from groq"
    assert outcomes(answer) == [("anthropic", "failed"), ("deepseek", "failed"), ("groq", "ok")]


def test_a_refusal_is_not_put_behind_the_text_of_another_model(way: Way, pair: Pair) -> None:
    pair.first("anthropic", *refused("refusal"), stream=True)
    cut = [answers.ROLE, answers.openai_event(content="Once upon")]
    pair.start(FALLBACK, Answer(cut, 200, {"content-type": "text/event-stream"}, "chunked"))

    with pytest.raises(AllModelsFailedError) as caught:
        asked(way, stream=True)

    assert [type(error) for error in caught.value.exceptions] == [
        ContentPolicyError,
        ProviderResponseError,
    ]


@either_form
def test_hedged_providers_that_both_refuse_give_a_refusal(
    way: Way, pair: Pair, stream: bool
) -> None:
    pair.first("gemini", *refused("SAFETY"), stream=stream, policy="hedge_after = 0.01")
    late = also_refused(FALLBACK, stream)
    steps = (Pause(0.1), *late.steps)
    pair.start(FALLBACK, Answer(steps, late.status, late.headers, late.framing))

    assert asked(way, stream)[1].finish_reason == "content_filter"


PRICED = """
[registry.models."google:any"]
prices = { input = 1, output = 1 }
[registry.models."groq:any"]
prices = { input = 2, output = 2 }
"""


@either_form
def test_refused_answers_are_paid_for(way: Way, pair: Pair, stream: bool) -> None:
    pair.first("gemini", *refused("SAFETY"), stream=stream)
    pair.lock("google:any", FALLBACK.model, lockfile=PRICED)

    assert asked(way, stream)[1].cost == Decimal("0.000036")


@either_form
def test_a_refusal_that_is_the_answer_has_the_cost_of_all_attempts(
    way: Way, pair: Pair, stream: bool
) -> None:
    pair.first("gemini", *refused("SAFETY"), stream=stream)
    pair.lock("google:any", FALLBACK.model, lockfile=PRICED)
    pair.start(FALLBACK, FALLBACK.answer(*ended("stop"), stream=stream))

    _, answer = asked(way, stream)

    assert (answer.model, answer.cost) == ("google:any", Decimal("0.000036"))
    assert outcomes(answer) == [("google", "failed"), ("groq", "failed")]


@either_form
def test_a_refusal_of_unknown_usage_has_no_known_cost(way: Way, pair: Pair, stream: bool) -> None:
    pair.first("gemini", Finished("content_filter", "SAFETY"), stream=stream)
    pair.lock("google:any", FALLBACK.model, lockfile=PRICED)
    pair.start(FALLBACK, answers.openai_error(500))

    _, answer = asked(way, stream)

    assert answer.cost is None
    assert answer.cost_reason


THREE = """
[registry.models."google:any"]
prices = { input = 1, output = 1 }
[registry.models."groq:any"]
prices = { input = 2, output = 2 }
[registry.models."deepseek:any"]
prices = { input = 3, output = 3 }
"""


def hedged(pair: Pair, stream: bool) -> None:
    """Start a model that refuses, one whose failure ends the call, and one that is silent then."""
    wrong = Answer([Pause(0.4), b'{"error": {"message": "bad"}}'], 400, JSON)
    models = [APIS["gemini"].model, FALLBACK.model, APIS["openai_chat"].model]
    pair.first("gemini", *refused("SAFETY"), stream=stream)
    pair.lock(*models, lockfile=THREE, policy="hedge_after = 0.1\nretries = 0")
    pair.start(FALLBACK, wrong)
    pair.start(APIS["openai_chat"], Answer([Pause(30)]))


@either_form
def test_a_refusal_that_is_the_answer_has_the_attempts_that_were_still_under_way(
    way: Way, pair: Pair, stream: bool
) -> None:
    hedged(pair, stream)

    _, answer = asked(way, stream)

    assert answer.finish_reason == "content_filter"
    assert outcomes(answer) == [
        ("google", "failed"),
        ("groq", "failed"),
        ("deepseek", "dropped"),
    ]
    assert answer.attempts[-1].cost_reason is not None
    # 12 tokens of its own, and as many of the model that was silent.
    assert answer.cost == Decimal("0.000048")
    assert answer.cost_reason == "with an estimate for cancelled attempts: deepseek:any"


@either_form
def test_a_remark_on_the_cost_of_another_attempt_names_its_model(
    way: Way, pair: Pair, stream: bool
) -> None:
    pair.first("gemini", *refused("SAFETY"), stream=stream)
    unpriced = PRICED.partition('[registry.models."groq:any"]')[0]
    pair.lock("google:any", FALLBACK.model, lockfile=unpriced)
    pair.start(FALLBACK, FALLBACK.answer(*ended("stop"), stream=stream))

    _, answer = asked(way, stream)

    assert answer.cost is None
    assert str(answer.cost_reason).startswith("groq:any: ")


@either_form
def test_a_refusal_is_the_answer_if_the_budget_forbids_the_next_model(
    way: Way, pair: Pair, stream: bool
) -> None:
    _, groq = pair.first("gemini", *refused("SAFETY"), stream=stream)
    lockfile = PRICED.replace("input = 2", "input = 9000000")
    pair.lock("google:any", FALLBACK.model, lockfile=lockfile, policy="daily_budget = 1")

    _, answer = asked(way, stream)

    assert answer.finish_reason == "content_filter"
    assert not groq.requests


@either_form
def test_a_refusal_in_a_form_has_no_value_and_raises_nothing(
    way: Way, pair: Pair, stream: bool
) -> None:
    pair.first("gemini", *refused("SAFETY"), stream=stream)
    pair.start(FALLBACK, answers.openai_error(500))

    _, answer = asked(way, stream, json_response=True)

    assert (answer.parsed, answer.finish_reason) == (None, "content_filter")


def test_hooks_are_given_the_refusal_as_the_failure(pair: Pair) -> None:
    attempts: list[Attempt] = []
    changes: list[tuple[str, str, str]] = []
    pair.first("gemini", *refused("SAFETY"), stream=False)
    ring = LLMRing(
        on_attempt=attempts.append,
        on_failover=lambda *change: changes.append((*change[:2], type(change[2]).__name__)),
    )

    with ring:
        ring.chat("t", "Hello").result()

    assert [each.outcome for each in attempts] == ["failed", "ok"]
    assert changes == [("google:any", "groq:any", "ContentPolicyError")]


@either_form
def test_the_ledger_has_a_refusal_that_is_the_answer_once(
    way: Way, pair: Pair, stream: bool, tmp_path: Path
) -> None:
    pair.first("gemini", *refused("SAFETY"), stream=stream)
    pair.start(FALLBACK, answers.openai_error(500))

    asked(way, stream)

    place = tmp_path / "state" / "llmring" / "ledger.sqlite"
    rows = [(e.outcome, e.finish_reason, e.attempts, e.model) for e in wait_for(place, 1)]
    assert rows == [("ok", "content_filter", 2, "google:any")]


def test_a_caller_that_stops_at_the_last_chunk_of_a_refusal_ends_the_call(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.first("gemini", *refused("SAFETY"), stream=True)
    pair.start(FALLBACK, answers.openai_error(500))

    with collected(monkeypatch) as seen, LLMRing() as ring:
        with ring.chat_stream("t", "Hello") as stream:
            assert any(chunk.message is not None for chunk in stream)
        span = seen.spans["chat t"]

    assert dict(span.attributes or {})["llmring.model"] == "google:any"
    assert span.status.is_unset


def test_a_refusal_does_not_count_against_the_model(pair: Pair) -> None:
    gemini, _ = pair.first("gemini", *refused("SAFETY"), stream=False)

    with LLMRing() as ring:
        for _ in range(6):
            ring.chat("t", "Hello").result()

    assert len(gemini.requests) == 6


def test_a_request_whose_tools_may_have_acted_gets_the_refusal(way: Way, pair: Pair) -> None:
    _, groq = pair.first("anthropic", *refused("refusal"), stream=False)
    server = {"type": "mcp_toolset", "mcp_server_name": "s"}

    _, answer = asked(way, stream=False, tools=[server])

    assert answer.finish_reason == "content_filter"
    assert not groq.requests
