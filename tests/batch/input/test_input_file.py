from __future__ import annotations

from pathlib import Path

import pytest

from llmring.batch.input.input_file import input_files
from llmring.exceptions import MissingFileError, ValidationError


def made(folder: Path, *names: str) -> list[str]:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return [str(folder / name) for name in names]


@pytest.mark.parametrize(
    ("name", "form", "compression"),
    [
        ("a.jsonl", "jsonl", None),
        ("a.b.NDJSON", "jsonl", None),
        ("a.csv.gz", "csv", "gz"),
        ("a.tsv.zst", "tsv", "zst"),
        ("a.parquet", "parquet", None),
        ("a.txt", "text", None),
    ],
)
def test_b1_the_format_is_known_by_the_suffix(
    tmp_path: Path, name: str, form: str, compression: str | None
) -> None:
    (file,) = input_files(made(tmp_path, name))

    assert (file.format, file.compression, file.label) == (form, compression, name)


def test_b1_a_format_can_be_given(tmp_path: Path) -> None:
    (file,) = input_files(made(tmp_path, "prompts.gz"), "text")

    assert (file.format, file.compression) == ("text", "gz")


def test_b1_a_pattern_is_its_files_in_order(tmp_path: Path) -> None:
    made(tmp_path, "part-2.csv", "part-1.csv", "other.csv")

    files = input_files([str(tmp_path / "part-*.csv")])

    assert [file.label for file in files] == ["part-1.csv", "part-2.csv"]


def test_a_file_may_have_the_characters_of_patterns_in_its_name(tmp_path: Path) -> None:
    (file,) = input_files(made(tmp_path, "part[1].csv"))

    assert file.label == "part[1].csv"


def test_b1_standard_input_is_jsonl_or_text() -> None:
    assert input_files(["-"])[0].format == "jsonl"
    assert input_files(["-"], "text")[0].format == "text"


def test_b25_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    files = input_files(made(tmp_path, "x/a/data.csv", "x/b/data.csv", "c.csv"))

    assert [file.label for file in files] == ["a/data.csv", "b/data.csv", "c.csv"]


@pytest.mark.parametrize("given", ["absent.csv", "absent-*.csv"])
def test_a_file_that_does_not_exist_is_named(tmp_path: Path, given: str) -> None:
    with pytest.raises(MissingFileError, match=r"absent"):
        input_files([str(tmp_path / given)])


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("a.json", r"jq -c"),
        ("a.xlsx", r"--format"),
        ("a", r"--format"),
        ("a.parquet.gz", r"gunzip"),
    ],
)
def test_an_unknown_format_is_refused_with_the_fix(tmp_path: Path, name: str, fix: str) -> None:
    with pytest.raises(ValidationError, match=fix):
        input_files(made(tmp_path, name))


def test_a_folder_is_refused_with_the_pattern_to_give(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"is a folder.*\*\.jsonl"):
        input_files([tmp_path])


def test_a_file_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    (path,) = made(tmp_path, "a.csv")

    with pytest.raises(ValidationError, match="named twice"):
        input_files([path, str(tmp_path / "*.csv")])
