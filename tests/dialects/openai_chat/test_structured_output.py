from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Message
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_chat.dialect import DIALECT

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
STRICT = {
    "type": "object",
    "properties": {"n": {"type": ["integer", "null"]}},
    "required": ["n"],
    "additionalProperties": False,
}
LIST = {"type": "array", "items": {"type": "integer"}}
OPEN = {"type": "object", "additionalProperties": {"type": "integer"}}
ONLY_MODE = Quirks(json_schema=False)


def sent(requested: Any, messages: Any = "Hello", quirks: Quirks | None = None) -> dict[str, Any]:
    request = LLMRequest(messages=messages, response_format=requested)
    return DIALECT.encode(
        parse_request(request), "m", stream=False, quirks=quirks or Quirks()
    ).payload


def of_schema(schema: Any, **more: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, **more}}


@pytest.mark.parametrize("kind", ["json_object", "json"])
def test_R28_json_without_a_schema_uses_json_mode(kind: str) -> None:
    assert sent({"type": kind})["response_format"] == {"type": "json_object"}


def test_R28_json_response_uses_json_mode() -> None:
    request = LLMRequest(messages="Hello", json_response=True)
    payload = DIALECT.encode(parse_request(request), "m", stream=False, quirks=Quirks()).payload

    assert payload["response_format"] == {"type": "json_object"}


def test_json_mode_adds_a_prompt_for_json() -> None:
    system, user = sent({"type": "json_object"})["messages"]

    assert (system["role"], "JSON" in system["content"]) == ("system", True)
    assert user == {"role": "user", "content": "Hello"}


def test_json_mode_adds_no_prompt_if_a_message_mentions_json() -> None:
    assert len(sent({"type": "json_object"}, "Hello in Json")["messages"]) == 1


def test_the_prompt_for_json_is_added_to_the_system_message() -> None:
    turns = [Message("system", "Be brief."), Message("user", "Hello")]
    system, _ = sent({"type": "json_object"}, turns)["messages"]

    assert system["content"].startswith("Be brief.\n\n")


def test_the_prompt_for_json_is_added_as_a_part() -> None:
    turns = [Message("system", ["Be brief.", "Be kind."]), Message("user", "Hello")]
    system, _ = sent({"type": "json_object"}, turns)["messages"]

    assert [part["type"] for part in system["content"]] == ["text"] * 3


@pytest.mark.parametrize(
    ("strict", "schema", "result"),
    [
        ({"strict": True}, STRICT, {"strict": True}),
        ({"strict": False}, SCHEMA, {"strict": False}),
        ({}, SCHEMA, {}),
    ],
)
def test_R32_a_schema_is_adapted_only_if_strict(strict: Any, schema: Any, result: Any) -> None:
    assert sent(of_schema(SCHEMA, **strict))["response_format"] == of_schema(schema, **result)


def test_R27_strict_is_accepted_at_either_level() -> None:
    outer = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}, "strict": True}

    assert sent(outer) == sent(of_schema(SCHEMA, strict=True))


def test_R32_a_type_that_cannot_be_strict_is_sent_without_strict() -> None:
    requested = sent(dict[str, int])["response_format"]["json_schema"]

    assert (requested["strict"], requested["schema"]["additionalProperties"]) == (
        False,
        {"type": "integer"},
    )


@pytest.mark.parametrize("strict", [True, False, None])
def test_R33_an_array_is_wrapped_in_an_object(strict: bool | None) -> None:
    requested = sent(of_schema(LIST, strict=strict))["response_format"]["json_schema"]["schema"]

    assert (requested["type"], list(requested["properties"].values())) == ("object", [LIST])


def test_invalid_characters_in_the_name_of_a_schema_are_replaced() -> None:
    requested = sent(
        {"type": "json_schema", "json_schema": {"name": "Page[int]", "schema": SCHEMA}}
    )

    assert requested["response_format"]["json_schema"]["name"] == "Page_int_"


@pytest.mark.parametrize("schema", [SCHEMA, LIST, OPEN])
def test_a_server_that_accepts_any_schema_gets_it_unchanged(schema: Any) -> None:
    requested = of_schema(schema, strict=True)

    assert sent(requested, quirks=Quirks(any_schema=True))["response_format"] == requested


def test_a_server_without_schemas_gets_the_schema_as_a_prompt() -> None:
    payload = sent(of_schema(SCHEMA), quirks=ONLY_MODE)

    assert payload["response_format"] == {"type": "json_object"}
    assert (
        '{"type":"object","properties":{"n":{"type":"integer"}}}'
        in (payload["messages"][0]["content"])
    )


def test_json_mode_is_not_used_for_an_array() -> None:
    payload = sent(of_schema(LIST), quirks=ONLY_MODE)

    assert "response_format" not in payload
    assert '{"type":"array"' in payload["messages"][0]["content"]
