"""Conversations in Anthropic's format."""

from __future__ import annotations

import base64
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
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks
from llmring.exceptions import UnsupportedFeatureError, ValidationError

EPHEMERAL = {"type": "ephemeral"}


def payload(request: LLMRequest, *, stream: bool = False) -> dict[str, Any]:
    return DIALECT.encode(
        parse_request(request), "claude-haiku-4-5", stream=stream, quirks=Quirks()
    ).payload


def betas(request: LLMRequest) -> str | None:
    headers = DIALECT.encode(parse_request(request), "m", stream=False, quirks=Quirks()).headers
    return headers.get("anthropic-beta")


def messages(*turns: Message) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = payload(LLMRequest(messages=turns))["messages"]
    return result


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(id_: str, name: str = "weather", arguments: str = '{"city": "Paris"}') -> Any:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_w10_all_system_messages_are_sent_in_order() -> None:
    request = LLMRequest(
        messages=[
            Message("system", "Be brief."),
            Message("developer", "Be kind."),
            Message("user", "Hi"),
        ]
    )

    assert payload(request)["system"] == [text("Be brief."), text("Be kind.")]


def test_a_system_message_keeps_its_cache_mark() -> None:
    system = Message("system", "Long rules.", metadata={"cache_control": EPHEMERAL})

    assert payload(LLMRequest(messages=[system, Message("user", "Hi")]))["system"] == [
        text("Long rules.") | {"cache_control": EPHEMERAL}
    ]


def test_a_messages_cache_mark_is_on_its_last_block() -> None:
    marked = Message("user", ["One", "Two"], metadata={"cache_control": EPHEMERAL})

    assert messages(marked)[0]["content"] == [
        text("One"),
        text("Two") | {"cache_control": EPHEMERAL},
    ]


def test_a_part_keeps_its_cache_mark() -> None:
    assert messages(Message("user", [TextPart("One", EPHEMERAL), "Two"]))[0]["content"] == [
        text("One") | {"cache_control": EPHEMERAL},
        text("Two"),
    ]


def test_an_image_in_a_system_message_is_not_supported() -> None:
    picture = Message("system", [ImagePart(url="https://example.org/a.png")])

    with pytest.raises(UnsupportedFeatureError, match="only text"):
        messages(picture, Message("user", "Hi"))


def test_consecutive_messages_of_one_role_become_one_turn() -> None:
    assert messages(Message("user", "One"), Message("user", "Two")) == [
        {"role": "user", "content": [text("One"), text("Two")]}
    ]


def test_blank_texts_are_left_out() -> None:
    assert messages(Message("user", ["Hi", " \n"]), Message("assistant", "")) == [
        {"role": "user", "content": [text("Hi")]}
    ]


def test_results_of_parallel_calls_are_sent_in_one_turn() -> None:
    turns = messages(
        Message("user", "Weather and time?"),
        Message("assistant", "Let me look.", tool_calls=[call("a"), call("b", "clock", "")]),
        Message("tool", "sunny", tool_call_id="a"),
        Message("tool", "noon", tool_call_id="b"),
    )

    assert turns[1:] == [
        {
            "role": "assistant",
            "content": [
                text("Let me look."),
                {"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Paris"}},
                {"type": "tool_use", "id": "b", "name": "clock", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": [text("sunny")]},
                {"type": "tool_result", "tool_use_id": "b", "content": [text("noon")]},
            ],
        },
    ]


def test_results_come_before_other_content_of_their_turn() -> None:
    turns = messages(
        Message("assistant", tool_calls=[call("a")]),
        Message("user", "Wait!"),
        Message("tool", "sunny", tool_call_id="a"),
    )

    assert [block["type"] for block in turns[1]["content"]] == ["tool_result", "text"]


def test_a_result_without_an_id_finds_its_call_by_name() -> None:
    turns = messages(
        Message("assistant", tool_calls=[call("a"), call("b", "clock")]),
        Message("tool", "noon", name="clock"),
    )

    assert turns[1]["content"][0]["tool_use_id"] == "b"


