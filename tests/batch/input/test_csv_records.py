from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.input.csv_records import csv_records
from llmring.batch.input.input_file import Format, InputFile
from llmring.batch.input.record import Record
from llmring.exceptions import ValidationError

CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def read(
    data: bytes, format_: Format = "csv", most: int = 10**6, delimiter: str | None = None
) -> list[Record]:
    file = InputFile(path="people.csv", label="people.csv", format=format_)
    return list(csv_records(file, io.BytesIO(data), most, delimiter))


def written(rows: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


@given(st.lists(st.tuples(CELLS, CELLS)), st.sampled_from([("csv", ","), ("tsv", "\t")]))
def test_rows_are_read_as_they_were_written(
    rows: list[tuple[str, str]], form: tuple[Format, str]
) -> None:
    data = written([("a", "b"), *rows], form[1])

    found = read(data, form[0])

    assert [tuple(values.values()) for _, values, _ in found] == rows


@given(st.binary(), st.integers(1, 50))
def test_any_bytes_are_records_or_an_error_of_the_file(data: bytes, most: int) -> None:
    try:
        found = read(data, most=most)
    except ValidationError:
        return

    assert all(reason is None or not values for _, values, reason in found)


def test_b1_a_mark_line_ends_in_values_and_blank_lines_are_read() -> None:
    assert read(b'\xef\xbb\xbfname,text\r\nAda,"two\r\nlines"\r\n\r\n"O""Neil",x\r\n') == [
        (2, {"name": "Ada", "text": "two\r\nlines"}, None),
        (5, {"name": 'O"Neil', "text": "x"}, None),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1,2,3", "3 values, and the header 2 columns"),
        (b"1", "1 values, and the header 2 columns"),
        (b"\xff,2", "not UTF-8"),
        (b"1,\x00", "NUL"),
        (b'"1"x,2', "not CSV"),
        (b"1," + b"x" * 2000, "more than 1,000 bytes"),
    ],
)
def test_a_row_that_cannot_be_read_leaves_its_neighbours_alone(line: bytes, reason: str) -> None:
    before, bad, after = read(b"a,b\n1,2\n" + line + b"\n5,6\n", most=1000)

    assert (before, after) == ((2, {"a": "1", "b": "2"}, None), (4, {"a": "5", "b": "6"}, None))
    assert bad[0] == 3
    assert bad[2] is not None
    assert reason in bad[2]


def test_a_quote_that_is_never_closed_is_an_error_with_its_line() -> None:
    with pytest.raises(ValidationError, match=r"people\.csv, line 3: a quote opens here"):
        read(b'a,b\n1,2\n3,"4\n5,6\n7,8\n')


def test_a_quote_that_is_never_closed_does_not_take_up_the_memory() -> None:
    with pytest.raises(ValidationError, match=r"people\.csv, line 2: a quote opens here"):
        read(b'a,b\n1,"2\n' + b"x,y\n" * 100_000, most=200_000)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"a,b,a", "two columns have the name 'a'"),
        (b"\xffa,b", "not UTF-8"),
        (b'"a"x,b', "not CSV"),
    ],
)
def test_a_header_that_is_not_valid_is_refused(header: bytes, why: str) -> None:
    with pytest.raises(ValidationError, match=rf"people\.csv, line 1: .*{why}"):
        read(header + b"\n1,2,3\n")


def test_a_column_without_a_name_is_called_by_its_place() -> None:
    assert read(b",b\n1,2\n") == [(2, {"column_1": "1", "b": "2"}, None)]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"a,b\n"])
def test_a_file_without_rows_has_none(data: bytes) -> None:
    assert read(data) == []


def test_another_delimiter_can_be_given() -> None:
    assert read(b"a;b\n1;2\n", delimiter=";") == [(2, {"a": "1", "b": "2"}, None)]


def test_a_value_may_be_longer_than_the_usual_limit_of_the_parser() -> None:
    found = read(b"a\n" + b"x" * 200_000 + b"\n")

    assert len(found[0][1]["a"]) == 200_000
