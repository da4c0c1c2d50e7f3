"""Jobs at fake vendors: a turned clock, a ring's calls, models and rows."""

import asyncio
import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from fake_batches import KEY, FakeBatches
from llmring import LLMRequest, LLMResponse, LLMRing, Message
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import InputRow, RowRequest
from llmring.batch.vendors.vendor_run import VendorOptions, VendorRun
from llmring.chat.embedding import EmbeddingResponse
from llmring.chat.parsed_request import parse_request
from llmring.client.operations.batch_replies import batch_reply
from llmring.ledger.entry import LedgerEntry
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import ModelFacts, Prices
from llmring.routing.call_wishes import CallWishes
from llmring.routing.selection.prepare import Prepared, chat
from llmring.routing.targets import Skip, Target
from llmring.wire import HttpHead, HttpRequest

TODAY = date(2026, 11, 23)
PRICES = Prices(input=Decimal(2), output=Decimal(8), cached_input=Decimal(1))


class Killed(BaseException):
    """The end of a process, at any moment."""


class TurnedClock:
    """A clock that only sleeping moves; it can end the process at a reading."""

    def __init__(self, time: float = 1_800_000_000.0) -> None:
        self.time = time
        self.kill_in: int | None = None
        self.slept: list[float] = []

    def now(self) -> float:
        if self.kill_in is not None:
            self.kill_in -= 1
            if self.kill_in < 0:
                self.kill_in = None
                raise Killed
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class VendorCalls:
    """The calls of a ring, as far as vendors' batches make them."""

    def __init__(self) -> None:
        self.ring = LLMRing(environ={"LLMRING_TODAY": TODAY.isoformat()})

    async def fetch(self, request: HttpRequest, seconds: float | None) -> tuple[HttpHead, bytes]:
        return await self.ring._executor.fetch(request, seconds)

    async def download(
        self, request: HttpRequest, write: Callable[[bytes], object], seconds: float | None
    ) -> HttpHead:
        return await self.ring._executor.download(request, write, seconds)

    def prepare(self, request: LLMRequest) -> Callable[[Target], Prepared]:
        return chat(parse_request(request), stream=False)

    def read(self, request: LLMRequest, target: Target, head: HttpHead, body: bytes) -> LLMResponse:
        return batch_reply(parse_request(request), target, head, body)

    def today(self) -> date:
        return TODAY

    async def ask(
        self, request: LLMRequest, profile: str | None, wishes: CallWishes
    ) -> LLMResponse:
        raise NotImplementedError

    async def embed(
        self,
        model: str,
        texts: Sequence[str],
        profile: str | None,
        wishes: CallWishes,
        dimensions: int | None = None,
    ) -> EmbeddingResponse:
        raise NotImplementedError

    def models(self, model: str, profile: str | None) -> Sequence[Target | Skip]:
        raise NotImplementedError

    def earlier_calls(self, alias: str, most: int) -> Sequence[LedgerEntry]:
        raise NotImplementedError


def target_at(
    vendor: FakeBatches, *, model: str = "some-model", key: str = KEY, api: str | None = None
) -> Target:
    """Return a model of a fake vendor, with prices."""
    row = PROVIDERS[vendor.provider]
    facts = ModelFacts(provider=vendor.provider, name=model, prices=PRICES)
    endpoint = Endpoint(row, vendor.url + vendor.base, key)
    return Target(ModelRef(vendor.provider, model), endpoint, row.speaking(api), facts)


def rows(count: int, start: int = 0, **fields: Any) -> list[RowRequest]:
    """Return rows with a question each."""
    return [
        RowRequest(
            InputRow(number, f"row-{number}", {"n": number}, f"line {number + 1}"),
            "chat",
            LLMRequest("some-alias", [Message("user", f"Question {number}")], **fields),
            digest=f"{number:032x}",
        )
        for number in range(start, start + count)
    ]


class Job:
    """A job at a fake vendor, which can be opened again at any time."""

    def __init__(
        self,
        vendor: FakeBatches,
        folder: Path,
        requests: Iterable[RowRequest],
        *,
        target: Target | None = None,
        **options: Any,
    ) -> None:
        self.vendor = vendor
        self.folder = folder
        self.requests = requests
        self.target = target or target_at(vendor)
        self.options = VendorOptions(**options)
        # What the job's journal keeps, and whether it can be written.
        self.kept: dict[str, RowOutcome] = {}
        self.disk_is_full = False

    @property
    def clock(self) -> TurnedClock:
        return self.vendor.clock

    def opened(self, calls: VendorCalls | None = None) -> VendorRun:
        return VendorRun(
            calls or VendorCalls(),
            self.target,
            self.requests,
            self.folder,
            options=self.options,
            is_done=lambda request: request.row.id in self.kept,
            settle=self._settle,
            clock=self.clock,
        )

    async def _settle(self) -> None:
        if self.disk_is_full:
            raise OSError(errno.ENOSPC, "no space left")

    def run(self) -> dict[str, RowOutcome]:
        """Run the job to its end, and return all outcomes that are kept."""
        self.do(self._through)
        return self.kept

    def do(self, action: Callable[[VendorRun], Any]) -> Any:
        """Open the job, and return the result of an action on it."""

        async def whole() -> Any:
            calls = VendorCalls()
            run = self.opened(calls)
            try:
                return await action(run)
            finally:
                run.close()
                await calls.ring.aclose()

        return asyncio.run(whole())

    async def _through(self, run: VendorRun) -> None:
        async for outcome in run.outcomes():
            self.keep(outcome)

    def keep(self, outcome: RowOutcome) -> None:
        assert outcome.id not in self.kept, f"{outcome.id} twice"
        self.kept[outcome.id] = outcome

    def submit(self) -> None:
        self.do(lambda run: run.submit())

    def collect(self) -> dict[str, RowOutcome]:
        async def collected(run: VendorRun) -> None:
            async for outcome in run.collect():
                self.keep(outcome)

        self.do(collected)
        return self.kept

    def poll(self) -> Any:
        return self.do(lambda run: run.poll())

    def status(self) -> Any:
        async def state(run: VendorRun) -> Any:
            return run.status()

        return self.do(state)

    def left(self) -> list[str]:
        async def ids(run: VendorRun) -> list[str]:
            return [request.row.id for request in run.left()]

        return list(self.do(ids))

    def notes(self) -> Iterator[str]:
        yield from (self.folder / "vendor.jsonl").read_text().splitlines()
