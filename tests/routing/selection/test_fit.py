"""Requests adapted to a model's capabilities."""

from typing import Any

import msgspec
import pytest

from llmring import LLMRequest, UnsupportedFeatureError
from llmring.chat.parsed_request import parse_request
from llmring.chat.reasoning import Reasoning
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import Capability, ModelFacts, Origins, Refusal, TokenRange
from llmring.routing.selection.fit import fit
from llmring.routing.targets import Target

IMAGE = [
    {
        "role": "user",
        "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}],
    }
]
AUDIO = [
    {
        "role": "user",
        "content": [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}],
    }
]


def target(
    provider: str,
    *capabilities: Capability,
    known: bool = True,
    efforts: tuple[str, ...] = (),
    refuses: frozenset[Refusal] = frozenset(),
    budget: TokenRange | None = None,
) -> Target:
    facts = ModelFacts(
        provider=provider,
        name="m",
        max_output=32000,
        capabilities=frozenset(capabilities),
        efforts=efforts,
        refuses=refuses,
        budget=budget,
        origins=Origins(capabilities=("vendor",)),
    )
    row = PROVIDERS[provider]
    endpoint = Endpoint(row, row.base_url, "a-key")
    return Target(ModelRef(provider, "m"), endpoint, row.dialect, facts if known else None)


def test_W34_a_temperature_that_the_model_does_not_take_is_left_out_and_reported() -> None:
    request = LLMRequest("fast", "Hi", temperature=0.7)

    fitted = fit(parse_request(request), target("openai"))

    assert fitted.request.temperature is None
    assert fitted.adjusted == ("temperature left out: the model does not take it",)
    assert request.temperature == 0.7


def test_a_model_outside_the_catalog_gets_the_request_unchanged() -> None:
    request = parse_request(LLMRequest("fast", "Hi", temperature=0.7, tools=[{"name": "f"}]))

    assert fit(request, target("openai", known=False)).request is request


def test_W10_an_api_that_needs_a_longest_answer_is_given_the_model_s_own() -> None:
    fitted = fit(parse_request(LLMRequest("fast", "Hi")), target("anthropic", "temperature"))

    assert fitted.request.max_tokens == 32000


@pytest.mark.parametrize(
    ("request_", "lacking"),
    [
        (LLMRequest("fast", "Hi", tools=[{"name": "f"}]), "tools"),
        (LLMRequest("fast", IMAGE), "vision"),
        (LLMRequest("fast", AUDIO), "audio"),
    ],
)
def test_a_missing_capability_is_an_error_before_anything_is_sent(
    request_: LLMRequest, lacking: str
) -> None:
    with pytest.raises(UnsupportedFeatureError, match=lacking):
        fit(parse_request(request_), target("openai", "temperature"))


def test_the_bundled_local_model_gets_its_defaults() -> None:
    row = PROVIDERS["local"]
    local = Target(ModelRef("local", "smollm2-135m"), Endpoint(row, row.base_url), row.dialect)

    fitted = fit(parse_request(LLMRequest("offline", "Hi")), local)

    assert [message.role for message in fitted.request.turns] == ["system", "user"]
    assert fitted.request.temperature == 0


LEVELS = ("low", "medium", "high")


@pytest.mark.parametrize(
    ("requested", "takes", "efforts", "sent"),
    [
        ({"reasoning_tokens": 4000}, ["reasoning_budget"], (), {"reasoning_tokens": 4000}),
        ({"reasoning_tokens": 4000}, ["reasoning_budget"], LEVELS, {"reasoning_tokens": 4000}),
        ({"reasoning_tokens": 4000}, [], LEVELS, {"reasoning_effort": "medium"}),
        ({"reasoning_tokens": 0}, [], ("none", *LEVELS), {"reasoning_effort": "none"}),
        ({"reasoning_tokens": 0}, [], LEVELS, {"reasoning_effort": "low"}),
        ({"reasoning_effort": "high"}, [], LEVELS, {"reasoning_effort": "high"}),
        ({"reasoning_effort": "max"}, [], LEVELS, {"reasoning_effort": "high"}),
        ({"reasoning_effort": "high"}, ["reasoning_budget"], (), {"reasoning_tokens": 24576}),
        ({"reasoning_tokens": 4000}, [], (), {"reasoning_tokens": 4000}),
    ],
)
def test_reasoning_is_asked_for_in_the_form_and_the_steps_that_the_model_takes(
    requested: dict[str, Any],
    takes: list[Capability],
    efforts: tuple[str, ...],
    sent: dict[str, Any],
) -> None:
    model = target("openai", "reasoning", *takes, efforts=efforts)

    request = fit(parse_request(LLMRequest("fast", "Hi", **requested)), model).request

    assert request.reasoning == LLMRequest("fast", "Hi", **sent).reasoning()


