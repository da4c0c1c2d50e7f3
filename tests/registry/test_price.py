"""The cost of a call."""

import copy
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from importlib.metadata import version
from typing import Any

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.registry.bundled import bundled
from llmring.registry.catalog import LongContext, ModelFacts, Prices
from llmring.registry.price import Unpriced, caveat, cost_of, dollars, price_tag, together


def known(provider: str, name: str) -> ModelFacts:
    found = bundled().find(provider, name)
    assert found is not None
    return found


def priced(usage: Usage, facts: ModelFacts, on: date | None = None) -> Cost:
    cost = cost_of(usage, facts, on)
    assert isinstance(cost, Cost)
    return cost


def reason(usage: Usage | None, facts: ModelFacts | None) -> str:
    cost = cost_of(usage, facts)
    assert isinstance(cost, Unpriced)
    return cost.reason


CACHED = Usage(prompt_tokens=1000, cached_tokens=800, completion_tokens=100)
LONG = Usage(prompt_tokens=300_000, completion_tokens=1000)


@pytest.mark.parametrize(
    ("provider", "name", "usage", "usd"),
    [
        ("openai", "gpt-4o-mini", CACHED, "0.00015"),
        ("anthropic", "claude-sonnet-4-5", LONG, "1.8225"),
        ("google", "gemini-2.5-pro", LONG, "0.765"),
    ],
)
def test_calls_that_are_easily_priced_wrong(
    provider: str, name: str, usage: Usage, usd: str
) -> None:
    assert priced(usage, known(provider, name)) == Decimal(usd)


def test_a_prompt_exactly_at_the_threshold_is_not_long() -> None:
    usage = Usage(prompt_tokens=200_000, completion_tokens=1000)

    assert priced(usage, known("google", "gemini-2.5-pro")) == Decimal("0.26")


def test_cached_tokens_count_towards_the_long_context_threshold() -> None:
    usage = Usage(prompt_tokens=300_000, cached_tokens=200_000, completion_tokens=1000)

    cost = priced(usage, known("google", "gemini-2.5-pro"))

    assert (cost.input, cost.cached_input, cost.output) == (
        Decimal("0.25"),
        Decimal("0.05"),
        Decimal("0.015"),
    )


def test_a_cost_has_its_parts() -> None:
    usage = Usage(
        prompt_tokens=1000, cached_tokens=500, cache_write_tokens=200, completion_tokens=100
    )

    cost = priced(usage, known("anthropic", "claude-sonnet-4-5"))

    assert (cost.input, cost.cached_input, cost.cache_write, cost.output) == (
        Decimal("0.0009"),
        Decimal("0.00015"),
        Decimal("0.00075"),
        Decimal("0.0015"),
    )


def test_reasoning_tokens_are_priced_as_output() -> None:
    facts = known("openai", "o3")
    plain = Usage(prompt_tokens=10, completion_tokens=500)
    thought = Usage(prompt_tokens=10, completion_tokens=500, reasoning_tokens=400)

    assert priced(thought, facts) == priced(plain, facts)


def test_cached_tokens_without_their_own_rate_cost_as_input() -> None:
    cost = priced(CACHED, known("openai", "gpt-4o-2024-05-13"))

    assert cost == Decimal("0.0065")


def test_cache_writes_without_their_own_rate_cost_as_input() -> None:
    usage = Usage(prompt_tokens=1000, cache_write_tokens=1000)

    assert priced(usage, known("openai", "gpt-4o")) == Decimal("0.0025")


def own(**rates: str | LongContext) -> ModelFacts:
    """Build a model with these rates in USD per million tokens."""
    amounts: dict[str, Any] = {
        name: Decimal(rate) if isinstance(rate, str) else rate for name, rate in rates.items()
    }
    return ModelFacts(provider="acme", name="one", prices=Prices(**amounts))


TEXT = {"input": "10", "output": "40"}
WRITTEN = Usage(prompt_tokens=100_000, cache_write_tokens=80_000, cache_write_1h_tokens=50_000)


@pytest.mark.parametrize(
    ("rates", "usd"),
    [
        ({"cache_write": "12.5", "cache_write_1h": "20"}, "1.375"),
        ({"cache_write": "12.5"}, "1"),
        ({"cache_write_1h": "20"}, "1.3"),
        ({"cache_write": "12.5", "cache_write_1h": "0"}, "0.375"),
        ({}, "0.8"),
    ],
)
def test_cache_writes_for_an_hour_have_their_own_rate_if_any(
    rates: dict[str, str], usd: str
) -> None:
    cost = priced(WRITTEN, own(**TEXT, **rates))

    assert (cost.input, cost.cache_write) == (Decimal("0.2"), Decimal(usd))


