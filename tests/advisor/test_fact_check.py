from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from llmring.advisor.fact_check import Evidence

NAMES = ["gpt-4o-mini", "gpt-4o", "claude-haiku-4-5", "meta-llama/llama-3.3-70b", "o3"]

amounts = st.decimals(min_value=Decimal("0.01"), max_value=9999, places=2)


def evidence(*texts: str) -> Evidence:
    found = Evidence(NAMES)
    for each in texts:
        found.add(each)
    return found


@given(amounts, amounts)
def test_only_prices_returned_by_a_tool_are_grounded(
    known_price: Decimal, other_price: Decimal
) -> None:
    assume(known_price != other_price)
    known = evidence(f'{{"input":"${known_price}"}}')

    assert not known.check(f"It costs ${known_price:,} per million tokens")
    assert known.check(f"It costs ${other_price} per million tokens").prices == (f"${other_price}",)


@given(amounts)
def test_prices_from_the_user_are_grounded(amount: Decimal) -> None:
    known = Evidence(NAMES)
    known.hear(f"I have {amount} dollars a day")

    assert not known.check(f"Within your ${amount}")


def test_numbers_in_names_and_contexts_are_not_prices() -> None:
    known = evidence('{"model":"anthropic:claude-haiku-4-5","context":200000,"n":4}')

    assert known.check("It is $4/$5, or $200,000").prices == ("$4", "$5", "$200,000")


def test_a_budget_in_the_lockfile_is_grounded() -> None:
    assert not evidence("daily_budget = 5\n").check("Your budget is $5.00")
    assert not evidence('{"daily_budget":2.5}').check("Your budget is $2.50")


def test_trailing_zeros_and_commas_do_not_change_a_price() -> None:
    assert not evidence("$0.6 and $1500").check("$0.60, $1,500.00")


def test_a_model_that_was_not_looked_up_is_flagged() -> None:
    known = evidence("openai:gpt-4o-mini")

    assert not known.check("I recommend gpt-4o-mini, that is openai:gpt-4o-mini.")
    flagged = known.check("Or take gpt-4o, claude-haiku-4-5 or gpt-9-ultra.")
    assert flagged.models == ("gpt-4o", "claude-haiku-4-5", "gpt-9-ultra")
    assert str(flagged) == "gpt-4o, claude-haiku-4-5, gpt-9-ultra"


def test_plain_words_are_not_taken_for_models() -> None:
    assert not evidence().check("Claude and GPT models are well-known; version 3 of python3 too.")
