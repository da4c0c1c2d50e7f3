from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.input.input_file import InputFile
from llmring.batch.input.record import Record
from llmring.batch.input.text_records import text_records

FILE = InputFile(path="-", label="stdin", format="text")
LINES = st.lists(
    st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"])).filter(str.strip)
)


def read(data: bytes, most: int = 10**6) -> list[Record]:
    return list(text_records(FILE, io.BytesIO(data), most))


@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_b1_a_line_of_text_is_a_row(texts: list[str], end: str) -> None:
    data = "".join(text + end for text in texts).encode()
    if data.startswith(b"\xef\xbb\xbf"):
        return

    assert [values["text"] for _, values, _ in read(data)] == texts


def test_blank_lines_are_skipped_and_counted() -> None:
    assert read(b"a\n\n  \nb") == [(1, {"text": "a"}, None), (4, {"text": "b"}, None)]


def test_a_line_that_is_not_text_is_unreadable() -> None:
    reasons = [reason for _, _, reason in read(b"\xff\na\x00b\nlong line\nok\n", 5)]

    assert [reason is None for reason in reasons] == [False, False, False, True]