HEARD = Usage(
    prompt_tokens=100_000,
    cached_tokens=40_000,
    audio_prompt_tokens=50_000,
    cached_audio_tokens=20_000,
    completion_tokens=10_000,
    audio_completion_tokens=4_000,
)
SOUND = {"input_audio": "30", "output_audio": "80"}


@pytest.mark.parametrize(
    ("rates", "parts"),
    [
        ({}, ("0.6", "0.4", "0.4")),
        (SOUND, ("1.2", "0.8", "0.56")),
        ({**SOUND, "cached_input": "1"}, ("1.2", "0.04", "0.56")),
        ({**SOUND, "cached_input": "1", "cached_audio": "3"}, ("1.2", "0.08", "0.56")),
        ({**SOUND, "cached_input": "1", "cached_audio": "0"}, ("1.2", "0.02", "0.56")),
        ({"input_audio": "0"}, ("0.3", "0.2", "0.4")),
    ],
)
def test_audio_has_its_own_rates_if_any(rates: dict[str, str], parts: tuple[str, str, str]) -> None:
    cost = priced(HEARD, own(**TEXT, **rates))

    assert (cost.input, cost.cached_input, cost.output) == tuple(map(Decimal, parts))


def test_audio_not_reported_as_cached_counts_as_uncached() -> None:
    usage = Usage(prompt_tokens=100_000, cached_tokens=40_000, audio_prompt_tokens=50_000)

    cost = priced(usage, own(**TEXT, **SOUND, cached_input="1"))

    assert (cost.input, cost.cached_input) == (Decimal("1.6"), Decimal("0.04"))


def test_long_context_rates_apply_to_the_whole_call() -> None:
    long = LongContext(above=1000, input=Decimal(20), output=Decimal(80), input_audio=Decimal(60))
    facts = own(**TEXT, input_audio="30", cache_write_1h="15", long_context=long)

    cost = priced(Usage(prompt_tokens=100_000, audio_prompt_tokens=100_000), facts)

    assert cost == 6


def test_a_price_of_zero_is_a_price() -> None:
    assert priced(CACHED, known("ollama", "llama3.1")) == 0


def test_an_announced_price_applies_to_calls_from_its_day_on() -> None:
    usage = Usage(prompt_tokens=1_000_000)

    cost = priced(usage, known("google", "gemini-4-argon"), date(2026, 12, 1))

    assert cost == 4


def test_a_model_outside_the_catalog_is_unpriced() -> None:
    assert reason(CACHED, None) == "the model is not in the catalog"


def test_a_call_without_usage_is_unpriced() -> None:
    assert reason(None, known("openai", "gpt-4o")) == "the provider reported no usage"


def test_a_model_without_prices_is_unpriced() -> None:
    assert reason(CACHED, ModelFacts(provider="acme", name="one")) == (
        "the catalog has no price for acme:one"
    )


def test_usage_that_contradicts_itself_is_unpriced() -> None:
    for usage in (
        Usage(prompt_tokens=5, cached_tokens=8),
        Usage(prompt_tokens=5, completion_tokens=-1),
        Usage(prompt_tokens=5, cached_tokens=-1),
        Usage(prompt_tokens=5, cache_write_tokens=1, cache_write_1h_tokens=2),
        Usage(prompt_tokens=5, audio_prompt_tokens=6),
        Usage(prompt_tokens=5, cached_audio_tokens=1),
        Usage(prompt_tokens=5, completion_tokens=2, audio_completion_tokens=3),
    ):
        assert "does not add up" in reason(usage, known("openai", "gpt-4o"))


@pytest.mark.parametrize(
    ("usage", "remark"),
    [
        (HEARD, None),
        (Usage(service_tier="flex"), "at standard prices, though served as 'flex'"),
        (
            Usage(provider_tool_calls=1),
            "without the provider's charges for 1 use of its own tools",
        ),
        (
            Usage(provider_tool_calls=2, completion_tokens=9, image_completion_tokens=9),
            "without the provider's charges for 2 uses of its own tools; "
            "with 9 tokens of images priced as text",
        ),
    ],
)
def test_charges_that_do_not_follow_from_tokens_are_described(
    usage: Usage, remark: str | None
) -> None:
    assert caveat(usage) == remark


