"""The short form of the storm; `make chaos` is the long one, and measures."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.farm import good_response
from chaos.hanging_up import WAYS, hang_ups
from chaos.storm import (
    ALL_FAULTS,
    APIS,
    Held,
    Mode,
    Outcome,
    Place,
    call,
    farm,
    fresh_storm,
    jumping_clock,
    leaked,
    lockfile,
    ring_at,
    steady_storm,
)

MODES: tuple[Mode, ...] = ("whole", "stream")
# To detect hanging calls: far more than any call takes, even on a busy machine.
LONGEST_SECONDS = 20.0


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with farm() as place:
        yield place


@pytest.fixture(autouse=True)
def no_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep no ledger: its thread keeps a file open for a while, which would look like a leak."""
    monkeypatch.setenv("LLMRING_LEDGER", "0")


@pytest.fixture
def path(place: Place, tmp_path: Path) -> Path:
    return lockfile(tmp_path, place)


async def _warm(path: Path) -> Held:
    """Return what is open once everything that a first call loads is there."""
    async with ring_at(path) as ring:
        await call(ring, Outcome(fault="good", mode="whole"))
    await asyncio.to_thread(lambda: None)
    return Held.now()


@pytest.mark.parametrize("fault", ALL_FAULTS)
def test_no_answer_is_lost_or_wrong_and_nothing_leaks_while_one_model_is_healthy(
    fault: str, path: Path, place: Place
) -> None:
    async def storm() -> tuple[list[Outcome], str | None]:
        before = await _warm(path)
        with jumping_clock() if fault == "clock" else contextlib.nullcontext():
            outcomes = await asyncio.gather(*(fresh_storm(path, fault, m, 25, 25) for m in MODES))
        return outcomes, await leaked(before, place)

    outcomes, leak = asyncio.run(storm())

    for outcome in outcomes:
        assert (outcome.answered, outcome.wrong) == (25, 0), outcome.errors
        assert outcome.is_struck
        assert max(outcome.seconds) < LONGEST_SECONDS
    assert leak is None


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", ["reset", "cut"])
def test_an_answer_that_breaks_off_at_any_byte_is_completed_by_the_next_model(
    fault: str, mode: Mode, api: str, path: Path
) -> None:
    places = len(good_response(api=api, stream=mode == "stream"))
    # Every byte of the first API; of the others, places all over the answer.
    places = places if api == "chat" else 150

    outcome = asyncio.run(fresh_storm(path, fault, mode, places, 100, api))

    assert (outcome.answered, outcome.wrong) == (places, 0), outcome.errors
    assert outcome.is_struck


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("mode", MODES)
def test_damage_whose_content_is_clear_is_read_and_other_damage_fails_over(
    mode: Mode, api: str, path: Path
) -> None:
    async def storms() -> list[Outcome]:
        return [await fresh_storm(path, each, mode, 30, 30, api) for each in ("damaged", "spoiled")]

    damaged, spoiled = asyncio.run(storms())

    assert (damaged.answered, damaged.wrong, damaged.failed_over) == (30, 0, 0), damaged.errors
    assert (spoiled.answered, spoiled.wrong, spoiled.failed_over) == (30, 0, 30), spoiled.errors


def test_a_ring_that_remembers_failures_loses_no_answer_either(path: Path) -> None:
    async def storms() -> list[Outcome]:
        faults = ("5xx", "429", "refused", "stale", "cut")
        return [await steady_storm(path, fault, m, 100, 20) for fault in faults for m in MODES]

    for outcome in asyncio.run(storms()):
        assert (outcome.answered, outcome.wrong) == (100, 0), outcome.errors


@pytest.mark.parametrize("way", WAYS)
def test_a_cancelled_call_ends_its_connection(way: str, path: Path, place: Place) -> None:
    _, never = asyncio.run(hang_ups(path, place, way, 10, 10))

    assert never == 0
