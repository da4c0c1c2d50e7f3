"""The cost of recorded calls, compared with genai-prices."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from importlib.metadata import version

import pytest

from llmring.registry.bundled import bundled
from recorded_costs import FOLDER, Priced, recorded

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="needs the recordings next to the repository"
)


@cache
def priced_by_both() -> tuple[Priced, ...]:
    built_with = bundled().sources["genai-prices"].version
    if version("genai-prices") != built_with:
        pytest.skip(f"the catalog has the prices of genai-prices {built_with}")
    return tuple(
        call
        for call in recorded()
        if not isinstance(call.ours, str) and not isinstance(call.theirs, str)
    )


def test_many_recorded_calls_are_priced_by_both() -> None:
    assert len(priced_by_both()) > 1000


def test_recorded_tokens_cost_the_same_as_with_genai_prices() -> None:
    unlike = [
        call
        for call in priced_by_both()
        if call.ours != call.theirs
        and not call.usage.provider_tool_calls
        # genai-prices still has the price of an earlier model of this name.
        and call.model != "mistral-large-latest"
    ]

    assert unlike == []


def test_the_only_further_charge_of_genai_prices_is_the_search_fee() -> None:
    for call in priced_by_both():
        if call.usage.provider_tool_calls and call.ours != call.theirs:
            assert isinstance(call.ours, Decimal)
            assert isinstance(call.theirs, Decimal)
            assert call.theirs - call.ours == Decimal("0.01") * call.usage.provider_tool_calls
