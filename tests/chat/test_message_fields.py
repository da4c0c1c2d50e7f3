from typing import Any

import pytest

from llmring.chat.parts import Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import LLMRequest
from llmring.exceptions import ValidationError


def parts_of(**fields: Any) -> list[Part]:
    (message,) = LLMRequest(messages=[{"role": "assistant", **fields}]).turns()
    return list(message.parts)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_with_the_name_of_its_field(name: str) -> None:
    thought = ReasoningPart("Hm.", dialect="openai_chat", field=name)

    assert parts_of(content="a", **{name: "Hm."}) == [thought, TextPart("a")]


def test_the_same_reasoning_under_two_names_is_kept_once() -> None:
    thought = ReasoningPart("Hm.", dialect="openai_chat", field="reasoning_content")

    assert parts_of(content=None, reasoning_content="Hm.", reasoning="Hm.") == [thought]


def test_empty_reasoning_is_kept_too() -> None:
    thought = ReasoningPart("", dialect="openai_chat", field="reasoning_content")

    assert parts_of(content="", reasoning_content="") == [thought]


def test_reasoning_details_are_kept_as_they_are() -> None:
    details: list[dict[str, Any]] = [
        {"type": "reasoning.encrypted", "data": "x"},
        {"type": "new", "y": 1},
    ]

    assert parts_of(content="a", reasoning_details=details) == [
        *(ProviderPart("openai_chat", detail) for detail in details),
        TextPart("a"),
    ]


def test_thinking_blocks_are_kept_with_their_signatures() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
    ]

    assert parts_of(content="a", thinking_blocks=blocks, reasoning_content="Hm.") == [
        ReasoningPart("Hm.", "s", dialect="anthropic"),
        ProviderPart("anthropic", blocks[1]),
        TextPart("a"),
    ]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "redacted_thinking", "data": "x"},
        {"type": "thinking", "thinking": "", "signature": "s"},
    ],
)
def test_blocks_without_a_text_do_not_replace_the_text(block: dict[str, Any]) -> None:
    assert parts_of(content="a", thinking_blocks=[block], reasoning_content="Hm.")[1:] == [
        ReasoningPart("Hm.", dialect="openai_chat", field="reasoning_content"),
        TextPart("a"),
    ]


@pytest.mark.parametrize("other", [{}, {"reasoning_content": ""}, {"reasoning": None}])
def test_reasoning_that_is_only_in_details_has_their_text(other: dict[str, Any]) -> None:
    details: list[dict[str, Any]] = [
        {"type": "reasoning.summary", "summary": "H"},
        {"type": "reasoning.encrypted", "data": "x"},
        {"type": "reasoning.text", "text": "m."},
    ]

    assert parts_of(content=None, reasoning_details=details, **other) == [
        ReasoningPart("Hm.", dialect="openai_chat"),
        *(ProviderPart("openai_chat", detail) for detail in details),
    ]


def test_details_do_not_repeat_reasoning_that_is_there_as_text() -> None:
    detail = {"type": "reasoning.text", "text": "Hm."}

    assert parts_of(content=None, reasoning="Hm.", reasoning_details=[detail]) == [
        ReasoningPart("Hm.", dialect="openai_chat", field="reasoning"),
        ProviderPart("openai_chat", detail),
    ]


def test_a_thinking_block_must_be_complete() -> None:
    with pytest.raises(ValidationError):
        parts_of(content="a", thinking_blocks=[{"type": "thinking"}])


def test_a_refusal_is_text_for_apis_that_have_no_refusals() -> None:
    mark = {"type": "message", "refusal": "No.", "text": "No."}

    assert parts_of(content=None, refusal="No.") == [
        TextPart("No."),
        ProviderPart("openai_chat", mark),
    ]


def test_a_spoken_answer_is_its_transcript() -> None:
    audio = {"id": "audio_1", "transcript": "Hello"}
    mark = {"type": "message", "audio": audio, "text": "Hello"}

    assert parts_of(content=None, audio=audio) == [
        TextPart("Hello"),
        ProviderPart("openai_chat", mark),
    ]


def test_annotations_and_the_phase_are_kept() -> None:
    annotations = [{"type": "url_citation", "url_citation": {"url": "https://example.org"}}]
    phase = {"type": "message", "role": "assistant", "phase": "commentary"}

    assert parts_of(content="a", annotations=annotations, phase="commentary") == [
        TextPart("a"),
        ProviderPart("openai_chat", {"type": "message", "annotations": annotations}),
        ProviderPart("openai_responses", phase),
    ]


def test_fields_without_a_value_change_nothing() -> None:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "a",
        "refusal": None,
        "annotations": [],
        "audio": None,
        "function_call": None,
        "reasoning_content": None,
    }

    (parsed,) = LLMRequest(messages=[message]).turns()

    assert parsed.content == "a"


def test_the_fields_of_other_roles_are_not_reasoning() -> None:
    (parsed,) = LLMRequest(messages=[{"role": "user", "content": "a", "reasoning": "b"}]).turns()

    assert parsed.content == "a"


def test_the_fields_of_a_call_are_kept() -> None:
    call = {
        "id": "1",
        "type": "function",
        "function": {"name": "f", "arguments": "{}"},
        "extra_content": {"google": {"thought_signature": "s"}},
        "caller": {"type": "program", "caller_id": "p"},
    }

    message = {"role": "assistant", "content": None, "tool_calls": [{**call, "index": 0}]}
    (parsed,) = LLMRequest(messages=[message]).turns()

    assert parsed.calls == [call]


def test_refusals_and_thoughts_among_the_parts_of_the_content_are_kept() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}

    assert parts_of(content=[thinking, {"type": "refusal", "refusal": "No."}]) == [
        ReasoningPart("Hm.", dialect="openai_chat"),
        TextPart("No."),
    ]
