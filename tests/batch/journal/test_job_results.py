import time
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from batch_outcomes import bad, ok
from llmring.batch.journal.job_results import JobResults, ResultIndex
from llmring.batch.journal.outcome_lines import encoded
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


def test_b27_rows_are_listed_in_the_order_of_the_input(tmp_path: Path) -> None:
    index = ResultIndex([write(tmp_path / "1", ok(5), ok(0), bad(3))])

    assert [each.ordinal for each in index] == [0, 3, 5]
    index.close()


def test_b27_a_hundred_thousand_rows_are_known_again_in_a_second(tmp_path: Path) -> None:
    line = encoded(ok(0, "y" * 200, model="openai:a", tokens_in=100, tokens_out=50))
    path = tmp_path / "1"
    with path.open("wb") as file:
        for at in range(100_000):
            file.write(line.replace(b'"ordinal":0', b'"ordinal":%d' % at))
    results = JobResults()
    began = time.process_time()

    results.replay([path])

    assert time.process_time() - began < 1.0
    assert results.counts.ok == 100_000
    assert all(map(results.is_done, range(100_000)))


def test_b34_a_row_that_is_done_takes_a_bit_and_one_that_has_failed_a_byte(tmp_path: Path) -> None:
    def outcomes() -> Iterator[RowOutcome]:
        return (bad(at) if at % 10 == 0 else ok(at) for at in range(20_000))

    path = write(tmp_path / "1", *outcomes())
    results = JobResults()
    tracemalloc.start()
    try:
        results.replay([path])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (results.counts.ok, results.counts.failed) == (18_000, 2_000)
    assert held < 60_000
