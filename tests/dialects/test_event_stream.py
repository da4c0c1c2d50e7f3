"""Replies in server-sent events, cut anywhere, damaged, or not streamed at all."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.events import Event, Failed, Finished, TextDelta
from llmring.dialects.error_response import unreadable
from llmring.dialects.event_stream import EventStreamDecoder
from llmring.dialects.lenient_json import ANY, decode_leniently
from llmring.dialects.sse import ServerEvent
from llmring.exceptions import ProviderError, ProviderRateLimitError
from llmring.wire import HttpHead

HEAD = HttpHead(200, {"content-type": "text/event-stream"})
END = Finished("stop", "stop")


class Letters:
    """A small API: each event is a JSON text; null ends the reply, a number is an error."""

    def __init__(self) -> None:
        self.done = self.text_ended = False

    def take(self, event: ServerEvent) -> list[Event]:
        try:
            value = decode_leniently(event.data, ANY)
        except ValueError as error:
            raise unreadable(HEAD, event.data, str(error)) from None
        if isinstance(value, int):
            raise ProviderRateLimitError("slow down", status=value)
        self.done = value is None
        return [] if value is None else [TextDelta(value)]

    def end(self) -> list[Event]:
        return [END]


def whole(head: HttpHead, body: bytes) -> list[Event]:
    if body.startswith(b"{"):
        return [TextDelta("whole"), END]
    raise unreadable(head, body, "no JSON")


def decoded(*pieces: bytes) -> list[Event]:
    decoder = EventStreamDecoder(HEAD, Letters(), whole)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


def failures(events: list[Event]) -> list[ProviderError]:
    return [event.error for event in events if isinstance(event, Failed)]


def test_a_reply_that_is_marked_as_complete_ends_there() -> None:
    assert decoded(b'data: "a"\n\ndata: null\n\ndata: "b"\n\n') == [TextDelta("a")]


def test_a_reply_whose_connection_ends_has_its_remaining_events() -> None:
    assert decoded(b'data: "a"\n\n') == [TextDelta("a"), END]


@given(st.lists(st.integers(0, 40)))
def test_a_stream_cut_anywhere_gives_the_same_events(cuts: list[int]) -> None:
    body = b'data: "a"\n\ndata: {"\n\ndata: "b"\n\ndata: "c"'
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[one:two] for one, two in pairwise(places)]
    events = decoded(*pieces)

    assert events[0] == TextDelta("a")
    assert [type(event) for event in events[1:]] == [Failed]


def test_a_connection_that_ends_within_an_event_loses_only_that_event() -> None:
    assert decoded(b'data: "a"\n\ndata: "b') == [TextDelta("a"), END]


def test_an_error_ends_the_stream() -> None:
    events = decoded(b'data: "a"\n\ndata: 429\n\n', b'data: "b"\n\n')

    assert events[0] == TextDelta("a")
    assert [error.status for error in failures(events)] == [429]
    assert len(events) == 2


def test_after_an_error_at_the_very_end_nothing_remains() -> None:
    [failed] = decoded(b"data: 429")

    assert isinstance(failed, Failed)


def test_an_unreadable_event_ends_the_stream_where_it_comes() -> None:
    events = decoded(b'data: "a"\n\ndata: {\n\ndata: "b"\n\n')

    assert events[0] == TextDelta("a")
    assert len(failures(events[1:])) == len(events[1:]) == 1


@pytest.mark.parametrize("stray", [b"upstream gone", b'daxa: "b"', b'{"error": 1'])
def test_text_that_is_no_event_is_an_unreadable_one(stray: bytes) -> None:
    for events in (
        decoded(b'data: "a"\n\n' + stray + b'\n\ndata: "c"\n\n'),
        decoded(stray + b'\n\ndata: "c"\n\n'),
    ):
        assert len(failures(events)) == 1
        assert TextDelta("c") not in events


def test_lines_of_an_event_that_are_no_field_are_ignored_if_its_data_is_whole() -> None:
    assert decoded(b'retry: 3\n\ndata: "a"\nmeta: 1\n\n') == [TextDelta("a"), END]


def test_a_line_end_within_the_data_does_not_cut_it() -> None:
    assert decoded(b'data: "a\nb"\n\ndata: "c"\n\n') == [TextDelta("a\nb"), TextDelta("c"), END]


def test_an_error_in_plain_json_after_the_events_is_read() -> None:
    events = decoded(b'data: "a"\n\n', b"\n429\n")

    assert events[0] == TextDelta("a")
    assert [error.status for error in failures(events)] == [429]


def test_a_server_that_does_not_stream_is_read_as_a_whole() -> None:
    assert decoded(b'{"a"', b": 1}") == [TextDelta("whole"), END]


@pytest.mark.parametrize("body", [b"", b"<html>down</html>"])
def test_anything_else_is_a_failure(body: bytes) -> None:
    [error] = failures(decoded(body))

    assert "can't be read" in str(error)
