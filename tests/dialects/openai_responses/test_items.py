"""The items of a reply: messages, thoughts, calls and the API's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmring.chat.events import Event, ProviderItem
from llmring.chat.parts import CommentaryPart, ProviderPart, ReasoningPart, TextPart
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.dialects.openai_responses.dialect import DIALECT
from llmring.dialects.openai_responses.encode_input import NAME
from llmring.wire import HttpHead

OK = HttpHead(200, {"content-type": "application/json", "x-request-id": "req_1"})


CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "clock",
    "arguments": "{}",
    "status": "completed",
}


SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "x"}}


def message(*texts: str, **fields: Any) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": parts, **fields}


def reasoning(*summaries: str, **fields: Any) -> dict[str, Any]:
    parts = [{"type": "summary_text", "text": text} for text in summaries]
    return {"type": "reasoning", "id": "rs_1", "summary": parts, **fields}


def thoughts(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "reasoning_text", "text": text} for text in texts]


def decode(*output: dict[str, Any], **fields: Any) -> list[Event]:
    body = {"id": "resp_1", "status": "completed", "output": list(output), **fields}
    return DIALECT.decode(OK, json.dumps(body).encode())


def reply(*output: dict[str, Any], **fields: Any) -> LLMResponse:
    return fold("a:model", decode(*output, **fields), NAME)


def event(kind: str, **fields: Any) -> bytes:
    return b"data: " + json.dumps({"type": kind, **fields}).encode() + b"\n\n"


def streamed(*pieces: bytes) -> list[Event]:
    decoder = DIALECT.decoder(OK)
    events = [each for piece in pieces for each in decoder.feed(piece)]
    return events + decoder.end()


def stream_reply(*pieces: bytes) -> LLMResponse:
    return fold("a:model", streamed(*pieces), NAME)


def completed(*output: dict[str, Any], **fields: Any) -> bytes:
    response = {"id": "resp_1", "status": "completed", "output": list(output), **fields}
    return event("response.completed", response=response)


def test_the_text_of_all_messages_is_the_answer() -> None:
    assert reply(message("A", "B"), message("C")).content == "ABC"


def test_a_refusal_is_separate_from_the_text() -> None:
    refused = message("Well. ")
    refused["content"].append({"type": "refusal", "refusal": "I can't."})

    assert (reply(refused).content, reply(refused).refusal) == ("Well. ", "I can't.")


def test_a_streamed_refusal_is_separate_from_the_text() -> None:
    pieces = [
        event("response.refusal.delta", delta=text, output_index=0) for text in ("I ", "won't.")
    ]
    found = stream_reply(*pieces, completed())

    assert (found.content, found.refusal) == ("", "I won't.")


def test_the_content_of_a_message_may_be_a_string() -> None:
    assert reply(message(content="Hello")).content == "Hello"


def test_a_phase_is_kept_for_the_next_turn() -> None:
    found = reply(message("Let me look.", phase="commentary"), message("Done."))

    assert found.parts == (
        CommentaryPart("Let me look."),
        ProviderPart(NAME, {"type": "message", "role": "assistant", "phase": "commentary"}),
        TextPart("Done."),
    )


def test_summaries_are_joined_by_a_blank_line() -> None:
    found = reply(reasoning("A", "B"), reasoning("C", id="rs_2"), message("D"))

    assert found.reasoning == "A\n\nB\n\nC"


def test_streamed_summaries_are_joined_by_a_blank_line() -> None:
    def piece(item: int, part: int, text: str) -> bytes:
        kind = "response.reasoning_summary_text.delta"
        return event(kind, output_index=item, summary_index=part, delta=text)

    pieces = [piece(0, 0, "A"), piece(0, 0, "a"), piece(0, 1, "B"), piece(1, 0, "C")]
    found = stream_reply(*pieces, completed(reasoning("Aa", "B"), reasoning("C", id="rs_2")))

    assert found.reasoning == "Aa\n\nB\n\nC"


def test_encrypted_reasoning_becomes_a_signature() -> None:
    found = reply(reasoning("A", encrypted_content="gAAA"), message("B"))

    assert found.parts == (ReasoningPart("A", "gAAA", "rs_1", NAME), TextPart("B"))


def test_unencrypted_reasoning_is_shown_and_kept_unchanged() -> None:
    item = reasoning(content=thoughts("A", "B"), encrypted_content="")
    found = reply(item, message("C"))

    assert found.reasoning == "A\n\nB"
    assert found.parts == (
        ReasoningPart("A\n\nB", None, "rs_1", NAME),
        ProviderPart(NAME, item),
        TextPart("C"),
    )


def test_empty_reasoning_is_dropped() -> None:
    assert reply(reasoning(), message("A")).parts is None


def test_thoughts_and_their_summary_are_not_both_shown() -> None:
    both = reasoning("Short", content=thoughts("Long"))
    found = stream_reply(
        event("response.reasoning_text.delta", output_index=0, delta="Long"),
        event("response.reasoning_summary_text.delta", output_index=0, delta="Short"),
        event("response.output_item.done", output_index=0, item=both),
        completed(),
    )

    assert (reply(both).reasoning, found.reasoning) == ("Short", "Long")


def test_the_id_of_a_call_is_its_call_id() -> None:
    [made] = reply(CALL).tool_calls or []

    assert (made["id"], made["function"]) == ("call_1", {"name": "clock", "arguments": "{}"})


def test_arguments_sent_as_an_object_become_text() -> None:
    [made] = reply({**CALL, "arguments": {"a": 1}}).tool_calls or []

    assert json.loads(made["function"]["arguments"]) == {"a": 1}


def test_the_input_of_a_custom_tool_is_free_text() -> None:
    item = {"type": "custom_tool_call", "call_id": "1", "name": "formula", "input": "1 + 1"}
    pieces = [
        event("response.output_item.added", output_index=0, item={**item, "input": ""}),
        event("response.custom_tool_call_input.delta", output_index=0, delta="1 +"),
        event("response.custom_tool_call_input.delta", output_index=0, delta=" 1"),
        event("response.output_item.done", output_index=0, item=item),
    ]
    [made] = reply(item).tool_calls or []

    assert made["type"] == "custom"
    assert made["function"] == {"name": "formula", "arguments": "1 + 1"}
    assert stream_reply(*pieces, completed(item)).tool_calls == [made]


def test_interleaved_streamed_calls_are_separated() -> None:
    def piece(index: int, text: str) -> bytes:
        return event("response.function_call_arguments.delta", output_index=index, delta=text)

    def begin(index: int) -> bytes:
        item = {**CALL, "id": f"fc_{index}", "call_id": str(index), "arguments": ""}
        return event("response.output_item.added", output_index=index, item=item)

    pieces = [
        begin(0),
        begin(1),
        piece(0, '{"a"'),
        piece(1, '{"b"'),
        piece(0, ":1}"),
        piece(1, ":2}"),
    ]
    calls = stream_reply(*pieces, completed()).tool_calls or []

    assert [(made["id"], made["function"]["arguments"]) for made in calls] == [
        ("0", '{"a":1}'),
        ("1", '{"b":2}'),
    ]


def test_a_call_with_a_namespace_is_kept_as_an_item() -> None:
    found = reply({**CALL, "namespace": "crm"})
    kept = {key: CALL[key] for key in ("type", "call_id", "name", "arguments")}

    assert found.parts == (ProviderPart(NAME, {**kept, "namespace": "crm"}),)
    assert len(found.tool_calls or ()) == 1


def test_a_call_before_another_item_keeps_its_position() -> None:
    second = {**CALL, "id": "fc_2", "call_id": "call_2"}
    found = reply(CALL, reasoning(encrypted_content="gAAA"), second)

    assert found.parts is not None
    assert [type(part).__name__ for part in found.parts] == ["ProviderPart", "ReasoningPart"]
    assert [made["id"] for made in found.tool_calls or ()] == ["call_1", "call_2"]


@pytest.mark.parametrize("kind", ["mcp_call", "tool_search_call", "compaction", "not_invented_yet"])
def test_items_of_the_apis_own_tools_are_kept_for_the_next_turn(kind: str) -> None:
    item = {"type": kind, "id": "x", "arguments": {"deep": [1]}, "content": 7, "summary": 8}
    found = reply(message("A"), item, message("B"))

    assert found.parts == (TextPart("A"), ProviderPart(NAME, item), TextPart("B"))


def test_progress_events_of_the_apis_own_tools_are_ignored() -> None:
    pieces = [
        event("response.web_search_call.searching", output_index=0, item_id="ws_1"),
        event("response.shell_call_output_content.delta", delta={"stdout": "x"}, output_index=0),
        event("response.image_generation_call.partial_image", partial_image_b64="AA=="),
        event("response.code_interpreter_call_code.delta", delta="print()", output_index=0),
        event("response.mcp_call_arguments.delta", delta="{}", output_index=0),
        event("response.audio.delta", delta="AA=="),
        event("response.output_text.annotation.added", annotation={}, output_index=1),
        event("keepalive"),
        event("not.invented.yet", item=None, response=7),
    ]

    assert streamed(*pieces) == []


def test_a_streamed_item_of_the_api_is_reported_once() -> None:
    pieces = [
        event("response.output_item.added", output_index=0, item={**SEARCH, "status": "begun"}),
        event("response.output_item.done", output_index=0, item=SEARCH),
    ]
    found = [each for each in streamed(*pieces, completed(SEARCH)) if type(each) is ProviderItem]

    assert found == [ProviderItem(SEARCH)]


def test_an_item_may_change_its_id() -> None:
    pieces = [
        event("response.output_item.added", output_index=0, item={**CALL, "id": "a"}),
        event("response.function_call_arguments.delta", output_index=0, item_id="b", delta="{}"),
        event("response.output_item.done", output_index=0, item={**CALL, "id": "c"}),
    ]

    assert len(stream_reply(*pieces, completed({**CALL, "id": "d"})).tool_calls or ()) == 1


def test_pieces_without_item_position_and_id_are_read() -> None:
    item = reasoning("Hm.")
    pieces = [
        event("response.reasoning_summary_text.delta", delta="Hm."),
        event("response.output_text.delta", delta="Let me"),
        event("response.output_text.delta", delta=" look."),
        event("response.output_item.added", item={**CALL, "arguments": ""}),
        event("response.function_call_arguments.delta", delta='{"a":'),
        event("response.function_call_arguments.delta", delta="1}"),
    ]
    calls = [{**CALL, "arguments": '{"a":1}'}, {**CALL, "call_id": "2", "arguments": '{"a":2}'}]
    found = stream_reply(*pieces, completed(item, message("Let me look."), *calls))
    whole = reply(item, message("Let me look."), *calls)

    assert (found.content, found.reasoning) == (whole.content, whole.reasoning)
    assert found.tool_calls == whole.tool_calls


def test_items_with_the_same_id_are_separated() -> None:
    pieces = [
        event("response.output_text.delta", output_index=at, item_id="msg_1", delta=text)
        for at, text in enumerate("AB")
    ]

    assert stream_reply(*pieces, completed(message("A"), message("B"))).content == "AB"
