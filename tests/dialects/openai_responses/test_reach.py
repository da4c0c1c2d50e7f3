"""What the Responses API serves, and parameters of Chat Completions under its names."""

from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import AudioPart
from llmring.chat.request import LLMRequest, Message
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_responses.encode_request import encode
from llmring.dialects.openai_responses.reach import expresses, renamed


@pytest.mark.parametrize(
    ("options", "expressed"),
    [
        ({}, True),
        ({"tools": [{"name": "f"}], "seed": 7}, True),
        ({"extra_params": {"verbosity": "low", "service_tier": "flex"}}, True),
        ({"stop": "END"}, False),
        ({"extra_params": {"logit_bias": {}}}, False),
        ({"extra_params": {"response_format": {"type": "json_object"}}}, False),
    ],
)
def test_some_options_exist_only_in_chat_completions(
    options: dict[str, Any], expressed: bool
) -> None:
    assert expresses(parse_request(LLMRequest("fast", "Hi", **options))) == expressed


def test_audio_goes_only_to_chat_completions() -> None:
    audio = AudioPart(data="AAAA", media_type="audio/wav")

    assert not expresses(parse_request(LLMRequest("fast", [Message("user", [audio])])))


def test_parameters_of_chat_completions_get_the_names_of_this_api() -> None:
    extra = {
        "verbosity": "low",
        "reasoning_effort": "high",
        "max_completion_tokens": 9,
        "user": "u",
    }

    request = parse_request(LLMRequest("fast", "Hi", extra_params=extra))

    payload = encode(request, "gpt-6-sol", stream=False, quirks=Quirks()).payload
    assert payload["text"] == {"verbosity": "low"}
    assert payload["reasoning"] == {"effort": "high"}
    assert (payload["max_output_tokens"], payload["user"]) == (9, "u")
    assert not payload.keys() & {"verbosity", "reasoning_effort", "max_completion_tokens"}


def test_a_parameter_under_its_own_name_counts_more() -> None:
    extra = {"verbosity": "low", "text": {"verbosity": "high", "format": {"type": "text"}}}

    assert renamed(extra) == {"text": {"verbosity": "high", "format": {"type": "text"}}}
