"""JSON that is damaged in a way that leaves its content clear is read in full."""

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct

from llmring.dialects.lenient_json import ANY, decode_leniently, is_complete, json_text


class Piece(Struct):
    text: str
    count: int | None = None
    rest: Raw = Raw(b"")


PIECE = msgspec.json.Decoder(Piece)
DAMAGED = [
    (b'\xef\xbb\xbf{"text": "a"}', "a"),
    (b'{"text": "a\xffb"}', "a\ufffdb"),
    (b'{"text": "a\x01\n\tb"}', "a\x01\n\tb"),
    (rb'{"text": "a\ud83d b"}', "a\ufffd b"),
    (rb'{"text": "\uDC4Ba"}', "\ufffda"),
    (rb'{"text": "\ud83d\ud83d\udc4b"}', "\ufffd\U0001f44b"),
    (rb'{"text": "\\ud83d \ud83d"}', "\\ud83d \ufffd"),
    (b'{"text": "a", "score": NaN}', "a"),
    (b'{"text": "NaN\x02", "score": [Infinity, -Infinity]}', "NaN\x02"),
    (b'{"text": "a", "count": 5.0}', "a"),
]


@pytest.mark.parametrize(("sent", "text"), DAMAGED)
def test_damaged_json_whose_text_is_clear_is_read(sent: bytes, text: str) -> None:
    assert decode_leniently(sent, PIECE).text == text
    assert is_complete(sent)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"text": "a', b"<p>", b"[" * 100_000, b'{"text": 1}']
)
def test_json_that_is_cut_or_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_leniently(body, PIECE)


def test_an_error_names_the_place_in_the_data_as_it_was_sent() -> None:
    with pytest.raises(ValueError, match="byte 9"):
        decode_leniently(b'{"text": a}', PIECE)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (b'{ "a": 1.50, "b": "x" }', '{"a":1.50,"b":"x"}'),
        (rb'{"a": "\ud800"}', '{"a":"\ufffd"}'),
        (b'{"a": "\xff"}', '{"a":"\ufffd"}'),
    ],
)
def test_an_undecoded_value_becomes_text_that_any_parser_accepts(raw: bytes, text: str) -> None:
    assert json_text(Raw(raw)) == text


def test_damage_in_an_undecoded_value_does_not_keep_the_rest_from_being_read() -> None:
    sent = rb'{"text": "a", "rest": {"b": "\ud83d"}, "count": 2.0}'
    piece = decode_leniently(sent, PIECE)

    assert (piece.text, piece.count, decode_leniently(piece.rest, ANY)) == ("a", 2, {"b": "\ufffd"})


TREES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)


@given(TREES)
def test_valid_json_is_read_as_it_is(value: Any) -> None:
    assert decode_leniently(json.dumps(value).encode(), ANY) == value


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_all_text_around_the_damage_is_kept(text: str) -> None:
    sent = json.dumps(text, ensure_ascii=False).encode()

    assert decode_leniently(sent[:-1] + rb'\ud83d"', ANY) == f"{text}\ufffd"
    assert decode_leniently(b'"\xff' + sent[1:], ANY) == f"\ufffd{text}"


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = decode_leniently(body, ANY)
    except ValueError:
        return
    msgspec.json.encode(value)  # half a pair could not be encoded


@pytest.mark.parametrize("piece", [rb"\n", rb"\\", rb"\ud83d", b"\\u00e9", b"\x01", b'", "'])
def test_a_large_damaged_body_takes_time_in_proportion(piece: bytes) -> None:
    def seconds(times: int) -> float:
        body = b'["' + piece * times + rb'\ud83d"]'
        began = time.perf_counter()
        decode_leniently(body, ANY)
        return time.perf_counter() - began

    seconds(10)
    small = min(seconds(20_000) for _ in range(3))

    assert seconds(200_000) < 100 * small + 1
