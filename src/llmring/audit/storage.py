"""Checks of the ledger, and of the Redis that processes share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from llmring.audit.machine import Check, CheckOutcome, Setup
from llmring.bridge import portal
from llmring.exceptions import ConfigurationError
from llmring.ledger.reader import entries
from llmring.limits.backends import circuits_for


def _ledger(setup: Setup) -> Iterator[CheckOutcome]:
    place = setup.settings.ledger
    match place:
        case None:
            yield CheckOutcome("ok", "off; calls are not recorded")
        case str():
            yield CheckOutcome("ok", "in PostgreSQL, not contacted; try it with: llmring stats")
        case Path():
            yield _file(place)


def _file(path: Path) -> CheckOutcome:
    if path.exists():
        try:
            next(entries(path, limit=1), None)
        except ConfigurationError as error:
            return CheckOutcome("warn", f"calls are not recorded: {error.message}")
        if os.access(path, os.W_OK):
            return CheckOutcome("ok", f"{path}, {path.stat().st_size / 1024:,.0f} kB")
        fix = f"run chmod u+w {path}, or set LLMRING_LEDGER_URL to another place"
        return CheckOutcome("warn", f"{path} can't be written; calls are not recorded", fix)
    folder = next(each for each in path.parents if each.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return CheckOutcome("ok", f"{path}, no calls yet")
    fix = "set LLMRING_LEDGER_URL=sqlite:///PATH to use another file"
    return CheckOutcome("warn", f"{path} can't be created; calls are not recorded", fix)


def _redis(setup: Setup) -> Iterator[CheckOutcome]:
    if setup.settings.redis_url is None:
        yield CheckOutcome("ok", "not configured; each process has its own circuit breakers")
        return
    circuits = circuits_for(setup.settings)

    async def reach() -> bool:
        try:
            return await circuits.reachable()
        finally:
            await circuits.aclose()

    if portal.run(reach()):
        yield CheckOutcome("ok", f"{circuits.place} answers")
    else:
        fix = "start it, or correct LLMRING_REDIS_URL; until then each process has its own circuits"
        yield CheckOutcome("warn", f"{circuits.place} can't be reached", fix)


PLACES: tuple[tuple[str, Check], ...] = (("ledger", _ledger), ("redis", _redis))