def test_tool_ids_of_other_vendors_are_cleaned_in_calls_and_results() -> None:
    turns = messages(
        Message("assistant", tool_calls=[call("functions.weather:0")]),
        Message("tool", "sunny", tool_call_id="functions.weather:0"),
    )

    assert turns[0]["content"][0]["id"] == turns[1]["content"][0]["tool_use_id"]
    assert turns[0]["content"][0]["id"] == "functions_weather_0"


def test_r39_signed_reasoning_is_sent_back_in_order() -> None:
    turn = Message(
        "assistant",
        [ReasoningPart("France's capital", "c2ln"), "Paris.", ReasoningPart("Its sky", "bW9y")],
        tool_calls=[call("a")],
    )

    assert messages(turn)[0]["content"] == [
        {"type": "thinking", "thinking": "France's capital", "signature": "c2ln"},
        text("Paris."),
        {"type": "thinking", "thinking": "Its sky", "signature": "bW9y"},
        {"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Paris"}},
    ]


def test_reasoning_signed_by_another_api_is_not_sent() -> None:
    turn = Message("assistant", [ReasoningPart("hm", "c2ln", dialect="gemini"), "Done."])

    assert messages(turn)[0]["content"] == [text("Done.")]


def test_items_of_another_api_are_not_sent() -> None:
    turn = Message("assistant", [ProviderPart("openai_responses", {"type": "x"}), "Done."])

    assert messages(turn)[0]["content"] == [text("Done.")]


def test_anthropic_blocks_in_user_messages_are_sent_unchanged() -> None:
    block = {"type": "container_upload", "file_id": "file_1"}

    assert messages(Message("user", [ProviderPart("anthropic", block)]))[0]["content"] == [block]


def test_unsigned_reasoning_is_not_sent() -> None:
    assert messages(Message("assistant", [ReasoningPart("hm"), "Done."])) == [
        {"role": "assistant", "content": [text("Done.")]}
    ]


def test_an_image_is_sent_by_url_or_as_bytes() -> None:
    images = Message(
        "user",
        [
            ImagePart(url="https://example.org/a.png"),
            ImagePart(data="aGk=", media_type="image/png"),
        ],
    )

    assert [block["source"] for block in messages(images)[0]["content"]] == [
        {"type": "url", "url": "https://example.org/a.png"},
        {"type": "base64", "media_type": "image/png", "data": "aGk="},
    ]


def test_a_pdf_is_sent_as_a_document_with_its_title() -> None:
    pdf = DocumentPart(data="JVBERg==", name="report")

    assert messages(Message("user", [pdf]))[0]["content"] == [
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
            "title": "report",
        }
    ]


def test_a_document_url_is_sent_as_a_url() -> None:
    pdf = DocumentPart(url="https://example.org/a.pdf")

    assert messages(Message("user", [pdf]))[0]["content"][0]["source"] == {
        "type": "url",
        "url": "https://example.org/a.pdf",
    }


def test_a_text_document_is_sent_as_plain_text() -> None:
    notes = DocumentPart(data=base64.b64encode("Ça va".encode()).decode(), media_type="text/csv")

    assert messages(Message("user", [notes]))[0]["content"][0]["source"] == {
        "type": "text",
        "media_type": "text/plain",
        "data": "Ça va",
    }


def test_a_text_document_in_anthropics_format_is_sent_unchanged() -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "Ça va"}
    turn = Message("user", [{"type": "document", "source": source}])

    assert messages(turn)[0]["content"][0]["source"] == source


def test_a_document_that_is_not_base64_is_refused() -> None:
    broken = DocumentPart(data="abc", media_type="text/plain", name="notes")

    with pytest.raises(ValidationError, match="not base64"):
        messages(Message("user", [broken]))


def test_a_document_that_is_neither_pdf_nor_text_is_refused() -> None:
    sheet = DocumentPart(data="UEsDBA==", media_type="application/vnd.ms-excel")

    with pytest.raises(UnsupportedFeatureError, match="ms-excel"):
        messages(Message("user", [sheet]))


