"""The search for batches whose creation was never noted."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_jobs import TurnedClock, VendorCalls, target_at
from batch_vendors import VENDORS
from fake_batches import FakeBatch, FakeBatches
from llmring.batch.vendors.batch_search import BatchSearch, UnclearBatchError
from llmring.batch.vendors.part_files import OpenPart, RowMark
from llmring.batch.vendors.vendor_job import VendorJob
from llmring.batch.vendors.vendor_progress import BatchPart
from llmring.dialects.batches.batch_api import BatchState


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def vendor(name: str, clock: TurnedClock) -> Iterator[FakeBatches]:
    with VENDORS[name](clock) as server:
        yield server


each_vendor = pytest.mark.parametrize("name", VENDORS)


def add(vendor: FakeBatches, id_: str, tag: str, file: str = "file-9", first: str = "x") -> None:
    requests: dict[str, dict[str, str]] = {first: {}, "y": {}}
    batch = FakeBatch(id_, vendor.clock.time, vendor.takes, requests, tag=tag, file=file)
    vendor.batches[id_] = batch


def found(vendor: FakeBatches, folder: Path, *known: str) -> BatchState | None:
    """Search for the batch of a part with the tag "t-1", the file "file-1" and the row "ours"."""

    async def search() -> BatchState | None:
        calls = VendorCalls()
        job = VendorJob(calls, target_at(vendor), folder, vendor.clock)
        job.files.clear()
        rows = OpenPart(job.files, 1)
        for number, custom in enumerate(("ours", "y")):
            rows.add(RowMark(custom, custom, number, "d", 0, 0), b"{}")
        rows.close()
        part = BatchPart(number=1, rows=2, size=6, path="/p", api_model="m", file="file-1")
        part.creating = vendor.clock.time - 100
        try:
            return await BatchSearch(job).find(part, "t-1", known)
        finally:
            job.close()
            await calls.ring.aclose()

    return asyncio.run(search())


@each_vendor
def test_b40_a_batch_of_the_part_is_found_among_others(vendor: FakeBatches, tmp_path: Path) -> None:
    for number in range(5):
        add(vendor, f"b{number}", f"other-{number}")
    add(vendor, "b7", "t-1", "file-1", first="ours")
    # All have ended, so that their results are there where there are no tags.
    for batch in vendor.batches.values():
        batch.created, batch.takes = vendor.clock.time - 50, 10

    state = found(vendor, tmp_path)

    assert state is not None
    assert state.id == "b7"


@each_vendor
def test_b40_a_batch_that_the_job_knows_is_not_found_again(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    add(vendor, "batches/b7", "t-1", "file-1", first="ours")

    assert found(vendor, tmp_path, "batches/b7") is None


@each_vendor
def test_b40_without_a_batch_in_the_list_nothing_is_found(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    assert found(vendor, tmp_path) is None


@pytest.mark.parametrize("name", [each for each in VENDORS if each != "anthropic"])
def test_b40_two_batches_of_the_part_are_unclear(vendor: FakeBatches, tmp_path: Path) -> None:
    add(vendor, "batches/b1", "t-1", "file-1")
    add(vendor, "batches/b2", "t-1", "file-1")

    with pytest.raises(UnclearBatchError, match="batches/b1"):
        found(vendor, tmp_path)


@pytest.mark.parametrize("name", ["anthropic"])
def test_b40_a_batch_at_work_without_a_tag_is_unclear(vendor: FakeBatches, tmp_path: Path) -> None:
    add(vendor, "msgbatch-1", "", first="ours")

    with pytest.raises(UnclearBatchError, match="msgbatch-1"):
        found(vendor, tmp_path)


@pytest.mark.parametrize("name", ["openai"])
def test_b40_a_list_may_lag_so_the_search_waits_before_it_gives_up(
    vendor: FakeBatches, tmp_path: Path
) -> None:
    async def search() -> BatchState | None:
        calls = VendorCalls()
        job = VendorJob(calls, target_at(vendor), tmp_path, vendor.clock)
        part = BatchPart(number=1, rows=2, size=6, path="/p", api_model="m", file="file-1")
        part.creating = vendor.clock.time
        try:
            return await BatchSearch(job).find(part, "t-1", ())
        finally:
            job.close()
            await calls.ring.aclose()

    assert asyncio.run(search()) is None
    assert vendor.clock.slept == [60.0]
    assert sum(each.endswith("/batches") for each in vendor.asked) == 2
