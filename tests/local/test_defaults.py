from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import ImagePart
from llmring.chat.request import LLMRequest, Message
from llmring.exceptions import UnsupportedFeatureError
from llmring.local.defaults import MAX_TOKENS, SYSTEM_PROMPT, refusal, with_local_defaults

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def test_a_bare_question_gets_all_defaults() -> None:
    sent = with_local_defaults(parse_request(LLMRequest(messages="Hello")))

    assert sent.turns == [Message("system", SYSTEM_PROMPT), Message("user", "Hello")]
    assert sent.temperature == 0
    assert sent.max_tokens == MAX_TOKENS


def test_settings_of_the_request_are_kept() -> None:
    messages = [Message("system", "Be brief."), Message("user", "Hello")]
    request = parse_request(LLMRequest(messages=messages, temperature=0.7, max_tokens=900))

    assert with_local_defaults(request) == request


def test_the_request_itself_is_not_changed() -> None:
    request = LLMRequest(messages="Hello")

    with_local_defaults(parse_request(request))

    assert request == LLMRequest(messages="Hello")


def test_a_users_own_model_gets_the_request_unchanged() -> None:
    request = parse_request(LLMRequest(messages="Hello", tools=[TOOL]))

    assert with_local_defaults(request, "qwen3-4b") is request


def test_tools_are_refused_by_the_bundled_model() -> None:
    with pytest.raises(UnsupportedFeatureError, match="tools"):
        with_local_defaults(parse_request(LLMRequest(messages="Hello", tools=[TOOL])))


def test_tools_are_dropped_if_the_tool_choice_is_none() -> None:
    sent = with_local_defaults(
        parse_request(LLMRequest(messages="Hello", tools=[TOOL], tool_choice="none"))
    )

    assert sent.tools == ()
    assert sent.choice is None


@pytest.mark.parametrize("model", ["smollm2-135m", "qwen3-4b"])
def test_images_are_refused_by_every_local_model(model: str) -> None:
    content: list[Any] = [ImagePart(url="https://example.com/cat.png")]

    assert (
        refusal(parse_request(LLMRequest(messages=[Message("user", content)])), model) is not None
    )


def test_plain_text_is_not_refused() -> None:
    assert refusal(parse_request(LLMRequest(messages="Hello"))) is None
