"""A ring in which an alias has other models, tried on the alias's recorded calls."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

import answers
from cli.terminal import lockfile_of, write
from llmring import LLMRing
from llmring.audit.candidate_trial import Comparison, TrialRing
from llmring.lockfile.document import ModelRef
from llmring.registry.price import Unpriced
from loopback import Answer, Loopback, as_json

CANDIDATE = "anthropic:claude-sonnet-4-5"
RECORDING = '[profiles.taped]\nextends = "default"\nmode = "record"\n'

Vendors = Callable[..., tuple[Loopback, Loopback]]


@pytest.fixture
def vendors(serve: Callable[..., Loopback], monkeypatch: pytest.MonkeyPatch) -> Vendors:
    """Record one call of `fast` per answer; return the servers of its model and the candidate."""

    def start(*recorded: Answer, candidate: Answer | None = None) -> tuple[Loopback, Loopback]:
        own, other = serve(*recorded), serve(candidate or answers.anthropic("Salve"))
        monkeypatch.setenv("OPENAI_BASE_URL", f"{own.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", other.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
        write(lockfile_of(default={"fast": ["openai:gpt-4o-mini"]}) + RECORDING)
        with LLMRing() as ring:
            for index in range(len(recorded)):
                ring.chat("fast", f"Hello {index}", profile="taped").result()
        return own, other

    return start


def trial_ring(model: str = CANDIDATE) -> TrialRing:
    return TrialRing("llmring.lock", "fast", [ModelRef.parse(model)])


def replayed(count: int = 10, profile: str | None = "default") -> list[Comparison]:
    with trial_ring() as ring:
        return [*ring.replay(ring.recorded(count, profile).calls, profile)]


def test_recorded_calls_are_made_again_with_the_candidate_and_nothing_is_changed(
    vendors: Vendors,
) -> None:
    own, other = vendors(answers.openai("Hi"), answers.openai("Ho"))
    before = Path("llmring.lock").read_bytes()

    found = replayed()

    assert [each.is_alike for each in found] == [True, True]
    assert (len(own.requests), len(other.requests)) == (2, 2)
    assert found[0].after is not None
    assert (found[0].before.model, found[0].after.model) == ("openai:gpt-4o-mini", CANDIDATE)
    assert Path("llmring.lock").read_bytes() == before


def test_a_profile_that_records_records_no_trial(vendors: Vendors) -> None:
    vendors(answers.openai("Hi"))

    assert len(replayed(profile="taped")) == 1
    assert len([*Path("tests/recordings").iterdir()]) == 1


def test_only_the_last_calls_are_returned(vendors: Vendors) -> None:
    vendors(*[answers.openai("Hi")] * 3)
    with trial_ring() as ring:
        [call] = ring.recorded(1, "default").calls

    assert "Hello 2" in str(call.request.messages)


def test_a_failing_candidate_is_a_comparison_with_the_reason(vendors: Vendors) -> None:
    error = as_json({"type": "error", "error": {"type": "x", "message": "out of order"}}, 500)
    vendors(answers.openai("Hi"), candidate=error)

    [failed] = replayed()

    assert (failed.after, failed.is_alike) == (None, False)
    assert "out of order" in (failed.failure or "")


def test_an_answer_of_another_shape_is_not_alike(vendors: Vendors) -> None:
    vendors(answers.openai("Hi"), candidate=answers.anthropic('{"n": 1}'))

    [unlike] = replayed()

    assert unlike.after is not None
    assert (unlike.is_alike, len(unlike.unlike)) == (False, 1)


def test_the_weights_of_the_aliass_own_models_do_not_apply_to_the_candidate(
    vendors: Vendors,
) -> None:
    _, other = vendors(answers.openai("Hi"))
    text = Path("llmring.lock").read_text()
    weights = '[profiles.default]\nstrategy = "weighted"\nweights = { "openai:gpt-4o-mini" = 1 }'
    write(text.replace("[profiles.default]", weights, 1))

    [found] = replayed()

    assert found.failure is None
    assert len(other.requests) == 1


def test_other_aliases_keep_their_models(vendors: Vendors) -> None:
    own, other = vendors(answers.openai("Hi"))
    write(lockfile_of(default={"fast": ["mock:a"], "slow": ["openai:gpt-4o-mini"]}))
    with trial_ring() as ring:
        answer = ring.chat("slow", "Hello").result()

    assert answer.model == "openai:gpt-4o-mini"
    assert (len(own.requests), len(other.requests)) == (2, 0)


def test_the_estimate_adds_up_the_recorded_tokens_at_the_prices_of_the_candidate(
    vendors: Vendors,
) -> None:
    vendors(*[answers.openai("Hi")] * 2)
    prices = f'\n[registry.models."{CANDIDATE}"]\nprices = {{ input = 1000000, output = 0 }}\n'
    write(Path("llmring.lock").read_text() + prices)
    with trial_ring() as ring:
        calls = ring.recorded(2, "default").calls
        used = [call.answer.usage for call in calls]
        estimate = ring.estimate(calls)

    assert estimate == sum(each.prompt_tokens or 0 for each in used if each) != Decimal(0)


def test_the_estimate_of_a_model_without_a_price_is_unknown(vendors: Vendors) -> None:
    vendors(answers.openai("Hi"))
    with trial_ring("anthropic:no-such-model") as ring:
        estimate = ring.estimate(ring.recorded(1, "default").calls)

    assert isinstance(estimate, Unpriced)
