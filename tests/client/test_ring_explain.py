"""Explaining a call, in the forms in which a ring takes it."""

from collections.abc import Callable

import pytest

import answers
from llmring import LLMRequest, LLMRing, ModelNotFoundError, ValidationError
from loopback import Loopback
from rings import MODEL, ring_at

Serve = Callable[..., Loopback]


@pytest.fixture
def ring(serve: Serve) -> LLMRing:
    return ring_at(serve(answers.openai()))


def test_a_request_and_its_parts_have_the_same_plan(ring: LLMRing) -> None:
    parts = ring.explain(MODEL, "Hello", max_tokens=100)

    assert ring.explain(LLMRequest(model=MODEL, messages="Hello", max_tokens=100)) == parts


def test_a_given_number_of_tokens_counts_in_place_of_the_estimate(ring: LLMRing) -> None:
    [small] = ring.explain(MODEL, "Hello", max_tokens=1).tried
    [large] = ring.explain(MODEL, "Hello", tokens=100_000, max_tokens=1).tried
    assert small.cost is not None
    assert large.cost is not None

    assert large.cost > 100 * small.cost


def test_messages_may_be_left_out(ring: LLMRing) -> None:
    assert [each.model for each in ring.explain(MODEL).tried] == [MODEL]


@pytest.mark.parametrize("request_", [LLMRequest(messages="Hello"), LLMRequest("", "Hello")])
def test_a_request_without_a_model_has_no_plan(ring: LLMRing, request_: LLMRequest) -> None:
    with pytest.raises(ValidationError, match="names no model"):
        ring.explain(request_)


def test_an_unknown_alias_has_no_plan(ring: LLMRing) -> None:
    with pytest.raises(ModelNotFoundError, match="'fats'"):
        ring.explain("fats", "Hello")


def test_a_request_that_can_t_be_sent_has_no_plan(ring: LLMRing) -> None:
    with pytest.raises(ValidationError, match="response_format"):
        ring.explain(MODEL, "Hello", response_format="xml")
