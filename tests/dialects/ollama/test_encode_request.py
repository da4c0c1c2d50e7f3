from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import Tool, ToolCall
from llmring.dialects.dialect import Outgoing, Quirks
from llmring.dialects.ollama.dialect import DIALECT
from llmring.exceptions import UnsupportedFeatureError, ValidationError

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


def encoded(messages: Any = "Hello", *, stream: bool = False, **fields: Any) -> Outgoing:
    request = LLMRequest(messages=messages, **fields)
    return DIALECT.encode(parse_request(request), "llama3.2:3b", stream=stream, quirks=Quirks())


def payload(messages: Any = "Hello", **fields: Any) -> dict[str, Any]:
    return encoded(messages, **fields).payload


def sent_messages(*messages: Message) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = payload(list(messages))["messages"]
    return found


def call(name: str, arguments: str, id_: str) -> ToolCall:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize("stream", [False, True])
def test_W7_a_request_sets_stream(stream: bool) -> None:
    assert encoded(stream=stream) == Outgoing(
        "/api/chat",
        {
            "model": "llama3.2:3b",
            "messages": [{"role": "user", "content": "Hello"}],
            "stream": stream,
        },
    )


def test_sampling_parameters_are_options() -> None:
    fields = payload(max_tokens=10, stop=["A", "B"], temperature=0, top_p=0.9, seed=7)

    assert fields["options"] == {
        "num_predict": 10,
        "stop": ["A", "B"],
        "temperature": 0,
        "top_p": 0.9,
        "seed": 7,
    }


def test_R37_extra_parameters_that_are_options_go_into_options() -> None:
    extra = {"top_k": 5, "num_ctx": 8192, "keep_alive": "1h", "options": {"min_p": 0.1}}
    fields = payload(temperature=1, extra_params=extra)

    assert fields["options"] == {"temperature": 1, "top_k": 5, "num_ctx": 8192, "min_p": 0.1}
    assert fields["keep_alive"] == "1h"
    assert "top_k" not in fields


@pytest.mark.parametrize(("tokens", "think"), [(100, True), (0, False)])
def test_reasoning_tokens_turn_thinking_on_or_off(tokens: int, think: bool) -> None:
    assert payload(reasoning_tokens=tokens)["think"] is think


@pytest.mark.parametrize(("effort", "think"), [("high", True), ("none", False)])
def test_an_effort_turns_thinking_on_or_off(effort: str, think: bool) -> None:
    assert payload(reasoning_effort=effort)["think"] is think


@pytest.mark.parametrize("name", ["gpt-oss:20b", "someone/gpt-oss-120b"])
@pytest.mark.parametrize(
    ("effort", "think"),
    [("minimal", "low"), ("medium", "medium"), ("max", "high"), ("none", False)],
)
def test_some_models_take_a_thinking_level(name: str, effort: str, think: Any) -> None:
    request = LLMRequest(messages="Hello", reasoning_effort=effort)

    assert (
        DIALECT.encode(parse_request(request), name, stream=False, quirks=Quirks()).payload["think"]
        == think
    )


def test_thinking_tokens_are_added_to_max_tokens() -> None:
    assert payload(max_tokens=10, reasoning_tokens=90)["options"] == {"num_predict": 100}


def test_images_are_sent_next_to_the_text() -> None:
    image = ImagePart(data="iVBO", media_type="image/png")

    assert sent_messages(Message("user", ["What is it?", image])) == [
        {"role": "user", "content": "What is it?", "images": ["iVBO"]}
    ]


@pytest.mark.parametrize(
    "part",
    [
        ImagePart(url="https://example.org/a.png"),
        DocumentPart(data="JVBE"),
        DocumentPart(url="https://example.org/a.txt", media_type="text/plain"),
        AudioPart("UklG", "audio/wav"),
        UploadedPart("file-1", "application/pdf"),
    ],
    ids=["image by URL", "document", "text by URL", "recording", "uploaded file"],
)
def test_unsupported_content_is_refused(part: Any) -> None:
    with pytest.raises(UnsupportedFeatureError):
        sent_messages(Message("user", [part]))


