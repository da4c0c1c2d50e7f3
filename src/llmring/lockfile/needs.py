"""Checks that a lockfile's models meet its `needs` and `min_context`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from llmring.lockfile.document import Lockfile, ModelRef
from llmring.lockfile.problem import Fault, Severity
from llmring.lockfile.toml.layout import KeyPath
from llmring.lockfile.toml.quoting import dotted


class CapabilityFacts(Protocol):
    """The known facts of a model that needs are checked against."""

    @property
    def capabilities(self) -> Collection[str]:
        """The names of the model's capabilities."""

    def lacks(self, capability: str) -> bool:
        """Check if the model is known not to have a capability."""

    @property
    def context_window(self) -> int | None:
        """The largest prompt and answer together, in tokens."""


Facts = Callable[[ModelRef], CapabilityFacts | None]

# The key path of a table, and the table with its policy keys.
Level = tuple[KeyPath, Mapping[str, Any]]


class Demand(Struct, frozen=True):
    """A requirement of a lockfile for its models.

    Attributes:
        at: The key that sets the requirement.
        needs: The required capabilities, if the key is `needs`.
        min_context: The smallest context window in tokens, if the key is `min_context`.
    """

    at: KeyPath
    needs: tuple[str, ...] = ()
    min_context: int | None = None


def advice(lockfile: Lockfile, facts: Facts) -> Iterator[Fault]:
    """Yield a warning for each model that does not meet a need, a hint if that is unknown.

    Args:
        lockfile: The lockfile.
        facts: Looks a model up in the catalog.
    """
    seen = set()
    for profile in lockfile.profiles.values():
        for binding in profile.bindings.values():
            levels = ((("profiles", profile.name), profile.policy), (binding.at, binding.policy))
            for demand in demands(levels):
                for index, ref in enumerate(binding.models):
                    fault = unmet(ref, demand, facts, at=(*binding.at, "models", index))
                    # Inherited bindings come up again in each profile that extends another.
                    if fault is not None and (fault.path, fault.message) not in seen:
                        seen.add((fault.path, fault.message))
                        yield fault


def demands(levels: Sequence[Level]) -> Iterator[Demand]:
    """Yield the requirements that policy tables make together; later tables override earlier."""
    written: dict[str, tuple[KeyPath, Any]] = {}
    for at, table in levels:
        for path, keys in (((*at, "policy"), table.get("policy", {})), (at, table)):
            written |= {key: ((*path, key), value) for key, value in keys.items()}
    if "needs" in written:
        path, needs = written["needs"]
        yield Demand(path, needs=tuple(needs))
    if "min_context" in written:
        path, tokens = written["min_context"]
        yield Demand(path, min_context=tokens)


def unmet(ref: ModelRef, demand: Demand, facts: Facts, *, at: KeyPath) -> Fault | None:
    """Check a model against a requirement.

    Args:
        ref: The model.
        demand: The requirement.
        facts: Looks a model up in the catalog.
        at: The key to report the fault at.

    Returns:
        A warning if the model does not meet the requirement, a hint if that is unknown, None if
        it does.
    """
    known = facts(ref)
    asks = f"which {dotted(demand.at)} requires"
    if demand.min_context is not None:
        wanted = f"a context of {demand.min_context:,} tokens"
        has = known.context_window if known is not None else None
        if has is None:
            return _unknown(ref, wanted, asks, at)
        if has < demand.min_context:
            below = f"less than the {demand.min_context:,} of {dotted(demand.at)}"
            message = f"{ref} has a context of {has:,} tokens, {below}"
            return _fault(at, "warning", message, _FIX)
        return None
    if known is None:
        return _unknown(ref, " and ".join(demand.needs), asks, at) if demand.needs else None
    lacking = [need for need in demand.needs if known.lacks(need)]
    if not lacking:
        return None
    return _fault(at, "warning", f"{ref} lacks {' and '.join(lacking)}, {asks}", _FIX)


_FIX = "bind another model, or require less; calls skip this one"


def _unknown(ref: ModelRef, wanted: str, asks: str, at: KeyPath) -> Fault:
    message = f"no catalog shows whether {ref} has {wanted}, {asks}"
    return _fault(at, "hint", message, "check with the provider; calls do not skip this model")


def _fault(at: KeyPath, severity: Severity, message: str, fix: str) -> Fault:
    return Fault(path=at, severity=severity, message=message, fix=fix)
