from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.ray.shared_spending import Money


@given(
    steps=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4), st.floats(0, 1)), max_size=30)
)
def test_b51_attempts_that_keep_to_their_shares_never_spend_more_than_the_limit(
    steps: list[tuple[int, int, float]],
) -> None:
    money = Money(Decimal(10), Decimal(3))
    spent: dict[int, Decimal] = {}
    dealt: dict[int, Decimal] = {}
    for number, ways, share in steps:
        if number in dealt:
            used = dealt.pop(number) * Decimal(share)
            spent[number] = spent.get(number, Decimal(0)) + used
            money.settle(number, spent[number])
        else:
            given_ = money.deal(number, ways)
            assert given_ is not None
            dealt[number] = given_

        rounding = Decimal("1e-20")
        assert sum(spent.values()) + sum(dealt.values()) + 3 <= 10 + rounding


def test_what_a_partition_has_cost_before_counts_once() -> None:
    money = Money(Decimal(10), Decimal(4))
    money.begin(0, Decimal(4))
    money.settle(0, Decimal(5))

    assert money.left == 5


def test_without_a_limit_nothing_is_dealt_out() -> None:
    money = Money(None, Decimal(4))

    assert money.deal(0, 2) is None
    assert not money.is_limited
