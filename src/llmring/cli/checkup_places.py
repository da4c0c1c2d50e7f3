"""What calls leave their traces in, checked: the ledger, and the Redis of a fleet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from llmring.cli.checkup import Check, Found, Setup
from llmring.client import portal
from llmring.client.shared_state import health_of
from llmring.exceptions import ConfigurationError
from llmring.ledger.reading import entries


def _ledger(setup: Setup) -> Iterator[Found]:
    place = setup.settings.ledger
    match place:
        case None:
            yield Found("ok", "off: calls are not entered")
        case str():
            yield Found("ok", "in PostgreSQL; whether it answers is told by: llmring stats")
        case Path():
            yield _file(place)


def _file(path: Path) -> Found:
    if path.exists():
        try:
            next(entries(path, limit=1), None)
        except ConfigurationError as error:
            return Found("warn", f"calls are not entered: {error.message}")
        if os.access(path, os.W_OK):
            return Found("ok", f"{path}, {path.stat().st_size / 1024:,.0f} kB")
        mend = f"allow writing: chmod u+w {path}; or name another with LLMRING_LEDGER_URL"
        return Found("warn", f"{path} can't be written, so calls are not entered", mend)
    folder = next(each for each in path.parents if each.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Found("ok", f"{path}, not begun yet")
    mend = "name another file: LLMRING_LEDGER_URL=sqlite:///PATH"
    return Found("warn", f"{path} can't be made, so calls are not entered", mend)


def _redis(setup: Setup) -> Iterator[Found]:
    if setup.settings.redis_url is None:
        yield Found("ok", "not configured; each process keeps its own circuits")
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
        mend = "start it, or correct LLMRING_REDIS_URL; each process goes by its own meanwhile"
        yield Found("warn", f"{health.place} can't be reached", mend)


PLACES: tuple[tuple[str, Check], ...] = (("ledger", _ledger), ("redis", _redis))
