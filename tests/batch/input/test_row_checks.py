from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.input.given_requests import line_fault
from llmring.batch.input.open_rows import open_rows, open_values
from llmring.batch.input.row_checks import check_rows
from llmring.exceptions import ValidationError


def test_b3_a_custom_id_that_is_there_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    ids = ["a", "b", "c", "b"]
    lines = "".join(f'{{"custom_id": "{each}", "body": {{}}}}\n' for each in ids)
    (tmp_path / "a.jsonl").write_text(lines)

    with pytest.raises(ValidationError, match=r"the ID 'b': a\.jsonl, line 2 and a\.jsonl, line 4"):
        check_rows(open_rows(tmp_path / "a.jsonl"))


@given(st.lists(st.sampled_from("abcdefgh") | st.text(min_size=1)))
def test_b25_ids_are_refused_only_if_two_are_equal(ids: list[str]) -> None:
    rows = open_values([{"id": each} for each in ids], id_column="id")

    if len(set(ids)) == len(ids):
        check_rows(rows)
    else:
        with pytest.raises(ValidationError, match="two rows have the ID"):
            check_rows(rows)


def test_b3_a_line_for_another_url_is_refused_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {}}\n'
        '{"custom_id": "b", "method": "POST", "url": "/v1/audio/speech", "body": {}}\n'
    )

    with pytest.raises(ValidationError, match=re.escape("a.jsonl, line 2: url '/v1/audio/speech'")):
        check_rows(open_rows(tmp_path / "a.jsonl"), line_fault)


def test_a_line_that_cannot_be_read_is_left_for_later(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"custom_id": "a", "body": {}}\noops\noops\n')

    check_rows(open_rows(tmp_path / "a.jsonl"), lambda values: None if values else "no values")


def test_rows_that_are_read_once_are_not_used_up() -> None:
    rows = open_rows(iter([{"a": 1}]))

    check_rows(rows)

    assert len(list(rows)) == 1
