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
    TextPart,
    UploadedPart,
)
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import ToolCall
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_chat.dialect import DIALECT
from llmring.exceptions import UnsupportedFeatureError

IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}}
PDF = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
}
CUSTOM = {"type": "custom", "custom": {"name": "formula", "description": "A formula"}}
MARK = {"type": "ephemeral"}


def sent_messages(
    *messages: Message, quirks: Quirks | None = None, **fields: Any
) -> list[dict[str, Any]]:
    request = LLMRequest(messages=list(messages), **fields)
    outgoing = DIALECT.encode(
        parse_request(request), "gpt-4o", stream=False, quirks=quirks or Quirks()
    )
    found: list[dict[str, Any]] = outgoing.payload["messages"]
    return found


def call(name: str, arguments: str, id_: str) -> ToolCall:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


# --- Content ---


def test_images_and_texts_keep_their_order() -> None:
    (message,) = sent_messages(Message("user", ["Look:", IMAGE, "Well?"]))

    assert message["content"] == [
        {"type": "text", "text": "Look:"},
        IMAGE,
        {"type": "text", "text": "Well?"},
    ]


@pytest.mark.parametrize("role", ["system", "user", "assistant"])
def test_content_that_only_some_servers_know_is_sent_in_its_place(role: str) -> None:
    video = {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}}
    foreign = ProviderPart("anthropic", {"type": "search_result"})
    own = ProviderPart("openai_chat", video)
    (message,) = sent_messages(Message(role, ["Look:", own, foreign, "Well?"]))

    assert message["content"] == [
        {"type": "text", "text": "Look:"},
        video,
        {"type": "text", "text": "Well?"},
    ]


@pytest.mark.parametrize("kind", ["message", "audio", "image_url", "reasoning.text"])
def test_items_of_an_answer_that_have_fields_of_their_own_are_not_content(kind: str) -> None:
    item = ProviderPart("openai_chat", {"type": kind})
    (message,) = sent_messages(Message("assistant", [item, "Hello"]))

    assert message["content"] == "Hello"


def test_a_document_is_sent_as_bytes() -> None:
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
        Message("assistant", [PDF]),
        Message("user", [DocumentPart(data="UEs=", media_type="application/msword")]),
        Message("user", [UploadedPart("file-1", "image/png")]),
        Message("user", [AudioPart("T2dn", "audio/ogg")]),
    ],
)
def test_unsupported_content_is_refused(message: Message) -> None:
    with pytest.raises(UnsupportedFeatureError):
        sent_messages(message)


def test_reasoning_of_earlier_turns_is_not_sent() -> None:
    (message,) = sent_messages(Message("assistant", [ReasoningPart("Hm.", "s"), TextPart("Yes.")]))

    assert message == {"role": "assistant", "content": "Yes."}


def test_the_name_of_a_speaker_is_sent() -> None:
    assert sent_messages(Message("user", "Hello", name="ada"))[0]["name"] == "ada"


def test_an_uploaded_pdf_is_sent_by_its_id() -> None:
    (message,) = sent_messages(Message("user", [UploadedPart("file-1", "application/pdf")]))

    assert message["content"] == [{"type": "file", "file": {"file_id": "file-1"}}]


@pytest.mark.parametrize(("media_type", "format_"), [("audio/wav", "wav"), ("audio/mpeg", "mp3")])
def test_audio_is_sent_as_bytes(media_type: str, format_: str) -> None:
    (message,) = sent_messages(Message("user", [AudioPart("UklG", media_type)]))

    assert message["content"] == [
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": format_}}
    ]


def test_a_text_document_is_sent_as_text_with_its_name() -> None:
    part = DocumentPart(data="SGVsbG8=", media_type="text/markdown", name="notes.md")
    (message,) = sent_messages(Message("user", [part]))

    assert message["content"] == [{"type": "text", "text": "notes.md:\n\nHello"}]


def test_a_text_document_can_be_a_tool_result() -> None:
    part = DocumentPart(data="e30=", media_type="application/json")

    assert sent_messages(Message("tool", [part], tool_call_id="c"))[0]["content"] == [
        {"type": "text", "text": "{}"}
    ]


def test_the_type_of_an_image_is_detected_from_its_first_bytes() -> None:
    (message,) = sent_messages(Message("user", [ImagePart(data="iVBORw0KGgo=")]))

    assert message["content"][0]["image_url"] == {"url": "data:image/png;base64,iVBORw0KGgo="}


def test_an_image_of_unknown_type_raises_an_error_with_advice() -> None:
    with pytest.raises(UnsupportedFeatureError, match="media_type"):
        sent_messages(Message("user", [ImagePart(data="aGVsbG8=")]))


