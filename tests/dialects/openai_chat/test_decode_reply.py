import json
from typing import Any

import pytest

from llmring.chat.citation import Citation
from llmring.chat.events import (
    Cited,
    EndMarked,
    Event,
    Failed,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.dialects.openai_chat.dialect import DIALECT
from llmring.exceptions import (
    ProviderError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
)
from llmring.wire import HttpHead

OK = HttpHead(200, {"content-type": "application/json"})
SSE = HttpHead(200, {"content-type": "text/event-stream"})


def decode(message: dict[str, Any], finish: str | None = "stop", **rest: Any) -> list[Event]:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return DIALECT.decode(OK, json.dumps({"choices": [choice], **rest}).encode())


def reply(message: dict[str, Any], finish: str | None = "stop", **rest: Any) -> LLMResponse:
    return fold("a:model", decode(message, finish, **rest))


def chunk(delta: dict[str, Any], finish: str | None = None, **rest: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return data({"choices": [choice], **rest})


def data(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def streamed(*pieces: bytes) -> list[Event]:
    decoder = DIALECT.decoder(SSE)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


def piece(arguments: str | None = None, **fields: Any) -> dict[str, Any]:
    name = fields.pop("name", None)
    return {**fields, "function": {"name": name, "arguments": arguments}}


def calls(*deltas: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    found = fold("a:model", streamed(*[chunk({"tool_calls": delta}) for delta in deltas]))
    return [
        (call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in found.tool_calls or ()
    ]


# --- Content ---


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_read_under_either_name(name: str) -> None:
    assert reply({name: "Hm.", "content": "Yes."}).reasoning == "Hm."


def test_reasoning_sent_under_both_names_is_read_once() -> None:
    assert reply({"reasoning_content": "Hm.", "reasoning": "Hm."}).reasoning == "Hm."


def test_signatures_of_reasoning_are_kept() -> None:
    details = [
        {"type": "reasoning.text", "text": "Hm.", "signature": "c2ln"},
        {"type": "reasoning.encrypted", "data": "c2VjcmV0"},
    ]
    message = {"reasoning": "Hm.", "reasoning_details": details, "content": "Yes."}
    kept = [
        ReasoningDelta("Hm.", field="reasoning"),
        TextDelta("Yes."),
        *map(ProviderItem, details),
    ]

    assert streamed(chunk(message)) == kept
    assert decode(message, None)[1:] == kept


def test_streamed_reasoning_details_are_assembled() -> None:
    def detail(**fields: Any) -> bytes:
        return chunk({"reasoning_details": [{"type": "reasoning.text", "index": 0, **fields}]})

    secret = {"type": "reasoning.encrypted", "data": "c2VjcmV0", "id": "rs_1", "index": 1}
    events = streamed(
        detail(text="H", format="anthropic-claude-v1", signature=None),
        detail(text="m."),
        detail(signature="c2ln"),
        chunk({"reasoning_details": [secret]}),
        chunk({"content": "Yes."}, "stop"),
    )

    assert events == [
        ReasoningDelta("H"),
        ReasoningDelta("m."),
        TextDelta("Yes."),
        ProviderItem(
            {
                "type": "reasoning.text",
                "index": 0,
                "text": "Hm.",
                "format": "anthropic-claude-v1",
                "signature": "c2ln",
            }
        ),
        ProviderItem(secret),
        Finished("stop", "stop"),
    ]


def test_details_that_repeat_reasoning_in_a_later_chunk_are_not_shown_again() -> None:
    detail = {"type": "reasoning.text", "index": 0, "text": "Hm."}
    events = streamed(
        chunk({"reasoning": "Hm."}),
        chunk({"content": "Yes."}),
        chunk({"reasoning_details": [detail]}),
        chunk({}, "stop"),
    )

    assert [event for event in events if isinstance(event, ReasoningDelta)] == [
        ReasoningDelta("Hm.", field="reasoning")
    ]
    assert ProviderItem(detail) in events


def test_unknown_reasoning_details_are_skipped() -> None:
    message = {"content": "Yes.", "reasoning_details": [None, "x", {"type": 7}, {}]}

    assert decode(message)[1:] == [TextDelta("Yes."), Finished("stop", "stop")]


def test_content_in_parts_is_read_in_order() -> None:
    content = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "Yes"},
        {"type": "reference", "reference_ids": [1]},
        {"type": "text", "text": "."},
    ]

    assert streamed(chunk({"content": content})) == [
        ReasoningDelta("Hm."),
        TextDelta("Yes"),
        Cited((Citation(kind="document", index=1),)),
        TextDelta("."),
    ]


def test_a_refusal_is_separate_from_the_text() -> None:
    answer = reply({"content": None, "refusal": "I can't help with that."})

    assert (answer.content, answer.refusal) == ("", "I can't help with that.")


def test_a_refusal_can_be_streamed() -> None:
    assert streamed(chunk({"refusal": "I "}), chunk({"refusal": "can't."})) == [
        RefusalDelta("I "),
        RefusalDelta("can't."),
    ]


def test_only_the_first_of_several_choices_is_read() -> None:
    choices = [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}]

    assert streamed(data({"choices": choices})) == [TextDelta("a")]


def test_the_model_and_the_id_are_those_of_the_reply() -> None:
    events = decode({"content": "Hi"}, id="c-1", model="gpt-4o-2024")

    assert events[0] == Started("gpt-4o-2024", "c-1")


def test_a_stream_starts_with_the_first_chunk_that_names_its_model() -> None:
    events = streamed(
        data({"id": "", "model": "", "choices": [], "prompt_filter_results": []}),
        chunk({"content": "Hi"}, id="c-1", model="gpt-4o-2024"),
        chunk({"content": "!"}, id="c-1", model="gpt-4o-2024"),
    )

    assert events == [Started("gpt-4o-2024", "c-1"), TextDelta("Hi"), TextDelta("!")]


def test_an_empty_answer_with_a_finish_reason_is_accepted() -> None:
    answer = reply({"content": ""}, "length")

    assert (answer.content, answer.finish_reason) == ("", "length")


def test_chunks_that_repeat_the_message_so_far_are_not_read_twice() -> None:
    def both(delta: str, so_far: str) -> bytes:
        choice = {"delta": {"content": delta}, "message": {"content": so_far}}
        return data({"choices": [choice]})

    last = data({"choices": [{"message": {"content": "One two"}}]})

    assert fold("m", streamed(both("One", "One"), both(" two", "One two"), last)).content == (
        "One two"
    )


def test_half_a_surrogate_pair_does_not_break_the_answer() -> None:
    first = b'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n'
    second = b'data: {"choices":[{"delta":{"content":"\\ude00b \\ud83d\\ude00"}}]}\n\n'

    assert fold("m", streamed(first, second)).content == "a��b 😀"


def test_invalid_utf8_does_not_break_the_answer() -> None:
    body = b'data: {"choices":[{"delta":{"content":"caf\xe9"}}]}\n\n'

    assert fold("m", streamed(body)).content == "caf�"


# --- Finish reasons ---


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "tool_calls"),
        ("content_filter", "content_filter"),
        ("function_call", "tool_calls"),
        ("eos", "stop"),
        ("model_length", "length"),
        ("error", "error"),
        ("STOP", "stop"),
        ("Something_New", "something_new"),
    ],
)
def test_finish_reasons_are_translated(native: str, reason: str) -> None:
    assert decode({"content": "Hi"}, native)[-1] == Finished(reason, native)


