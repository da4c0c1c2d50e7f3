"""A job with its folder, whose rows are asked by the workers of a real local Ray."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from counting_vendor import CountingVendor
from llmring.batch.carried_lockfile import CarriedLockfile
from llmring.batch.engine.batch_settings import BatchSettings
from llmring.batch.engine.stop_reason import StopReason
from llmring.batch.input.input_file import input_files
from llmring.batch.journal.job_description import JobDescription
from llmring.batch.journal.job_folder import JobFolder
from llmring.batch.journal.open_job import open_job
from llmring.batch.ray.run_on_ray import RayOptions, run_on_ray
from ray_plans import MODEL, open_plan

LOCKFILE = CarriedLockfile(
    f"""version = "1.0"
name = "test"
[[profiles.default.bindings]]
alias = "fast"
models = ["{MODEL}"]
rpm = 60000
"""
)


def opened(folder: Path) -> JobFolder:
    return open_job(folder, JobDescription(inputs=(), parts={}, ids=False), lambda: iter(()))


def run(folder: JobFolder, source: Path, told: list[str], *, files: bool) -> StopReason | None:
    opener = partial(open_plan, str(source), BatchSettings(alias=MODEL, concurrency=8))
    return run_on_ray(
        folder,
        opener(LOCKFILE.put()),
        opener,
        LOCKFILE,
        RayOptions(workers=2, partition_rows=5),
        files=input_files([source]) if files else (),
        say=told.append,
    )


@pytest.mark.parametrize("files", [True, False])
def test_b48_a_job_is_run_on_workers_and_is_not_asked_again(
    ray_vendor: CountingVendor, tmp_path: Path, files: bool
) -> None:
    source = tmp_path / "in.jsonl"
    name = f"door {files}"
    source.write_text("".join(f'{{"text": "{name} {number}"}}\n' for number in range(12)))
    told: list[str] = []
    for _ in range(2):
        folder = opened(tmp_path / "job")

        stop = run(folder, source, told, files=files)

        assert stop is None
        assert folder.counts.done == 12
        assert folder.spent > 0
        folder.close()

    assert [ray_vendor.asked[f"{name} {number}"] for number in range(12)] == [1] * 12


def test_b51_without_a_server_of_counts_the_limits_are_shared_and_the_user_is_informed(
    ray_vendor: CountingVendor, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "shared"}\n')
    folder = opened(tmp_path / "job")
    told: list[str] = []

    run(folder, source, told, files=True)

    folder.close()
    assert len(told) == 1
    assert "rpm" in told[0]
    assert "LLMRING_REDIS_URL" in told[0]
