"""What a request becomes in the words of Google's Gemini API."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from llmring.chat.parts import DocumentPart, ImagePart, Part, ReasoningPart
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import fold
from llmring.chat.tools import NamedTool, Tool
from llmring.dialects.dialect import Outgoing, Quirks
from llmring.dialects.gemini import DIALECT, UNSIGNED
from llmring.exceptions import UnsupportedFeatureError
from llmring.wire import HttpHead

WEATHER = Tool("weather", "Tells the weather.", {"type": "object", "properties": {"city": {}}})


def encoded(
    request: LLMRequest, model: str = "gemini-2.5-flash", *, stream: bool = False
) -> Outgoing:
    return DIALECT.encode(request, model, stream=stream, quirks=Quirks())


def payload(request: LLMRequest) -> dict[str, Any]:
    return encoded(request).payload


def contents(*turns: Message) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = payload(LLMRequest(messages=turns))["contents"]
    return result


def generation(**fields: Any) -> dict[str, Any]:
    result: dict[str, Any] = payload(LLMRequest(messages="Hi", **fields))["generationConfig"]
    return result


def call(id_: str, name: str = "weather", **more: Any) -> Any:
    function = {"name": name, "arguments": '{"city": "Paris"}'}
    return {"id": id_, "type": "function", "function": function, **more}


def test_a_text_becomes_one_user_turn() -> None:
    assert payload(LLMRequest(messages="Hello")) == {
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}]
    }


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash:generateContent"),
        ("models/gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash:generateContent"),
        ("tunedModels/mine", "/v1beta/tunedModels/mine:generateContent"),
        ("odd?key=1", "/v1beta/models/odd%3Fkey%3D1:generateContent"),
    ],
)
def test_the_model_is_part_of_the_path(model: str, path: str) -> None:
    assert encoded(LLMRequest(messages="Hi"), model).path == path


def test_a_stream_has_a_method_of_its_own() -> None:
    path = encoded(LLMRequest(messages="Hi"), stream=True).path

    assert path == "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"


def test_the_key_travels_in_a_header() -> None:
    assert DIALECT.authorize("secret") == {"x-goog-api-key": "secret"}


def test_encoding_leaves_the_request_as_it_was() -> None:
    request = LLMRequest(
        messages=[Message("assistant", tool_calls=[call("a")]), Message("user", "Hi")],
        tools=[WEATHER],
        extra_params={"top_k": 3, "generation_config": {"seed": 4}},
    )
    before = msgspec.json.encode(request)
    payload(request)

    assert msgspec.json.encode(request) == before


def test_w10_all_system_messages_are_the_instruction() -> None:
    request = LLMRequest(
        messages=[
            Message("system", "Be brief."),
            Message("user", "Hi"),
            Message("system", "Be kind."),
        ]
    )

    assert payload(request)["systemInstruction"] == {
        "parts": [{"text": "Be brief."}, {"text": "Be kind."}]
    }


def test_an_image_in_a_system_message_is_not_supported() -> None:
    with pytest.raises(UnsupportedFeatureError, match="only text"):
        contents(Message("system", [ImagePart(url="https://example.org/a.png")]))


def test_the_assistant_is_the_model() -> None:
    assert contents(Message("user", "Hi"), Message("assistant", "Hello"))[1] == {
        "role": "model",
        "parts": [{"text": "Hello"}],
    }


def test_results_of_parallel_calls_come_back_in_one_turn_under_their_names() -> None:
    turns = contents(
        Message("assistant", tool_calls=[call("a", signature="c2ln"), call("b", "clock")]),
        Message("tool", '{"sky": "blue"}', tool_call_id="a"),
        Message("tool", "noon", tool_call_id="b"),
        Message("user", "And now?"),
    )

    assert turns == [
        {
            "role": "model",
            "parts": [
                {
                    "functionCall": {"id": "a", "name": "weather", "args": {"city": "Paris"}},
                    "thoughtSignature": "c2ln",
                },
                {"functionCall": {"id": "b", "name": "clock", "args": {"city": "Paris"}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "a", "name": "weather", "response": {"sky": "blue"}}},
                {"functionResponse": {"id": "b", "name": "clock", "response": {"output": "noon"}}},
            ],
        },
        {"role": "user", "parts": [{"text": "And now?"}]},
    ]


@pytest.mark.parametrize(
    ("result", "response"),
    [
        ("[1, 2]", {"output": [1, 2]}),
        ("7", {"output": 7}),
        ("", {"output": ""}),
        ('{"error": "closed"}', {"error": "closed"}),
    ],
)
def test_a_result_is_always_an_object(result: str, response: dict[str, Any]) -> None:
    turn = contents(Message("tool", result, tool_call_id="a", name="weather"))[0]

    assert turn["parts"][0]["functionResponse"]["response"] == response


def test_an_image_in_a_result_goes_beside_it() -> None:
    shot = Message(
        "tool", ["done", ImagePart(data="aGk=", media_type="image/png")], tool_call_id="a"
    )

    assert contents(shot)[0]["parts"][1] == {
        "inlineData": {"mimeType": "image/png", "data": "aGk="}
    }


def test_a_call_of_another_vendors_model_gets_a_stand_in_for_its_signature() -> None:
    parts = contents(Message("assistant", tool_calls=[call("a"), call("b")]))[0]["parts"]

    assert [part.get("thoughtSignature") for part in parts] == [UNSIGNED, None]


def test_the_calls_of_a_reply_go_back_with_their_signatures() -> None:
    body = {
        "candidates": [
            {
                "content": {
                    "parts": [
                        {
                            "functionCall": {"name": "weather", "args": {"city": "Paris"}},
                            "thoughtSignature": "c2ln",
                        }
                    ]
                },
                "finishReason": "STOP",
            }
        ]
    }
    reply = fold("google:m", DIALECT.decode(HttpHead(200, {}), json.dumps(body).encode()))
    assert reply.tool_calls is not None
    made = reply.tool_calls[0]
    turns = contents(
        Message("assistant", reply.content, tool_calls=reply.tool_calls),
        Message("tool", "sunny", tool_call_id=made["id"]),
    )

    assert turns[0]["parts"][0]["thoughtSignature"] == "c2ln"
    assert turns[1]["parts"][0]["functionResponse"]["name"] == "weather"


def test_the_signature_of_reasoning_goes_back_on_the_part_after_it() -> None:
    turn = Message("assistant", [ReasoningPart("France's capital", "c2ln"), "Paris."])

    assert contents(turn)[0]["parts"] == [
        {"text": "France's capital", "thought": True},
        {"text": "Paris.", "thoughtSignature": "c2ln"},
    ]


def test_a_signature_with_no_part_after_it_goes_back_on_an_empty_one() -> None:
    turn = Message("assistant", ["Paris.", ReasoningPart("", "c2ln")])

    assert contents(turn)[0]["parts"] == [
        {"text": "Paris."},
        {"text": "", "thoughtSignature": "c2ln"},
    ]


def test_unsigned_reasoning_stays_behind() -> None:
    assert contents(Message("assistant", [ReasoningPart("hm"), "Done."]))[0]["parts"] == [
        {"text": "Done."}
    ]


def test_media_go_as_bytes_or_as_url() -> None:
    media: list[Part] = [
        ImagePart(data="aGk=", media_type="image/webp"),
        ImagePart(url="https://example.org/a.PNG?size=2"),
        ImagePart(url="https://example.org/picture"),
        DocumentPart(data="JVBERg=="),
        DocumentPart(url="https://example.org/files/1"),
    ]

    assert contents(Message("user", media))[0]["parts"] == [
        {"inlineData": {"mimeType": "image/webp", "data": "aGk="}},
        {"fileData": {"mimeType": "image/png", "fileUri": "https://example.org/a.PNG?size=2"}},
        {"fileData": {"fileUri": "https://example.org/picture"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}},
        {"fileData": {"mimeType": "application/pdf", "fileUri": "https://example.org/files/1"}},
    ]


def test_sampling_parameters_go_under_the_vendors_names() -> None:
    assert generation(temperature=0.0, top_p=0.5, max_tokens=10, stop=["END"], seed=7) == {
        "temperature": 0.0,
        "topP": 0.5,
        "maxOutputTokens": 10,
        "stopSequences": ["END"],
        "seed": 7,
    }


def test_functions_keep_their_json_schema_and_stand_apart_from_the_vendors_tools() -> None:
    request = LLMRequest(messages="Hi", tools=[WEATHER, {"google_search": {}}, Tool("clock")])

    assert payload(request)["tools"] == [
        {
            "functionDeclarations": [
                {
                    "name": "weather",
                    "description": "Tells the weather.",
                    "parametersJsonSchema": {"type": "object", "properties": {"city": {}}},
                },
                {"name": "clock"},
            ]
        },
        {"google_search": {}},
    ]


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        (NamedTool("weather"), {"mode": "ANY", "allowedFunctionNames": ["weather"]}),
    ],
)
def test_r22_each_tool_choice_has_its_counterpart(choice: Any, config: dict[str, Any]) -> None:
    request = LLMRequest(messages="Hi", tools=[WEATHER], tool_choice=choice)

    assert payload(request)["toolConfig"] == {"functionCallingConfig": config}


def test_reasoning_tokens_are_a_thinking_budget_that_leaves_room_for_the_answer() -> None:
    assert generation(reasoning_tokens=1000, max_tokens=200) == {
        "maxOutputTokens": 1200,
        "thinkingConfig": {"thinkingBudget": 1000, "includeThoughts": True},
    }


def test_no_reasoning_tokens_switch_thinking_off() -> None:
    assert generation(reasoning_tokens=0) == {"thinkingConfig": {"thinkingBudget": 0}}


def test_a_json_schema_is_the_form_of_the_response() -> None:
    schema = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}

    assert generation(response_format=wanted) == {
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
    }


@pytest.mark.parametrize(
    "wanted", [{"json_response": True}, {"response_format": {"type": "json_object"}}]
)
def test_json_without_a_schema_is_a_media_type(wanted: dict[str, Any]) -> None:
    assert generation(**wanted) == {"responseMimeType": "application/json"}


def test_r37_extra_parameters_find_their_place_in_either_spelling() -> None:
    request = LLMRequest(
        messages="Hi",
        temperature=0.5,
        extra_params={
            "top_k": 3,
            "generation_config": {"candidate_count": 2},
            "safety_settings": [{"category": "c", "threshold": "OFF"}],
            "cachedContent": "cachedContents/1",
        },
    )

    assert payload(request) == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "generationConfig": {"temperature": 0.5, "candidateCount": 2, "topK": 3},
        "safetySettings": [{"category": "c", "threshold": "OFF"}],
        "cachedContent": "cachedContents/1",
    }
