import json
from typing import Any

import pytest

from llmring.chat.parts import DocumentPart, ReasoningPart, TextPart
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import Tool, ToolCall
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_chat import DIALECT
from llmring.exceptions import UnsupportedFeatureError, ValidationError

IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}}
PDF = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather", "parameters": SCHEMA},
}
CUSTOM = {"type": "custom", "custom": {"name": "formula", "description": "A formula"}}


def payload(
    messages: Any = "Hello", *, stream: bool = False, quirks: Quirks | None = None, **fields: Any
) -> dict[str, Any]:
    request = LLMRequest(messages=messages, **fields)
    return DIALECT.encode(request, "gpt-4o", stream=stream, quirks=quirks or Quirks()).payload


def sent_messages(*messages: Message, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = payload(list(messages), **fields)["messages"]
    return found


def call(name: str, arguments: str, id_: str) -> ToolCall:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_a_question_is_sent_as_it_is() -> None:
    assert payload() == {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}


def test_the_path_lies_below_a_base_url_that_has_the_version() -> None:
    request = LLMRequest(messages="Hello")
    outgoing = DIALECT.encode(request, "gpt-4o", stream=False, quirks=Quirks())

    assert outgoing.path == "/chat/completions"


def test_all_parameters_have_their_names() -> None:
    fields = payload(temperature=0.5, top_p=0.9, seed=7, stop="END", max_tokens=10)
    del fields["model"], fields["messages"]

    assert fields == {
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "stop": ["END"],
        "max_tokens": 10,
    }


def test_a_temperature_of_zero_is_sent() -> None:
    assert payload(temperature=0)["temperature"] == 0


def test_a_stream_asks_for_its_usage() -> None:
    fields = payload(stream=True)

    assert (fields["stream"], fields["stream_options"]) == (True, {"include_usage": True})


def test_a_stream_asks_for_no_usage_where_the_server_takes_no_options() -> None:
    assert "stream_options" not in payload(stream=True, quirks=Quirks(stream_usage=False))


def test_the_server_names_the_field_of_the_longest_answer() -> None:
    fields = payload(max_tokens=10, quirks=Quirks(max_tokens_field="max_completion_tokens"))

    assert (fields["max_completion_tokens"], "max_tokens" in fields) == (10, False)


def test_reasoning_gets_room_on_top_of_the_answer() -> None:
    assert payload(max_tokens=10, reasoning_tokens=90)["max_tokens"] == 100


def test_reasoning_alone_limits_nothing() -> None:
    assert "max_tokens" not in payload(reasoning_tokens=90)


def test_images_and_texts_keep_their_order() -> None:
    (message,) = sent_messages(Message("user", ["Look:", IMAGE, "Well?"]))

    assert message["content"] == [
        {"type": "text", "text": "Look:"},
        IMAGE,
        {"type": "text", "text": "Well?"},
    ]


def test_a_document_goes_by_its_bytes() -> None:
    (message,) = sent_messages(Message("user", [PDF]))

    assert message["content"] == [
        {
            "type": "file",
            "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBE"},
        }
    ]


@pytest.mark.parametrize(
    "message",
    [
        Message("user", [DocumentPart(url="https://example.org/a.pdf")]),
        Message("system", [IMAGE]),
        Message("tool", [IMAGE], tool_call_id="call_1"),
        Message("assistant", [PDF]),
    ],
)
def test_what_the_api_has_no_form_for_is_unsupported(message: Message) -> None:
    with pytest.raises(UnsupportedFeatureError):
        sent_messages(message)


def test_reasoning_of_earlier_turns_is_left_out() -> None:
    (message,) = sent_messages(Message("assistant", [ReasoningPart("Hm.", "s"), TextPart("Yes.")]))

    assert message == {"role": "assistant", "content": "Yes."}


