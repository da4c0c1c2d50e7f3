from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest
from llmring.dialects.dialect import EVERY_FIELD, Quirks
from llmring.dialects.openai_chat.dialect import DIALECT

EVERY = Quirks(message_fields=EVERY_FIELD, server="mine")
NONE = Quirks(server="mine")


def sent(message: Any, quirks: Quirks) -> dict[str, Any]:
    request = parse_request(LLMRequest(messages=[message]))
    outgoing = DIALECT.encode(request, "m", stream=False, quirks=quirks)
    (found,) = outgoing.payload["messages"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"content": None, "refusal": "No."}, "No."),
        ({"content": "a", "annotations": [{"type": "url_citation"}]}, "a"),
        ({"content": None, "audio": {"id": "audio_1"}}, ""),
        ({"content": "a", "extra_content": {"google": {"thought": True}}}, "a"),
    ],
)
def test_fields_come_back_as_they_were_where_they_are_accepted(
    fields: dict[str, Any], text: str
) -> None:
    message = {"role": "assistant", **fields}

    assert sent(message, EVERY) == message
    assert sent(message, NONE) == {"role": "assistant", "content": text}


def test_a_spoken_answer_is_sent_by_its_id_or_as_its_transcript() -> None:
    audio = {"id": "audio_1", "transcript": "Hello", "data": "aGk=", "expires_at": 1}
    message = {"role": "assistant", "content": None, "audio": audio}

    assert sent(message, EVERY) == {**message, "audio": {"id": "audio_1"}}
    assert sent(message, NONE) == {"role": "assistant", "content": "Hello"}


@pytest.mark.parametrize(
    ("origin", "quirks", "kept"),
    [
        ("mine", EVERY, True),
        ("mine", NONE, True),
        ("other", EVERY, False),
        (None, EVERY, True),
        (None, NONE, False),
    ],
)
def test_the_further_fields_of_a_call_go_to_the_server_that_sent_them(
    origin: str | None, quirks: Quirks, kept: bool
) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    extra = {"extra_content": {"google": {"thought_signature": "s"}}}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{**call, **extra}],
        "origin": origin,
    }

    assert sent(message, quirks)["tool_calls"] == [{**call, **extra} if kept else call]
