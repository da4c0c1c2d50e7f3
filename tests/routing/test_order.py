"""The order in which models are tried."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import LLMRequest
from llmring.chat.parsed_request import parse_request
from llmring.exceptions import ProviderAuthenticationError
from llmring.routing.estimate import TokenEstimate
from llmring.routing.order import EXPLORED, OrderInputs, ordered, preferred_first, user_of
from llmring.routing.policy import Policy
from llmring.routing.targets import Skip, Target
from priced import target

DAY = date(2026, 11, 23)
A, B, C = target("a", "3"), target("b", "1"), target("c", "2")
UNPRICED = target("new")

Weights = Sequence[float] | Mapping[str, float]


def always(value: float) -> Callable[[], float]:
    return lambda: value


LOAD = TokenEstimate(100, 100)
HALF = always(0.5)


def circumstances(
    user: str | None = None,
    *,
    alias: str = "fast",
    estimate: TokenEstimate = LOAD,
    latencies: Mapping[str, float] | None = None,
    chance: Callable[[], float] = HALF,
) -> OrderInputs:
    return OrderInputs(
        alias=alias,
        user=user,
        estimate=estimate,
        day=DAY,
        speed=lambda each: (latencies or {}).get(each.ref.model),
        chance=chance,
    )


def names(candidates: Sequence[Target | Skip]) -> str:
    return " ".join(each.ref.model for each in candidates)


def weighted(
    weights: Weights,
    user: str | None = None,
    models: Sequence[Target | Skip] = (A, B, C),
    **given: object,
) -> str:
    policy = Policy(strategy="weighted", weights=weights)
    return names(ordered(models, policy, circumstances(user, **given)))  # type: ignore[arg-type]


def first_of(users: range, weights: Weights, models: Sequence[Target] = (A, B, C)) -> list[str]:
    return [weighted(weights, f"user-{user}", models).split()[0] for user in users]


USERS = range(4000)


def test_without_a_strategy_the_lockfile_s_order_holds() -> None:
    assert names(ordered([A, B, C], Policy(), circumstances())) == "a b c"


@pytest.mark.parametrize(
    ("metadata", "user"),
    [
        (None, None),
        ({}, None),
        ({"user": None}, None),
        ({"user": ""}, None),
        ({"user": "ann"}, "ann"),
        ({"user": 0}, "0"),
    ],
)
def test_the_user_is_the_one_that_the_metadata_names(
    metadata: dict[str, object] | None, user: str | None
) -> None:
    assert user_of(parse_request(LLMRequest("fast", "Hi", metadata=metadata))) == user


@given(st.text(min_size=1), st.lists(st.floats(0.01, 1000), min_size=3, max_size=3))
def test_the_same_user_always_gets_the_same_order(user: str, weights: list[float]) -> None:
    orders = {weighted(weights, user, chance=random.random) for _ in range(5)}

    assert len(orders) == 1


def test_users_stay_with_their_models_from_one_process_and_release_to_the_next() -> None:
    assert "".join(first_of(range(16), [1, 1, 1])) == "abbbabccbbaababc"


@given(st.text(min_size=1), st.permutations([A, B, C]))
def test_a_user_s_model_does_not_depend_on_the_order_in_the_lockfile(
    user: str, models: list[Target]
) -> None:
    weights = {"openai:a": 1, "openai:b": 2, "openai:c": 3}

    assert weighted(weights, user, models).split()[0] == weighted(weights, user).split()[0]


@given(
    st.lists(st.floats(0, 100), min_size=3, max_size=3),
    st.one_of(st.none(), st.text()),
    st.floats(0, 1, exclude_max=True),
)
def test_every_model_is_in_the_order_exactly_once(
    weights: list[float], user: str | None, chance: float
) -> None:
    assert sorted(weighted(weights, user or None, chance=always(chance)).split()) == ["a", "b", "c"]


def test_users_are_shared_out_by_the_weights() -> None:
    counted = Counter(first_of(USERS, [6, 3, 1]))

    # The users are always the same, so that this is no matter of luck.
    shares = {name: count / len(USERS) for name, count in counted.items()}
    assert shares == pytest.approx({"a": 0.6, "b": 0.3, "c": 0.1}, abs=0.03)


def test_calls_without_a_user_are_shared_out_by_the_weights() -> None:
    chance = random.Random(7).random
    counted = Counter(weighted([6, 3, 1], chance=chance).split()[0] for _ in USERS)

    shares = {name: count / len(USERS) for name, count in counted.items()}
    assert shares == pytest.approx({"a": 0.6, "b": 0.3, "c": 0.1}, abs=0.03)


def test_a_greater_weight_moves_users_only_to_that_model() -> None:
    before, after = first_of(USERS, [1, 1, 1]), first_of(USERS, [1, 1, 1.5])

    moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert {new for _, new in moved} == {"c"}
    # From a third to three sevenths.
    assert len(moved) / len(USERS) == pytest.approx(3 / 7 - 1 / 3, abs=0.03)


def test_a_new_model_moves_users_only_to_itself() -> None:
    before, after = first_of(USERS, [1, 1], (A, B)), first_of(USERS, [1, 1, 1])

    assert {new for old, new in zip(before, after, strict=True) if old != new} == {"c"}


def test_two_aliases_share_their_users_out_separately() -> None:
    here = [weighted([1, 1, 0], f"user-{user}", alias="one")[0] for user in range(400)]
    there = [weighted([1, 1, 0], f"user-{user}", alias="two")[0] for user in range(400)]

    same = sum(one == two for one, two in zip(here, there, strict=True))
    assert 150 < same < 250


def test_the_others_follow_by_their_weights() -> None:
    assert weighted([1, 2, 3], chance=always(0.0)) == "a c b"


def test_a_model_of_weight_0_is_only_a_fallback() -> None:
    assert weighted([0, 1, 2], chance=always(0.0)) == "b c a"
    assert "a" not in first_of(range(200), [0, 1, 2])


@pytest.mark.parametrize("user", [None, "ann"])
def test_where_all_weights_are_0_the_lockfile_s_order_holds(user: str | None) -> None:
    assert weighted([0, 0, 0], user) == "a b c"


def test_a_model_that_can_t_be_used_is_not_drawn_and_leaves_the_others_their_users() -> None:
    gone = Skip(A.ref, ProviderAuthenticationError("no key"))
    usual = [weighted([1, 1, 1], f"user-{user}").split()[0] for user in range(300)]
    without = [weighted([1, 1, 1], f"user-{user}", [gone, B, C]).split()[:2] for user in range(300)]

    assert {skipped for skipped, _ in without} == {"a"}
    moved = [old for old, (_, new) in zip(usual, without, strict=True) if old != new]
    assert set(moved) == {"a"}


def test_the_cheapest_comes_first_and_one_without_a_price_last() -> None:
    policy = Policy(strategy="cheapest")

    assert names(ordered([UNPRICED, A, B, C], policy, circumstances())) == "b c a new"


def test_which_is_cheapest_depends_on_the_request() -> None:
    policy = Policy(strategy="cheapest")
    talker, reader = target("talker", "5", "1"), target("reader", "1", "5")

    request = {
        estimate: names(ordered([talker, reader], policy, circumstances(estimate=estimate)))
        for estimate in (TokenEstimate(10, 1000), TokenEstimate(1000, 10))
    }

    assert list(request.values()) == ["talker reader", "reader talker"]


def test_models_of_one_price_keep_the_lockfile_s_order() -> None:
    models = [target(name, "1") for name in "zyx"]

    assert names(ordered(models, Policy(strategy="cheapest"), circumstances())) == "z y x"


def fastest(latencies: Mapping[str, float], chance: float) -> str:
    given = circumstances(latencies=latencies, chance=always(chance))
    return names(ordered([A, B, C], Policy(strategy="fastest"), given))


def test_the_fastest_comes_first_and_those_not_measured_last() -> None:
    assert fastest({"a": 2, "c": 1}, EXPLORED) == "c a b"


def test_now_and_then_a_model_that_is_not_measured_comes_first() -> None:
    assert fastest({"c": 1}, EXPLORED - 0.01) == "a c b"


def test_where_no_model_is_measured_the_lockfile_s_order_holds() -> None:
    assert fastest({}, 0.0) == "a b c"


# --- A preferred model ---


@pytest.mark.parametrize(
    ("model", "order"),
    [("openai:c", "c a b"), ("openai:a", "a b c"), ("openai:d", "a b c"), ("", "a b c")],
)
def test_a_preferred_model_comes_first_if_it_is_among_the_candidates(
    model: str, order: str
) -> None:
    assert names(preferred_first([A, B, C], model)) == order


def test_a_preferred_model_that_can_t_be_called_keeps_its_place() -> None:
    skip = Skip(C.ref, ProviderAuthenticationError("no key"))

    assert preferred_first([A, B, skip], "openai:c") == [A, B, skip]