def test_an_effort_that_the_model_lacks_is_replaced_by_the_nearest_and_reported() -> None:
    model = target("openai", "temperature", "reasoning", efforts=LEVELS)

    fitted = fit(parse_request(LLMRequest("fast", "Hi", reasoning_effort="max")), model)

    assert fitted.adjusted == ("reasoning effort high for max: the model has no max",)


def test_reasoning_that_can_t_be_turned_off_stays_on_and_is_reported() -> None:
    model = target("anthropic", "reasoning", refuses=frozenset({"no_reasoning"}))

    fitted = fit(parse_request(LLMRequest("fast", "Hi", reasoning_effort="none")), model)

    assert fitted.request.reasoning is None
    assert fitted.adjusted == ("reasoning left on: the model can't turn it off",)


def test_a_model_that_takes_no_forced_tools_is_not_asked_for_one() -> None:
    model = target("anthropic", "tools", refuses=frozenset({"forced_tools"}))
    tools = [{"name": "look", "parameters": {"type": "object"}}]

    with pytest.raises(UnsupportedFeatureError, match="forced choice of a tool"):
        fit(parse_request(LLMRequest("fast", "Hi", tools=tools, tool_choice="required")), model)
    assert (
        fit(
            parse_request(LLMRequest("fast", "Hi", tools=tools, tool_choice="auto")), model
        ).adjusted
        == ()
    )


def test_reasoning_is_left_out_for_a_model_without_it_and_reported() -> None:
    fitted = fit(
        parse_request(LLMRequest("fast", "Hi", reasoning_tokens=99)),
        target("openai", "temperature"),
    )

    assert fitted.request.reasoning is None
    assert fitted.adjusted == ("reasoning left out: the model has none",)


def test_R38_reasoning_given_in_tokens_is_added_to_max_tokens() -> None:
    model = target("openai", "reasoning", efforts=LEVELS)

    request = fit(
        parse_request(LLMRequest("fast", "Hi", reasoning_tokens=4000, max_tokens=500)), model
    ).request

    assert (request.reasoning, request.max_tokens) == (Reasoning(effort="medium"), 4500)


def test_a_client_s_limit_includes_its_reasoning_already() -> None:
    model = target("openai", "reasoning", efforts=LEVELS)
    asked = parse_request(LLMRequest("fast", "Hi", reasoning_tokens=4000, max_tokens=5000))

    request = fit(msgspec.structs.replace(asked, limits_all=True), model).request

    assert (request.reasoning, request.max_tokens) == (Reasoning(effort="medium"), 5000)


def test_R38_max_tokens_with_reasoning_stays_within_the_model_s_limit() -> None:
    model = target("openai", "reasoning", efforts=LEVELS)

    fitted = fit(
        parse_request(LLMRequest("fast", "Hi", reasoning_tokens=40_000, max_tokens=500)), model
    )

    assert fitted.request.max_tokens == 32_000


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({"reasoning_tokens": 50_000}, 32768),
        ({"reasoning_tokens": 64}, 128),
        ({"reasoning_tokens": 4000}, 4000),
        ({"reasoning_effort": "max"}, 32768),
        ({"reasoning_effort": "low"}, 1024),
    ],
)
def test_a_reasoning_budget_is_put_within_the_model_s_range(
    asked: dict[str, Any], sent: int
) -> None:
    model = target(
        "google", "reasoning", "reasoning_budget", "temperature", budget=TokenRange(128, 32768)
    )

    fitted = fit(parse_request(LLMRequest("fast", "Hi", **asked)), model)

    assert fitted.request.reasoning == Reasoning(tokens=sent)
    assert all(f"{sent} tokens of reasoning for" in note for note in fitted.adjusted)
    assert bool(fitted.adjusted) == (sent in (128, 32768))


@pytest.mark.parametrize("off", [{"reasoning_tokens": 0}, {"reasoning_effort": "none"}])
def test_reasoning_that_can_t_be_turned_off_gets_the_smallest_budget(off: dict[str, Any]) -> None:
    ranges = TokenRange(128, 32768)
    stuck = target(
        "google",
        "reasoning",
        "reasoning_budget",
        refuses=frozenset({"no_reasoning"}),
        budget=ranges,
    )
    free = target("google", "reasoning", "reasoning_budget", budget=TokenRange(512, 24576))
    request = parse_request(LLMRequest("fast", "Hi", **off))

    kept, stopped = fit(request, stuck), fit(request, free)

    assert kept.request.reasoning == Reasoning(tokens=128)
    assert kept.adjusted == ("128 tokens of reasoning for 0: the model takes 128 to 32768",)
    assert stopped.request.reasoning == Reasoning(tokens=0)
    assert stopped.adjusted == ()
