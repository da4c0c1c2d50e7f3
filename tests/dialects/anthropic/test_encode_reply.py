"""Replies in Anthropic's format; `tests/dialects/test_encode_reply.py` reads them back."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring import Usage
from llmring.chat.events import (
    CommentaryDelta,
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from llmring.dialects.anthropic.encode_reply import ENCODING, KEEP_ALIVE
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer
from replies import ARGUMENTS, TEXTS, WORDS, usages

STOP = Finished("stop", "")


def whole(*events: Event) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(ENCODING.whole(events, Envelope(model="m", id="msg_1")))
    return body


def streamed(*events: Event) -> list[dict[str, Any]]:
    pieces = ENCODING.stream(events, Envelope(model="m", id="msg_1"))
    return [json.loads(piece.splitlines()[1].removeprefix(b"data: ")) for piece in pieces]


def test_g072_a_stream_opens_and_closes_one_block_after_the_other() -> None:
    sent = streamed(
        Started("m", "msg_2"),
        ReasoningDelta("So.", "c2ln"),
        TextDelta("Yes"),
        TextDelta("."),
        ToolCallDelta(0, "c1", "f", "{}"),
        STOP,
    )

    assert [(each["type"], each.get("index")) for each in sent] == [
        ("message_start", None),
        ("content_block_start", 0),
        ("ping", None),
        ("content_block_delta", 0),
        ("content_block_delta", 0),
        ("content_block_stop", 0),
        ("content_block_start", 1),
        ("content_block_delta", 1),
        ("content_block_delta", 1),
        ("content_block_stop", 1),
        ("content_block_start", 2),
        ("content_block_delta", 2),
        ("content_block_stop", 2),
        ("message_delta", None),
        ("message_stop", None),
    ]
    assert sent[0]["message"]["id"] == "msg_2"
    assert sent[-2]["delta"]["stop_reason"] == "tool_use"


def test_the_names_of_the_events_are_their_types() -> None:
    for piece in ENCODING.stream([TextDelta("a"), STOP], Envelope()):
        name, data = piece.splitlines()[:2]

        assert name.removeprefix(b"event: ").decode() == json.loads(data[6:])["type"]


@pytest.mark.parametrize(
    ("finished", "reason"),
    [
        (STOP, "end_turn"),
        (Finished("length", ""), "max_tokens"),
        (Finished("content_filter", ""), "refusal"),
        (Finished("stop", "pause_turn"), "pause_turn"),
    ],
)
def test_the_stop_reason_is_the_native_one_or_that_of_the_finish(
    finished: Finished, reason: str
) -> None:
    assert whole(TextDelta("a"), finished)["stop_reason"] == reason


def test_a_reply_without_an_end_has_no_stop_reason() -> None:
    assert whole(TextDelta("a"))["stop_reason"] is None


@pytest.mark.parametrize("stop", [Finished("stop", ""), Finished("content_filter", "")])
def test_the_refusal_of_another_api_is_the_reason_of_the_stop(stop: Finished) -> None:
    assert whole(RefusalDelta("I can't."), stop)["stop_reason"] == "refusal"


def test_a_refusal_is_the_explanation_of_the_stop() -> None:
    details = whole(RefusalDelta("I can't."), Finished("content_filter", ""))["stop_details"]

    assert details == {"type": "refusal", "category": None, "explanation": "I can't."}


def test_citations_are_in_the_block_of_their_text() -> None:
    item = ProviderItem({"type": "text", "text": "cited", "citations": [{"url": "u"}]})
    blocks = whole(TextDelta("First, cited"), item, STOP)["content"]

    assert blocks == [
        {"type": "text", "text": "First, "},
        {"type": "text", "text": "cited", "citations": [{"url": "u"}]},
    ]


def test_the_start_of_a_stream_has_the_tokens_of_the_prompt() -> None:
    usage = Usage(prompt_tokens=7, completion_tokens=5)
    sent = streamed(TextDelta("a"), UsageReport(usage), STOP)

    assert sent[0]["message"]["usage"]["input_tokens"] == 7
    assert sent[0]["message"]["usage"]["output_tokens"] == 1
    assert sent[-2]["usage"]["output_tokens"] == 5


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, None, "rate_limit_error"),
        (529, None, "overloaded_error"),
        (418, None, "invalid_request_error"),
        (599, None, "api_error"),
        (400, "own_error", "own_error"),
    ],
)
def test_an_error_has_the_type_of_its_status(status: int, code: str | None, kind: str) -> None:
    head, body = ENCODING.error(ErrorAnswer(status=status, message="no", code=code, request_id="r"))

    assert (head.status, head.headers["request-id"]) == (status, "r")
    assert json.loads(body) == {
        "type": "error",
        "error": {"type": kind, "message": "no"},
        "request_id": "r",
    }


# --- The tokens of the beginning ---


def begun(*events: Event, envelope: Envelope) -> dict[str, Any]:
    encoder = ENCODING.encoder(envelope)
    pieces = [piece for event in events for piece in encoder.encode(event)] + encoder.end()
    usage: dict[str, Any] = json.loads(pieces[0].splitlines()[1][6:])["message"]["usage"]
    return usage


def test_the_beginning_has_the_tokens_of_the_envelope_until_others_are_known() -> None:
    envelope = Envelope(usage=Usage(prompt_tokens=90, cached_tokens=30))
    known = UsageReport(Usage(prompt_tokens=70))

    assert begun(TextDelta("a"), known, STOP, envelope=envelope)["input_tokens"] == 60
    assert begun(known, TextDelta("a"), STOP, envelope=envelope)["input_tokens"] == 70


@pytest.mark.parametrize("usage", [None, Usage()])
def test_the_beginning_never_has_an_empty_prompt(usage: Usage | None) -> None:
    assert begun(TextDelta("a"), STOP, envelope=Envelope(usage=usage))["input_tokens"] == 1


def test_a_prompt_that_was_cached_as_a_whole_has_no_other_tokens() -> None:
    envelope = Envelope(usage=Usage(prompt_tokens=30, cached_tokens=30))

    assert begun(TextDelta("a"), STOP, envelope=envelope)["input_tokens"] == 0


def test_the_end_corrects_the_tokens_of_the_beginning() -> None:
    encoder = ENCODING.encoder(Envelope(usage=Usage(prompt_tokens=90)))
    events: list[Event] = [
        TextDelta("a"),
        UsageReport(Usage(prompt_tokens=70, completion_tokens=3)),
        STOP,
    ]
    pieces = [piece for event in events for piece in encoder.encode(event)] + encoder.end()
    end = json.loads(pieces[-2].splitlines()[1][6:])

    assert (end["usage"]["input_tokens"], end["usage"]["output_tokens"]) == (70, 3)


def test_a_keep_alive_is_a_ping() -> None:
    assert KEEP_ALIVE == b'event: ping\ndata: {"type":"ping"}\n\n'


# --- Any events ---

SIGNATURES = st.none() | WORDS
CITATION = {
    "type": "web_search_result_location",
    "url": "https://example.org",
    "title": "t",
    "cited_text": "c",
    "encrypted_index": "x",
}


@st.composite
def tool_calls(draw: st.DrawFn, index: int) -> list[Event]:
    """Draw a call in pieces, often with its place."""
    id_, arguments = f"call_{index}", draw(ARGUMENTS)
    cut = draw(st.integers(0, len(arguments)))
    place = {"type": "tool_use", "id": id_, "caller": {"type": "direct"}}
    return [
        *([ProviderItem(place)] if draw(st.booleans()) else []),
        ToolCallDelta(index, id_, draw(WORDS), arguments[:cut]),
        ToolCallDelta(index, arguments=arguments[cut:]),
    ]


SINGLE: st.SearchStrategy[list[Event]] = st.one_of(
    st.builds(lambda text: [TextDelta(text)], TEXTS),
    st.just([TextDelta("")]),
    st.builds(lambda text, sign: [ReasoningDelta(text, sign)], TEXTS, SIGNATURES),
    st.builds(lambda sign: [ReasoningDelta("", sign)], WORDS),
    st.builds(lambda text: [RefusalDelta(text)], TEXTS),
    st.builds(lambda text: [CommentaryDelta(text)], TEXTS),
    st.builds(
        lambda text: [
            TextDelta(text),
            ProviderItem({"type": "text", "text": text, "citations": [CITATION]}),
        ],
        TEXTS,
    ),
    st.builds(
        lambda data: [ProviderItem({"type": "redacted_thinking", "data": data})],
        WORDS,
    ),
    st.builds(
        lambda id_, query: [
            ProviderItem(
                {
                    "type": "server_tool_use",
                    "id": id_,
                    "name": "web_search",
                    "input": {"query": query},
                    "caller": {"type": "direct"},
                }
            )
        ],
        WORDS,
        TEXTS,
    ),
    st.just([ProviderItem({"type": "container", "id": "container_1"})]),
)


@st.composite
def any_events(draw: st.DrawFn) -> list[Event]:
    events: list[Event] = [Started("m", "msg_1")] if draw(st.booleans()) else []
    for index in range(draw(st.integers(0, 7))):
        is_call = draw(st.sampled_from([False, False, True]))
        events += draw(tool_calls(index) if is_call else SINGLE)
    events.append(UsageReport(draw(usages())))
    return [*events, draw(st.sampled_from([STOP, Finished("length", ""), Finished("stop", "x")]))]


def blocks_of(sent: list[dict[str, Any]]) -> list[str]:
    """Check the order of a stream; return the kinds of its blocks."""
    kinds: list[str] = []
    open_kind: str | None = None
    signed = texts = 0
    assert [sent[0]["type"], sent[-2]["type"], sent[-1]["type"]] == [
        "message_start",
        "message_delta",
        "message_stop",
    ]
    for event in sent[1:-2]:
        match event["type"]:
            case "ping":
                continue
            case "content_block_start":
                assert open_kind is None
                assert event["index"] == len(kinds)
                open_kind = event["content_block"]["type"]
                kinds.append(open_kind)
                signed = texts = 0
            case "content_block_delta":
                assert open_kind is not None
                assert event["index"] == len(kinds) - 1
                assert not signed, "a signature is the last of a thought"
                signed += event["delta"]["type"] == "signature_delta"
                texts += bool(event["delta"].get("text"))
            case "content_block_stop":
                assert event["index"] == len(kinds) - 1
                assert open_kind != "text" or texts, "no text block is empty"
                open_kind = None
            case other:
                pytest.fail(f"{other} between the blocks")
    assert open_kind is None
    return kinds


@given(any_events())
@settings(max_examples=200, deadline=None)
def test_g077_any_events_are_a_stream_in_order_that_the_vendor_s_client_folds_to_the_whole_reply(
    events: list[Event],
) -> None:
    sent = streamed(*events)
    complete = whole(*events)

    assert blocks_of(sent) == [block["type"] for block in complete["content"]]
    assert folded(sent) == essence(complete)


def folded(sent: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the message that the vendor's client makes of a stream."""
    accumulate = pytest.importorskip("anthropic.lib.streaming._messages").accumulate_event
    message: Any = None
    buffers: dict[int, bytes] = {}
    for event in sent:
        if event["type"] != "ping":
            message = accumulate(event=event, current_snapshot=message, json_bufs=buffers)
    return essence(json.loads(message.to_json()))


def essence(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message without fields that are null."""
    kept = ("id", "model", "role", "content", "stop_reason", "stop_details", "container")
    found = {name: message[name] for name in kept if message.get(name) is not None}
    counts = ("input_tokens", "output_tokens", "cache_read_input_tokens")
    found["usage"] = {name: message["usage"][name] for name in counts}
    found["content"] = [
        {name: value for name, value in block.items() if value is not None}
        for block in message["content"]
    ]
    return found
