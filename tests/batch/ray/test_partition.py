from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.input.input_file import input_files
from llmring.batch.input.open_rows import open_rows
from llmring.batch.ray.partition import (
    file_partitions,
    has_spans,
    rows_of_partition,
    source_partitions,
)

LINES = st.lists(
    st.sampled_from(['{"text": "a"}', '{"text": "é"}', "", "  ", "not JSON", "[]", "\t"]),
    max_size=25,
)


@pytest.mark.parametrize("suffix", ["jsonl", "txt"])
@given(first=LINES, second=LINES, rows=st.integers(1, 6), ends=st.booleans())
def test_b47_the_rows_of_all_partitions_are_those_of_the_input(
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    first: list[str],
    second: list[str],
    rows: int,
    ends: bool,
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    paths = [folder / f"{name}.{suffix}" for name in ("one", "two")]
    for path, lines in zip(paths, (first, second), strict=True):
        path.write_text("\n".join(lines) + ("\n" if ends else ""))
    source = open_rows(paths)
    whole = [*source]

    for partitions in (
        [*file_partitions(input_files(paths), rows)],
        [*source_partitions(source, rows)],
    ):
        found = [row for each in partitions for row in rows_of_partition(each, source)]
        assert found == whole
        assert [each.number for each in partitions] == [*range(len(partitions))]
        assert all(each.rows <= rows for each in partitions)
        assert sum(each.ordinals[1] - each.ordinals[0] for each in partitions) == len(whole)


def test_ids_of_a_column_are_those_of_the_input(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": "a"}\n{"id": ""}\n')
    source = open_rows(path, id_column="id")
    (partition,) = file_partitions(input_files([path]))

    assert [*rows_of_partition(partition, source, "id")] == [*source]


def test_only_plain_files_of_lines_have_spans(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.txt", "a.csv", "a.jsonl.gz"):
        (tmp_path / name).touch()

    assert has_spans(input_files([tmp_path / "a.jsonl", tmp_path / "a.txt"]))
    assert not has_spans(input_files([tmp_path / "a.csv"]))
    assert not has_spans(input_files([tmp_path / "a.jsonl.gz"]))
