"""A request in one form, which later changes of the request do not reach."""

from typing import Any

import msgspec
import pytest

from llmring import LLMRequest, Message
from llmring.chat.caching import Caching
from llmring.chat.output_format import OutputFormat
from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import TextPart
from llmring.chat.reasoning import Reasoning
from llmring.chat.tools import Tool


def test_every_field_is_there_in_one_form_however_it_was_given() -> None:
    parsed = parse_request(
        LLMRequest(
            model="fast",
            messages=[{"role": "developer", "content": ["Be brief."]}],
            stop="END",
            tools=[{"name": "look", "parameters": {"type": "object"}}],
            tool_choice="any",
            json_response=True,
            reasoning_tokens=500,
            cache="1h",
        )
    )

    assert parsed.turns == [Message("system", [TextPart("Be brief.")])]
    assert list(parsed.stops) == ["END"]
    assert [each.name for each in parsed.tools if isinstance(each, Tool)] == ["look"]
    assert parsed.choice == "required"
    assert parsed.output == OutputFormat()
    assert parsed.reasoning == Reasoning(tokens=500)
    assert parsed.extra_tokens == 500
    assert parsed.caching == Caching("1h")


def test_a_request_with_nothing_but_a_text_leaves_all_else_open() -> None:
    parsed = parse_request(LLMRequest("fast", "Hi"))

    assert parsed.turns == [Message("user", "Hi")]
    assert [*parsed.stops, *parsed.tools, *parsed.files] == []
    assert (parsed.choice, parsed.output, parsed.reasoning, parsed.caching) == (None,) * 4
    assert parsed.extra_tokens == 0


def test_a_limit_that_includes_reasoning_is_not_raised_by_it() -> None:
    parsed = parse_request(LLMRequest("fast", "Hi", max_tokens=900, reasoning_tokens=500))

    assert parsed.extra_tokens == 500
    assert msgspec.structs.replace(parsed, limits_all=True).extra_tokens == 0


@pytest.mark.parametrize(
    ("cache", "group", "key"),
    [
        (None, None, None),
        ("1h", None, None),
        (None, "c1", "c1"),
        ("1h", "c1", "c1"),
        ({"key": "own"}, "c1", "own"),
    ],
)
def test_the_key_of_the_cache_is_the_request_s_own_or_else_that_of_its_group(
    cache: Any, group: str | None, key: str | None
) -> None:
    parsed = parse_request(LLMRequest("fast", "Hi", cache=cache))

    assert msgspec.structs.replace(parsed, cache_group=group).cache_key == key


def test_a_message_that_is_appended_later_is_not_in_it() -> None:
    request = LLMRequest("fast", [Message("user", "Hi")])
    parsed = parse_request(request)

    assert isinstance(request.messages, list)
    request.messages.append(Message("user", "Still there?"))

    assert [turn.text for turn in parsed.turns] == ["Hi"]
    assert parsed.given is request


def test_it_can_t_be_changed() -> None:
    parsed = parse_request(LLMRequest("fast", "Hi"))

    with pytest.raises(AttributeError):
        parsed.temperature = 1.0  # type: ignore[misc]