def test_costs_of_several_calls_add_up_part_by_part() -> None:
    cost = priced(HEARD, own(**TEXT, **SOUND))

    both = together(cost, cost)

    assert (both, both.input, both.output) == (2 * cost, 2 * cost.input, 2 * cost.output)


def test_a_cost_is_a_number() -> None:
    cost = priced(CACHED, known("openai", "gpt-4o-mini"))

    assert sum([cost, cost], Decimal(1)) == Decimal("1.0003")


def test_a_cost_is_exact_whatever_the_decimal_context() -> None:
    usage = Usage(prompt_tokens=123_457, completion_tokens=7_919)
    facts = known("openai", "gpt-4o-mini")
    with localcontext(prec=2):
        rough = priced(usage, facts)

    assert rough == priced(usage, facts)


def test_a_copied_cost_keeps_its_parts() -> None:
    cost = priced(CACHED, known("openai", "gpt-4o-mini"))

    assert copy.deepcopy(cost).cached_input == cost.cached_input


def test_a_pickled_cost_keeps_its_parts() -> None:
    cost = priced(CACHED, known("openai", "gpt-4o-mini"))

    read = pickle.loads(pickle.dumps(cost))  # noqa: S301 - our own bytes

    assert (read, read.cached_input) == (cost, cost.cached_input)


TOKENS = st.integers(0, 10**7)


@given(TOKENS, TOKENS, TOKENS, TOKENS, st.sampled_from(bundled().models))
def test_a_cost_is_the_sum_of_its_parts(
    fresh: int, cached: int, written: int, answer: int, facts: ModelFacts
) -> None:
    usage = Usage(
        prompt_tokens=fresh + cached + written,
        cached_tokens=cached,
        cache_write_tokens=written,
        completion_tokens=answer,
    )

    cost = priced(usage, facts)

    assert cost == cost.input + cost.cached_input + cost.cache_write + cost.output


def test_prices_are_shown_per_million_tokens() -> None:
    prices = known("openai", "gpt-4o-mini").prices

    assert prices is not None
    assert price_tag(prices) == "$0.15/$0.60 per million tokens"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "$0.00"), ("10", "$10.00"), ("1E+2", "$100.00"), ("2.5", "$2.50"), ("0.075", "$0.075")],
)
def test_dollars_have_at_least_two_decimals(amount: str, shown: str) -> None:
    assert dollars(Decimal(amount)) == shown


# Below and above every long-context threshold; without a cache, reading, writing, both.
USAGES = [
    Usage(prompt_tokens=1000, completion_tokens=100),
    Usage(prompt_tokens=1000, cached_tokens=800, completion_tokens=100),
    Usage(prompt_tokens=1000, cached_tokens=300, cache_write_tokens=600, completion_tokens=1),
    Usage(prompt_tokens=100_000, completion_tokens=10),
    Usage(prompt_tokens=100_001, completion_tokens=10),
    Usage(prompt_tokens=200_001, cached_tokens=150_000, completion_tokens=4000),
    Usage(prompt_tokens=272_001, cached_tokens=7, cache_write_tokens=9, completion_tokens=1),
    Usage(prompt_tokens=900_000, cached_tokens=1, completion_tokens=64_000),
    Usage(),
]
SOLD = [facts for facts in bundled().models if facts.origins.prices == ("genai-prices",)]


@pytest.mark.parametrize("facts", SOLD, ids=str)
@pytest.mark.parametrize("usage", USAGES, ids=lambda u: f"{u.prompt_tokens}")
def test_costs_agree_with_genai_prices(usage: Usage, facts: ModelFacts) -> None:
    built_with = bundled().sources["genai-prices"].version
    if version("genai-prices") != built_with:
        pytest.skip(f"the catalog has the prices of genai-prices {built_with}")
    day = bundled().date

    theirs = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.prompt_tokens,
            cache_read_tokens=usage.cached_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            output_tokens=usage.completion_tokens,
        ),
        model_ref=facts.name,
        provider_id=facts.provider,
        genai_request_timestamp=datetime(day.year, day.month, day.day, tzinfo=UTC),
    )

    assert priced(usage, facts) == theirs.total_price