def test_r24_a_tool_result_can_be_an_error_with_an_image() -> None:
    turns = messages(
        Message("assistant", tool_calls=[call("a")]),
        Message(
            "tool",
            ["No camera.", ImagePart(data="aGk=", media_type="image/png")],
            tool_call_id="a",
            metadata={"is_error": True},
        ),
    )
    [result] = turns[1]["content"]

    assert result["is_error"] is True
    assert [block["type"] for block in result["content"]] == ["text", "image"]


def test_r23_arguments_that_are_not_json_are_kept() -> None:
    turns = messages(Message("assistant", tool_calls=[call("a", arguments='{"city": "Par')]))

    assert turns[0]["content"][0]["input"] == {"arguments": '{"city": "Par'}


@pytest.mark.parametrize(
    ("media_type", "sent"),
    [
        ("image/png", {"type": "image", "source": {"type": "file", "file_id": "file_1"}}),
        (
            "application/pdf",
            {
                "type": "document",
                "source": {"type": "file", "file_id": "file_1"},
                "title": "it",
            },
        ),
        ("application/zip", {"type": "container_upload", "file_id": "file_1"}),
    ],
)
def test_an_uploaded_file_is_sent_by_its_id(media_type: str, sent: dict[str, Any]) -> None:
    request = LLMRequest(messages=[Message("user", [UploadedPart("file_1", media_type, "it")])])

    assert payload(request)["messages"][0]["content"] == [sent]
    assert betas(request) == "files-api-2025-04-14"


def test_a_document_part_with_an_image_url_is_sent_as_an_image() -> None:
    picture = DocumentPart(url="https://example.org/a.png", media_type="image/png")

    assert messages(Message("user", [picture]))[0]["content"] == [
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}
    ]


def test_audio_is_refused_with_advice() -> None:
    with pytest.raises(UnsupportedFeatureError, match="transcript"):
        messages(Message("user", [AudioPart("aGk=", "audio/wav")]))


def test_a_late_system_message_stays_in_its_place_at_a_model_that_takes_it() -> None:
    request = LLMRequest(
        messages=[
            Message("system", "Be brief."),
            Message("user", "Hi"),
            Message("system", "In French.", metadata={"cache_control": EPHEMERAL}),
        ]
    )
    quirks = Quirks(system_turns=True)
    sent = DIALECT.encode(parse_request(request), "m", stream=False, quirks=quirks).payload

    assert sent["system"] == [text("Be brief.")]
    assert sent["messages"][1:] == [
        {"role": "system", "content": [text("In French.") | {"cache_control": EPHEMERAL}]}
    ]


@pytest.mark.parametrize("between", [False, True])
def test_system_messages_between_the_results_of_parallel_calls_follow_all_of_them(
    between: bool,
) -> None:
    request = LLMRequest(
        messages=[
            Message("user", "Hi"),
            Message("assistant", tool_calls=[call("a"), call("b")]),
            Message("system", "In French."),
            Message("tool", "1", tool_call_id="a"),
            Message("system", "Be kind."),
            Message("tool", "2", tool_call_id="b"),
        ]
    )
    quirks = Quirks(system_turns=between)
    sent = DIALECT.encode(parse_request(request), "m", stream=False, quirks=quirks).payload
    words = [text("In French."), text("Be kind.")]
    marked = [text(f"<system_message>\n{each['text']}\n</system_message>") for each in words]
    results = [
        {"type": "tool_result", "tool_use_id": id_, "content": [text(answer)]}
        for id_, answer in (("a", "1"), ("b", "2"))
    ]

    assert sent["messages"][2:] == (
        [{"role": "user", "content": results}, {"role": "system", "content": words}]
        if between
        else [{"role": "user", "content": [*results, *marked]}]
    )


def test_a_late_system_message_is_marked_in_its_place_at_other_models() -> None:
    marked = text("<system_message>\nIn French.\n</system_message>")

    assert messages(Message("user", "Hi"), Message("system", "In French.")) == [
        {"role": "user", "content": [text("Hi"), marked]}
    ]
