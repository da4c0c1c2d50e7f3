"""Prompts that ask for JSON."""

from typing import Any

from llmring import Message
from llmring.json_schema.prompt import add_to_system_message, json_instruction, mentions_json


def test_the_prompt_has_the_schema() -> None:
    assert json_instruction({"type": "object"}).endswith('without a code fence:\n{"type":"object"}')
    assert "JSON object" in json_instruction(None)


def test_json_is_found_in_any_message_in_any_spelling() -> None:
    assert mentions_json([Message("system", "Be brief"), Message("user", "as Json, please")])
    assert not mentions_json([Message("user", "as a list")])


def test_the_words_are_added_to_the_first_system_message() -> None:
    system: dict[str, Any] = {"role": "system", "content": "Be brief"}
    user: dict[str, Any] = {"role": "user", "content": "Hi"}
    parts = [{"type": "text", "text": "Be brief"}]

    assert add_to_system_message([system, user], "In JSON.") == [
        {"role": "system", "content": "Be brief\n\nIn JSON."},
        user,
    ]
    assert add_to_system_message([{"role": "system", "content": parts}], "In JSON.") == [
        {"role": "system", "content": [*parts, {"type": "text", "text": "In JSON."}]}
    ]
    assert (
        add_to_system_message([{"role": "system", "content": ""}], "In JSON.")[0]["content"]
        == "In JSON."
    )
    assert system == {"role": "system", "content": "Be brief"}


def test_without_a_system_message_the_words_become_one() -> None:
    user: dict[str, Any] = {"role": "user", "content": "Hi"}

    assert add_to_system_message([user], "In JSON.") == [
        {"role": "system", "content": "In JSON."},
        user,
    ]
    assert add_to_system_message([], "In JSON.") == [{"role": "system", "content": "In JSON."}]


def test_without_words_the_messages_stay_as_they_are() -> None:
    assert add_to_system_message([], None) == []
