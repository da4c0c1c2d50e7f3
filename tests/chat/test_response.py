"""Answers, and the attempts that led to them."""

from typing import Any

from llmring import LLMResponse, Usage
from llmring.chat.parts import ReasoningPart, TextPart

CALL: Any = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_an_answer_becomes_the_next_message_with_its_reasoning_and_calls() -> None:
    parts = (ReasoningPart("So.", "c2ln", dialect="anthropic"), TextPart("Yes."))
    message = LLMResponse(content="Yes.", model="a:m", parts=parts, tool_calls=[CALL]).message

    assert (message.role, message.parts, message.calls) == ("assistant", list(parts), [CALL])


def test_an_answer_of_only_text_becomes_a_message_of_that_text() -> None:
    assert LLMResponse(content="Yes.", model="a:m").message.content == "Yes."


def test_the_total_is_unknown_if_no_tokens_were_reported() -> None:
    usage = Usage(prompt_tokens=3, completion_tokens=4)

    assert LLMResponse(content="", model="a:m").total_tokens is None
    assert LLMResponse(content="", model="a:m", usage=usage).total_tokens == 7
