"""The look at the state of a process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import lockfile_of, write
from llmring.clock import SYSTEM
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.watching.access_log import AccessLog
from llmring.gateway.watching.metric_families import CIRCUIT_OPEN, CONFIG_STALE
from llmring.gateway.watching.state_watch import StateWatch
from llmring.gateway.watching.watching import Watching, own_records
from watched_gateway import entries, watched


def states(watching: Watching) -> dict[tuple[str, ...], float]:
    rows = watching.records.metrics.rows()
    return {(row.family.name, *row.labels): row.numbers[0] for row in rows}


def test_g125_a_lockfile_that_can_t_be_used_shows_in_metrics_and_log(tmp_path: Path) -> None:
    write(lockfile_of(default={"fast": ["mock:echo"]}))
    log = tmp_path / "calls.log"
    stale = [False]

    async def go() -> list[float]:
        async with ServedRing() as ring:
            watching = Watching(ring, own_records(), AccessLog(str(log), SYSTEM))
            state = StateWatch(watching, ring, is_stale=lambda: stale[0], is_draining=lambda: False)
            found = []
            for each in (False, True, True, False):
                stale[0] = each
                await state.look()
                found.append(states(watching)[CONFIG_STALE.name,])
            return found

    assert asyncio.run(go()) == [0, 1, 1, 0]
    assert [each["event"] for each in entries(log)] == ["config_stale", "config_fresh"]


def test_a_look_that_fails_is_logged_once_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    write(lockfile_of(default={"fast": ["mock:echo"]}))

    def fail() -> bool:
        raise ZeroDivisionError

    async def go() -> None:
        async with ServedRing() as ring:
            watching = Watching(ring, own_records())
            state = StateWatch(watching, ring, is_stale=fail, is_draining=lambda: False)
            state.start()
            await asyncio.sleep(0.01)
            await state.stop()

    asyncio.run(go())
    assert [each.levelname for each in caplog.records] == ["ERROR"]


def test_g138_a_circuit_shows_while_it_is_open_and_none_of_a_made_up_model(
    tmp_path: Path,
) -> None:
    log = tmp_path / "calls.log"
    with watched("mock:fail?status=401", "mock:echo", log=log) as gateway:
        gateway.chat()
        gateway.chat("mock:fail?status=401&message=made-up")
        gateway.calls(2)
        watching = gateway.gateway.watching
        assert watching is not None
        # Looked at at the end.
    opened: list[dict[str, Any]] = [
        each for each in entries(log) if each.get("event") == "circuit_opened"
    ]

    assert {each["model"] for each in opened} == {
        "mock:fail?status=401",
        "mock:fail?status=401&message=made-up",
    }
    labels = [key for key in states(watching) if key[0] == CIRCUIT_OPEN.name]
    assert labels == [(CIRCUIT_OPEN.name, "mock:fail?status=401")]
