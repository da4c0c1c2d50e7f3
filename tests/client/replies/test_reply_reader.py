"""The total cost of a call: the answer, and attempts that broke off before it."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import LLMRing, ProviderError
from llmring.chat.cost import Cost
from loopback import Answer, Close, Loopback, Reset, as_json, as_stream

Serve = Callable[..., Loopback]
Pair = Callable[..., tuple[Loopback, Loopback]]

FIRST = "openai:gpt-4o-mini"
SECOND = "anthropic:claude-sonnet-4-5"

# The usage of every answer in `answers`, at the prices of these models.
OF_FIRST = Decimal("0.0000027")
OF_SECOND = Decimal("0.00006")


@pytest.fixture
def pair(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """Start the first and the second model of the alias `fast`; further keys are its policy."""

    def start(first: Answer, second: Answer, **policy: Any) -> tuple[Loopback, Loopback]:
        openai, anthropic = serve(first), serve(second)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{openai.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", anthropic.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
        path = tmp_path / "llmring.lock"
        path.write_text(
            "[[profiles.default.bindings]]\n"
            f'alias = "fast"\nmodels = ["{FIRST}", "{SECOND}"]\nretries = 0\n'
            + "".join(f"{name} = {json.dumps(value)}\n" for name, value in policy.items())
        )
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
        return openai, anthropic

    return start


def text(*more: bytes | Reset) -> Answer:
    return as_stream(answers.ROLE, answers.openai_event(content="Once"), *more)


# A call that cannot be read, after the usage.
BROKEN_CALL = (
    answers.openai_event(finish_reason="tool_calls"),
    answers.USAGE,
    b'data: {"choices": [{"index": 0, "delta": {"tool_calls": 7}}]}\n\n',
    answers.DONE,
)


def test_W27_a_stream_costs_what_the_whole_answer_costs(way: Way, pair: Pair) -> None:
    pair(answers.openai("Hi"), answers.anthropic())
    whole = way.chat(LLMRing(), "fast", "Hello")
    pair(answers.openai_stream("Hi"), answers.anthropic())
    last = way.stream(LLMRing(), "fast", "Hello")[-1]

    assert isinstance(whole.cost, Cost)
    assert isinstance(last.cost, Cost)
    assert whole.cost == last.cost == OF_FIRST
    assert (whole.cost.input, whole.cost.output) == (last.cost.input, last.cost.output)


def test_an_attempt_has_its_usage(way: Way, pair: Pair) -> None:
    pair(answers.openai("Hi"), answers.anthropic())

    answer = way.chat(LLMRing(), "fast", "Hello")

    only = answer.attempts[0]
    assert (only.usage, only.cost, only.cost_reason) == (answer.usage, OF_FIRST, None)


def test_a_stream_that_breaks_after_its_usage_is_counted_exactly(way: Way, pair: Pair) -> None:
    pair(text(*BROKEN_CALL), answers.anthropic_stream("Once more"))

    last = way.stream(LLMRing(), "fast", "Hello")[-1]

    assert [each.outcome for each in last.attempts] == ["failed", "ok"]
    assert [each.cost for each in last.attempts] == [OF_FIRST, OF_SECOND]
    assert (last.cost, last.cost_reason) == (OF_FIRST + OF_SECOND, None)
    assert isinstance(last.cost, Cost)


def test_a_stream_that_breaks_before_its_usage_is_estimated_and_marked_so(
    way: Way, pair: Pair
) -> None:
    pair(text(Reset()), answers.anthropic_stream(" upon"))

    last = way.stream(LLMRing(), "fast", "Hello")[-1]

    assert last.cost == OF_FIRST + OF_SECOND
    assert last.cost_reason == f"with an estimate for cancelled attempts: {FIRST}"
    broken = last.attempts[0]
    assert (broken.usage, broken.cost) == (None, None)
    assert "may still bill" in (broken.cost_reason or "")


def test_counts_before_the_end_are_not_taken_for_all(way: Way, pair: Pair) -> None:
    pair(text(answers.USAGE, Reset()), answers.anthropic_stream(" upon"))

    last = way.stream(LLMRing(), "fast", "Hello")[-1]

    assert last.attempts[0].usage is None


def test_an_answer_that_can_t_be_read_may_be_charged_for(way: Way, pair: Pair) -> None:
    pair(Answer([b"{"], headers={"content-type": "application/json"}), answers.anthropic())

    answer = way.chat(LLMRing(), "fast", "Hello")

    assert answer.cost == OF_FIRST + OF_SECOND
    assert answer.cost_reason == f"with an estimate for cancelled attempts: {FIRST}"


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_a_refused_attempt_costs_nothing(way: Way, pair: Pair, status: int) -> None:
    pair(answers.openai_error(status), answers.anthropic())

    answer = way.chat(LLMRing(), "fast", "Hello")

    assert (answer.cost, answer.cost_reason) == (OF_SECOND, None)
    refused = answer.attempts[0]
    assert (refused.cost, refused.cost_reason) == (None, None)


def test_a_broken_off_model_without_a_price_makes_the_whole_unknown(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: Pair, way: Way
) -> None:
    pair(text(Reset()), answers.anthropic_stream(" upon"))
    path = tmp_path / "llmring.lock"
    path.write_text(path.read_text().replace(FIRST, "openai:of-no-catalog"))

    last = way.stream(LLMRing(), "fast", "Hello")[-1]

    assert last.cost is None
    assert last.cost_reason == (
        "the cancelled attempt at openai:of-no-catalog has no known price: "
        "the model is not in the catalog"
    )


def test_if_no_model_answers_the_error_has_the_cost(way: Way, pair: Pair) -> None:
    *all_but_the_end, _ = answers.anthropic_stream("Once").steps
    # Not a reset, which may overtake the usage.
    pair(answers.openai_error(503), as_stream(*all_but_the_end, Close()))

    with pytest.raises(ProviderError) as caught:
        way.stream(LLMRing(), "fast", "Hello")

    assert [each.cost for each in caught.value.attempts] == [None, OF_SECOND]


@pytest.mark.parametrize(
    ("more", "remark"),
    [
        ({"service_tier": "flex"}, "at standard prices, though served as 'flex'"),
        ({"service_tier": "default"}, None),
    ],
)
def test_a_service_tier_with_other_prices_is_named_in_the_reason(
    way: Way, pair: Pair, more: dict[str, Any], remark: str | None
) -> None:
    pair(answers.openai("Hi", **more), answers.anthropic())

    answer = way.chat(LLMRing(), "fast", "Hello")

    assert (answer.cost, answer.cost_reason) == (OF_FIRST, remark)


def test_billed_searches_are_named_in_the_reason(way: Way, pair: Pair) -> None:
    message = json.loads(answers.anthropic().steps[0])  # type: ignore[arg-type]
    message["usage"]["server_tool_use"] = {"web_search_requests": 2}
    pair(answers.openai_error(503), as_json(message))

    answer = way.chat(LLMRing(), "fast", "Hello")

    assert answer.cost == OF_SECOND
    assert answer.cost_reason == ("without the provider's charges for 2 uses of its own tools")


def test_the_day_s_budget_counts_a_broken_off_stream_by_its_usage(way: Way, pair: Pair) -> None:
    pair(text(*BROKEN_CALL), answers.anthropic_stream("Once more"), daily_budget=0.0168)

    # By their estimates, a few of these would be more than the budget.
    costs = [way.stream(LLMRing(), "fast", "Hello")[-1].cost for _ in range(5)]

    assert costs == [OF_FIRST + OF_SECOND] * 5
