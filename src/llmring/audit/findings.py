"""The unmet needs that llmring lock check reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from llmring.config.settings import effective_facts_here
from llmring.exceptions import LockfileError
from llmring.lockfile import file, needs
from llmring.lockfile.document import Binding, Lockfile
from llmring.lockfile.problem import Fault, Problem
from llmring.lockfile.toml.layout import scan


class LockfileFinding(Struct, frozen=True):
    """A problem, and the lockfile that has it."""

    file: str
    problem: Problem

    @property
    def counts(self) -> bool:
        """True for errors and warnings; hints do not fail the check."""
        return self.problem.severity != "hint"

    @property
    def as_json(self) -> dict[str, Any]:
        """The finding as JSON-compatible data."""
        return {"file": self.file, **msgspec.structs.asdict(self.problem)}


def unmet_needs(lockfile: Lockfile) -> list[LockfileFinding]:
    """Find the unmet needs of a lockfile's own bindings, in all profiles."""
    return located(lockfile, needs.advice(lockfile, effective_facts_here(lockfile).facts))


def unmet_needs_of_package(
    package: Lockfile, bindings: Iterable[Binding], consumer: Lockfile, profile: str
) -> list[LockfileFinding]:
    """Find the unmet needs of the bindings that a package provides to another lockfile.

    Args:
        package: The package's lockfile.
        bindings: Its bindings in use.
        consumer: The lockfile that extends it; its profile overrides the package's needs.
        profile: The profile of `consumer`.
    """
    theirs: list[Fault] = []
    ours: list[Fault] = []
    policy = consumer.profiles[profile].policy if profile in consumer.profiles else {}
    above = ("profiles", profile)
    facts = effective_facts_here(consumer).facts
    for binding in bindings:
        for demand in needs.demands([(binding.at, binding.policy), (above, policy)]):
            is_ours = demand.at[: len(binding.at)] != binding.at
            for index, ref in enumerate(binding.models):
                at = demand.at if is_ours else (*binding.at, "models", index)
                fault = needs.unmet(ref, demand, facts, at=at)
                if fault is not None:
                    (ours if is_ours else theirs).append(fault)
    return [*located(package, theirs), *located(consumer, ours)]


def located(lockfile: Lockfile, faults: Iterable[Fault]) -> list[LockfileFinding]:
    """Locate faults in the text of a lockfile; return them in file order, each once."""
    found = [*faults]
    if not found or lockfile.path is None:
        return []
    try:
        text = file.read(lockfile.path)
    except LockfileError:
        # A lockfile in a zip archive: report the key without a line.
        text = ""
    layout = scan(text)
    problems = sorted(
        dict.fromkeys(fault.placed(layout) for fault in found),
        key=lambda problem: (problem.line, problem.column),
    )
    return [LockfileFinding(str(lockfile.path), problem) for problem in problems]
