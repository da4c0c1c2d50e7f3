"""Requests and messages: accepted forms, and refused ones."""

from typing import Any

import pytest

from llmring import LLMRequest, Message, ValidationError
from llmring.chat.parts import ProviderPart, ReasoningPart, UploadedPart
from llmring.schemas import DocumentPart, ImagePart, NamedTool, ProviderTool, TextPart, Tool

PIXEL = "data:image/png;base64,iVBORw0KGgo="


def test_R05_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValidationError, match="unknown role 'robot'; use system, user"):
        Message("robot", "Hi")


def test_the_role_developer_means_system() -> None:
    assert Message("developer", "Be brief").role == "system"


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("Hi", TextPart("Hi")),
        ({"type": "text", "text": "Hi"}, TextPart("Hi")),
        (
            {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
            ImagePart(data="iVBORw0KGgo=", media_type="image/png", detail="low"),
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
            ImagePart(url="https://example.com/a.png"),
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "R"}},
            ImagePart(data="R", media_type="image/gif"),
        ),
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
            },
            DocumentPart(data="JVBERi0="),
        ),
        (
            {
                "type": "document",
                "source": {"type": "url", "url": "https://a.b/c", "media_type": "text/plain"},
            },
            DocumentPart(url="https://a.b/c", media_type="text/plain"),
        ),
        (
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}, "title": "It"},
            UploadedPart("file_1", "application/pdf", "It"),
        ),
        (
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            UploadedPart("file_1", "image/*"),
        ),
        (
            {"type": "file", "file": {"file_id": "file-1"}},
            UploadedPart("file-1", "application/pdf"),
        ),
        ({"type": "input_text", "text": "Hi"}, TextPart("Hi")),
        (
            {"type": "input_image", "image_url": "https://a.b/c.png", "detail": "low"},
            ImagePart(url="https://a.b/c.png", detail="low"),
        ),
        ({"type": "input_image", "file_id": "file-1"}, UploadedPart("file-1", "image/*")),
        (
            {"type": "input_file", "file_id": "file-1", "filename": "it.pdf"},
            UploadedPart("file-1", "application/pdf", "it.pdf"),
        ),
        (
            {"type": "input_file", "file_url": "https://a.b/c.pdf"},
            DocumentPart(url="https://a.b/c.pdf"),
        ),
        (
            {"type": "input_file", "filename": "a", "file_data": "data:text/plain;base64,SGk="},
            DocumentPart(data="SGk=", media_type="text/plain", name="a"),
        ),
        (
            {"type": "thinking", "thinking": "So.", "signature": "c2ln"},
            ReasoningPart("So.", "c2ln", dialect="anthropic"),
        ),
        (
            {"type": "redacted_thinking", "data": "gAAA"},
            ProviderPart("anthropic", {"type": "redacted_thinking", "data": "gAAA"}),
        ),
    ],
)
def test_R06_parts_in_the_vendors_formats_are_parsed(given: Any, part: Any) -> None:
    assert Message("user", [given]).parts == [part]


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"type": "hologram"}, "unknown content part type 'hologram'; use one of text"),
        ({"type": "image_url"}, "is incomplete"),
        ({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, r"not an image URL"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,%%"}}, "not base64"),
    ],
)
def test_an_invalid_part_is_refused_when_the_message_is_created(part: Any, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Message("user", [part])


def test_a_tool_result_needs_the_id_of_its_call() -> None:
    with pytest.raises(ValidationError, match="tool_call_id"):
        Message("tool", "42")


@pytest.mark.parametrize(
    "call",
    [
        {"id": "a", "type": "custom", "custom": {"name": "formula", "input": "4 + 4"}},
        {"id": "a", "type": "custom", "function": {"name": "formula", "arguments": "4 + 4"}},
    ],
)
def test_a_call_of_a_custom_tool_keeps_its_free_text(call: dict[str, Any]) -> None:
    assert Message("assistant", tool_calls=[call]).calls == [
        {"id": "a", "type": "custom", "function": {"name": "formula", "arguments": "4 + 4"}}
    ]


def test_arguments_of_a_tool_call_become_a_json_text() -> None:
    call: Any = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}

    message = Message("assistant", None, tool_calls=[call])

    assert message.tool_calls is not None
    assert message.tool_calls[0]["function"]["arguments"] == '{"a":1}'


@pytest.mark.parametrize(
    "messages", ["Hi", [Message("user", "Hi")], [{"role": "user", "content": "Hi"}]]
)
def test_messages_can_be_texts_objects_or_dictionaries(messages: Any) -> None:
    assert [m.text for m in LLMRequest("fast", messages).turns()] == ["Hi"]


def test_R09_a_conversation_continues_by_appending_messages() -> None:
    request = LLMRequest("fast", [Message("user", "Hi")])

    request.messages.append({"role": "assistant", "content": "Hello"})  # type: ignore[union-attr]

    assert [m.role for m in request.turns()] == ["user", "assistant"]


def test_W45_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="strem"):
        LLMRequest("fast", "Hi", strem=True)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "given",
    [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
        {"name": "f", "input_schema": {"type": "object"}},
        Tool("f", parameters={"type": "object"}),
    ],
)
def test_R20_tools_are_accepted_in_several_forms(given: Any) -> None:
    request = LLMRequest("fast", "Hi", tools=[given])

    assert request.toolset() == [Tool("f", parameters={"type": "object"})]


def test_extra_fields_are_kept_for_tools_in_anthropics_format() -> None:
    own = {"name": "f", "input_schema": {}, "defer_loading": True}
    others = {"type": "function", "name": "f", "parameters": {}, "defer_loading": True}

    assert LLMRequest("fast", "Hi", tools=[own, others]).toolset() == [
        Tool("f", extra={"defer_loading": True}),
        Tool("f"),
    ]


def test_R20_a_provider_tool_is_unchanged() -> None:
    request = LLMRequest("fast", "Hi", tools=[{"type": "code_execution"}])

    assert request.toolset() == [ProviderTool({"type": "code_execution"})]


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("any", "required"),
        ({"type": "function", "function": {"name": "f"}}, NamedTool("f")),
        ({"function": "f"}, NamedTool("f")),
        ({"type": "tool", "name": "f"}, NamedTool("f")),
    ],
)
def test_R21_tool_choices_are_accepted_in_several_forms(given: Any, choice: Any) -> None:
    assert LLMRequest("fast", "Hi", tool_choice=given).choice() == choice


def test_an_invalid_tool_choice_is_refused() -> None:
    with pytest.raises(ValidationError, match="'perhaps'"):
        LLMRequest("fast", "Hi", tool_choice="perhaps")


def test_a_cache_mark_on_an_image_is_kept() -> None:
    mark = {"type": "ephemeral"}

    message = Message("user", [{"type": "image_url", "image_url": PIXEL, "cache_control": mark}])

    assert message.parts[0].cache_control == mark  # type: ignore[union-attr]
