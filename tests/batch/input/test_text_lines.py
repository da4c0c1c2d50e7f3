from __future__ import annotations

import gzip
import io
from pathlib import Path

import pyarrow as pa
import pytest

from llmring.batch.input.input_file import Compression, InputFile
from llmring.batch.input.text_lines import lines, open_bytes
from llmring.exceptions import ValidationError

FILE = InputFile(path="a.txt.gz", label="a.txt.gz", format="text", compression="gz")


def packed(path: Path, data: bytes, compression: Compression) -> None:
    if compression == "gz":
        path.write_bytes(gzip.compress(data))
    else:
        with pa.output_stream(path, compression="zstd") as stream:
            stream.write(data)


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_b1_compressed_files_are_read_line_by_line(
    tmp_path: Path, compression: Compression
) -> None:
    path = tmp_path / "a"
    packed(path, b"one\ntwo", compression)

    found = list(lines(FILE, open_bytes(str(path), compression), 100))

    assert found == [(1, b"one\n"), (2, b"two")]


@pytest.mark.parametrize("compression", ["gz", "zst"])
@pytest.mark.parametrize("kept", [5, -6])
def test_a_compressed_file_that_was_cut_is_an_error_of_the_file(
    tmp_path: Path, compression: Compression, kept: int
) -> None:
    path = tmp_path / "a"
    packed(path, b"one\ntwo\n", compression)
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(ValidationError, match=r"a\.txt\.gz, after line \d.*make or download it"):
        list(lines(FILE, open_bytes(str(path), compression), 100))


def test_bytes_that_are_not_compressed_are_an_error_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"plain text")

    with pytest.raises(ValidationError, match=r"after line 0"):
        list(lines(FILE, open_bytes(str(path), "gz"), 100))


def test_a_line_that_is_too_long_is_skipped_without_being_held() -> None:
    class Counted(io.BytesIO):
        longest = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            line = super().readline(size)
            self.longest = max(self.longest, len(line))
            return line

    stream = Counted(b"a\n" + b"x" * 10**6 + b"\nb\n")

    assert list(lines(FILE, stream, 1000)) == [(1, b"a\n"), (2, None), (3, b"b\n")]
    assert stream.longest < 300_000


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"can't read .*absent"):
        open_bytes(str(tmp_path / "absent"), None)
