"""The pieces of streamed `reasoning_details`."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.events import ProviderItem
from llmring.dialects.openai_chat.open_details import OpenDetails


def taken(*pieces: dict[str, Any]) -> list[dict[str, Any]]:
    details = OpenDetails()
    for piece in pieces:
        details.add(piece)
    return [dict(event.content) for event in details.take() if isinstance(event, ProviderItem)]


@given(st.lists(st.text(max_size=5), min_size=1, max_size=8))
def test_the_texts_of_one_detail_add_up(texts: list[str]) -> None:
    pieces = [{"type": "reasoning.text", "index": 0, "text": text} for text in texts]

    assert taken(*pieces) == [{"type": "reasoning.text", "index": 0, "text": "".join(texts)}]


def test_a_later_value_replaces_one_and_a_missing_one_does_not() -> None:
    first = {"type": "reasoning.text", "index": 0, "text": "a", "signature": None, "format": "x"}
    last = {"type": "reasoning.text", "index": 0, "text": None, "signature": "s"}

    assert taken(first, last) == [{**first, "signature": "s"}]


def test_details_of_another_type_or_place_and_encrypted_ones_stay_apart() -> None:
    pieces = [
        {"type": "reasoning.text", "index": 0, "text": "a"},
        {"type": "reasoning.summary", "index": 0, "summary": "b"},
        {"type": "reasoning.text", "index": 1, "text": "c"},
        {"type": "reasoning.encrypted", "index": 1, "data": "d"},
        {"type": "reasoning.encrypted", "index": 1, "data": "e"},
    ]

    assert taken(*pieces) == pieces


def test_details_are_taken_once() -> None:
    details = OpenDetails()
    details.add({"type": "reasoning.text", "index": 0, "text": "a"})

    assert len(details.take()) == 1
    assert details.take() == []
