"""The cost of a call, by itself and in an answer."""

import json
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from llmring import Attempt, Cost, CostParts, EmbeddingResponse, LLMResponse, StreamChunk

amounts = st.decimals(0, 1000, places=12)
costs = st.builds(Cost, amounts, amounts, amounts, amounts)

MAKE: list[Callable[[Any], Any]] = [
    lambda cost: LLMResponse(content="", model="a:b", cost=cost),
    lambda cost: Attempt(model="a:b", outcome="ok", cost=cost),
    lambda cost: EmbeddingResponse(vectors=[], model="a:b", cost=cost),
    lambda cost: assigned(StreamChunk(), cost),
]
each_holder = pytest.mark.parametrize("make", MAKE, ids=["answer", "attempt", "vectors", "chunk"])


def assigned(chunk: StreamChunk, cost: Any) -> StreamChunk:
    chunk.cost = cost
    return chunk


def parts_of(cost: Any) -> tuple[Decimal, ...]:
    return (cost.input, cost.cached_input, cost.cache_write, cost.output)


@each_holder
@given(cost=costs)
def test_a_cost_reads_the_same_in_whatever_holds_it(make: Callable[[Any], Any], cost: Cost) -> None:
    held = make(cost)

    assert type(held.cost) is Cost
    assert (held.cost, parts_of(held.cost)) == (cost, parts_of(cost))
    assert held.cost_parts == cost.parts


@each_holder
def test_msgspec_writes_a_cost_as_a_text_and_its_parts_next_to_it(
    make: Callable[[Any], Any],
) -> None:
    held = make(Cost(Decimal("0.10"), Decimal(0), Decimal(0), Decimal("0.0002")))

    data = json.loads(msgspec.json.encode(held))

    assert data["cost"] == held.to_dict()["cost"] == "0.1002"
    assert data["cost_parts"] == {
        "input": "0.10",
        "cached_input": "0",
        "cache_write": "0",
        "output": "0.0002",
    }


@given(costs)
def test_an_answer_read_from_its_json_has_its_cost_and_the_parts(cost: Cost) -> None:
    answer = LLMResponse(content="", model="a:b", cost=cost)

    for text in (answer.to_json(), msgspec.json.encode(answer)):
        again = msgspec.json.decode(text, type=LLMResponse)
        assert again == answer
        assert parts_of(again.cost) == parts_of(cost)


@each_holder
def test_a_cost_that_is_not_known_stays_unknown(make: Callable[[Any], Any]) -> None:
    held = make(None)

    assert (held.cost, held.cost_parts) == (None, None)
    assert (held.to_dict()["cost"], held.to_dict()["cost_parts"]) == (None, None)


@pytest.mark.parametrize("make", MAKE[:3], ids=["answer", "attempt", "vectors"])
@given(cost=costs, other=costs)
def test_a_copy_with_another_cost_has_no_part_of_the_old_one(
    make: Callable[[Any], Any], cost: Cost, other: Cost
) -> None:
    held = make(cost)

    assert parts_of(replace(held, cost=other).cost) == parts_of(other)
    assert parts_of(replace(held, model="c:d").cost) == parts_of(cost)
    assert replace(held, cost=cost.total + 1).cost_parts is None
    assert (replace(held, cost=None).cost, replace(held, cost=None).cost_parts) == (None, None)


def test_a_cost_without_parts_is_a_number_alone() -> None:
    answer = LLMResponse(content="", model="a:b", cost=Cost(*[Decimal(1)] * 4))

    answer.cost = Decimal("0.5")

    assert (answer.cost, answer.cost_parts) == (Decimal("0.5"), None)


def test_a_cost_by_itself_is_written_with_its_parts() -> None:
    cost = Cost(Decimal("0.1"), Decimal("0.02"), Decimal("0.003"), Decimal("0.0004"))

    assert cost.to_dict() == {
        "total": "0.1234",
        "input": "0.1",
        "cached_input": "0.02",
        "cache_write": "0.003",
        "output": "0.0004",
    }
    assert msgspec.to_builtins(cost) == json.loads(msgspec.json.encode(cost)) == cost.to_dict()
    assert json.loads(cost.to_json()) == cost.to_dict()
    assert cost.parts == msgspec.convert(cost.to_dict(), CostParts)


@given(costs)
def test_a_cost_and_an_answer_survive_pickling(cost: Cost) -> None:
    answer = LLMResponse(content="", model="a:b", cost=cost)

    again = pickle.loads(pickle.dumps((cost, answer)))  # noqa: S301 -- our own bytes

    assert again == (cost, answer)
    assert parts_of(again[0]) == parts_of(again[1].cost) == parts_of(cost)


SMALL = Cost(*map(Decimal, ("5E-7", "0", "0", "2.5E-7")))


@each_holder
def test_a_small_cost_is_shown_as_a_decimal(make: Callable[[Any], Any]) -> None:
    shown = repr(make(SMALL))

    assert "cost=Decimal('0.00000075')" in shown
    assert "input=Decimal('0.0000005')" in shown
    assert "E-" not in shown


def test_a_small_cost_is_written_as_a_decimal() -> None:
    assert (str(SMALL), f"{SMALL}", f"{SMALL:.3e}") == ("0.00000075", "0.00000075", "7.500e-7")


@each_holder
def test_the_repr_has_all_fields_in_their_order(make: Callable[[Any], Any]) -> None:
    value = make(None)

    fields = [f"{name}={getattr(value, name)!r}" for name in value.__struct_fields__]
    assert repr(value) == f"{type(value).__name__}({', '.join(fields)})"