def test_text_documents_are_sent_between_the_texts() -> None:
    notes = DocumentPart(data="SGVsbG8=", media_type="text/plain", name="notes.txt")
    (message,) = sent_messages(Message("user", ["Read this:", notes, "What is in it?"]))

    assert message["content"] == "Read this:\n\nnotes.txt:\n\nHello\n\nWhat is in it?"


def test_items_of_another_api_are_not_sent() -> None:
    part = ProviderPart("anthropic", {"type": "server_tool_use"})

    assert sent_messages(Message("assistant", [part, "Yes."])) == [
        {"role": "assistant", "content": "Yes."}
    ]


def test_thinking_of_earlier_turns_is_sent_back() -> None:
    assert sent_messages(Message("assistant", [ReasoningPart("Hm."), TextPart("Yes.")])) == [
        {"role": "assistant", "content": "Yes.", "thinking": "Hm."}
    ]


def test_calls_and_their_results_are_sent() -> None:
    sent = Message("assistant", "", tool_calls=[call("weather", '{"city": "Paris"}', "call_1")])
    answered = Message("tool", "sun", tool_call_id="call_1")

    assert sent_messages(sent, answered) == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "call_1",
                    "function": {"name": "weather", "arguments": {"city": "Paris"}},
                }
            ],
        },
        {"role": "tool", "content": "sun", "tool_name": "weather", "tool_call_id": "call_1"},
    ]


def test_a_tool_is_sent_with_its_schema() -> None:
    assert payload(tools=[Tool("weather", "The weather", SCHEMA)])["tools"] == [
        {
            "type": "function",
            "function": {"name": "weather", "description": "The weather", "parameters": SCHEMA},
        }
    ]


def test_a_provider_tool_is_sent_unchanged() -> None:
    assert payload(tools=[{"type": "browser"}])["tools"] == [{"type": "browser"}]


def test_with_tool_choice_none_no_tools_are_sent() -> None:
    assert "tools" not in payload(tools=[Tool("clock")], tool_choice="none")


@pytest.mark.parametrize("choice", ["required", {"function": {"name": "clock"}}])
def test_R21_a_forced_call_is_refused(choice: Any) -> None:
    with pytest.raises(UnsupportedFeatureError, match="tool_choice"):
        payload(tools=[Tool("clock")], tool_choice=choice)


@pytest.mark.parametrize(
    ("requested", "sent"),
    [
        ({"type": "json_object"}, "json"),
        ({"type": "json"}, "json"),
        ({"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}, SCHEMA),
    ],
)
def test_a_response_format_is_translated(requested: Any, sent: Any) -> None:
    assert payload(response_format=requested)["format"] == sent


@pytest.mark.parametrize("sent", [{"type": "json_object"}, dict[str, int]])
def test_R30_with_tools_the_format_is_sent_as_a_prompt(sent: Any) -> None:
    fields = payload(response_format=sent, tools=[Tool("clock")])
    result, question = fields["messages"]

    assert ("format" in fields, result["role"], "JSON" in result["content"]) == (
        False,
        "system",
        True,
    )
    assert question == {"role": "user", "content": "Hello"}


def test_R30_with_tool_choice_none_the_format_is_sent() -> None:
    fields = payload(json_response=True, tools=[Tool("clock")], tool_choice="none")

    assert fields["format"] == "json"


def test_the_prompt_for_json_is_added_only_if_needed() -> None:
    assert "JSON" in payload(json_response=True)["messages"][0]["content"]
    assert len(payload("Hello in json", json_response=True)["messages"]) == 1


def test_json_response_requests_the_format_json() -> None:
    assert payload(json_response=True)["format"] == "json"


def test_the_format_text_is_not_sent() -> None:
    assert "format" not in payload(response_format={"type": "text"})


def test_an_unknown_response_format_is_refused() -> None:
    with pytest.raises(ValidationError, match="json_schema"):
        payload(response_format={"type": "grammar"})


def test_the_key_is_sent_as_a_bearer_token() -> None:
    assert DIALECT.authorize("k") == {"authorization": "Bearer k"}


def test_the_parts_of_a_system_message_are_apart() -> None:
    turns = [Message("system", ["Be brief.", "Be kind."]), Message("user", ["Hi", "!"])]
    messages = payload(turns)["messages"]

    assert [message["content"] for message in messages] == ["Be brief.\n\nBe kind.", "Hi!"]
