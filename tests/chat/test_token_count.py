"""Estimates of tokens from the length of a request."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import LLMRequest, Message, Usage, tool
from llmring.chat.parsed_request import parse_request
from llmring.chat.token_count import estimated


def tokens(request: LLMRequest) -> int:
    return estimated(parse_request(request), "mock:echo", "no counter").tokens


ENGLISH = "The quick brown fox jumps over the lazy dog, and then it sleeps. " * 20


def test_english_has_about_a_token_every_four_characters() -> None:
    assert tokens(LLMRequest(messages=ENGLISH)) == pytest.approx(len(ENGLISH) / 4, rel=0.05)


def test_other_scripts_have_more_tokens_per_character() -> None:
    counts = [tokens(LLMRequest(messages=letter * 1000)) for letter in "aж語"]

    assert counts == sorted(set(counts))


def test_tools_calls_and_schemas_are_counted() -> None:
    def weather(city: str) -> str:
        """Look the weather up."""
        return city

    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 12345}'}}
    plain = LLMRequest(messages=[Message("assistant", "Hi")])
    calls = LLMRequest(messages=[Message("assistant", "Hi", tool_calls=[call])])
    tools = LLMRequest(messages=[Message("assistant", "Hi")], tools=[tool(weather)])
    schema = LLMRequest(messages=[Message("assistant", "Hi")], response_format=Usage)

    assert all(tokens(more) > tokens(plain) for more in (calls, tools, schema))


def test_an_image_is_counted_and_other_parts_are_reported() -> None:
    data = base64.b64encode(b"%PDF-").decode()
    document = {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": data},
    }
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}

    count = estimated(
        parse_request(LLMRequest(messages=[Message("user", [image, document])])), "m:m", "why"
    )

    assert count.tokens > 1000
    assert count.method == "estimate from the length of the text, 1 other parts not counted"
    assert (count.exact, count.model, count.reason) == (False, "m:m", "why")


@given(st.text(), st.text())
def test_more_text_never_has_fewer_tokens(some: str, more: str) -> None:
    assert 1 <= tokens(LLMRequest(messages=some)) <= tokens(LLMRequest(messages=some + more))
