import logging
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_outcomes import bad, ok
from llmring.batch.journal.outcome_lines import OutcomeLines, encoded, outcomes_in
from llmring.batch.outcome import RowOutcome


def read(path: Path) -> list[RowOutcome]:
    return [outcome for _, outcome in outcomes_in([path])]


@given(st.text(), st.decimals(allow_nan=False, allow_infinity=False) | st.none())
def test_b26_an_outcome_is_one_line_that_gives_it_back(text: str, cost: Decimal | None) -> None:
    line = encoded(ok(1, text, cost=cost, parsed={"a": [text]}))

    assert line.count(b"\n") == 1


def test_b7_costs_keep_all_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.write_bytes(encoded(ok(0, cost=Decimal("0.00000123456789012345"))))

    assert read(path)[0].cost == Decimal("0.00000123456789012345")


def test_b32_keys_in_messages_are_masked(tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.write_bytes(encoded(bad(0, text="half")))
    key = "sk-proj-abcdefghijklmnopqrstuvwx"
    path.write_bytes(encoded(RowOutcome(id="a", ordinal=0, digest="", status="failed", error=key)))

    assert key.encode() not in path.read_bytes()
    assert read(path)[0].error == "***"


def test_b26_half_a_character_is_replaced_and_the_row_kept(tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.write_bytes(encoded(ok(3, "a\ud800b", parsed={"x": ["\udfff"]})))

    [outcome] = read(path)
    assert (outcome.text, outcome.parsed) == ("a\ufffdb", {"x": ["\ufffd"]})
    assert (outcome.ordinal, outcome.cost) == (3, Decimal("0.001"))


@pytest.mark.parametrize(
    "torn",
    [b'{"id":"row-1","ordi\n', b"\0" * 512 + b"\n", b'{"id":"row-1","ordi', b'"{\xff\n'],
    ids=["a line", "a block of zeros", "glued to the next", "no text"],
)
def test_b26_a_damaged_line_loses_its_row_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, torn: bytes
) -> None:
    path = tmp_path / "1"
    later = ok(2, parsed={"id": "x", "more": [{"id": "y"}]})
    path.write_bytes(encoded(ok(0)) + torn + encoded(later) + encoded(ok(3)))

    with caplog.at_level(logging.WARNING, "llmring"):
        found = list(outcomes_in([path]))

    assert [outcome.ordinal for _, outcome in found] == [0, 2, 3]
    assert "is skipped" in caplog.text
    lines = OutcomeLines([path])
    assert [lines.read(place) for place, _ in found] == [ok(0), later, ok(3)]
    lines.close()


def test_b33_a_line_that_is_being_written_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "1"
    path.write_bytes(encoded(ok(0)) + encoded(ok(1))[:-1])

    assert [each.ordinal for each in read(path)] == [0]


def test_b33_a_file_that_does_not_exist_has_no_outcomes(tmp_path: Path) -> None:
    assert read(tmp_path / "1") == []
