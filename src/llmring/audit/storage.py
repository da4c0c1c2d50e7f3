"""Checks of the ledger, and of the Redis that processes share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from llmring.audit.machine import Check, Found, Setup
from llmring.bridge import portal
from llmring.exceptions import ConfigurationError
from llmring.ledger.reader import entries
from llmring.limits.backends import health_of


def _ledger(setup: Setup) -> Iterator[Found]:
    place = setup.settings.ledger
    match place:
        case None:
            yield Found("ok", "off; calls are not recorded")
        case str():
            yield Found("ok", "in PostgreSQL, not contacted; try it with: llmring stats")
        case Path():
            yield _file(place)


def _file(path: Path) -> Found:
    if path.exists():
        try:
            next(entries(path, limit=1), None)
        except ConfigurationError as error:
            return Found("warn", f"calls are not recorded: {error.message}")
        if os.access(path, os.W_OK):
            return Found("ok", f"{path}, {path.stat().st_size / 1024:,.0f} kB")
        mend = f"run chmod u+w {path}, or set LLMRING_LEDGER_URL to another place"
        return Found("warn", f"{path} can't be written; calls are not recorded", mend)
    folder = next(each for each in path.parents if each.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Found("ok", f"{path}, no calls yet")
    mend = "set LLMRING_LEDGER_URL=sqlite:///PATH to use another file"
    return Found("warn", f"{path} can't be created; calls are not recorded", mend)


def _redis(setup: Setup) -> Iterator[Found]:
    if setup.settings.redis_url is None:
        yield Found("ok", "not configured; each process has its own circuit breakers")
        return
    health = health_of(setup.settings)

    async def reach() -> bool:
        try:
            return await health.reachable()
        finally:
            await health.aclose()

    if portal.run(reach()):
        yield Found("ok", f"{health.place} answers")
    else:
        mend = (
            "start it, or correct LLMRING_REDIS_URL; until then each process has its own circuits"
        )
        yield Found("warn", f"{health.place} can't be reached", mend)


PLACES: tuple[tuple[str, Check], ...] = (("ledger", _ledger), ("redis", _redis))
