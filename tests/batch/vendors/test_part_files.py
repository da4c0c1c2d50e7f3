"""The files of the parts of a job."""

from pathlib import Path

import pytest

from llmring.batch.vendors.part_files import OpenPart, PartFiles, RowMark, new_part


def mark(number: int) -> RowMark:
    return RowMark(f"c-{number}", f"row {number}", number, "d", 0, 0)


@pytest.fixture
def files(tmp_path: Path) -> PartFiles:
    files = PartFiles(tmp_path)
    files.clear()
    part = OpenPart(files, 1)
    for number in range(3):
        part.add(mark(number), f'{{"n":{number}}}'.encode())
    part.close()
    return files


def test_a_part_has_a_line_and_a_mark_for_each_row(files: PartFiles) -> None:
    assert list(files.pairs(1)) == [(mark(n), f'{{"n":{n}}}'.encode()) for n in range(3)]


def test_a_new_part_has_some_rows_of_another(files: PartFiles) -> None:
    part = new_part(files, 2, 1, {"c-0", "c-2"}.__contains__)

    assert (part.rows, part.size) == (2, 16)
    assert [each.ordinal for each in files.marks(2)] == [0, 2]
    assert list(files.lines(2)) == [b'{"n":0}', b'{"n":2}']


def test_the_rows_that_are_left_stay_if_they_are_needed(files: PartFiles) -> None:
    count = files.write_left(1, [mark(1)])
    files.remove(1, keep_left=True)

    assert count == 1
    assert list(files.left(1)) == [mark(1)]
    assert not files.path(1, "lines").exists()
    files.remove(1, keep_left=False)
    assert list(files.left(1)) == []


def test_clearing_removes_all(files: PartFiles) -> None:
    files.clear()

    assert not files.path(1, "lines").exists()
