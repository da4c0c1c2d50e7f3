"""The messages that clients send to Ollama's API."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from llmring.chat.parts import ImagePart, ReasoningPart, TextPart
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.ollama.decode_messages import decoded_messages, images_of
from llmring.dialects.request_decoding import RequestFormatError

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(8)).decode()


def called(name: str, id_: str = "", arguments: str = "{}") -> ToolCall:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(*calls: tuple[str, str]) -> dict[str, Any]:
    """An answer with calls of these names and IDs, without the ID where it is empty."""
    sent = [
        {**({"id": id_} if id_ else {}), "function": {"name": name, "arguments": {}}}
        for name, id_ in calls
    ]
    return {"role": "assistant", "content": "", "tool_calls": sent}


def result(content: str, **fields: str) -> dict[str, str]:
    return {"role": "tool", "content": content, **fields}


def test_the_roles_are_read_in_any_case() -> None:
    assert decoded_messages(
        [
            {"role": "system", "content": "Be kind.", "images": []},
            {"role": "User", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "assistant", "content": ""},
            {"role": "user"},
        ]
    ) == [
        Message("system", "Be kind."),
        Message("user", "Hi"),
        Message("assistant", "Hello"),
        Message("assistant", None),
        Message("user", ""),
    ]


def test_images_come_before_the_text() -> None:
    image = ImagePart(data=PNG, media_type="image/png")

    assert decoded_messages(
        [{"role": "user", "content": "Look", "images": [PNG]}, {"role": "user", "images": [PNG]}]
    ) == [Message("user", [image, TextPart("Look")]), Message("user", [image])]


def test_thinking_is_read() -> None:
    assert decoded_messages([{"role": "assistant", "thinking": "Hm", "content": "Yes"}]) == [
        Message("assistant", [ReasoningPart("Hm", dialect="ollama"), TextPart("Yes")])
    ]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [({"a": [1.5, None]}, '{"a":[1.5,null]}'), (None, "{}"), ('{"a": 1}', '{"a": 1}')],
)
def test_the_arguments_of_a_call_become_text(arguments: Any, text: str) -> None:
    call = {"id": "c1", "function": {"index": 0, "name": "look", "arguments": arguments}}

    assert decoded_messages([{"role": "assistant", "tool_calls": [call]}]) == [
        Message("assistant", None, tool_calls=[called("look", "c1", text)])
    ]


def test_results_without_id_or_name_belong_to_the_open_calls_in_order() -> None:
    _, *results = decoded_messages(
        [calling(("look", ""), ("ask", ""), ("look", "")), result("1"), result("2"), result("3")]
    )

    assert results == [
        Message("tool", "1", name="look"),
        Message("tool", "2", name="ask"),
        Message("tool", "3", name="look"),
    ]


def test_a_result_without_id_gets_the_one_of_its_call() -> None:
    _, *results = decoded_messages(
        [
            calling(("look", "c1"), ("ask", "c2"), ("look", "c3"), ("see", "c4")),
            result("1", tool_name="ask"),
            result("2", name="look"),
            result("3", tool_call_id="c4", tool_name="see"),
            result("4"),
        ]
    )

    assert results == [
        Message("tool", "1", tool_call_id="c2"),
        Message("tool", "2", tool_call_id="c1"),
        Message("tool", "3", tool_call_id="c4"),
        Message("tool", "4", tool_call_id="c3"),
    ]


def test_calls_of_an_earlier_answer_stay_open() -> None:
    messages = decoded_messages(
        [calling(("look", "c1")), calling(("ask", "c2")), result("1"), result("2")]
    )

    assert [message.tool_call_id for message in messages] == [None, None, "c1", "c2"]


def test_a_result_of_no_call_is_kept() -> None:
    assert decoded_messages(
        [result("1"), result("2", tool_name="look"), result("3", tool_call_id="c9")]
    ) == [
        Message("tool", "1", name="tool"),
        Message("tool", "2", name="look"),
        Message("tool", "3", tool_call_id="c9", name="tool"),
    ]


@pytest.mark.parametrize(
    ("value", "image"),
    [
        (PNG, ImagePart(data=PNG, media_type="image/png")),
        (f"data:image/webp;base64,{PNG}", ImagePart(data=PNG, media_type="image/webp")),
        ("AAAA", ImagePart(data="AAAA")),
    ],
)
def test_an_image_has_the_type_of_its_bytes(value: str, image: ImagePart) -> None:
    assert images_of([value], "images") == [image]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Hi", ""),
        ({}, ".role"),
        ({"role": "model"}, ".role"),
        ({"role": 5}, ".role"),
        ({"role": "user", "content": 5}, ".content"),
        ({"role": "user", "content": ["Hi"]}, ".content"),
        ({"role": "user", "images": PNG}, ".images"),
        ({"role": "user", "images": ["", PNG]}, ".images.0"),
        ({"role": "user", "images": [PNG, "a.png"]}, ".images.1"),
        ({"role": "assistant", "thinking": True}, ".thinking"),
        ({"role": "assistant", "tool_calls": {}}, ".tool_calls"),
        ({"role": "assistant", "tool_calls": [{}]}, ".tool_calls.0.function"),
        ({"role": "assistant", "tool_calls": [{"function": {}}]}, ".tool_calls.0.function.name"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": []}}]},
            ".tool_calls.0.function.arguments",
        ),
        ({"role": "tool", "tool_call_id": 5}, ".tool_call_id"),
        ({"role": "tool", "tool_name": 5}, ".tool_name"),
    ],
)
def test_a_message_of_another_form_is_an_error_at_its_field(message: Any, field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        decoded_messages([{"role": "user", "content": "Hi"}, message])

    assert caught.value.field == f"messages.1{field}"
