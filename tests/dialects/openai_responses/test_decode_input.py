"""The input items of clients as turns of a conversation."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.chat.parts import (
    CommentaryPart,
    ImagePart,
    ProviderPart,
    ReasoningPart,
    TextPart,
)
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.dialects.openai_responses.decode_input import decode_input
from llmring.dialects.openai_responses.encode_input import NAME
from llmring.dialects.request_decoding import RequestFormatError

CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a": 1}'}
ASKED: ToolCall = {
    "id": "c1",
    "type": "function",
    "function": {"name": "f", "arguments": '{"a": 1}'},
}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "done"}


def turns(*items: dict[str, Any]) -> list[Message]:
    found, required = decode_input(list(items))
    assert required == []
    return found


def required(*items: dict[str, Any]) -> list[str]:
    return decode_input(list(items))[1]


def error(*items: Any) -> RequestFormatError:
    with pytest.raises(RequestFormatError) as caught:
        decode_input(list(items))
    return caught.value


def own(**content: Any) -> ProviderPart:
    return ProviderPart(NAME, content)


def mark(**fields: Any) -> ProviderPart:
    return own(type="message", role="assistant", **fields)


def said(text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": text, **fields}


def test_system_and_developer_messages_keep_their_places() -> None:
    found = turns(
        {"role": "developer", "content": "a"},
        {"role": "user", "content": "b"},
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "c"}]},
        {"role": "user", "content": "d"},
    )

    assert [(turn.role, turn.text) for turn in found] == [
        ("system", "a"),
        ("user", "b"),
        ("system", "c"),
        ("user", "d"),
    ]


def test_reasoning_text_and_calls_are_one_turn_of_the_assistant() -> None:
    thought = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": t} for t in ("So.", "Then.")],
        "content": None,
        "encrypted_content": "c2ln",
    }

    assert turns(thought, said("I look"), CALL, {**CALL, "call_id": "c2"}, OUTPUT) == [
        Message(
            "assistant",
            [ReasoningPart("So.\n\nThen.", "c2ln", "rs_1", NAME), TextPart("I look")],
            tool_calls=[ASKED, {**ASKED, "id": "c2"}],
        ),
        Message("tool", "done", tool_call_id="c1"),
    ]


def test_a_call_that_another_item_follows_has_its_place_marked() -> None:
    [turn] = turns(said("a"), {**CALL, "id": "fc_1", "status": "completed"}, said("b"))

    assert turn.parts == [TextPart("a"), own(**CALL), TextPart("b")]
    assert turn.calls == [ASKED]


@pytest.mark.parametrize(
    "fields", [{"namespace": "agents"}, {"caller": {"type": "program", "caller_id": "p"}}]
)
def test_further_fields_of_a_call_are_kept(fields: dict[str, Any]) -> None:
    [turn] = turns({**CALL, **fields})

    assert turn.parts == [own(**CALL, **fields)]
    assert turn.calls == [ASKED]


def test_a_call_of_a_custom_tool_is_free_text() -> None:
    item = {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "*** a"}

    call, result = turns(item, {**OUTPUT, "type": "custom_tool_call_output"})

    assert call.calls == [
        {"id": "c1", "type": "custom", "function": {"name": "patch", "arguments": "*** a"}}
    ]
    assert result == Message("tool", "done", tool_call_id="c1")


def test_a_result_may_have_several_parts_and_a_caller() -> None:
    parts = [
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "image_url": "https://x.test/a.png", "detail": "low"},
    ]
    caller = {"type": "direct"}

    assert turns({**OUTPUT, "output": parts, "caller": caller}) == [
        Message(
            "tool",
            [
                TextPart("a"),
                ImagePart("https://x.test/a.png", detail="low"),
                own(type="caller", caller=caller),
            ],
            tool_call_id="c1",
        )
    ]


def test_a_result_may_name_its_tool_instead_of_its_call() -> None:
    assert turns({"type": "function_call_output", "name": "f", "output": ""}) == [
        Message("tool", "", name="f")
    ]


def test_a_remark_is_commentary_in_the_same_turn_as_the_answer() -> None:
    [turn] = turns(said("Hm.", phase="commentary"), said("Yes.", phase="final_answer"))

    assert turn.parts == [
        CommentaryPart("Hm."),
        mark(phase="commentary"),
        TextPart("Yes."),
        mark(phase="final_answer"),
    ]


def test_two_messages_of_the_assistant_stay_two() -> None:
    assert turns(said("a"), said("b"), CALL) == [
        Message("assistant", "a"),
        Message("assistant", "b", tool_calls=[ASKED]),
    ]


def test_annotations_and_refusals_are_kept_with_their_message() -> None:
    pieces = [
        {"type": "output_text", "text": "a", "annotations": [{"type": "file_path"}]},
        {"type": "refusal", "refusal": "No."},
    ]
    item = {"type": "message", "role": "assistant", "content": pieces, "status": "completed"}

    [turn] = turns(item)

    assert turn.parts == [TextPart("aNo."), mark(content=pieces)]


def test_a_message_without_text_is_nothing() -> None:
    assert turns(said(""), {"role": "assistant", "content": []}) == []


def test_reasoning_that_can_be_read_is_kept_as_it_came() -> None:
    item = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "So."}],
    }

    [turn] = turns(item, said("a"))

    assert turn.parts == [
        ReasoningPart("So.", id="rs_1", dialect=NAME),
        own(**item),
        TextPart("a"),
    ]


def test_reasoning_with_nothing_in_it_is_left_out() -> None:
    assert turns({"type": "reasoning", "id": "rs_1", "summary": []}, said("a")) == [
        Message("assistant", "a")
    ]


def test_a_search_is_a_part_of_the_turn_that_other_apis_may_miss() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}

    [turn] = turns(search, said("a"))

    assert turn.parts == [own(**search), TextPart("a")]


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("code_interpreter_call", "assistant"),
        ("compaction", "assistant"),
        ("computer_call_output", "user"),
        ("image_generation_call", "assistant"),
        ("mcp_approval_response", "user"),
        ("a_new_item", "assistant"),
    ],
)
def test_other_items_are_for_this_api_alone(kind: str, role: str) -> None:
    found, places = decode_input([{"role": "user", "content": "x"}, {"type": kind, "id": "i"}])

    assert (found[1].role, found[1].parts) == (role, [own(type=kind, id="i")])
    assert places == ["input.1"]


def test_a_message_with_content_that_is_not_known_is_kept_whole() -> None:
    video = {"type": "input_video", "url": "x"}
    message = {"role": "user", "content": [{"type": "input_text", "text": "a"}, video]}
    answer = {"role": "assistant", "content": [{"type": "output_song"}]}
    result = {**OUTPUT, "output": [video]}

    found, places = decode_input([message, answer, CALL, result])

    assert [turn.role for turn in found] == ["user", "assistant", "tool"]
    assert [turn.parts for turn in found] == [[own(**message)], [own(**answer)], [own(**result)]]
    assert places == ["input.0.content.1", "input.1.content.0", "input.3.output.0"]


def test_files_of_the_vendor_are_for_this_api_alone() -> None:
    image = {"type": "input_image", "file_id": "file_1", "detail": "auto"}

    assert required({"role": "user", "content": [image]}) == ["input.0.content.0"]


@pytest.mark.parametrize("item", [{"type": "item_reference", "id": "rs_1"}, {"id": "rs_1"}])
def test_references_to_stored_items_are_refused(item: dict[str, Any]) -> None:
    fault = error(item)

    assert (fault.field, fault.code) == ("input.0", "unsupported_parameter")


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"type": 1}, "input.0.type"),
        ({"content": "x"}, "input.0.role"),
        ({"role": "tool", "content": "x"}, "input.0.role"),
        ({"role": "user"}, "input.0.content"),
        ({"role": "assistant"}, "input.0.content"),
        ({"role": "assistant", "content": "a", "phase": 1}, "input.0.phase"),
        (
            {
                "role": "assistant",
                "content": [{"type": "output_text", "text": "a", "annotations": 1}],
            },
            "input.0.content.0.annotations",
        ),
        ({"role": "user", "content": [1]}, "input.0.content.0"),
        ({"type": "function_call", "name": "f", "arguments": "{}"}, "input.0.call_id"),
        ({"type": "function_call", "call_id": "c", "arguments": "{}"}, "input.0.name"),
        ({**CALL, "arguments": {}}, "input.0.arguments"),
        ({"type": "custom_tool_call", "call_id": "c", "name": "f"}, "input.0.input"),
        ({"type": "function_call_output", "output": "x"}, "input.0.call_id"),
        ({"type": "function_call_output", "call_id": "c"}, "input.0.output"),
        ({"type": "reasoning", "summary": "x"}, "input.0.summary"),
        ({"type": "reasoning", "summary": [{"type": "summary_text"}]}, "input.0.summary.0.text"),
    ],
)
def test_a_faulty_item_is_named(item: dict[str, Any], field: str) -> None:
    assert error(item).field == field