def test_a_repeated_finish_reason_is_reported_once() -> None:
    events = streamed(chunk({"content": ""}, "stop"), chunk({"content": ""}, "stop"))

    assert events == [Finished("stop", "stop")]


def test_an_empty_finish_reason_is_ignored() -> None:
    assert streamed(chunk({"content": "Hi"}, "")) == [TextDelta("Hi")]


def test_the_decoder_is_done_when_the_server_sends_done() -> None:
    decoder = DIALECT.decoder(SSE)
    decoder.feed(chunk({"content": "Hi"}, "stop"))
    before = decoder.done
    decoder.feed(b"data: [DONE]\n\n")

    assert (before, decoder.done) == (False, True)


def test_nothing_is_read_after_the_end() -> None:
    assert streamed(b"data: [DONE]\n\n" + chunk({"content": "more"})) == [EndMarked("[DONE]")]


def test_a_stream_cut_in_its_last_event_gives_the_events_before() -> None:
    assert streamed(chunk({"content": "Hi"}), b'data: {"choices":[{"del') == [TextDelta("Hi")]


# --- Usage ---


def test_usage_in_every_chunk_is_reported_once() -> None:
    counts = {"prompt_tokens": 3, "completion_tokens": 1}
    events = streamed(
        chunk({"content": "a"}, usage=counts),
        chunk({"content": "b"}, usage={**counts, "completion_tokens": 2}),
        chunk({}, "stop"),
        b"data: [DONE]\n\n",
    )

    assert events[3:] == [UsageReport(Usage(prompt_tokens=3, completion_tokens=2))]