def test_cache_marks_are_sent_to_servers_that_accept_them() -> None:
    whole = Message("user", ["One", "Two"], metadata={"cache_control": MARK})
    part = Message("user", [TextPart("One", MARK), "Two"])
    sent = sent_messages(whole, part, quirks=Quirks(caching="marks"))

    assert [["cache_control" in each for each in message["content"]] for message in sent] == [
        [False, True],
        [True, False],
    ]


# --- Reasoning of earlier turns ---


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_sent_back_under_the_servers_name(field: Any) -> None:
    turn = Message("assistant", [ReasoningPart("Hm."), TextPart("Yes.")])

    assert sent_messages(turn, quirks=Quirks(reasoning_field=field)) == [
        {"role": "assistant", "content": "Yes.", field: "Hm."}
    ]


def test_reasoning_details_are_sent_back_unchanged_only_to_their_server() -> None:
    details = [
        {"type": "reasoning.text", "text": "Hm.", "signature": "c2ln", "index": 0},
        {"type": "reasoning.encrypted", "data": "c2VjcmV0", "index": 1},
    ]
    parts: list[Part] = [
        ReasoningPart("Hm."),
        *(ProviderPart("openai_chat", each) for each in details),
    ]
    foreign = ProviderPart("anthropic", {"type": "reasoning.text", "text": "No."})
    turn = Message("assistant", [*parts, foreign, "Yes."])

    assert sent_messages(turn, quirks=Quirks(reasoning_field="reasoning_details")) == [
        {"role": "assistant", "content": "Yes.", "reasoning_details": details}
    ]
    assert sent_messages(turn) == [{"role": "assistant", "content": "Yes."}]


# --- Tool calls ---


def test_R24_calls_and_their_results_are_sent() -> None:
    sent = Message("assistant", None, tool_calls=[call("weather", '{"n":1}', "call_1")])
    answered = Message("tool", '{"sun":true}', tool_call_id="call_1")

    assert sent_messages(sent, answered) == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [call("weather", '{"n":1}', "call_1")],
        },
        {"role": "tool", "content": '{"sun":true}', "tool_call_id": "call_1"},
    ]


def test_a_signature_of_another_vendor_is_not_sent() -> None:
    signed = call("weather", "{}", "call_1")
    signed["signature"] = "c2ln"

    assert "c2ln" not in str(sent_messages(Message("assistant", "", tool_calls=[signed])))


def test_a_result_without_an_id_is_matched_by_name() -> None:
    sent = Message("assistant", "", tool_calls=[call("weather", "{}", "call_9")])

    assert sent_messages(sent, Message("tool", "sun", name="weather"))[1] == {
        "role": "tool",
        "content": "sun",
        "tool_call_id": "call_9",
    }


def test_a_custom_tool_call_is_sent_back_as_one() -> None:
    sent = Message("assistant", "", tool_calls=[call("formula", "4 + 4", "call_1")])
    (message,) = sent_messages(sent, tools=[CUSTOM])

    assert message["tool_calls"] == [
        {"id": "call_1", "type": "custom", "custom": {"name": "formula", "input": "4 + 4"}}
    ]


def test_a_custom_tool_call_is_sent_back_as_one_without_its_tool() -> None:
    custom = {"id": "c", "type": "custom", "custom": {"name": "formula", "input": ""}}
    sent = Message("assistant", "", tool_calls=[custom])

    assert sent_messages(sent)[0]["tool_calls"] == [custom]


def test_arguments_that_are_not_json_are_sent_back_unchanged() -> None:
    sent = Message("assistant", "", tool_calls=[call("weather", '{"city": "Par', "c")])

    assert sent_messages(sent)[0]["tool_calls"] == [call("weather", '{"city": "Par', "c")]


def test_calls_without_ids_get_ids_and_results_are_matched_in_order() -> None:
    sent = Message("assistant", "", tool_calls=[call("add", "{}", ""), call("add", "{}", "")])
    results = [Message("tool", "1", name="add"), Message("tool", "2", name="add")]
    first, *others = sent_messages(sent, *results)

    assert [each["id"] for each in first["tool_calls"]] == ["call_1", "call_2"]
    assert [each["tool_call_id"] for each in others] == ["call_1", "call_2"]


def test_a_signature_is_sent_back_to_servers_that_expect_it() -> None:
    signed = call("weather", "{}", "c")
    signed["signature"] = "c2ln"
    sent = Message("assistant", "", tool_calls=[signed])
    (message,) = sent_messages(sent, quirks=Quirks(signed_calls=True))

    assert message["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "c2ln"}}
