"""The ledgers of a process."""

from pathlib import Path

from llmring.ledger.process_ledger import ledger_at


def test_a_process_has_one_ledger_object_for_an_address(tmp_path: Path) -> None:
    assert ledger_at(tmp_path / "a") is ledger_at(tmp_path / "a")
    assert ledger_at(tmp_path / "a") is not ledger_at(tmp_path / "b")
