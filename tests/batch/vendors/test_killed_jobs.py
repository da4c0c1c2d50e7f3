"""Jobs at a vendor whose process is killed."""

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from fake_openai_batches import FakeOpenAI

ROWS = 12

# Runs the job in a folder, with short waits; each outcome is a line of a file.
PROGRAM = """
import asyncio, sys, time
from pathlib import Path
from batch_jobs import VendorCalls, rows
from fake_batches import KEY
from llmring.batch.vendors.vendor_run import VendorOptions, VendorRun
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.routing.targets import Target

class ShortWaits:
    def now(self):
        return time.time()

    async def sleep(self, seconds):
        await asyncio.sleep(0.02)

url, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
kept = folder / "kept"
kept.touch()
done = set(kept.read_text().split())
row = PROVIDERS["openai"]
target = Target(ModelRef("openai", "m"), Endpoint(row, url, KEY), row.dialect)

async def main():
    run = VendorRun(
        VendorCalls(), target, rows(count), folder, options=VendorOptions(most_rows=2),
        is_done=lambda request: request.row.id in done, clock=ShortWaits(),
    )
    with kept.open("a") as file:
        async for outcome in run.outcomes():
            file.write(outcome.id + "\\n")
            file.flush()

asyncio.run(main())
"""


class PassingTime:
    """The time of the system, for the vendor."""

    @property
    def time(self) -> float:
        return time.time()


def start(vendor: FakeOpenAI, folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, vendor.url + vendor.base, str(folder), str(ROWS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_b40_a_job_that_is_killed_again_and_again_pays_for_nothing_twice(tmp_path: Path) -> None:
    with FakeOpenAI(PassingTime()) as vendor:  # type: ignore[arg-type] # it is only read
        vendor.takes = 0.2
        for asked in (1, 4, 7, 11, 20):
            with start(vendor, tmp_path) as process:
                # Until the vendor has got so many requests more.
                until = len(vendor.asked) + asked
                while len(vendor.asked) < until and process.poll() is None:
                    time.sleep(0.001)
                process.kill()

        with start(vendor, tmp_path) as process:
            assert process.wait(60) == 0

        assert Counter((tmp_path / "kept").read_text().split()) == {
            f"row-{number}": 1 for number in range(ROWS)
        }
        assert vendor.requests_sent == ROWS
