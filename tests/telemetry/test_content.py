"""Prompts and answers in traces: texts and calls as they are, attachments by their type."""

import json
from typing import Any

import pytest

from llmring import LLMRequest, LLMResponse, Message, attachment
from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import Part, ReasoningPart, TextPart
from llmring.schemas import UploadedPart
from llmring.telemetry.content import input_messages, output_messages

CALL: Any = {"id": "1", "type": "function", "function": {"name": "sky", "arguments": "{}"}}
PDF = attachment(b"%PDF-1.4 secret", name="secret.pdf")
PNG = attachment(b"\x89PNG\r\n\x1a\n secret")
WAV = attachment(b"RIFF\x00\x00\x00\x00WAVE secret")


def sent(*messages: Message) -> Any:
    return json.loads(input_messages(parse_request(LLMRequest("fast", list(messages)))))


def answered(**fields: Any) -> Any:
    [message] = json.loads(output_messages(LLMResponse(model="a:b", **fields)))
    return message


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ("Hello", {"type": "text", "content": "Hello"}),
        (PNG, {"type": "image", "mime_type": "image/png"}),
        (PDF, {"type": "document", "mime_type": "application/pdf"}),
        (WAV, {"type": "audio", "mime_type": "audio/wav"}),
        (
            UploadedPart("file-secret", "application/pdf", "secret.pdf"),
            {"type": "document", "mime_type": "application/pdf"},
        ),
    ],
    ids=["text", "image", "document", "audio", "uploaded"],
)
def test_a_part_is_shown_by_its_text_or_its_type_and_never_by_its_data(
    part: str | Part, shown: dict[str, str]
) -> None:
    assert sent(Message("user", [part])) == [{"role": "user", "parts": [shown]}]


def test_reasoning_is_shown_by_its_text_without_its_signature() -> None:
    parts: list[Part] = [ReasoningPart("I think.", "signed"), TextPart("Yes."), TextPart("")]

    assert sent(Message("assistant", parts))[0]["parts"] == [
        {"type": "reasoning", "content": "I think."},
        {"type": "text", "content": "Yes."},
    ]


def test_a_tool_s_result_is_shown_with_the_id_of_its_call() -> None:
    call, result = sent(
        Message("assistant", None, tool_calls=[CALL]), Message("tool", "sunny", tool_call_id="1")
    )

    assert call["parts"] == [{"type": "tool_call", "id": "1", "name": "sky", "arguments": "{}"}]
    assert result == {
        "role": "tool",
        "parts": [{"type": "tool_call_response", "id": "1", "response": "sunny"}],
    }


def test_an_answer_is_a_message_of_the_assistant_with_its_finish_reason() -> None:
    assert answered(content="Hi", finish_reason="stop") == {
        "role": "assistant",
        "parts": [{"type": "text", "content": "Hi"}],
        "finish_reason": "stop",
    }


def test_an_answer_without_a_finish_reason_ended_with_an_error() -> None:
    assert answered(content="")["finish_reason"] == "error"


def test_calls_of_an_answer_come_after_its_text() -> None:
    parts = answered(content="Let me look.", tool_calls=[CALL])["parts"]

    assert [each["type"] for each in parts] == ["text", "tool_call"]


def test_a_key_in_a_prompt_or_an_answer_is_masked() -> None:
    key = "sk-0123456789abcdef0123"

    assert key not in str(sent(Message("user", f"My key is {key}.")))
    assert answered(content=f"It is {key}.")["parts"][0]["content"] == "It is ***."
