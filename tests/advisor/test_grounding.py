from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from llmring.advisor.grounding import Evidence

NAMES = ["gpt-4o-mini", "gpt-4o", "claude-haiku-4-5", "meta-llama/llama-3.3-70b", "o3"]

amounts = st.decimals(min_value=Decimal("0.01"), max_value=9999, places=2)


def evidence(*told: str) -> Evidence:
    found = Evidence(NAMES)
    for each in told:
        found.add(each)
    return found


@given(amounts, amounts)
def test_a_price_that_a_tool_gave_is_grounded_and_any_other_is_not(
    told: Decimal, said: Decimal
) -> None:
    assume(told != said)
    known = evidence(f'{{"input":"${told}"}}')

    assert not known.check(f"It costs ${told:,} per million tokens")
    assert known.check(f"It costs ${said} per million tokens").prices == (f"${said}",)


@given(amounts)
def test_what_the_user_said_may_be_repeated(amount: Decimal) -> None:
    known = Evidence(NAMES)
    known.heard(f"I have {amount} dollars a day")

    assert not known.check(f"Within your ${amount}")


def test_a_number_in_a_name_or_a_context_is_no_price() -> None:
    known = evidence('{"model":"anthropic:claude-haiku-4-5","context":200000,"n":4}')

    assert known.check("It is $4/$5, or $200,000").prices == ("$4", "$5", "$200,000")


def test_a_budget_of_the_lockfile_may_be_repeated() -> None:
    assert not evidence("daily_budget = 5\n").check("Your budget is $5.00")
    assert not evidence('{"daily_budget":2.5}').check("Your budget is $2.50")


def test_trailing_zeros_and_commas_make_no_other_price() -> None:
    assert not evidence("$0.6 and $1500").check("$0.60, $1,500.00")


def test_a_model_that_nobody_looked_up_is_flagged() -> None:
    known = evidence("openai:gpt-4o-mini")

    assert not known.check("I recommend gpt-4o-mini, that is openai:gpt-4o-mini.")
    flagged = known.check("Or take gpt-4o, claude-haiku-4-5 or gpt-9-ultra.")
    assert flagged.models == ("gpt-4o", "claude-haiku-4-5", "gpt-9-ultra")
    assert str(flagged) == "gpt-4o, claude-haiku-4-5, gpt-9-ultra"


def test_plain_words_are_no_models() -> None:
    assert not evidence().check("Claude and GPT models are well-known; version 3 of python3 too.")
