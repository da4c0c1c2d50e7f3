"""Requests to a vendor, and which of them are repeated."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from batch_jobs import TurnedClock, VendorCalls
from llmring.batch.vendors.vendor_door import VendorDoor, may_have_acted
from llmring.dialects.dialect import Outgoing
from llmring.exceptions import (
    ProviderConnectionError,
    ProviderError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnreadableResponseError,
)
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.routing.targets import Target
from llmring.wire import HttpHead
from loopback import Answer, Close, Loopback, as_json

T = TypeVar("T")

GET = Outgoing("/thing", method="GET")
KEY = "sk-door-0123456789abcdef"


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(Answer()) as server:
        yield server


def through(
    server: Loopback, clock: TurnedClock, action: Callable[[VendorDoor], Awaitable[T]]
) -> T:
    row = PROVIDERS["openai"]
    target = Target(ModelRef("openai", "m"), Endpoint(row, server.url, KEY), row.dialect)

    async def whole() -> T:
        calls = VendorCalls()
        try:
            return await action(VendorDoor(calls, target, clock))
        finally:
            await calls.ring.aclose()

    return asyncio.run(whole())


def text(_head: HttpHead, body: bytes) -> str:
    return body.decode()


def test_b41_a_look_is_repeated_after_passing_errors(server: Loopback, clock: TurnedClock) -> None:
    server.answers = [as_json({}, 503), as_json({}, 429, retry_after="20"), Answer([b"fine"])]

    assert through(server, clock, lambda door: door.repeated(GET, text)) == "fine"
    assert clock.slept == [2.0, 20.0]


def test_b41_a_look_that_is_refused_is_not_repeated(server: Loopback, clock: TurnedClock) -> None:
    server.answers = [as_json({"error": {"message": "no"}}, 400)]

    with pytest.raises(ProviderRequestError):
        through(server, clock, lambda door: door.repeated(GET, text))
    assert len(server.requests) == 1


def test_a_look_gives_up_after_five_times(server: Loopback, clock: TurnedClock) -> None:
    server.answers = [as_json({}, 500)]

    with pytest.raises(ProviderResponseError):
        through(server, clock, lambda door: door.repeated(GET, text))
    assert len(server.requests) == 5


def test_b40_a_request_that_creates_is_sent_once(server: Loopback, clock: TurnedClock) -> None:
    server.answers = [Answer([Close()])]

    with pytest.raises(ProviderConnectionError):
        through(server, clock, lambda door: door.once(Outgoing("/batches"), text))
    assert len(server.requests) == 1


def test_a_download_is_there_only_as_a_whole(
    server: Loopback, clock: TurnedClock, tmp_path: Path
) -> None:
    path = tmp_path / "results.jsonl"
    cut = Answer([b"half", Close()], 200, {"content-length": "8"})
    server.answers = [cut, as_json({}, 503), Answer([b"a whole\n"])]

    through(server, clock, lambda door: door.download(GET, path))

    assert path.read_bytes() == b"a whole\n"
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["results.jsonl"]


def test_a_list_is_read_up_to_the_last_page_that_is_needed(
    server: Loopback, clock: TurnedClock
) -> None:
    server.answers = [Answer([b"1"]), Answer([b"2"]), Answer([b"3"])]

    def listed(_head: HttpHead, body: bytes, mark: str | None) -> tuple[list[str], str | None]:
        return [f"{mark}:{body.decode()}"], body.decode()

    found = through(
        server,
        clock,
        lambda door: door.pages(
            lambda mark: Outgoing(f"/list?after={mark}", method="GET"),
            listed,
            lambda page: page == ["1:2"],
        ),
    )

    assert found == ["None:1", "1:2"]
    assert server.requests[1].path == "/list?after=1"


def test_an_error_has_the_provider_and_no_key(server: Loopback, clock: TurnedClock) -> None:
    server.answers = [as_json({"error": {"message": f"bad key {KEY}"}}, 401)]

    with pytest.raises(ProviderError) as caught:
        through(server, clock, lambda door: door.once(GET, text))
    assert caught.value.provider == "openai"
    assert KEY not in str(caught.value)


NOT_REACHED = ProviderConnectionError("refused")
NOT_REACHED.reached = False


@pytest.mark.parametrize(
    ("error", "acted"),
    [
        (ProviderRateLimitError("429", status=429), False),
        (ProviderTimeoutError("late"), True),
        (ProviderConnectionError("cut"), True),
        (NOT_REACHED, False),
        (UnreadableResponseError("a page", status=200), True),
        (ProviderResponseError("500", status=500), True),
        (ProviderRequestError("400", status=400), False),
    ],
)
def test_b40_only_some_errors_leave_it_open_whether_the_vendor_acted(
    error: ProviderError, acted: bool
) -> None:
    assert may_have_acted(error) == acted
