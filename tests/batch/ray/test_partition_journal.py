from decimal import Decimal
from pathlib import Path

from llmring.batch.mapping.block_journal import outcomes_in
from llmring.batch.outcome import RowOutcome
from llmring.batch.ray.partition_journal import PartitionJournal, spent_by, write_part


def outcome(ordinal: int, cost: str = "0.5") -> RowOutcome:
    return RowOutcome(id=str(ordinal), ordinal=ordinal, digest="d", status="ok", cost=Decimal(cost))


def test_b49_an_attempt_begins_with_the_outcomes_of_all_earlier_ones(tmp_path: Path) -> None:
    for attempt, ordinal in ((1, 7), (2, 5)):
        journal = PartitionJournal(tmp_path, attempt)
        journal.add(outcome(ordinal))
        journal.close()
    with (tmp_path / "attempt-0002.jsonl").open("ab") as file:
        file.write(b'{"id": "6", "ordinal": 6, "dig')

    journal = PartitionJournal(tmp_path, 3, frozenset({9}))

    assert [ordinal for ordinal in range(12) if journal.is_done(ordinal)] == [5, 7, 9]
    assert [each.ordinal for each in journal.outcomes()] == [5, 7]
    assert journal.spent == spent_by(tmp_path) == Decimal("1.0")
    journal.close()


def test_a_part_is_written_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "part-00000.jsonl"
    outcomes = [outcome(1), outcome(2)]

    write_part(path, outcomes)
    write_part(path, outcomes)

    assert outcomes_in(path) == outcomes
    assert [each.name for each in tmp_path.glob("*part*")] == [path.name]
