"""The messages that clients send to Chat Completions."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.chat.parts import ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.openai_chat.decode_messages import decoded_messages
from llmring.dialects.request_decoding import RequestFormatError

CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}


def read(*messages: Any) -> list[Message]:
    return decoded_messages([*messages], [])


def required(*messages: Any) -> list[str]:
    found: list[str] = []
    decoded_messages([*messages], found)
    return found


def mark(**fields: Any) -> ProviderPart:
    return ProviderPart("openai_chat", {"type": "message", **fields})


def test_the_roles_of_speakers_are_read() -> None:
    assert read(
        {"role": "developer", "content": "Be brief."},
        {"role": "system", "content": "Be kind.", "name": "host"},
        {"role": "user", "content": "Hi", "name": "ann"},
        {"role": "assistant", "content": "Hello", "name": "bob"},
    ) == [
        Message("system", "Be brief."),
        Message("system", "Be kind.", name="host"),
        Message("user", "Hi", name="ann"),
        Message("assistant", "Hello", name="bob"),
    ]


def test_a_call_and_its_result_are_read() -> None:
    assert read(
        {"role": "assistant", "content": "", "tool_calls": [{**CALL, "index": 0}]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "x"}]},
        {"role": "tool", "tool_call_id": "call_2", "name": "look"},
    ) == [
        Message("assistant", None, tool_calls=[CALL]),
        Message("tool", "x", tool_call_id="call_1"),
        Message("tool", "", tool_call_id="call_2", name="look"),
    ]


def test_the_call_of_a_custom_tool_is_read() -> None:
    custom = {"name": "patch", "input": '*** "Begin"\r\n'}
    called: ToolCall = {
        "id": "call_1",
        "type": "custom",
        "function": {"name": "patch", "arguments": '*** "Begin"\r\n'},
    }

    for kind in ({"type": "custom"}, {}):
        assert read(
            {"role": "assistant", "tool_calls": [{"id": "call_1", "custom": custom, **kind}]}
        ) == [Message("assistant", None, tool_calls=[called])]


def test_arguments_that_are_an_object_become_text() -> None:
    for arguments, text in (({"a": 1}, '{"a":1}'), (None, "{}"), ("", "{}"), ("{oops", "{oops")):
        call = {"id": "c", "function": {"name": "look", "arguments": arguments}}
        [message] = read({"role": "assistant", "tool_calls": [call]})

        assert message.calls[0]["function"]["arguments"] == text


def test_the_thought_signature_of_a_call_is_read() -> None:
    extra = {"google": {"thought_signature": "c2ln"}, "x": 1}
    [message] = read({"role": "assistant", "tool_calls": [{**CALL, "extra_content": extra}]})

    assert message.calls[0] == {**CALL, "extra_content": extra, "signature": "c2ln"}


def test_calls_of_the_older_form_are_joined_with_their_results() -> None:
    def calling(name: str) -> dict[str, Any]:
        return {"role": "assistant", "function_call": {"name": name, "arguments": "{}"}}

    messages = read(
        calling("look"),
        calling("look"),
        calling("ask"),
        {"role": "function", "name": "ask", "content": "1"},
        {"role": "function", "name": "look", "content": "2"},
        {"role": "function", "name": "look", "content": "3"},
        {"role": "function", "name": "look", "content": "4"},
    )
    ids = [message.calls[0]["id"] for message in messages[:3]]

    assert len({*ids, ""}) == 4
    assert [message.tool_call_id for message in messages[3:]] == [ids[2], ids[0], ids[1], None]
    assert [message.content for message in messages[3:]] == ["1", "2", "3", "4"]
    assert messages[-1].name == "look"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_read_with_its_field(field: str) -> None:
    thought = ReasoningPart("Hm", dialect="openai_chat", field=field)

    assert read({"role": "assistant", field: "Hm", "content": "Yes"}) == [
        Message("assistant", [thought, TextPart("Yes")])
    ]
    assert read({"role": "assistant", field: "Hm", "content": "", "tool_calls": [CALL]}) == [
        Message("assistant", [thought], tool_calls=[CALL])
    ]


def test_further_forms_of_reasoning_are_read() -> None:
    detail = {"type": "reasoning.encrypted", "data": "x"}
    block = {"type": "thinking", "thinking": "Hm", "signature": "s", "part": "provider"}
    [message] = read(
        {
            "role": "assistant",
            "content": "Yes",
            "reasoning_details": [detail],
            "thinking_blocks": [block],
        }
    )

    assert message.content == [
        ReasoningPart("Hm", "s", dialect="anthropic"),
        ProviderPart("openai_chat", detail),
        TextPart("Yes"),
    ]


def test_a_refusal_is_read_in_either_form() -> None:
    refused = Message("assistant", [TextPart("No."), mark(refusal="No.", text="No.")])
    part = {"type": "refusal", "refusal": "No."}

    assert read({"role": "assistant", "content": None, "refusal": "No."}) == [refused]
    assert read({"role": "assistant", "content": [part]}) == [refused]


def test_a_refusal_in_both_forms_is_read_once_if_it_is_the_same() -> None:
    for part, refusal, text in (("No.", "No.", "No."), ("Never.", "No.", "No.Never.")):
        parts = [{"type": "refusal", "refusal": part}]
        [message] = read({"role": "assistant", "content": parts, "refusal": refusal})

        assert message.text == text


def test_a_refusal_after_text_keeps_both() -> None:
    both = Message(
        "assistant", [TextPart("Well"), TextPart("No."), mark(refusal="No.", text="No.")]
    )
    part = {"type": "refusal", "refusal": "No."}

    assert read({"role": "assistant", "content": "Well", "refusal": "No."}) == [both]
    assert read({"role": "assistant", "content": [{"type": "text", "text": "Well"}, part]}) == [
        both
    ]


def test_a_spoken_answer_that_is_only_an_id_is_for_the_same_api_alone() -> None:
    spoken = {"role": "assistant", "audio": {"id": "audio_1"}}

    assert required({"role": "user", "content": "Hi"}, spoken) == ["messages.1.audio"]
    assert read(spoken) == [Message("assistant", [mark(audio={"id": "audio_1"})])]
    assert required({**spoken, "content": "Hello"}) == []
    assert required({**spoken, "audio": {"id": "audio_1", "transcript": "Hello"}}) == []


def test_unknown_content_of_any_role_is_for_the_same_api_alone() -> None:
    block = {"type": "new", "x": 1}
    messages: list[dict[str, Any]] = [
        {"role": role, "content": ["a", block], "tool_call_id": "c"}
        for role in ("system", "user", "assistant", "tool")
    ]

    assert required(*messages) == [f"messages.{at}.content.1" for at in range(4)]
    for message in read(*messages):
        assert message.content == [TextPart("a"), ProviderPart("openai_chat", block)]


def test_the_cache_mark_of_a_message_is_kept() -> None:
    control = {"type": "ephemeral"}

    assert read({"role": "system", "content": "Long", "cache_control": control}) == [
        Message("system", "Long", metadata={"cache_control": control})
    ]


@pytest.mark.parametrize("own", ["origin", "metadata", "timestamp"])
def test_fields_of_the_library_s_messages_are_not_the_client_s_to_set(own: str) -> None:
    assert read({"role": "user", "content": "Hi", own: {"a": "b"}}) == [Message("user", "Hi")]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Hi", ""),
        ({}, ".role"),
        ({"role": 5, "content": "Hi"}, ".role"),
        ({"role": "model", "content": "Hi"}, ".role"),
        ({"role": "user"}, ".content"),
        ({"role": "user", "content": None}, ".content"),
        ({"role": "system", "content": 5}, ".content"),
        ({"role": "user", "content": "Hi", "name": 5}, ".name"),
        ({"role": "user", "content": "Hi", "cache_control": 5}, ".cache_control"),
        ({"role": "tool", "content": "x"}, ".tool_call_id"),
        ({"role": "tool", "content": "x", "tool_call_id": ""}, ".tool_call_id"),
        ({"role": "function", "content": "x"}, ".name"),
        ({"role": "function", "content": "x", "name": ""}, ".name"),
        ({"role": "assistant", "tool_calls": {}}, ".tool_calls"),
        ({"role": "assistant", "tool_calls": ["x"]}, ".tool_calls"),
        ({"role": "assistant", "tool_calls": [{}]}, ".tool_calls.0.function"),
        ({"role": "assistant", "tool_calls": [{"type": "mcp"}]}, ".tool_calls.0.type"),
        ({"role": "assistant", "tool_calls": [{"type": "custom"}]}, ".tool_calls.0.type"),
        ({"role": "assistant", "tool_calls": [{**CALL, "id": 5}]}, ".tool_calls.0.id"),
        ({"role": "assistant", "tool_calls": [{"function": {}}]}, ".tool_calls.0.function.name"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": 5}}]},
            ".tool_calls.0.function.arguments",
        ),
        ({"role": "assistant", "function_call": {"name": 5}}, ".function_call.name"),
        ({"role": "assistant", "content": "a", "refusal": 5}, ".refusal"),
        ({"role": "assistant", "reasoning_content": 5}, ".reasoning_content"),
        ({"role": "assistant", "audio": "x"}, ".audio"),
        ({"role": "assistant", "thinking_blocks": [{}]}, ".thinking_blocks.0.type"),
        (
            {"role": "assistant", "thinking_blocks": [{"type": "thinking", "thinking": 5}]},
            ".thinking_blocks.0.thinking",
        ),
        ({"role": "assistant", "thinking_blocks": [{"type": "thinking"}]}, ".thinking_blocks"),
    ],
)
def test_a_message_of_another_form_is_an_error_at_its_field(message: Any, field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read({"role": "user", "content": "Hi"}, message)

    assert caught.value.field == f"messages.1{field}"