def test_usage_is_reported_if_the_stream_ends_without_done() -> None:
    events = streamed(data({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}))

    assert events == [UsageReport(Usage(prompt_tokens=3, completion_tokens=1))]


# --- Tool calls ---


def test_the_older_form_of_a_call_is_read() -> None:
    function = {"name": "add", "arguments": '{"a": 1}'}
    answer = reply({"content": None, "function_call": function}, "function_call")

    assert [call["function"] for call in answer.tool_calls or ()] == [function]
    assert answer.finish_reason == "tool_calls"


def test_the_older_form_of_a_call_is_read_in_pieces() -> None:
    events = streamed(
        chunk({"function_call": {"name": "add", "arguments": ""}}),
        chunk({"function_call": {"arguments": '{"a":'}}),
        chunk({"function_call": {"arguments": " 1}"}}, "function_call"),
    )
    found = fold("m", events).tool_calls or []

    assert [call["function"] for call in found] == [{"name": "add", "arguments": '{"a": 1}'}]


def test_a_custom_tools_call_keeps_its_free_text() -> None:
    custom = {"id": "call_1", "type": "custom", "custom": {"name": "formula", "input": "4 + 4"}}

    assert reply({"tool_calls": [custom]}, "tool_calls").tool_calls == [
        {"id": "call_1", "type": "custom", "function": {"name": "formula", "arguments": "4 + 4"}}
    ]


def test_a_custom_tools_call_can_be_streamed() -> None:
    def piece(index: int, **fields: Any) -> dict[str, Any]:
        return {"tool_calls": [{"index": index, **fields}]}

    answer = fold(
        "m",
        streamed(
            chunk(piece(0, id="a", type="custom", custom={"name": "formula", "input": ""})),
            chunk(piece(0, custom={"input": "4 +"})),
            chunk(piece(0, custom={"input": " 4"})),
            chunk(piece(1, id="b", type="custom", custom={"name": "empty", "input": ""})),
        ),
    )

    assert [(call["type"], call["function"]["arguments"]) for call in answer.tool_calls or ()] == [
        ("custom", "4 + 4"),
        ("custom", ""),
    ]


def test_the_signature_of_a_call_is_kept() -> None:
    signed = {**piece("{}", id="c", name="add")}
    signed["extra_content"] = {"google": {"thought_signature": "c2ln"}}
    found = reply({"tool_calls": [signed]}).tool_calls or []

    assert [call["signature"] for call in found] == ["c2ln"]


def test_R23_arguments_that_are_not_json_are_unchanged() -> None:
    assert calls([piece('{"city": "Par', index=0, id="c", name="add")]) == [
        ("c", "add", '{"city": "Par')
    ]


def test_arguments_sent_as_an_object_become_text() -> None:
    call = {"id": "c", "function": {"name": "add", "arguments": {"a": 1}}}

    assert decode({"tool_calls": [call]})[1] == ToolCallDelta(0, "c", "add", '{"a":1}')


def test_calls_without_arguments_get_an_empty_object() -> None:
    assert calls([piece(index=0, id="c", name="clock")]) == [("c", "clock", "{}")]


def test_interleaved_calls_are_separated_by_index() -> None:
    assert calls(
        [piece("", index=0, id="a", name="add"), piece("", index=1, id="b", name="sub")],
        [piece('{"x"', index=1), piece('{"y"', index=0)],
        [piece(": 1}", index=0), piece(": 2}", index=1)],
    ) == [("a", "add", '{"y": 1}'), ("b", "sub", '{"x": 2}')]


def test_indexes_may_start_at_any_number() -> None:
    assert calls([piece("{}", index=3, id="a", name="add")], [piece("", index=3)]) == [
        ("a", "add", "{}")
    ]


def test_calls_with_the_same_index_are_separated_by_id() -> None:
    assert calls(
        [piece("{}", index=0, id="a", name="add")],
        [piece("{}", index=0, id="b", name="add")],
    ) == [("a", "add", "{}"), ("b", "add", "{}")]


def test_pieces_with_the_same_id_are_one_call() -> None:
    assert calls(
        [piece('{"x"', index=0, id="a", name="add")],
        [piece(": 1}", index=0, id="a", name="add")],
    ) == [("a", "add", '{"x": 1}')]


