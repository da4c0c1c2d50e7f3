"""The events that a client was sent."""

from __future__ import annotations

from llmring.dialects.relay.shown_events import shown_events


def test_the_objects_of_events_are_read_in_their_order() -> None:
    data = b'event: a\ndata: {"a":1}\n\n: comment\n\ndata: {"b":\ndata: 2}\n\n'

    assert list(shown_events(data)) == [{"a": 1}, {"b": 2}]


def test_what_is_no_object_is_passed_over() -> None:
    data = b"data: [DONE]\n\ndata: {broken\n\ndata: 7\r\n\r\ndata: {}\n\n"

    assert list(shown_events(data)) == [{}]
