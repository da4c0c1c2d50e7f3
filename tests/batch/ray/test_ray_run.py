"""Jobs on a real local Ray whose workers, or the driver, are killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from decimal import Decimal
from pathlib import Path

import pytest

from counting_vendor import CountingVendor
from llmring import ConfigurationError
from llmring.batch.engine.batch_run import BatchRun
from llmring.batch.engine.row_caller import RowCaller
from llmring.batch.engine.run_parts import Parts
from llmring.batch.journal.job_folder import MemoryJob
from llmring.batch.outcome import RowOutcome
from llmring.batch.ray.partition_run import WORKER_DIED
from llmring.batch.ray.ray_worker import RayWorker
from llmring.routing.call_wishes import CallWishes
from ray_plans import MODEL, Results, ray_job, ray_run, run_job

CONCURRENCY = 8


def write_rows(path: Path, name: str, count: int) -> list[str]:
    texts = [f"{name} {number}" for number in range(count)]
    path.write_text("".join(f'{{"text": "{text}"}}\n' for text in texts))
    return texts


def asked(vendor: CountingVendor, name: str) -> dict[str, int]:
    return {text: count for text, count in vendor.asked.items() if text.startswith(f"{name} ")}


def repeated(vendor: CountingVendor, name: str) -> int:
    return sum(asked(vendor, name).values()) - len(asked(vendor, name))


def test_b47_the_result_equals_that_of_one_machine_row_for_row(
    ray_vendor: CountingVendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in.jsonl"
    texts = write_rows(source, "equal", 50)
    with source.open("a") as file:
        file.write('not JSON\n{"text": ""}\n{"other": 1}\n')
    job = ray_job(tmp_path / "job", source)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{ray_vendor.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
    alone = Results()

    results, stop = run_job(job, source, rows=20)
    plan = job.open_plan(job.lockfile.put())
    caller = RowCaller(plan.calls, None, CallWishes(), {})

    async def locally() -> None:
        parts = Parts(
            id="local",
            calls=plan.calls,
            caller=caller,
            rows=iter(plan.source),
            build=plan.builder.build,
            journal=MemoryJob(),
            on_row=lambda outcome, _row, _parsed: alone.keep(outcome),
        )
        await BatchRun(parts, plan.settings).run()

    asyncio.run(locally())

    assert stop is None
    assert results.texts[:50] == [f"answer to {text}" for text in texts]
    facts = ("id", "ordinal", "digest", "status", "text", "error", "error_class", "model", "cost")
    assert [[getattr(each, name) for name in facts] for each in _in_order(results)] == [
        [getattr(each, name) for name in facts] for each in _in_order(alone)
    ]


def _in_order(results: Results) -> list[RowOutcome]:
    return [results.outcomes[ordinal] for ordinal in sorted(results.outcomes)]


def test_b49_a_killed_worker_costs_no_more_than_its_requests_in_flight(
    ray_vendor: CountingVendor, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    texts = write_rows(source, "killed", 600)
    results = Results()
    job = ray_job(tmp_path / "job", source, concurrency=CONCURRENCY)

    with ray_run(job, source, results, rows=300) as (run, pool):
        pids = [pid for _, pid in pool.ask_all("place", seconds=60)]
        killer = threading.Thread(target=_kill_later, args=(ray_vendor, "killed", 100, pids[0]))
        killer.start()
        stop = run.run()
        killer.join()

    assert stop is None
    assert results.texts == [f"answer to {text}" for text in texts]
    assert repeated(ray_vendor, "killed") <= CONCURRENCY


def _kill_later(vendor: CountingVendor, name: str, count: int, pid: int) -> None:
    until = time.monotonic() + 30
    while sum(asked(vendor, name).values()) < count and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)


def test_b50_a_poison_partition_fails_its_unfinished_rows_and_not_the_job(
    ray_vendor: CountingVendor, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    texts = write_rows(source, "toxic", 30)
    lines = source.read_text().splitlines()
    lines[12] = '{"text": "poison"}'
    source.write_text("\n".join(lines))

    results, stop = run_job(ray_job(tmp_path / "job", source), source, rows=10)

    assert stop is None
    assert sorted(results.outcomes) == [*range(30)]
    assert all(results.outcomes[at].text == f"answer to {texts[at]}" for at in [*range(10), 25])
    assert results.outcomes[12].error_class == WORKER_DIED
    assert results.outcomes[12].passing


DRIVER = """
import sys
from pathlib import Path
from ray_plans import ray_job, run_job
job, source = map(Path, sys.argv[1:])
results, stop = run_job(ray_job(job, source), source, rows=300)
print(len(results.outcomes), stop)
"""


def test_b49_the_command_goes_on_after_its_driver_was_killed(
    ray_vendor: CountingVendor, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    texts = write_rows(source, "driver", 600)
    command = [sys.executable, "-c", DRIVER, str(tmp_path / "job"), str(source)]
    import ray

    environ = {
        **os.environ,
        "RAY_ADDRESS": ray.get_runtime_context().gcs_address,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        until = time.monotonic() + 30
        while sum(asked(ray_vendor, "driver").values()) < 100 and time.monotonic() < until:
            time.sleep(0.02)
        process.kill()

    results, stop = run_job(ray_job(tmp_path / "job", source), source, rows=300)

    assert stop is None
    assert results.texts == [f"answer to {text}" for text in texts]
    # Of two workers.
    assert repeated(ray_vendor, "driver") <= 2 * CONCURRENCY


def test_b51_the_cost_of_all_workers_keeps_to_the_limit(
    ray_vendor: CountingVendor, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    write_rows(source, "money", 60)
    most = Decimal("0.00008")

    results, stop = run_job(ray_job(tmp_path / "job", source, max_cost=most), source, rows=10)

    assert stop is not None
    assert stop.cause == "max_cost"
    assert 0 < results.spent() <= most
    assert len(results.outcomes) < 60


def test_b48_workers_that_do_not_see_the_folder_are_an_error(
    ray_vendor: CountingVendor, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    write_rows(source, "blind", 1)
    job = ray_job(tmp_path / "job", source)

    class Elsewhere:
        def ask_all(self, method: str, *given: object, seconds: float) -> list[object]:
            worker = RayWorker(job)
            if method == "sees":
                # As on a machine that has another disk there.
                return [worker.sees(tmp_path / "elsewhere", str(given[1]))]
            return [worker.place()]

    with ray_run(job, source, Results(), rows=1) as (run, _):
        run._pool = Elsewhere()  # type: ignore[assignment]
        with pytest.raises(ConfigurationError, match="storage"):
            run.run()


def test_b52_prompts_are_mapped_over_a_dataset_of_ray(ray_vendor: CountingVendor) -> None:
    import ray.data

    from llmring.batch import MapPrompts

    with warnings.catch_warnings():
        # Of Ray's own code.
        warnings.simplefilter("ignore")
        ray.data.DataContext.get_current().enable_progress_bars = False
        found = (
            ray.data.from_items([{"text": f"mapped {number}"} for number in range(6)])
            .map_batches(
                MapPrompts,
                fn_constructor_args=(MODEL,),
                fn_constructor_kwargs={"prompt": "{text}"},
                batch_format="pyarrow",
                batch_size=3,
                compute=ray.data.ActorPoolStrategy(size=1),
                num_cpus=0.5,
            )
            .take_all()
        )

    assert sorted(row["answer"] for row in found) == [
        f"answer to mapped {number}" for number in range(6)
    ]
