"""Explaining a call without making it; the call then does what the plan shows."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

import answers
from conftest import Way
from llmring import LLMRequest, LLMRing, NoUsableModelError, UnsupportedFeatureError
from loopback import Loopback
from rings import environ_of

Serve = Callable[..., Loopback]

IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": "https://x.test/a.png"}]}]
BLIND, SEEING = "openai:gpt-3.5-turbo", "openai:gpt-4o-mini"


def write(path: Path, models: list[str], policy: str = "") -> Path:
    file = path / "a.lock"
    file.write_text(
        'version = "1.0"\n[profiles.default]\n[[profiles.default.bindings]]\n'
        f'alias = "fast"\nmodels = {models}\n{policy}\n'
        # Retired models would be tried last.
        f'[registry.models]\n"{BLIND}" = {{ retires = 2999-01-01 }}\n'
        f'"{SEEING}" = {{ retires = 2999-01-01 }}\n'
    )
    return file


@pytest.fixture
def ring(serve: Serve, tmp_path: Path) -> Callable[..., LLMRing]:
    def make(*models: str, policy: str = "", key: bool = True) -> LLMRing:
        environ = environ_of(serve(answers.openai()))
        if not key:
            del environ["OPENAI_API_KEY"]
        return LLMRing(write(tmp_path, list(models), policy), environ=environ)

    return make


Rings = Callable[..., LLMRing]


def test_a_model_that_cannot_serve_the_request_is_skipped_and_the_next_answers(
    way: Way, ring: Rings
) -> None:
    answer = way.chat(ring(BLIND, SEEING), "fast", IMAGE)

    assert [(each.model, each.outcome, each.reason) for each in answer.attempts] == [
        (BLIND, "skipped", "the model takes no vision"),
        (SEEING, "ok", None),
    ]


def test_needs_in_the_lockfile_are_enforced_when_calling(way: Way, ring: Rings) -> None:
    answer = way.chat(ring(BLIND, SEEING, policy="min_context = 100_000"), "fast", "Hi")

    assert answer.attempts[0].reason == (
        "the model takes no context of 100,000 tokens (it has 16,385)"
    )
    assert answer.model == SEEING


def test_nothing_is_sent_if_no_model_can_serve_the_request(way: Way, ring: Rings) -> None:
    with pytest.raises(NoUsableModelError, match="no vision"):
        way.chat(ring(BLIND, "openai:gpt-4"), "fast", IMAGE)


def test_the_error_for_a_directly_named_model_names_the_missing_feature(
    way: Way, ring: Rings
) -> None:
    with pytest.raises(UnsupportedFeatureError, match="no vision"):
        way.chat(ring(SEEING), BLIND, IMAGE)


def test_a_plan_lists_models_in_order_and_why_others_are_skipped(ring: Rings) -> None:
    models = ["anthropic:claude-haiku-4-5", BLIND, SEEING, "mock:echo"]

    plan = ring(*models).explain("fast", IMAGE)

    assert [(step.turn, step.model) for step in plan.tried] == [(1, SEEING), (2, "mock:echo")]
    assert [(step.model, step.reason) for step in plan.skipped] == [
        ("anthropic:claude-haiku-4-5", "no key; set ANTHROPIC_API_KEY"),
        (BLIND, "the model takes no vision"),
    ]


def test_a_plan_calls_nothing(serve: Serve) -> None:
    server = serve(answers.openai())

    LLMRing(environ=environ_of(server)).explain(SEEING, "Hi")

    assert server.requests == []


def test_the_cost_is_that_of_the_longest_answer_allowed(ring: Rings) -> None:
    plan = ring(SEEING, "mock:echo").explain("fast", tokens=1_000_000, max_tokens=10_000)

    seeing = next(step for step in plan.steps if step.model == SEEING)
    assert seeing.reason == "the model takes no prompt of more than 128,000 tokens"
    assert (seeing.prompt_cost, seeing.cost) == (Decimal("0.15"), Decimal("0.156"))
    [mock] = plan.tried
    assert (mock.cost, mock.cost_reason) == (None, "the model is not in the catalog")
    assert mock.remarks == ("not in the catalog: its capabilities and prices are not known",)


def test_an_unknown_cost_is_reported_as_unknown(ring: Rings) -> None:
    [of_nothing] = ring(SEEING).explain("fast").tried
    [of_a_prompt] = ring(SEEING).explain("fast", "Hello there").tried

    assert (of_nothing.prompt_cost, of_nothing.cost) == (None, None)
    assert of_nothing.cost_reason == "the length of the prompt is not known"
    assert of_a_prompt.prompt_cost is not None
    assert of_a_prompt.cost_reason == "the request sets no max_tokens"


def test_a_request_is_explained_as_an_alias_is(ring: Rings) -> None:
    own = ring(BLIND, SEEING)

    assert own.explain(LLMRequest("fast", "Hi")) == own.explain("fast", "Hi")


def test_a_plan_lists_what_would_be_dropped_from_the_request(ring: Rings) -> None:
    [step] = ring("openai:gpt-5").explain("fast", "Hi", temperature=0.5).tried

    assert "temperature left out: the model does not take it" in step.remarks


def test_a_model_that_keeps_failing_would_be_skipped(serve: Serve, tmp_path: Path) -> None:
    environ = environ_of(serve(answers.openai_error(401)))
    ring = LLMRing(write(tmp_path, [SEEING, "mock:echo"]), environ=environ)
    assert ring.chat("fast", "Hi").model == "mock:echo"

    plan = ring.explain("fast")

    assert [step.model for step in plan.tried] == ["mock:echo"]
    assert "circuit open" in str(plan.skipped[0].reason)


def test_the_cheapest_is_first_where_the_lockfile_wants_that(ring: Rings) -> None:
    own = ring("openai:gpt-4o", SEEING, policy='strategy = "cheapest"')

    assert [step.model for step in own.explain("fast").tried] == [SEEING, "openai:gpt-4o"]
