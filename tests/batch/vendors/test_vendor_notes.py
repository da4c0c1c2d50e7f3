"""The notes of a job's steps."""

import os
from pathlib import Path

import pytest

from llmring.batch.vendors.vendor_notes import NOTES, VendorNotes
from llmring.dialects.batches.batch_api import BatchCounts, BatchState
from llmring.exceptions import ConfigurationError


def test_b40_a_note_is_in_the_file_when_it_is_returned(tmp_path: Path) -> None:
    notes = VendorNotes(tmp_path, lambda: 7.0)

    note = notes.add("creating", part=3, tag="t")

    assert list(VendorNotes(tmp_path, lambda: 0.0).read()) == [note]
    assert (note.at, note.part, note.tag) == (7.0, 3, "t")
    notes.close()


def test_the_state_of_a_batch_is_kept_as_a_whole(tmp_path: Path) -> None:
    state = BatchState(id="b", phase="ended", native="completed", counts=BatchCounts(3, 2, 1))
    notes = VendorNotes(tmp_path, lambda: 7.0)

    notes.add("state", part=1, state=state)
    notes.close()

    [note] = VendorNotes(tmp_path, lambda: 0.0).read()
    assert note.state == state


@pytest.mark.parametrize("cut", range(1, 12))
def test_b40_a_torn_last_note_is_cut_off_and_the_next_one_is_whole(
    tmp_path: Path, cut: int
) -> None:
    notes = VendorNotes(tmp_path, lambda: 7.0)
    notes.add("begun", job="j")
    notes.add("split")
    notes.close()
    path = tmp_path / NOTES
    os.truncate(path, path.stat().st_size - cut)

    again = VendorNotes(tmp_path, lambda: 8.0)
    kept = [note.step for note in again.read()]
    again.add("split")
    again.close()

    assert kept == ["begun"]
    assert [note.step for note in VendorNotes(tmp_path, lambda: 0.0).read()] == ["begun", "split"]


def test_a_line_that_is_no_note_is_an_error(tmp_path: Path) -> None:
    (tmp_path / NOTES).write_text('{"step":"dancing"}\n')

    with pytest.raises(ConfigurationError, match=f"{NOTES}:1: .*dancing"):
        list(VendorNotes(tmp_path, lambda: 0.0).read())


def test_the_file_is_the_user_s_alone(tmp_path: Path) -> None:
    notes = VendorNotes(tmp_path, lambda: 7.0)
    notes.add("split")
    notes.close()

    assert (tmp_path / NOTES).stat().st_mode & 0o077 == 0
