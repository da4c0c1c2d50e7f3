"""What a lockfile needs of its models, `needs` and `min_context`, held against what they can do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from llmring.lockfile.document import Lockfile, ModelRef
from llmring.lockfile.problem import Fault, KeyPath, Severity, dotted


class Known(Protocol):
    """What is known of a model."""

    @property
    def capabilities(self) -> Collection[str]:
        """What it takes and does."""

    @property
    def context_window(self) -> int | None:
        """Tokens that prompt and answer may have together."""


Facts = Callable[[ModelRef], Known | None]

# A table with policy keys, and its own key.
Level = tuple[KeyPath, Mapping[str, Any]]


class Demand(Struct, frozen=True):
    """What a lockfile needs of models.

    Attributes:
        at: The key that says so.
        needs: The capabilities, where it is about these.
        min_context: The tokens that the context must hold, where it is about that.
    """

    at: KeyPath
    needs: tuple[str, ...] = ()
    min_context: int | None = None


def advice(lockfile: Lockfile, facts: Facts) -> Iterator[Fault]:
    """The models that lack what their bindings or profiles need, and those not known.

    Args:
        lockfile: What was read.
        facts: Looks a model up in the catalog.
    """
    seen = set()
    for profile in lockfile.profiles.values():
        for binding in profile.bindings.values():
            levels = ((("profiles", profile.name), profile.policy), (binding.at, binding.policy))
            for demand in demands(levels):
                for index, ref in enumerate(binding.models):
                    fault = unmet(ref, demand, facts, at=(*binding.at, "models", index))
                    # A profile that extends another has its bindings too.
                    if fault is not None and (fault.path, fault.message) not in seen:
                        seen.add((fault.path, fault.message))
                        yield fault


def demands(levels: Sequence[Level]) -> Iterator[Demand]:
    """What tables of policies add up to; what a later one says holds."""
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
    """What a model lacks of a demand, or that this can't be told; None where it lacks nothing.

    Args:
        ref: The model.
        demand: What is needed.
        facts: Looks a model up in the catalog.
        at: The key that the problem is shown at.
    """
    known = facts(ref)
    asks = f"which {dotted(demand.at)} asks for"
    if demand.min_context is not None:
        wanted = f"a context of {demand.min_context:,} tokens"
        has = known.context_window if known is not None else None
        if has is None:
            return _untold(ref, wanted, asks, at)
        if has < demand.min_context:
            below = f"less than the {demand.min_context:,} of {dotted(demand.at)}"
            message = f"{ref} has a context of {has:,} tokens, {below}"
            return _fault(at, "warning", message, _MEND)
        return None
    if known is None:
        return _untold(ref, " and ".join(demand.needs), asks, at) if demand.needs else None
    lacking = [need for need in demand.needs if need not in known.capabilities]
    if not lacking:
        return None
    return _fault(at, "warning", f"{ref} has no {' and no '.join(lacking)}, {asks}", _MEND)


_MEND = "bind another model, or ask for less; calls skip this one"


def _untold(ref: ModelRef, wanted: str, asks: str, at: KeyPath) -> Fault:
    message = f"whether {ref} has {wanted}, {asks}, can't be told: no catalog says"
    return _fault(at, "hint", message, "look it up with its provider; calls do not skip it")


def _fault(at: KeyPath, severity: Severity, message: str, mend: str) -> Fault:
    return Fault(path=at, severity=severity, message=message, mend=mend)
