"""The progress of a job, as its notes have it."""

from typing import Any

from llmring.batch.vendors.vendor_notes import Step, VendorNote
from llmring.batch.vendors.vendor_progress import BatchPart, VendorProgress, progress_of
from llmring.dialects.batches.batch_api import BatchState, Phase


def note(step: Step, at: float = 1.0, **facts: Any) -> VendorNote:
    return VendorNote(step=step, at=at, **facts)


BEGUN = (
    note("begun", job="j", model="openai:m"),
    note("part", part=1, rows=3, size=30, path="/chat/completions", api_model="m"),
    note("split"),
)


def state(phase: Phase) -> VendorNote:
    return note("state", part=1, state=BatchState(id="b", phase=phase, native=phase))


def after(*notes: VendorNote) -> tuple[VendorProgress, BatchPart]:
    progress = progress_of((*BEGUN, *notes))
    return progress, progress.parts[1]


def test_a_job_begins_with_its_parts() -> None:
    progress, part = after()

    assert (progress.job, progress.model, progress.is_split) == ("j", "openai:m", True)
    assert (part.rows, part.path, part.file, part.batch) == (3, "/chat/completions", None, None)


def test_a_job_that_is_split_again_forgets_the_parts_of_before() -> None:
    progress = progress_of([*BEGUN[:2], note("begun", job="j", model="openai:m")])

    assert progress.parts == {}


def test_an_upload_is_open_until_its_file_is_noted() -> None:
    _, before = after(note("uploading", part=1, tag="f.jsonl"))
    _, done = after(note("uploading", part=1, tag="f.jsonl"), note("uploaded", part=1, file="f"))

    assert (before.uploading, before.file) == ("f.jsonl", None)
    assert (done.uploading, done.file) == (None, "f")


def test_a_creation_is_open_until_its_batch_is_noted() -> None:
    created = note("created", part=1, batch="b", mark="k")
    _, before = after(note("creating", at=5.0, part=1))
    _, done = after(note("creating", at=5.0, part=1), created)

    assert (before.creating, before.is_open, before.tries) == (5.0, False, 1)
    assert (done.creating, done.is_open, done.known) == (None, True, {"b"})


def test_a_batch_that_was_not_taken_stays_known_and_waits() -> None:
    _, part = after(
        note("creating", part=1),
        note("created", part=1, batch="b"),
        state("refused"),
        note("queued", part=1, until=9.0),
    )

    assert (part.batch, part.state, part.queued_until, part.known) == (None, None, 9.0, {"b"})


def test_a_batch_that_has_ended_is_done_once_it_is_collected() -> None:
    created = note("created", part=1, batch="b")
    progress, part = after(created, state("ended"))
    collected, _ = after(created, state("ended"), note("collected", part=1))

    assert (part.is_open, part.has_ended, progress.is_done) == (False, True, False)
    assert collected.is_done


def test_rows_that_are_sent_again_are_a_new_part_by_the_same_note() -> None:
    progress, _ = after(note("collected", part=1, again=2, rows=1, size=10))

    again = progress.parts[2]
    assert (again.rows, again.size, again.round, again.path) == (1, 10, 1, "/chat/completions")
    assert not progress.is_done


def test_a_job_that_is_not_split_is_not_done() -> None:
    assert not progress_of(BEGUN[:1]).is_done
