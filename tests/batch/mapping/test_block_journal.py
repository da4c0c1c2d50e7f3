from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.mapping.block_journal import BlockJournal, outcomes_in
from llmring.batch.outcome import RowOutcome


def outcome(place: int, digest: str, *, passing: bool = False) -> RowOutcome:
    return RowOutcome(
        id=str(place),
        ordinal=place,
        digest=digest,
        status="failed" if passing else "ok",
        text="ä\n",
        passing=passing,
    )


def written(folder: Path, digests: list[str], *outcomes: RowOutcome) -> None:
    journal = BlockJournal(folder, digests)
    for each in outcomes:
        journal.add(each)
    journal.close()
    journal.close()


def test_outcomes_of_all_attempts_are_found_by_their_places(tmp_path: Path) -> None:
    written(tmp_path, ["x", "y", "x"], outcome(0, "x"))
    written(tmp_path, ["x", "y", "x"], outcome(2, "x"))

    assert sorted(BlockJournal(tmp_path, ["x", "y", "x"]).earlier()) == [0, 2]
    assert BlockJournal(tmp_path, ["x", "y"]).earlier() == {}
    assert BlockJournal(tmp_path, ["x", "y", "x"], ["other"]).earlier() == {}


def test_failures_that_may_pass_are_left_out(tmp_path: Path) -> None:
    written(tmp_path, ["x"], outcome(0, "x", passing=True))

    assert BlockJournal(tmp_path, ["x"]).earlier() == {}


def test_an_attempt_without_outcomes_has_no_file(tmp_path: Path) -> None:
    written(tmp_path / "journal", ["x"])

    assert not (tmp_path / "journal").exists()


@given(cut=st.integers(min_value=0, max_value=400))
def test_a_journal_cut_anywhere_has_its_whole_lines(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    written(folder, ["x", "y", "z"], *(outcome(at, d) for at, d in enumerate("xyz")))
    (path,) = folder.rglob("*.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])

    found = outcomes_in(path)

    assert len(found) - whole[:cut].count(b"\n") in (0, 1)
    assert [each.ordinal for each in found] == [0, 1, 2][: len(found)]
