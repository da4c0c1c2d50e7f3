"""The arguments of `chat` and similar methods, in both of their forms."""

from typing import Any

import pytest

from llmring import LLMRequest, LLMRing, Message, ValidationError
from llmring.client.request_args import RequestFields

MODEL = "mock:echo"


def chat(*args: Any, **fields: Any) -> str:
    with LLMRing() as ring:
        content: str = ring.chat(*args, **fields).content
        return content


def test_a_request_may_be_an_alias_with_messages_or_a_value() -> None:
    assert chat(MODEL, "Hello") == chat(LLMRequest(model=MODEL, messages="Hello")) == "Hello"


@pytest.mark.parametrize(
    ("messages", "fields"), [("More", {}), (None, {"temperature": 0.5})], ids=["messages", "field"]
)
def test_a_request_that_is_a_value_takes_nothing_more(
    messages: str | None, fields: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match="put them into it"):
        chat(LLMRequest(model=MODEL, messages="Hello"), messages, **fields)


def test_a_field_with_a_typing_error_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(ValidationError, match="'temprature'; did you mean 'temperature'"):
        chat(MODEL, "Hello", temprature=0.5)


def test_a_field_like_no_other_is_refused_without_a_guess() -> None:
    with pytest.raises(ValidationError, match=r"no field 'zzzzzz'$"):
        chat(MODEL, "Hello", zzzzzz=1)


@pytest.mark.parametrize("name", ["model", "messages"])
def test_the_alias_and_the_messages_are_given_by_position_and_not_as_fields(name: str) -> None:
    assert name not in RequestFields.__annotations__


def test_every_field_that_can_be_given_is_a_field_of_the_request() -> None:
    assert set(RequestFields.__annotations__) <= set(LLMRequest.__struct_fields__)


def test_messages_appended_after_the_request_was_made_are_checked_when_it_is_used() -> None:
    messages: list[Any] = [Message("user", "Hello")]
    request = LLMRequest(model=MODEL, messages=messages)
    assert isinstance(request.messages, list)
    request.messages.append("just a text")

    with pytest.raises(ValidationError):
        chat(request)


def test_an_alias_without_messages_is_refused_by_chat_and_not_by_explain() -> None:
    with pytest.raises(ValidationError, match="no messages"):
        chat(MODEL, None)

    assert LLMRing().explain(MODEL).tried[0].model == MODEL
