"""The state of a job at its vendor, for people."""

import pytest

from llmring.batch.vendors.vendor_progress import BatchPart, VendorProgress
from llmring.batch.vendors.vendor_status import deletion_warning, vendor_status
from llmring.dialects.batches.anthropic_batches import ANTHROPIC
from llmring.dialects.batches.batch_api import BatchApi, BatchCounts, BatchState, Phase
from llmring.dialects.batches.openai_batches import MISTRAL, OPENAI, TOGETHER

DAY = 86400.0
NOW = 1_800_000_000.0


def part(number: int, phase: Phase | None = None, **fields: object) -> BatchPart:
    made = BatchPart(number=number, rows=10, size=1, path="/p", api_model="m")
    if phase is not None:
        made.batch, made.mark = f"b{number}", "k"
        made.state = BatchState(
            id=f"b{number}",
            phase=phase,
            native=phase,
            counts=BatchCounts(10, 6, 1),
            created=NOW,
            ended=NOW + 100,
        )
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_a_status_counts_the_parts_by_their_state() -> None:
    parts = [
        part(1, "ended", is_collected=True, left=2),
        part(2, "ended"),
        part(3, "open"),
        part(4, queued_until=NOW),
        part(5),
        part(6, round=1),
    ]
    progress = VendorProgress(is_split=True, parts={each.number: each for each in parts})

    status = vendor_status(progress, OPENAI, "k", NOW)

    assert (status.rows, status.parts, status.collected, status.ended) == (50, 6, 1, 1)
    assert (status.open, status.queued, status.waiting, status.left) == (1, 1, 3, 2)
    assert (status.succeeded, status.failed, status.is_done) == (18, 3, False)


def test_b45_a_batch_of_another_key_is_unreachable_until_it_is_collected() -> None:
    parts = {1: part(1, "open", mark="other"), 2: part(2, "ended", mark="x", is_collected=True)}

    status = vendor_status(VendorProgress(parts=parts), OPENAI, "k", NOW)

    assert len(status.unreachable) == 1
    assert "b1" in status.unreachable[0]


@pytest.mark.parametrize(
    ("api", "days", "words"),
    [
        (ANTHROPIC, 1, None),
        (ANTHROPIC, 28, "24 h"),
        (ANTHROPIC, 30, "has deleted"),
        (MISTRAL, 0.5, None),
        (MISTRAL, 0.9, "2 h"),
        (TOGETHER, 900, None),
    ],
)
def test_b45_results_near_their_deletion_are_warned_of(
    api: BatchApi, days: float, words: str | None
) -> None:
    warning = deletion_warning(part(1, "ended"), api, NOW + days * DAY)

    assert (warning is None) == (words is None)
    assert words is None or words in (warning or "")


def test_b45_collected_results_are_not_warned_of() -> None:
    assert deletion_warning(part(1, "ended", is_collected=True), ANTHROPIC, NOW + 28 * DAY) is None