def test_calls_and_their_results_are_sent() -> None:
    asked = Message("assistant", None, tool_calls=[call("weather", '{"n":1}', "call_1")])
    answered = Message("tool", '{"sun":true}', tool_call_id="call_1")

    assert sent_messages(asked, answered) == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [call("weather", '{"n":1}', "call_1")],
        },
        {"role": "tool", "content": '{"sun":true}', "tool_call_id": "call_1"},
    ]


def test_a_signature_of_another_vendor_stays_behind() -> None:
    signed = call("weather", "{}", "call_1")
    signed["signature"] = "c2ln"

    assert "c2ln" not in json.dumps(sent_messages(Message("assistant", "", tool_calls=[signed])))


def test_a_result_by_name_finds_its_call() -> None:
    asked = Message("assistant", "", tool_calls=[call("weather", "{}", "call_9")])

    assert sent_messages(asked, Message("tool", "sun", name="weather"))[1] == {
        "role": "tool",
        "content": "sun",
        "tool_call_id": "call_9",
    }


def test_a_tool_is_sent_with_its_schema() -> None:
    tool = Tool("weather", "The weather", SCHEMA, strict=True)
    sent = {**WEATHER, "function": {**WEATHER["function"], "strict": True}}  # type: ignore[dict-item]

    assert payload(tools=[tool])["tools"] == [sent]


def test_a_tool_without_parameters_gets_an_empty_object() -> None:
    (tool,) = payload(tools=[Tool("clock")])["tools"]

    assert tool["function"]["parameters"] == {"type": "object", "properties": {}}


def test_a_vendors_own_tool_is_sent_as_it_stands() -> None:
    assert payload(tools=[{"type": "code_execution", "x": 1}])["tools"] == [
        {"type": "code_execution", "x": 1}
    ]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("any", "required"),
        ({"function": "weather"}, {"type": "function", "function": {"name": "weather"}}),
        ({"function": {"name": "formula"}}, {"type": "custom", "custom": {"name": "formula"}}),
    ],
)
def test_a_tool_choice_has_the_vendors_form(choice: Any, sent: Any) -> None:
    assert payload(tools=[WEATHER, CUSTOM], tool_choice=choice)["tool_choice"] == sent


def test_a_call_of_a_custom_tool_goes_back_as_one() -> None:
    asked = Message("assistant", "", tool_calls=[call("formula", "4 + 4", "call_1")])
    (message,) = sent_messages(asked, tools=[CUSTOM])

    assert message["tool_calls"] == [
        {"id": "call_1", "type": "custom", "custom": {"name": "formula", "input": "4 + 4"}}
    ]


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({"type": "json_object"}, {"type": "json_object"}),
        ({"type": "json"}, {"type": "json_object"}),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}},
            {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}},
        ),
        (
            {"type": "json_schema", "json_schema": {"schema": SCHEMA}, "strict": True},
            {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
            },
        ),
    ],
)
def test_a_response_format_has_the_vendors_form(asked: Any, sent: Any) -> None:
    assert payload(response_format=asked)["response_format"] == sent


def test_json_response_is_short_for_json_object() -> None:
    assert payload(json_response=True)["response_format"] == {"type": "json_object"}


def test_a_response_format_that_is_no_dictionary_is_refused() -> None:
    with pytest.raises(ValidationError, match="or a type, not 'json'"):
        payload(response_format="json")


def test_extra_parameters_win_and_tables_are_merged() -> None:
    extra = {"temperature": 1, "logprobs": True, "stream_options": {"x": 1}}
    fields = payload(stream=True, temperature=0.5, extra_params=extra)

    assert (fields["temperature"], fields["logprobs"]) == (1, True)
    assert fields["stream_options"] == {"include_usage": True, "x": 1}


def test_a_name_of_a_speaker_is_sent() -> None:
    assert sent_messages(Message("user", "Hello", name="ada"))[0]["name"] == "ada"


def test_the_key_is_a_bearer_token() -> None:
    assert DIALECT.authorize("k") == {"authorization": "Bearer k"}
