"""A file on this machine, read again only if it seems changed."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from files.file_servers import PDF, PNG
from llmring import MissingFileError, ValidationError
from llmring.chat.parts import DocumentPart, ImagePart
from llmring.files.local_file import LocalFile


def test_size_type_and_hash_are_those_of_the_file(pdf: Path) -> None:
    known = LocalFile(str(pdf), hashed=True).known

    assert (known.size, known.media_type) == (len(PDF), "application/pdf")
    assert known.content_hash == hashlib.sha256(PDF).hexdigest()


def test_the_content_is_hashed_only_on_request(pdf: Path) -> None:
    assert LocalFile(str(pdf), hashed=False).known.content_hash is None


def test_a_relative_path_is_resolved_when_the_file_is_named(
    pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pdf.parent)
    file = LocalFile("report.pdf", hashed=True)
    monkeypatch.chdir("/")

    assert (file.path, file.name) == (str(pdf), "report.pdf")
    assert isinstance(file.part(), DocumentPart)


def test_a_file_that_seems_unchanged_is_not_read_again(pdf: Path) -> None:
    file = LocalFile(str(pdf), hashed=True)
    known, before = file.known, pdf.stat()

    # The same size, time and place on the disk, with another content.
    with pdf.open("r+b") as opened:
        opened.write(PDF[::-1])
    os.utime(pdf, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert file.refresh() is known


def longer(path: Path) -> None:
    path.write_bytes(PDF + b"more")


def touched(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def replaced(path: Path) -> None:
    before = path.stat()
    other = path.with_name("other.pdf")
    other.write_bytes(PDF[::-1])
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [longer, touched, replaced])
def test_a_file_with_another_size_time_or_place_on_the_disk_is_read_again(
    pdf: Path, change: Callable[[Path], None]
) -> None:
    file = LocalFile(str(pdf), hashed=True)
    before = file.known

    change(pdf)

    assert file.refresh() is not before
    assert file.known.content_hash == hashlib.sha256(pdf.read_bytes()).hexdigest()


def test_a_file_whose_content_is_replaced_by_another_type_is_sent_as_that_type(pdf: Path) -> None:
    file = LocalFile(str(pdf), hashed=True)

    pdf.write_bytes(PNG + b"more")

    assert isinstance(file.part(), ImagePart)
    assert file.known.media_type == "image/png"


def test_an_upload_has_the_bytes_of_the_moment_with_their_hash(pdf: Path) -> None:
    file = LocalFile(str(pdf), hashed=True)
    pdf.write_bytes(PDF + b"more")

    content, content_hash = file.content()

    assert (content.name, content.media_type, content.data) == (
        "report.pdf",
        "application/pdf",
        PDF + b"more",
    )
    assert content_hash == hashlib.sha256(PDF + b"more").hexdigest()


def test_parts_without_bytes_have_the_type_and_the_name_of_the_file(pdf: Path) -> None:
    file = LocalFile(str(pdf), hashed=True)

    empty, reference = file.empty_part(), file.reference("file-1")

    assert isinstance(empty, DocumentPart)
    assert (empty.media_type, empty.name) == ("application/pdf", "report.pdf")
    assert (reference.media_type, reference.name) == ("application/pdf", "report.pdf")
    assert "file-1" in repr(reference)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda _: None, MissingFileError, "no file"),
        (Path.mkdir, ValidationError, "is a folder"),
        (Path.touch, ValidationError, "no content"),
        (os.mkfifo, ValidationError, "is not a regular file"),
    ],
    ids=["missing", "folder", "empty", "pipe"],
)
def test_what_can_t_be_sent_is_refused_when_it_is_named(
    tmp_path: Path,
    make: Callable[[Path], None],
    kind: type[ValidationError],
    message: str,
) -> None:
    path = tmp_path / "thing.pdf"
    make(path)

    with pytest.raises(kind, match=message) as caught:
        LocalFile(str(path), hashed=True)
    assert "thing.pdf" in str(caught.value)


def test_a_file_that_is_deleted_later_is_missing_at_the_next_look(pdf: Path) -> None:
    file = LocalFile(str(pdf), hashed=True)
    pdf.unlink()

    for look in (file.refresh, file.part, file.content):
        with pytest.raises(MissingFileError, match=r"report\.pdf"):
            look()
