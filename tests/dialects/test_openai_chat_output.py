from typing import Any

import pytest

from llmring.chat.request import LLMRequest, Message
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_chat import DIALECT

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


def sent(asked: Any, messages: Any = "Hello", quirks: Quirks | None = None) -> dict[str, Any]:
    request = LLMRequest(messages=messages, response_format=asked)
    return DIALECT.encode(request.parsed(), "m", stream=False, quirks=quirks or Quirks()).payload


def of_schema(schema: Any, **more: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, **more}}


@pytest.mark.parametrize("kind", ["json_object", "json"])
def test_R28_any_json_is_a_mode(kind: str) -> None:
    assert sent({"type": kind})["response_format"] == {"type": "json_object"}


def test_R28_json_response_is_short_for_it() -> None:
    request = LLMRequest(messages="Hello", json_response=True)
    payload = DIALECT.encode(request.parsed(), "m", stream=False, quirks=Quirks()).payload

    assert payload["response_format"] == {"type": "json_object"}


def test_a_model_that_is_to_answer_in_json_is_told_so() -> None:
    system, user = sent({"type": "json_object"})["messages"]

    assert (system["role"], "JSON" in system["content"]) == ("system", True)
    assert user == {"role": "user", "content": "Hello"}


def test_a_model_that_was_told_of_json_is_not_told_again() -> None:
    assert len(sent({"type": "json_object"}, "Hello in Json")["messages"]) == 1


def test_what_a_model_is_told_stands_at_the_end_of_its_instructions() -> None:
    turns = [Message("system", "Be brief."), Message("user", "Hello")]
    system, _ = sent({"type": "json_object"}, turns)["messages"]

    assert system["content"].startswith("Be brief.\n\n")


def test_instructions_in_parts_get_one_more() -> None:
    turns = [Message("system", ["Be brief.", "Be kind."]), Message("user", "Hello")]
    system, _ = sent({"type": "json_object"}, turns)["messages"]

    assert [part["type"] for part in system["content"]] == ["text"] * 3


@pytest.mark.parametrize(
    ("strict", "schema", "told"),
    [
        ({"strict": True}, STRICT, {"strict": True}),
        ({"strict": False}, SCHEMA, {"strict": False}),
        ({}, SCHEMA, {}),
    ],
)
def test_R32_a_schema_is_put_into_strict_words_where_that_is_asked(
    strict: Any, schema: Any, told: Any
) -> None:
    assert sent(of_schema(SCHEMA, **strict))["response_format"] == of_schema(schema, **told)


def test_R27_strict_may_stand_at_either_level() -> None:
    outer = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}, "strict": True}

    assert sent(outer) == sent(of_schema(SCHEMA, strict=True))


def test_R32_a_type_that_can_not_be_strict_is_asked_for_without() -> None:
    asked = sent(dict[str, int])["response_format"]["json_schema"]

    assert (asked["strict"], asked["schema"]["additionalProperties"]) == (
        False,
        {"type": "integer"},
    )


@pytest.mark.parametrize("strict", [True, False, None])
def test_R33_an_array_is_asked_for_within_an_object(strict: bool | None) -> None:
    asked = sent(of_schema(LIST, strict=strict))["response_format"]["json_schema"]["schema"]

    assert (asked["type"], list(asked["properties"].values())) == ("object", [LIST])


def test_a_name_has_only_the_letters_that_the_api_takes() -> None:
    asked = sent({"type": "json_schema", "json_schema": {"name": "Page[int]", "schema": SCHEMA}})

    assert asked["response_format"]["json_schema"]["name"] == "Page_int_"


@pytest.mark.parametrize("schema", [SCHEMA, LIST, OPEN])
def test_a_server_that_takes_any_schema_gets_it_as_it_is(schema: Any) -> None:
    asked = of_schema(schema, strict=True)

    assert sent(asked, quirks=Quirks(any_schema=True))["response_format"] == asked


def test_a_server_without_schemas_is_told_in_words() -> None:
    payload = sent(of_schema(SCHEMA), quirks=ONLY_MODE)

    assert payload["response_format"] == {"type": "json_object"}
    assert (
        '{"type":"object","properties":{"n":{"type":"integer"}}}'
        in (payload["messages"][0]["content"])
    )


def test_a_mode_for_objects_is_not_asked_to_give_an_array() -> None:
    payload = sent(of_schema(LIST), quirks=ONLY_MODE)

    assert "response_format" not in payload
    assert '{"type":"array"' in payload["messages"][0]["content"]
