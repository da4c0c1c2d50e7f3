from pathlib import Path

import pytest

from batch_outcomes import bad, ok, request
from llmring.batch.journal.changed_job import (
    ChangeCounts,
    asks_the_same,
    counted_changes,
    results_kept,
)
from llmring.batch.journal.outcome_lines import encoded


def results(tmp_path: Path) -> list[Path]:
    path = tmp_path / "results-0001.jsonl"
    done = [ok(0, "a", digest="A"), ok(1, "b", digest="B"), ok(2, "b2", digest="B"), bad(3)]
    path.write_bytes(b"".join(map(encoded, done)))
    return [path]


def test_b28_equal_requests_are_counted_as_often_as_they_were_asked(tmp_path: Path) -> None:
    asked = [request(at, digest) for at, digest in enumerate(["B", "B", "B", "C"])]

    assert counted_changes(results(tmp_path), iter(asked)) == ChangeCounts(done=3, same=2)


def test_b28_rows_that_have_moved_keep_their_own_answers(tmp_path: Path) -> None:
    asked = [request(at, digest) for at, digest in enumerate(["new", "A", "B", "other", "B"])]

    kept = list(results_kept(results(tmp_path), iter(asked), "digest"))

    assert [(each.ordinal, each.text) for each in kept] == [(1, "a"), (2, "b"), (4, "b2")]


def test_b28_a_row_that_was_removed_takes_no_answer_of_another(tmp_path: Path) -> None:
    kept = list(results_kept(results(tmp_path), iter([request(0, "B")]), "digest"))

    assert [(each.ordinal, each.text) for each in kept] == [(0, "b")]


def test_b28_rows_with_ids_are_matched_by_them(tmp_path: Path) -> None:
    asked = [request(0, "changed", "row-1"), request(1, "changed", "row-0")]

    kept = list(results_kept(results(tmp_path), iter(asked), "id"))

    assert [(each.ordinal, each.text, each.digest) for each in kept] == [
        (0, "b", "changed"),
        (1, "a", "changed"),
    ]


def test_b28_by_place_a_row_keeps_its_answer_to_another_request(tmp_path: Path) -> None:
    asked = [request(at, "changed") for at in range(4)]

    kept = list(results_kept(results(tmp_path), iter(asked), "place"))

    assert [(each.ordinal, each.text) for each in kept] == [(0, "a"), (1, "b"), (2, "b2")]


@pytest.mark.parametrize(
    "digests",
    [["A", "B", "B", "d3"], ["A", "B", "B", "d3", "new"], ["A", "B"]],
    ids=["same", "more rows", "fewer rows"],
)
def test_b28_rows_that_ask_the_same_are_known(tmp_path: Path, digests: list[str]) -> None:
    asked = [request(at, digest) for at, digest in enumerate(digests)]

    assert asks_the_same(results(tmp_path), iter(asked))


def test_b28_a_row_inserted_in_the_middle_is_noticed(tmp_path: Path) -> None:
    asked = [request(at, digest) for at, digest in enumerate(["A", "new", "B", "B", "d3"])]

    assert not asks_the_same(results(tmp_path), iter(asked))


def test_b28_what_answers_have_cost_stays_with_them(tmp_path: Path) -> None:
    [kept] = results_kept(results(tmp_path), iter([request(0, "A")]), "digest")

    assert kept.cost == ok(0).cost
