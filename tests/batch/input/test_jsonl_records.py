from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.input.input_file import InputFile
from llmring.batch.input.jsonl_records import jsonl_records
from llmring.batch.input.record import Record
from llmring.exceptions import ValidationError

FILE = InputFile(path="people.jsonl", label="people.jsonl", format="jsonl")
OBJECTS = st.dictionaries(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    ),
)


def read(data: bytes, most: int = 1000) -> list[Record]:
    return list(jsonl_records(FILE, io.BytesIO(data), most))


@given(st.lists(OBJECTS), st.sampled_from([b"\n", b"\r\n"]))
def test_objects_are_read_as_they_were_written(rows: list[dict[str, Any]], end: bytes) -> None:
    data = end.join(msgspec.json.encode(row) for row in rows)

    assert [values for _, values, _ in read(data, 10**6)] == rows


@given(st.binary(), st.integers(1, 20))
def test_any_bytes_are_records_or_unreadable_lines(data: bytes, most: int) -> None:
    try:
        found = read(data, most)
    except ValidationError:
        assert data.startswith((b"\xff\xfe", b"\xfe\xff"))
    else:
        assert len(found) <= data.count(b"\n") + 1


def test_b1_a_byte_order_mark_and_blank_lines_are_skipped() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}\r\n\r\n \n{"a": 2}') == [
        (1, {"a": 1}, None),
        (4, {"a": 2}, None),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b"[1]", "an array, not an object"),
        (b'"a"', "a text, not an object"),
        (b"1", "a value, not an object"),
        (b"null", "null, not an object"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": 1}\x00', "NUL"),
        (b"\x00", "NUL"),
        (b'{"a": 1}{"a": 2}', "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "nested too deep"),
        (b'{"a": "' + b"x" * 20000 + b'"}', "more than 15,000 bytes"),
    ],
)
def test_a_line_that_cannot_be_read_leaves_its_neighbours_alone(line: bytes, reason: str) -> None:
    before, bad, after = read(b'{"a": 1}\n' + line + b'\n{"a": 3}\n', 15_000)

    assert (before, after) == ((1, {"a": 1}, None), (3, {"a": 3}, None))
    assert bad[0] == 2
    assert bad[2] is not None
    assert reason in bad[2]


def test_a_file_in_utf16_is_refused_with_the_command_that_converts_it() -> None:
    with pytest.raises(ValidationError, match=r"iconv -f UTF-16 -t UTF-8 people\.jsonl"):
        read('{"a": 1}'.encode("utf-16"))
