"""The drift that llmring lock check reports: models that changed since they were pinned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from llmring.audit import findings as lockfile_findings
from llmring.chat.events import Usage
from llmring.config.identity import own_projects
from llmring.config.settings import Settings, effective_facts_here, endpoints_for, read_settings
from llmring.exceptions import LLMRingError
from llmring.lockfile.document import Lockfile, ModelRef
from llmring.lockfile.pins import pins_of
from llmring.registry.drift import DriftInputs, drift

_MONTH = timedelta(days=30)


def findings(
    lockfile: Lockfile, note: Callable[[str], None]
) -> list[lockfile_findings.LockfileFinding]:
    """Find the drift of a lockfile's own bindings and pins, in all profiles.

    Args:
        lockfile: The lockfile.
        note: Takes a remark about what could not be looked up.
    """
    settings = read_settings()
    endpoints = endpoints_for(lockfile, settings)

    def keyless(provider: str) -> str | None:
        endpoint = endpoints.get(provider)
        objection = endpoint.objection() if endpoint is not None else None
        return None if objection is None else objection.message

    scene = DriftInputs(
        known=effective_facts_here(lockfile),
        day=settings.clock.today(),
        usages=_usages(settings, lockfile, note) if pins_of(lockfile) else {},
        keyless=keyless,
    )
    return lockfile_findings.located(lockfile, drift(lockfile, scene))


def _usages(
    settings: Settings, lockfile: Lockfile, note: Callable[[str], None]
) -> dict[ModelRef, Sequence[Usage | None]]:
    """Read the usage of last month's calls with a lockfile, by the model that answered."""
    if settings.ledger is None:
        return {}
    from llmring.ledger.reader import entries

    found: dict[str, list[Usage | None]] = {}
    try:
        since, projects = settings.clock.now() - _MONTH, own_projects(settings.ledger, lockfile)
        for entry in entries(settings.ledger, since=since, projects=projects):
            if entry.model is not None:
                found.setdefault(entry.model, []).append(entry.usage)
    except LLMRingError as error:
        note(f"the ledger can't be read, so the cost of price changes is not estimated: {error}")
    return {ModelRef.parse(name): usages for name, usages in found.items()}
