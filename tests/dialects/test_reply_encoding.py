"""The parts of replies that all APIs encode alike."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.events import (
    Event,
    Failed,
    Finished,
    ProviderItem,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.dialects.openai_chat.encode_reply import ENCODING
from llmring.dialects.reply_encoding import (
    Envelope,
    ErrorAnswer,
    Gathered,
    call_id,
    gather,
    json_arguments,
    json_line,
    named_sse,
    placed,
    sse,
)
from llmring.exceptions import ProviderConnectionError, ProviderError, ProviderRateLimitError

USAGE = Usage(prompt_tokens=3, completion_tokens=4)
END = Finished("stop", "end_turn")


def test_what_is_not_content_is_gathered_from_the_events() -> None:
    events: list[Event] = [Started("m", ""), TextDelta("a"), UsageReport(USAGE), END]

    assert gather(events, Envelope(model="x", id="i")) == Gathered("m", "i", USAGE, END)
    assert gather([], Envelope(model="x", id="i")) == Gathered("x", "i", None, None)


def test_a_whole_reply_that_failed_is_its_error() -> None:
    error = ProviderRateLimitError("slow down")

    with pytest.raises(ProviderRateLimitError) as caught:
        gather([TextDelta("a"), Failed(error)], Envelope())

    assert caught.value is error


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (
            ProviderRateLimitError(
                "429 slow", status=429, provider_message="slow", retry_after=2.0, code="limit"
            ),
            ErrorAnswer(status=429, message="slow", code="limit", retry_after=2.0),
        ),
        (ProviderConnectionError("refused"), ErrorAnswer(status=500, message="refused")),
        (ProviderError("odd", status=200), ErrorAnswer(status=500, message="odd")),
    ],
)
def test_an_error_is_answered_with_an_error_status(
    error: ProviderError, answer: ErrorAnswer
) -> None:
    assert ErrorAnswer.of(error) == answer


def test_the_head_of_an_error_has_the_wait_and_the_request_id() -> None:
    answer = ErrorAnswer(status=429, message="slow", retry_after=2.5, request_id="r1")

    assert answer.head("request-id").headers == {
        "content-type": "application/json",
        "retry-after": "2.5",
        "request-id": "r1",
    }
    assert ErrorAnswer(status=500, message="oops").head().headers.keys() == {"content-type"}


def test_a_call_without_an_id_has_the_same_one_in_the_same_reply_only() -> None:
    call, other = ToolCallDelta(0, None, "f"), ToolCallDelta(1, None, "f")

    assert call_id("r1", call) == call_id("r1", call)
    assert len({call_id("r1", call), call_id("r2", call), call_id("r1", other)}) == 3
    assert call_id("r1", ToolCallDelta(0, "own", "f")) == "own"


@pytest.mark.parametrize(
    ("text", "kind", "sent"),
    [
        ('{"a": 1.00}', "function", '{"a": 1.00}'),
        ('{"a":\n  1.00,\r\n  "b": "x\\ny"}\n', "function", '{"a":1.00,"b":"x\\ny"}'),
        ("  ", "function", "{}"),
        ("[1]", "function", '{"arguments":"[1]"}'),
        ('{"a":', "function", '{"arguments":"{\\"a\\":"}'),
        ('{"a": 1}', "custom", '{"arguments":"{\\"a\\": 1}"}'),
    ],
)
def test_arguments_are_sent_as_an_object_with_numbers_as_they_were(
    text: str, kind: Any, sent: str
) -> None:
    arguments = json_arguments(ToolCallDelta(0, "c", "f", text, kind=kind))

    assert msgspec.json.encode(arguments).decode() == sent


def test_an_item_that_marks_a_call_is_moved_in_front_of_it() -> None:
    mark, item = ProviderItem({"for": "c2"}), ProviderItem({"type": "search"})
    one, two = ToolCallDelta(0, "c1", "f"), ToolCallDelta(1, "c2", "f")

    assert placed([one, two, item, mark], lambda each: each.content.get("for")) == [
        one,
        mark,
        two,
        item,
    ]


@given(st.dictionaries(st.text(), st.text() | st.integers(-9, 9), max_size=3))
def test_an_event_is_one_line_for_every_client(payload: dict[str, Any]) -> None:
    line = json_line(payload)

    assert len(line.decode().splitlines()) == 1
    assert json.loads(line) == payload


def test_events_are_sent_with_their_name_or_without() -> None:
    assert sse({"a": 1}, b"\r\n") == b'data: {"a":1}\r\n\r\n'
    assert named_sse({"type": "ping"}) == b'event: ping\ndata: {"type":"ping"}\n\n'


def test_the_pieces_of_calls_are_sent_one_call_after_the_other() -> None:
    events: list[Event] = [
        ToolCallDelta(0, "c1", "f"),
        ToolCallDelta(1, "c2", "g"),
        ToolCallDelta(0, arguments='{"a":1}'),
        END,
    ]
    sent = b"".join(ENCODING.stream(events, Envelope()))

    assert sent.index(b'{\\"a\\":1}') < sent.index(b'"c2"')


def test_a_late_piece_of_a_call_cannot_be_streamed() -> None:
    encoder = ENCODING.encoder(Envelope())
    encoder.encode(ToolCallDelta(0, "c1", "f"))
    encoder.encode(ToolCallDelta(1, "c2", "g"))

    with pytest.raises(ValueError, match="tool call 0 goes on after another has begun"):
        encoder.encode(ToolCallDelta(0, arguments="{}"))


def test_the_name_of_a_call_is_sent_once() -> None:
    encoder = ENCODING.encoder(Envelope())
    pieces = [
        ToolCallDelta(0, "c1", "f"),
        ToolCallDelta(0, arguments="{}"),
        ToolCallDelta(0, "c1", "f"),
    ]
    sent = b"".join(piece for each in pieces for piece in encoder.encode(each))

    assert sent.count(b'"name":"f"') == 1
    assert sent.count(b'"c1"') == 1
