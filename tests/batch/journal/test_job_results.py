import logging
from decimal import Decimal
from pathlib import Path

import pytest

from batch_outcomes import bad, ok
from llmring.batch.journal.job_results import JobResults, ResultIndex, encoded
from llmring.batch.outcome import RowOutcome


def write(path: Path, *outcomes: RowOutcome) -> Path:
    path.write_bytes(b"".join(map(encoded, outcomes)))
    return path


def test_b27_done_rows_are_known_again(tmp_path: Path) -> None:
    first = write(tmp_path / "1", ok(0), ok(2))
    second = write(tmp_path / "2", ok(5))
    results = JobResults()

    results.replay([first, second])

    assert [at for at in range(7) if results.is_done(at)] == [0, 2, 5]
    assert results.counts.spent == Decimal("0.003")


def test_b32_lasting_failures_are_done_and_passing_ones_are_not(tmp_path: Path) -> None:
    path = write(tmp_path / "1", bad(0), bad(1, passing=True), ok(2))
    results = JobResults()

    results.replay([path])

    assert [results.is_done(at) for at in range(3)] == [True, False, True]
    assert (results.counts.ok, results.counts.failed) == (1, 1)


def test_b32_all_failures_are_asked_again_on_request(tmp_path: Path) -> None:
    path = write(tmp_path / "1", bad(0, cost=Decimal(1)), ok(1))
    results = JobResults(retry_failed=True)

    results.replay([path])

    assert [results.is_done(at) for at in range(2)] == [False, True]
    assert results.counts.failed == 0
    assert results.counts.spent == Decimal("1.001")


def test_b26_a_damaged_line_loses_its_row_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "1"
    path.write_bytes(encoded(ok(0)) + b'{"id": "row-1", "ordi\n' + encoded(ok(2)))
    results = JobResults()

    with caplog.at_level(logging.WARNING, "llmring"):
        results.replay([path])

    assert [results.is_done(at) for at in range(3)] == [True, False, True]
    assert "is skipped" in caplog.text


def test_b49_two_answers_to_one_row_are_one_row_that_was_paid_twice(tmp_path: Path) -> None:
    path = write(tmp_path / "1", ok(0), ok(0))
    results = JobResults()

    results.replay([path])

    assert results.counts.ok == 1
    assert results.counts.spent == Decimal("0.002")


def test_b24_the_newest_outcome_of_a_row_is_found_and_answers_win(tmp_path: Path) -> None:
    first = write(tmp_path / "1", bad(0), ok(1, "first"), ok(2, "x" * 20_000))
    second = write(tmp_path / "2", ok(0, "second"), bad(1))
    index = ResultIndex([first, second])

    found = [index.find(at) for at in range(4)]

    assert [each.text if each else None for each in found] == [
        "second",
        "first",
        "x" * 20_000,
        None,
    ]
    index.close()


def test_b7_costs_keep_all_their_digits(tmp_path: Path) -> None:
    path = write(tmp_path / "1", ok(0, cost=Decimal("0.00000123456789012345")))
    index = ResultIndex([path])

    found = index.find(0)

    assert found is not None
    assert found.cost == Decimal("0.00000123456789012345")
    index.close()
