"""Requests and messages: what is accepted, and what is refused."""

from typing import Any

import pytest

from llmring import LLMRequest, Message, ValidationError
from llmring.chat.parts import ProviderPart, ReasoningPart, UploadedPart
from llmring.schemas import DocumentPart, ImagePart, NamedTool, ProviderTool, TextPart, Tool

PIXEL = "data:image/png;base64,iVBORw0KGgo="


def test_R05_a_role_that_no_vendor_knows_is_refused() -> None:
    with pytest.raises(ValidationError, match="'robot' is not one of system, user"):
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
def test_R06_parts_in_the_vendors_forms_are_read(given: Any, part: Any) -> None:
    assert Message("user", [given]).parts == [part]


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"type": "hologram"}, "content part of type 'hologram'; known are text"),
        ({"type": "image_url"}, "is not complete"),
        ({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, r"must be http\(s\)"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,%%"}}, "not base64"),
    ],
)
def test_a_part_that_can_t_be_sent_is_refused_where_it_is_made(part: Any, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Message("user", [part])


def test_a_tool_result_names_the_call_it_answers() -> None:
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
def test_messages_are_texts_values_or_dictionaries(messages: Any) -> None:
    assert [m.text for m in LLMRequest("fast", messages).turns()] == ["Hi"]


def test_R09_a_conversation_goes_on_by_appending() -> None:
    request = LLMRequest("fast", [Message("user", "Hi")])

    request.messages.append({"role": "assistant", "content": "Hello"})  # type: ignore[union-attr]

    assert [m.role for m in request.turns()] == ["user", "assistant"]


def test_W45_a_field_that_does_not_exist_is_refused() -> None:
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
def test_R20_tools_come_in_several_forms(given: Any) -> None:
    request = LLMRequest("fast", "Hi", tools=[given])

    assert request.toolset() == [Tool("f", parameters={"type": "object"})]


def test_what_only_anthropic_knows_of_a_function_is_kept_where_the_form_is_its_own() -> None:
    own = {"name": "f", "input_schema": {}, "defer_loading": True}
    others = {"type": "function", "name": "f", "parameters": {}, "defer_loading": True}

    assert LLMRequest("fast", "Hi", tools=[own, others]).toolset() == [
        Tool("f", extra={"defer_loading": True}),
        Tool("f"),
    ]


def test_R20_a_provider_s_own_tool_is_passed_on_as_it_stands() -> None:
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
def test_R21_a_tool_choice_comes_in_several_forms(given: Any, choice: Any) -> None:
    assert LLMRequest("fast", "Hi", tool_choice=given).choice() == choice


def test_a_tool_choice_that_means_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="'perhaps'"):
        LLMRequest("fast", "Hi", tool_choice="perhaps")


def test_a_cache_mark_on_an_image_is_kept() -> None:
    mark = {"type": "ephemeral"}

    message = Message("user", [{"type": "image_url", "image_url": PIXEL, "cache_control": mark}])

    assert message.parts[0].cache_control == mark  # type: ignore[union-attr]
