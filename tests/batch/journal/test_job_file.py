from pathlib import Path

import pytest

from llmring import ConfigurationError
from llmring.batch.journal.job_description import JobDescription, JobFile
from llmring.batch.journal.job_file import (
    files_of_job,
    has_results,
    is_of_run,
    kept_name,
    next_number,
    read_job,
    result_paths,
    results_name,
    write_job,
)

JOB = JobFile(id="j", description=JobDescription(parts={"prompt": "a"}))


def test_b24_a_description_is_read_as_it_was_written(tmp_path: Path) -> None:
    job = JobFile(id="j", description=JOB.description, settings={"inputs": ["a.csv"], "limit": 3})

    write_job(tmp_path, job)

    assert read_job(tmp_path) == job
    assert list(tmp_path.glob("*.new")) == []


def test_b24_a_folder_without_a_job_has_no_description(tmp_path: Path) -> None:
    assert read_job(tmp_path) is None


def test_b24_the_format_of_a_later_version_is_refused(tmp_path: Path) -> None:
    write_job(tmp_path, JobFile(id="j", description=JOB.description, version=2))

    with pytest.raises(ConfigurationError, match="update llmring"):
        read_job(tmp_path)


def test_b24_results_of_more_than_9999_runs_are_in_order(tmp_path: Path) -> None:
    for number in (10_000, 2, 9_999):
        (tmp_path / results_name(number)).touch()
    (tmp_path / "results-x.jsonl").touch()

    numbers = [path.name for path in result_paths(tmp_path, JOB)]

    assert numbers == ["results-0002.jsonl", "results-9999.jsonl", "results-10000.jsonl"]
    assert next_number(tmp_path) == 10_001


def test_b28_answers_count_from_the_change_on_with_those_that_were_kept(tmp_path: Path) -> None:
    for name in (results_name(1), results_name(2), results_name(3), kept_name(2), kept_name(3)):
        (tmp_path / name).touch()

    paths = result_paths(tmp_path, JobFile(id="j", description=JOB.description, first_results=3))

    assert [path.name for path in paths] == ["kept-0003.jsonl", "results-0003.jsonl"]
    assert [is_of_run(path) for path in paths] == [False, True]


def test_b27_the_description_is_the_last_to_go(tmp_path: Path) -> None:
    for name in ("job.json", "vendor.jsonl", "failed.jsonl", results_name(1), "mine.txt"):
        (tmp_path / name).touch()

    names = [path.name for path in files_of_job(tmp_path)]

    assert has_results(tmp_path)
    assert names[-1] == "job.json"
    assert sorted(names) == ["failed.jsonl", "job.json", "results-0001.jsonl", "vendor.jsonl"]
