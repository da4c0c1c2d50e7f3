"""The files of an input: named one by one, by patterns, or standard input; and their formats."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path, PurePath
from typing import Literal, get_args

from msgspec import Struct

from llmring.exceptions import MissingFileError, ValidationError

Format = Literal["jsonl", "csv", "tsv", "parquet", "text"]
Compression = Literal["gz", "zst"]

FORMATS: tuple[Format, ...] = get_args(Format)
STDIN = "-"

_SUFFIXES: Mapping[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".txt": "text",
}
_COMPRESSED: Mapping[str, Compression] = {".gz": "gz", ".zst": "zst", ".zstd": "zst"}


class InputFile(Struct, frozen=True, kw_only=True):
    """A file of an input.

    Attributes:
        path: Its path; "-" for standard input.
        label: Its name among the inputs, the same on every machine.
        format: Its format.
        compression: How it is compressed; None if it is not.
    """

    path: str
    label: str
    format: Format
    compression: Compression | None = None

    @property
    def folder(self) -> str:
        """The folder from which relative paths in it are looked up."""
        return "." if self.path == STDIN else str(Path(self.path).parent)


def input_files(
    inputs: Sequence[str | PathLike[str]], format_: Format | None = None
) -> list[InputFile]:
    """Return the files of an input, in order; those of a pattern are sorted by name.

    Args:
        inputs: Paths, patterns such as `part-*.jsonl`, or "-" for standard input.
        format_: The format of all; None to take it from each file's name.

    Raises:
        MissingFileError: A file does not exist, or a pattern has no match.
        ValidationError: A format can't be known from the name, or a file is named twice.
    """
    paths = [path for each in inputs for path in _expanded(fspath(each))]
    twice = [path for path, number in Counter(map(_absolute, paths)).items() if number > 1]
    if twice:
        raise ValidationError(f"{twice[0]} is named twice among the inputs; name it once")
    labels = _labels(paths)
    return [_input_file(path, label, format_) for path, label in zip(paths, labels, strict=True)]


def _absolute(path: str) -> str:
    return path if path == STDIN else str(Path(path).resolve())


def _expanded(given: str) -> list[str]:
    if given == STDIN:
        return [given]
    path = Path(given)
    if path.is_dir():
        raise ValidationError(
            f"{given} is a folder; name its files by a pattern, such as '{path / '*.jsonl'}'"
        )
    if path.exists():
        return [given]
    found: list[str] = []
    if glob.has_magic(given):
        # As given, relative or not; `Path.glob` takes relative patterns alone.
        found = sorted(glob.glob(given, recursive=True))  # noqa: PTH207
    files = [each for each in found if Path(each).is_file()]
    if not files:
        what = "no file matches" if glob.has_magic(given) else "no file"
        raise MissingFileError(f"{what} {given}; check the path, and where it is looked up from")
    return files


def _labels(paths: Sequence[str]) -> list[str]:
    """Return the last parts of the paths that make them distinct."""
    parts = [("stdin",) if path == STDIN else PurePath(_absolute(path)).parts for path in paths]
    labels = [each[-1] for each in parts]
    for length in range(2, max((len(each) for each in parts), default=0) + 1):
        number = Counter(labels)
        if len(number) == len(labels):
            break
        labels = [
            label if number[label] == 1 else "/".join(each[-length:])
            for label, each in zip(labels, parts, strict=True)
        ]
    return labels


def _input_file(path: str, label: str, format_: Format | None) -> InputFile:
    if format_ is not None and format_ not in FORMATS:
        raise ValidationError(f"unknown format {format_!r}; use one of {', '.join(FORMATS)}")
    if path == STDIN:
        if format_ == "parquet":
            raise ValidationError("Parquet can't be read from standard input; give the file")
        return InputFile(path=path, label=label, format=format_ or "jsonl")
    suffixes = [each.lower() for each in PurePath(path).suffixes]
    compression = _COMPRESSED.get(suffixes[-1]) if suffixes else None
    if compression is not None:
        suffixes.pop()
    found = format_ or (_SUFFIXES.get(suffixes[-1]) if suffixes else None)
    if found is None:
        raise ValidationError(_unknown(path, suffixes))
    if found == "parquet" and compression is not None:
        raise ValidationError(
            f"{label}: Parquet is compressed inside; unpack it with "
            f"`{'gunzip' if compression == 'gz' else 'unzstd'} {path}`"
        )
    return InputFile(path=path, label=label, format=found, compression=compression)


def _unknown(path: str, suffixes: Sequence[str]) -> str:
    if suffixes[-1:] == [".json"]:
        return (
            f"{path}: a file of JSON is not read row by row; write one object a line with "
            f"`jq -c '.[]' {path} > rows.jsonl`, or give --format jsonl if it has that form"
        )
    return (
        f"{path}: its name does not show its format; give --format with one of {', '.join(FORMATS)}"
    )
