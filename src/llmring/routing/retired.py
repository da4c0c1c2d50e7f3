"""Models that their providers have retired: asked last, as they will hardly answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from llmring.routing.targets import Skip, Target


def retired_last(candidates: Sequence[Target | Skip], day: date) -> list[Target | Skip]:
    """The candidates in their order, but for those that are retired, which come behind the others.

    Args:
        candidates: The models, in the order in which they are to be tried.
        day: The day of the call.
    """
    return sorted(candidates, key=lambda each: is_retired(each, day))


def is_retired(candidate: Target | Skip, day: date) -> bool:
    """Whether a model is one that its provider no longer serves, as far as that is known."""
    facts = candidate.facts if isinstance(candidate, Target) else None
    return facts is not None and facts.retires is not None and facts.retires <= day


def warning(target: Target) -> str:
    """What to say of a retired model that a lockfile still binds."""
    day = target.facts.retires if target.facts else None
    return (
        f"{target.ref} was retired by its provider on {day}, so it is asked last; "
        "bind another model: llmring lock upgrade"
    )
