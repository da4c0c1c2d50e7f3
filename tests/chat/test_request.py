"""Requests and messages: accepted forms, and refused ones."""

from typing import Any

import pytest

from llmring import LLMRequest, Message, ValidationError


def test_R05_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValidationError, match="unknown role 'robot'; use system, user"):
        Message("robot", "Hi")


def test_the_role_developer_means_system() -> None:
    assert Message("developer", "Be brief").role == "system"


def test_a_tool_result_needs_the_id_of_its_call() -> None:
    with pytest.raises(ValidationError, match="tool_call_id"):
        Message("tool", "42")


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