def test_calls_without_an_index_are_separated_by_id() -> None:
    assert calls(
        [piece('{"x"', id="a", name="add")],
        [piece(": 1}")],
        [piece("{}", id="b", name="sub")],
    ) == [("a", "add", '{"x": 1}'), ("b", "sub", "{}")]


def test_calls_with_neither_index_nor_id_are_separated_by_name() -> None:
    found = calls([piece("{}", name="add")], [piece("{}", name="sub")])

    assert [(name, arguments) for _, name, arguments in found] == [("add", "{}"), ("sub", "{}")]


def test_an_id_that_comes_in_a_later_piece_is_kept() -> None:
    assert calls([piece("", index=0, name="add")], [piece("{}", index=0, id="a")]) == [
        ("a", "add", "{}")
    ]


# --- Errors inside a 200 ---


def error_of(events: list[Event]) -> ProviderError:
    last = events[-1]
    assert isinstance(last, Failed)
    return last.error


def test_an_error_instead_of_an_answer_is_raised() -> None:
    body = b'{"error": {"code": 429, "message": "Try later"}}'
    with pytest.raises(ProviderRateLimitError, match="Try later"):
        DIALECT.decode(OK, body)


def test_an_error_in_a_choice_is_raised() -> None:
    choice = {"index": 0, "error": {"code": 502, "message": "Upstream is away"}}
    with pytest.raises(ProviderResponseError, match="Upstream is away"):
        DIALECT.decode(OK, json.dumps({"choices": [choice]}).encode())


def test_an_error_in_a_chunk_ends_the_stream() -> None:
    events = streamed(
        chunk({"content": "Hi"}),
        chunk({"content": ""}, error={"code": 502, "message": "Upstream is away"}),
        chunk({"content": "more"}),
    )
    error = error_of(events)

    assert events[:-1] == [TextDelta("Hi")]
    assert (type(error), error.status) == (ProviderResponseError, 502)
    assert error.provider_message == "Upstream is away"


@pytest.mark.parametrize("error", [True, 500, ["boom"], {"x": 1}, "boom"])
def test_an_error_of_any_form_ends_the_stream(error: object) -> None:
    for broken in (data({"error": error}), chunk({}, error=error)):
        events = streamed(chunk({"content": "Hi"}), broken, chunk({"content": "!"}, "stop"))

        assert events[:-1] == [TextDelta("Hi")]
        assert json.dumps(error).strip('"') in str(error_of(events))


@pytest.mark.parametrize("nothing", [None, False, "", []])
def test_an_empty_error_is_none(nothing: object) -> None:
    empty = data({"id": "c", "error": nothing})

    assert streamed(empty, chunk({"content": "Hi"}, error=nothing))[-1] == TextDelta("Hi")


def test_an_event_named_error_ends_the_stream() -> None:
    error = error_of(
        streamed(b'event: error\ndata: {"message": "Too much", "status_code": 400}\n\n')
    )

    assert (type(error), error.provider_message) == (ProviderRequestError, "Too much")


def test_an_event_named_error_is_an_error_whatever_its_content() -> None:
    assert "what" in str(error_of(streamed(b'event: error\ndata: {"what": 1}\n\n')))


def test_an_error_after_the_finish_reason_is_reported() -> None:
    body = chunk({}, "length") + data({"error": {"code": 400, "message": "Token limit reached"}})

    assert error_of(streamed(body)).provider_message == "Token limit reached"


def test_a_chunk_that_is_not_json_ends_the_stream() -> None:
    first, *rest = streamed(chunk({"content": "Hi"}), b"data: oops\n\n", chunk({"content": "!"}))

    assert first == TextDelta("Hi")
    assert len(rest) == 1
    assert "oops" in str(error_of(rest))


def test_empty_chunks_are_skipped() -> None:
    assert streamed(b": busy\n\n", b"data: \n\n", data({}), data({"choices": []})) == []


def test_a_whole_reply_to_a_streamed_request_is_read() -> None:
    body = {"id": "c", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    text = json.dumps(body, indent=2).encode()

    assert streamed(text[:9], text[9:]) == [
        Started(None, "c"),
        TextDelta("Hi"),
        Finished("stop", "stop"),
    ]


def test_an_error_to_a_streamed_request_is_read() -> None:
    error = error_of(streamed(b'{"error": {"message": "No", "code": 429}}'))

    assert isinstance(error, ProviderRateLimitError)


def test_a_page_instead_of_a_stream_is_an_error() -> None:
    assert "Welcome" in str(error_of(streamed(b"<html>\n\nWelcome to the hotel</html>")))
