"""Conversations in requests to Google's Gemini API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    Part,
    ProviderPart,
    ReasoningPart,
    UploadedPart,
)
from llmring.chat.reply import fold
from llmring.chat.request import LLMRequest, Message
from llmring.dialects.dialect import Quirks
from llmring.dialects.gemini.dialect import DIALECT
from llmring.dialects.thought_signatures import UNSIGNED
from llmring.exceptions import UnsupportedFeatureError
from llmring.wire import HttpHead


def payload(request: LLMRequest, model: str = "gemini-3-flash") -> dict[str, Any]:
    return DIALECT.encode(parse_request(request), model, stream=False, quirks=Quirks()).payload


def contents(*turns: Message, model: str = "gemini-3-flash") -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = payload(LLMRequest(messages=turns), model)["contents"]
    return result


def model_parts(*parts: Part | str) -> list[dict[str, Any]]:
    turns = contents(Message("assistant", parts))
    return [part for turn in turns for part in turn["parts"]]


def call(id_: str, name: str = "weather", **more: Any) -> Any:
    function = {"name": name, "arguments": '{"city": "Paris"}'}
    return {"id": id_, "type": "function", "function": function, **more}


def test_w10_all_system_messages_become_the_system_instruction() -> None:
    request = LLMRequest(
        messages=[
            Message("system", "Be brief."),
            Message("system", "Be kind."),
            Message("user", "Hi"),
        ]
    )

    assert payload(request)["systemInstruction"] == {
        "parts": [{"text": "Be brief."}, {"text": "Be kind."}]
    }


def test_an_image_in_a_system_message_is_not_supported() -> None:
    with pytest.raises(UnsupportedFeatureError, match="only text"):
        contents(Message("system", [ImagePart(url="https://example.org/a.png")]))


def test_the_role_assistant_becomes_model() -> None:
    assert contents(Message("user", "Hi"), Message("assistant", "Hello"))[1] == {
        "role": "model",
        "parts": [{"text": "Hello"}],
    }


def test_results_of_parallel_calls_are_sent_by_name_in_one_turn() -> None:
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
        ("0.30", {"output": "0.30"}),
        ("1e3", {"output": "1e3"}),
        ("0.5", {"output": 0.5}),
        ("", {"output": ""}),
        ('{"error": "closed"}', {"error": "closed"}),
        ('{"$ref": "#/a"}', {"output": '{"$ref": "#/a"}'}),
    ],
)
def test_a_tool_result_is_always_sent_as_an_object(result: str, response: dict[str, Any]) -> None:
    turn = contents(Message("tool", result, tool_call_id="a", name="weather"))[0]

    assert turn["parts"][0]["functionResponse"]["response"] == response


def test_a_call_of_another_vendors_model_gets_a_placeholder_signature() -> None:
    parts = contents(Message("assistant", tool_calls=[call("a"), call("b")]))[0]["parts"]

    assert [part.get("thoughtSignature") for part in parts] == [UNSIGNED, None]


def test_calls_are_sent_back_with_their_signatures() -> None:
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


SHOT = ImagePart(data="aGk=", media_type="image/png")
SENT_SHOT = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}


@pytest.mark.parametrize("output", ["No sky.", {"why": "No sky."}])
def test_a_failed_tool_result_is_sent_as_an_error(output: Any) -> None:
    text = output if isinstance(output, str) else json.dumps(output)
    result = Message("tool", text, tool_call_id="a", metadata={"is_error": True})

    assert contents(result)[0]["parts"][0]["functionResponse"]["response"] == {"error": output}


def test_an_image_in_a_tool_result_is_sent_inside_it() -> None:
    (part,) = contents(Message("tool", [SHOT], tool_call_id="a", name="camera"))[0]["parts"]

    assert part == {
        "functionResponse": {"name": "camera", "response": {}, "id": "a", "parts": [SENT_SHOT]}
    }


def test_an_image_in_a_tool_result_is_sent_next_to_it_for_an_older_model() -> None:
    result = Message("tool", ["done", SHOT], tool_call_id="a", name="camera")
    (turn,) = contents(result, model="gemini-2.5-flash")

    assert turn["parts"] == [
        {"functionResponse": {"name": "camera", "response": {"output": "done"}, "id": "a"}},
        SENT_SHOT,
    ]


def test_audio_in_a_tool_result_is_sent_next_to_it() -> None:
    result = Message("tool", [AudioPart("aGk=", "audio/wav")], tool_call_id="a")
    (turn,) = contents(result)

    assert turn["parts"][1] == {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}}


def test_a_signature_is_sent_back_with_its_text_or_thought() -> None:
    thought = ReasoningPart("France's capital", "dGhv", dialect="gemini")

    assert model_parts(thought, "Paris.", ReasoningPart("", "c2ln", dialect="gemini")) == [
        {"text": "France's capital", "thought": True, "thoughtSignature": "dGhv"},
        {"text": "Paris.", "thoughtSignature": "c2ln"},
    ]


def test_a_second_signature_is_sent_back_on_an_empty_text() -> None:
    signatures = [ReasoningPart("", text) for text in ("Zmly", "c2Vj")]

    assert model_parts("Paris.", *signatures) == [
        {"text": "Paris.", "thoughtSignature": "Zmly"},
        {"text": "", "thoughtSignature": "c2Vj"},
    ]


def test_only_googles_own_thoughts_are_sent_back() -> None:
    others = [ReasoningPart("hm", "c2ln", dialect="anthropic"), ReasoningPart("hm")]

    assert model_parts(ReasoningPart("So.", dialect="gemini"), *others, "Done.") == [
        {"text": "So.", "thought": True},
        {"text": "Done."},
    ]


def test_results_of_googles_own_tools_are_sent_back_unchanged() -> None:
    ran = {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "c2ln"}

    assert model_parts(
        ProviderPart("gemini", ran), ProviderPart("anthropic", {"type": "server_tool_use"}), "One."
    ) == [ran, {"text": "One."}]


def test_media_are_sent_as_bytes_or_as_googles_uri() -> None:
    media: list[Part] = [
        ImagePart(data="aGk=", media_type="image/webp"),
        DocumentPart(data="JVBERg=="),
        DocumentPart(data="AAAA", media_type="video/mp4"),
        AudioPart("UklGRg==", "audio/wav"),
        UploadedPart("https://generativelanguage.googleapis.com/v1beta/files/1", "video/mp4"),
    ]

    assert contents(Message("user", media))[0]["parts"] == [
        {"inlineData": {"mimeType": "image/webp", "data": "aGk="}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}},
        {"inlineData": {"mimeType": "video/mp4", "data": "AAAA"}},
        {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
        {
            "fileData": {
                "mimeType": "video/mp4",
                "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/1",
            }
        },
    ]


@pytest.mark.parametrize(
    ("part", "media_type"),
    [
        (ImagePart(url="https://example.org/a.PNG?size=2.jpg"), "image/png"),
        (ImagePart(url="https://example.org/a.png", media_type="image/webp"), "image/webp"),
        (ImagePart(url="https://example.org/picture"), None),
        (ImagePart(url="https://[odd"), None),
        (DocumentPart(url="https://example.org/files/1"), "application/pdf"),
        (DocumentPart(url="https://example.org/notes.txt#2"), "text/plain"),
        (DocumentPart(url="gs://bucket/film", media_type="video/mp4"), "video/mp4"),
        (DocumentPart(url="https://www.youtube.com/watch?v=9hE5"), None),
        (DocumentPart(url="https://youtu.be/9hE5"), None),
    ],
)
def test_a_url_is_sent_with_its_media_type_if_known(
    part: ImagePart | DocumentPart, media_type: str | None
) -> None:
    kind = {"mimeType": media_type} if media_type else {}

    assert contents(Message("user", [part]))[0]["parts"] == [
        {"fileData": kind | {"fileUri": part.url}}
    ]


def test_a_late_system_message_is_marked_in_its_place() -> None:
    marked = {"text": "<system_message>\nIn French.\n</system_message>"}

    assert contents(Message("user", "Hi"), Message("system", "In French.")) == [
        {"role": "user", "parts": [{"text": "Hi"}]},
        {"role": "user", "parts": [marked]},
    ]


def test_system_messages_between_the_results_of_parallel_calls_follow_all_of_them() -> None:
    sent = contents(
        Message("user", "Hi"),
        Message("assistant", tool_calls=[call("a"), call("b")]),
        Message("system", "In French."),
        Message("tool", "1", tool_call_id="a"),
        Message("system", "Be kind."),
        Message("tool", "2", tool_call_id="b"),
    )

    assert [[*part] for turn in sent[2:] for part in turn["parts"]] == [
        ["functionResponse"],
        ["functionResponse"],
        ["text"],
        ["text"],
    ]
    assert len(sent[2]["parts"]) == 2
