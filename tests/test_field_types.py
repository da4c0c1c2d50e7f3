"""The types of the arguments of calls, and the errors for others."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import LLMRequest, LLMRing, ValidationError
from llmring.chat.request import Message
from llmring.field_types import number, whole_number, wrong_type


class Thing:
    """An object that no field takes."""


WRONG_FOR_ALL = [Thing(), b"x", {1, 2}.__iter__, 1j]
TEXTS = ["hot", "", "5"]
NUMBERS = [5, 2.5, float("nan")]
OTHERS = [True, [], {}, [3], {"a": 1}, (1, 2)]

# The wrong values of each field, besides those that are wrong for all of them.
FIELDS: dict[str, list[Any]] = {
    "model": [*NUMBERS, *OTHERS],
    "messages": [*NUMBERS, True, {"a": 1}, [3]],
    "temperature": [*TEXTS, *OTHERS, float("nan"), float("inf")],
    "top_p": [*TEXTS, *OTHERS, float("nan")],
    "max_tokens": [*TEXTS, *OTHERS, 2.5],
    "reasoning_tokens": [*TEXTS, *OTHERS, 2.5],
    "seed": [*TEXTS, *OTHERS, 2.5],
    "max_repairs": [*TEXTS, *OTHERS, 2.5, None],
    "timeout": [*TEXTS, *OTHERS, float("nan")],
    "stop": [*NUMBERS, True, [3], {"a": 1}],
    "files": [*NUMBERS, True, [3], {"a": 1}],
    "tools": [*TEXTS, *NUMBERS, True, [3], {"a": 1}],
    "tool_choice": [*TEXTS, *NUMBERS, *OTHERS],
    "metadata": [*TEXTS, *NUMBERS, True, [3]],
    "extra_params": [*TEXTS, *NUMBERS, True, [3]],
    "json_response": [*TEXTS, *NUMBERS, [3]],
    "allow_empty": [*TEXTS, *NUMBERS, [3], None],
    "reasoning_effort": [*TEXTS, *NUMBERS, *OTHERS],
    "cache": [*NUMBERS, [3], {"ttl": 5}, {"a": 1}],
    "response_format": ["x", 5, {"a": 1}, [3]],
}
# An error of these is about an item.
OF_AN_ITEM = {"messages": ("message",), "tools": ("tool", "is not a function")}

wrong_fields = st.sampled_from(sorted(FIELDS)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from([*FIELDS[name], *WRONG_FOR_ALL]))
)


def keywords(name: str, value: object) -> dict[str, Any]:
    return {"model": "mock:x", "messages": "Hi", name: value}


@given(wrong_fields)
def test_a_value_of_a_wrong_type_is_an_error_that_names_the_field(field: tuple[str, Any]) -> None:
    name, value = field
    if name in ("tools", "response_format") and callable(value):
        return

    with pytest.raises(ValidationError) as caught:
        LLMRequest(**keywords(name, value))

    message = str(caught.value)
    assert any(word in message for word in (name, *OF_AN_ITEM.get(name, ()))), message
    assert "\n" not in message


@pytest.fixture(scope="module")
def ring() -> Iterator[LLMRing]:
    """Return a ring that several tests share."""
    with LLMRing() as ring:
        yield ring


@given(wrong_fields.filter(lambda field: field[0] not in ("model", "messages")))
def test_chat_makes_the_same_errors(ring: LLMRing, field: tuple[str, Any]) -> None:
    name, value = field
    with pytest.raises(ValidationError) as in_request:
        LLMRequest(**keywords(name, value))

    with pytest.raises(ValidationError) as in_chat:
        ring.chat("mock:x", "Hi", **{name: value})

    assert str(in_chat.value) == str(in_request.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ring: ring.chat("mock:x", "Hi", temperature="hot"), "temperature must be a number"),
        (lambda ring: ring.chat("mock:x", 5), "messages must be a text or a list of messages"),
        (lambda ring: ring.chat(5, "Hi"), "model must be an alias, or provider:model, not 5"),
        (lambda ring: ring.embed(5, "Hi"), "model must be an alias, or provider:model, not 5"),
        (lambda ring: ring.embed("mock:x", 5), "texts must be a text, or a list of texts, not 5"),
        (lambda ring: ring.embed("mock:x", ["a", 5]), "texts must be a text, or a list of texts"),
        (lambda ring: ring.embed("mock:x", {"a": 1}), "texts must be .*, not of type dict"),
        (
            lambda ring: ring.embed("mock:x", "Hi", dimensions="many"),
            "dimensions must be a whole number, not 'many'",
        ),
        (
            lambda ring: ring.embed("mock:x", "Hi", timeout="x"),
            "timeout must be seconds, like 30, not 'x'",
        ),
    ],
)
def test_a_call_names_the_field_with_the_value_and_what_it_takes(
    ring: LLMRing, call: Callable[[LLMRing], object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        call(ring)


@pytest.mark.parametrize(
    "fields",
    [
        {"role": 3},
        {"role": []},
        {"role": "user", "content": 5},
        {"role": "user", "content": [5]},
        {"role": "user", "content": [{"type": []}]},
        {"role": "assistant", "tool_calls": 5},
        {"role": "assistant", "tool_calls": [5]},
        {"role": "tool", "content": "x", "tool_call_id": 5},
        {"role": "user", "content": "x", "name": 5},
        {"role": "user", "content": "x", "metadata": 5},
    ],
)
def test_the_fields_of_a_message_are_checked(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LLMRequest("fast", [fields])
    with pytest.raises(ValidationError):
        Message(**fields)


class FloatLike:
    """A number of another library."""

    def __float__(self) -> float:
        return 0.5


class IntLike:
    """A whole number of another library."""

    def __index__(self) -> int:
        return 7


def test_numbers_of_other_libraries_are_taken_as_numbers() -> None:
    request = LLMRequest(
        "fast",
        "Hi",
        temperature=FloatLike(),  # type: ignore[arg-type]
        top_p=Decimal("0.25"),  # type: ignore[arg-type]
        max_tokens=IntLike(),  # type: ignore[arg-type]
    )

    assert (request.temperature, request.top_p, request.max_tokens) == (0.5, 0.25, 7)


def test_a_float_without_a_fraction_is_a_whole_number() -> None:
    request = LLMRequest("fast", "Hi", max_tokens=100.0, seed=-3.0)  # type: ignore[arg-type]

    assert (repr(request.max_tokens), repr(request.seed)) == ("100", "-3")


@pytest.mark.parametrize("value", [2.5, float("nan"), float("inf")])
def test_a_float_with_a_fraction_is_refused_with_the_name_of_the_field(value: float) -> None:
    with pytest.raises(ValidationError, match=r"^max_tokens must be a whole number of tokens, not"):
        LLMRequest("fast", "Hi", max_tokens=value)  # type: ignore[arg-type]


def test_extra_params_of_none_are_none() -> None:
    assert LLMRequest("fast", "Hi", extra_params=None).extra_params == {}


def test_values_that_fields_take_are_kept() -> None:
    assert number("temperature", 1, "a number") == 1
    assert whole_number("seed", -3, "a whole number") == -3


def test_a_value_is_shown_short_and_without_keys() -> None:
    assert str(wrong_type("seed", "x" * 500, "a number")).endswith("x…")
    assert "0123456789" not in str(wrong_type("seed", "sk-proj-0123456789abcdefghij", "a number"))
