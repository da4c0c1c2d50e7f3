"""Batches against a server, through the public door."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledgers import wait_for
from llmring import BatchReport, BatchRow, LLMRing
from rings import MODEL
from row_upstream import RowUpstream

Start = Callable[..., RowUpstream]
# What an answer of the server costs by the catalog.
EACH = Decimal("0.0000027")


def texts(count: int) -> list[dict[str, Any]]:
    return [{"text": f"n{number}"} for number in range(count)]


def run(server: RowUpstream, rows: Any, **options: Any) -> BatchReport:
    ring = LLMRing(environ=server.environ)
    options = {"prompt": "{text}", **options}
    return ring.batch(rows, options.pop("alias", MODEL), **options).run().result()


def test_b22_a_row_is_asked_in_later_rounds_and_fails_after_the_last(upstream: Start) -> None:
    server = upstream(lambda prompt, _: (503, "later") if prompt == "n1" else (200, "Hi"))

    report = run(server, texts(3), tries=2)

    assert (report.ok, report.failed, report.exit_code) == (2, 1, 3)
    assert server.asked == {"n0": 1, "n1": 2, "n2": 1}
    assert report.errors == {"ProviderResponseError": 1}


def test_b22_a_refused_request_fails_at_once(upstream: Start) -> None:
    server = upstream(lambda prompt, _: (400, "bad") if prompt == "n1" else (200, "Hi"))

    report = run(server, texts(3))

    assert report.failed == 1
    assert server.asked["n1"] == 1


def test_b22_a_failure_that_passes_is_answered_in_a_later_round(upstream: Start) -> None:
    server = upstream(
        lambda prompt, count: (500, "x") if prompt == "n1" and count == 1 else (200, "Hi")
    )

    report = run(server, texts(4))

    assert (report.ok, report.failed) == (4, 0)
    assert server.asked["n1"] == 2


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_b17_a_key_or_model_that_is_refused_stops_the_job_at_once(
    upstream: Start, tmp_path: Path, status: int
) -> None:
    server = upstream(lambda *_: (status, "no"))
    job = tmp_path / "job"

    report = run(server, texts(2000), job=job, concurrency=4)

    assert (report.stopped, report.exit_code, report.failed) == ("unusable", 1, 0)
    assert report.message is not None
    assert "openai" in report.message
    assert len(server.bodies) <= 8
    server.decide = lambda *_: (200, "Hi")
    assert run(server, texts(20), job=job, changed="keep").ok == 20


def test_b17_many_failures_stop_the_job(upstream: Start) -> None:
    server = upstream(lambda *_: (400, "bad"))

    report = run(server, texts(1000), concurrency=4, max_rows_failed=10)

    assert (report.stopped, report.exit_code) == ("too_many_failed", 1)
    assert 10 <= report.failed <= 14


def test_b15_a_job_never_costs_more_than_its_limit(upstream: Start, tmp_path: Path) -> None:
    server = upstream(seconds=0.002)
    limit = EACH * 40

    report = run(
        server, texts(300), max_cost=limit, max_tokens=2, job=tmp_path / "job", concurrency=32
    )

    assert (report.stopped, report.exit_code) == ("max_cost", 4)
    assert report.spent <= limit
    assert report.ok >= 20
    assert len(server.bodies) == report.ok
    # What is spent counts for the next run, too.
    again = run(server, texts(300), max_cost=limit, max_tokens=2, job=tmp_path / "job")
    assert again.spent <= limit
    more = run(server, texts(300), max_cost=1, max_tokens=2, job=tmp_path / "job")
    assert (more.stopped, more.earlier + more.ok) == (None, 300)
    assert more.spent == EACH * 300


def test_b15_a_model_without_a_price_is_refused(upstream: Start) -> None:
    server = upstream()
    from llmring import ConfigurationError

    with pytest.raises(ConfigurationError, match="allow-unknown-cost"):
        run(server, texts(2), alias="openai:of-no-catalog", max_cost=1)

    report = run(
        server, texts(2), alias="openai:of-no-catalog", max_cost=1, allow_unknown_cost=True
    )
    assert (report.ok, report.unknown_costs) == (2, 2)


def test_b23_equal_requests_are_asked_once(upstream: Start) -> None:
    server = upstream()
    job = LLMRing(environ=server.environ).batch(
        [{"text": "same"}, {"text": "other"}, {"text": "same"}, {"text": "same"}],
        MODEL,
        prompt="{text}",
        dedupe=True,
    )

    rows = {row.id: row for row in job}

    assert server.asked == {"same": 1, "other": 1}
    shared = [row for row in rows.values() if row.same_as is not None]
    assert [row.cost for row in shared] == [Decimal(0)] * 2
    assert {row.text for row in shared} == {"Hi same"}
    assert job.report is not None
    assert job.report.cost == EACH * 2


def test_b23_repeated_prompts_are_asked_each_time_without_it(upstream: Start) -> None:
    server = upstream()

    assert run(server, [{"text": "same"}] * 5).ok == 5
    assert server.asked["same"] == 5


def test_b23_one_row_goes_ahead_until_the_cache_is_written(upstream: Start) -> None:
    server = upstream(seconds=0.02)

    report = run(server, texts(20), system="Be brief", cache_system=True, concurrency=8)

    assert report.ok == 20
    assert server.most_in_flight <= 8


def test_b36_rows_come_with_their_answers_and_failures(upstream: Start) -> None:
    server = upstream(lambda prompt, _: (400, "bad") if prompt == "n1" else (200, "Hi"))

    async def read() -> list[BatchRow]:
        async with LLMRing(environ=server.environ) as ring:
            return [row async for row in ring.batch(texts(3), MODEL, prompt="{text}")]

    rows = sorted(asyncio.run(read()), key=lambda row: row.row["text"])

    assert [row.ok for row in rows] == [True, False, True]
    assert [row.text for row in rows] == ["Hi", None, "Hi"]
    assert rows[0].cost == EACH
    assert rows[0].model == MODEL
    assert rows[1].http_status == 400


def test_b36_a_row_that_names_no_value_fails_alone(upstream: Start) -> None:
    report = run(upstream(), [{"text": "a"}, {"text": None}])

    assert (report.ok, report.failed) == (1, 1)


def test_b36_rows_become_a_table(upstream: Start) -> None:
    job = LLMRing(environ=upstream().environ).batch(texts(3), MODEL, prompt="{text}")

    table = job.to_arrow()

    assert sorted(table.column("answer").to_pylist()) == ["Hi n0", "Hi n1", "Hi n2"]
    assert table.column("llmring_cost").to_pylist() == [EACH] * 3
    assert set(job.to_pandas()["text"]) == {"n0", "n1", "n2"}
    assert job.to_polars().height == 3


def test_b36_leaving_the_loop_stops_the_batch(upstream: Start, tmp_path: Path) -> None:
    server = upstream()
    ring = LLMRing(environ=server.environ)
    job = ring.batch(texts(500), MODEL, prompt="{text}", job=tmp_path / "job", concurrency=4)

    async def first() -> None:
        rows = aiter(job)
        await anext(rows)
        await rows.aclose()  # type: ignore[attr-defined]

    asyncio.run(first())

    assert job.report is not None
    assert job.report.stopped == "left"
    assert len(server.bodies) < 100
    # What was in flight is kept.
    rest = run(server, texts(500), job=tmp_path / "job")
    assert rest.earlier == len([*server.bodies]) - rest.ok
    assert server.asked.most_common(1)[0][1] == 1


def test_b37_results_wait_for_the_program_that_reads_them(upstream: Start) -> None:
    server = upstream()

    async def read() -> int:
        async with LLMRing(environ=server.environ) as ring:
            rows = aiter(ring.batch(texts(400), MODEL, prompt="{text}", concurrency=4))
            await anext(rows)
            await asyncio.sleep(0.3)
            asked = len(server.bodies)
            await rows.aclose()  # type: ignore[attr-defined]
            return asked

    assert asyncio.run(read()) <= 1 + 2 * 4


def test_b37_a_source_that_raises_ends_the_job_after_the_rows_before(upstream: Start) -> None:
    server = upstream()

    def broken() -> Iterator[dict[str, str]]:
        yield from texts(5)
        raise LookupError("the source")

    with pytest.raises(LookupError, match="the source"):
        run(server, broken())

    assert len(server.bodies) == 5


def test_b36_rows_may_come_asynchronously(upstream: Start) -> None:
    async def rows() -> AsyncIterator[dict[str, str]]:
        for row in texts(5):
            await asyncio.sleep(0)
            yield row

    assert run(upstream(), rows()).ok == 5


def test_b35_the_ledger_has_an_entry_a_row_and_the_same_cost(
    upstream: Start, tmp_path: Path
) -> None:
    server = upstream()
    environ = {**server.environ, "XDG_STATE_HOME": str(tmp_path / "state")}

    report = LLMRing(environ=environ).batch(texts(6), MODEL, prompt="{text}").run().result()

    ledger = tmp_path / "state" / "llmring" / "ledger.sqlite"
    kept = wait_for(ledger, 6)
    assert {each.tags for each in kept} == {(f"batch={report.id}",)}
    assert sum(each.cost for each in kept if each.cost is not None) == report.cost == EACH * 6


def test_b34_tasks_are_made_as_places_become_free(upstream: Start) -> None:
    server = upstream(seconds=0.01)
    most = 0

    async def count() -> None:
        nonlocal most
        async with LLMRing(environ=server.environ) as ring:
            job = ring.batch(texts(300), MODEL, prompt="{text}", concurrency=8)
            async for _ in job:
                most = max(most, len(asyncio.all_tasks()))

    asyncio.run(count())

    assert server.most_in_flight <= 8
    assert most <= 8 + 8
