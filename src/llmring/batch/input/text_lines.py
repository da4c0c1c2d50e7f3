"""Lines of files, plain or compressed, of which no more than one is in memory."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, cast

from llmring.batch.input.arrow_package import arrow
from llmring.batch.input.input_file import Compression, InputFile
from llmring.exceptions import ValidationError

# Long enough for a page of images in base64. A line above it is not read into memory.
MOST_LINE_BYTES = 64 * 2**20

_BUFFER_BYTES = 2**18
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def open_bytes(path: str, compression: Compression | None) -> IO[bytes]:
    """Open a file for reading; its bytes are unpacked if it is compressed.

    Raises:
        ValidationError: It can't be opened, or its compression needs a package.
    """
    try:
        if compression == "gz":
            return cast("IO[bytes]", gzip.open(path, "rb"))
        if compression == "zst":
            return _zst(path)
        return Path(path).open("rb", buffering=_BUFFER_BYTES)
    except OSError as error:
        raise ValidationError(f"can't read {path}: {error.strerror or error}") from None


def _zst(path: str) -> IO[bytes]:
    package = arrow(f"{path}: .zst files need pyarrow")
    stream = package.input_stream(path, compression="zstd", buffer_size=_BUFFER_BYTES)
    return cast("IO[bytes]", io.BufferedReader(stream, _BUFFER_BYTES))


def lines(file: InputFile, stream: IO[bytes], most: int) -> Iterator[tuple[int, bytes | None]]:
    """Yield the lines of a stream with their numbers from 1; None for a line that is too long.

    Args:
        file: The file, for messages.
        stream: Its bytes, unpacked.
        most: Most bytes of a line.

    Raises:
        ValidationError: The file is in UTF-16, or its compressed data are cut or damaged.
    """
    number = 0
    with closing(stream):
        while True:
            try:
                line = stream.readline(most + 1)
                too_long = len(line) > most
                if too_long:
                    _skip_line(stream, line)
            except (OSError, EOFError, zlib.error) as error:
                raise damaged(file, number, error) from error
            number += 1
            if number == 1:
                line = _without_mark(file, line)
            if not line:
                return
            yield number, None if too_long else line


def _skip_line(stream: IO[bytes], line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(_BUFFER_BYTES)


def _without_mark(file: InputFile, line: bytes) -> bytes:
    if line.startswith(_UTF16_MARKS):
        raise ValidationError(
            f"{file.label} is in UTF-16; convert it with "
            f"`iconv -f UTF-16 -t UTF-8 {file.path} > utf8.{file.format}`"
        )
    return line.removeprefix(_UTF8_MARK)


def damaged(file: InputFile, number: int, error: Exception) -> ValidationError:
    """Build the error for a file whose bytes end early or can't be unpacked."""
    why = "it ends early" if isinstance(error, EOFError) else str(error)
    fix = "make or download it again" if file.compression else "check the disk"
    return ValidationError(f"{file.label}, after line {number}: can't be read: {why}; {fix}")


def too_long(most: int) -> str:
    """Return the reason why a line is not read."""
    return (
        f"the line has more than {most:,} bytes, the most that a row may have; keep large contents "
        "in files, and attach them with --file"
    )


def text_of(line: bytes) -> str | None:
    """Return a line as text; None if it is not UTF-8."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None
