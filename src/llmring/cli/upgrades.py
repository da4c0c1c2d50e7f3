"""What could replace the models of a lockfile, binding by binding."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from llmring.cli.lockfile import add_file_option
from llmring.cli.money import pair, then
from llmring.client.settings import known_here, read_clock
from llmring.exceptions import AliasNotFoundError
from llmring.lockfile import needs, resolve
from llmring.lockfile.document import Binding, Lockfile
from llmring.lockfile.problem import dotted
from llmring.registry.lineage import Step, Terms, steps

# How many of the newer models that are not taken a remark names.
_TOLD = 3


class Lineup(Struct, frozen=True):
    """A binding, and what becomes of each of its models."""

    binding: Binding
    steps: tuple[Step, ...]

    @property
    def profile(self) -> str:
        """The profile that the binding stands in."""
        return str(self.binding.at[1])

    @property
    def key(self) -> str:
        """The profile and the alias: "prod.fast"."""
        return dotted((self.profile, self.binding.alias))


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that works on all profiles, or on one."""
    parser.add_argument("--profile", metavar="NAME", help="only this profile (default: all)")
    add_file_option(parser)


def bindings(lockfile: Lockfile, profile: str | None) -> list[Binding]:
    """The bindings of a profile, inherited ones included; without a profile, all of the file.

    Raises:
        ConfigurationError: There is no such profile.
    """
    if profile is not None:
        return [*resolve.bindings(lockfile, profile).values()]
    each = (binding for one in lockfile.profiles.values() for binding in one.bindings.values())
    return [*{binding.at: binding for binding in each}.values()]


def own_bindings(lockfile: Lockfile, profile: str | None, alias: str | None) -> list[Binding]:
    """The bindings that stand in a profile itself; without a profile, in any.

    Args:
        lockfile: The lockfile.
        profile: The profile; None for all.
        alias: The alias; None for all.

    Raises:
        AliasNotFoundError: The alias is bound in none of them.
        ConfigurationError: There is no such profile.
    """
    found = [each for each in bindings(lockfile, profile) if alias in (None, each.alias)]
    own = [each for each in found if profile in (None, each.at[1])]
    if alias is not None and not own:
        if found:
            raise AliasNotFoundError(
                f"profile {profile!r} inherits alias {alias!r} from profile "
                f"{found[0].at[1]!r}; name that one with --profile"
            )
        raise resolve.not_found(lockfile, alias, profile or lockfile.default_profile)
    return own


def lineups(
    lockfile: Lockfile, chosen: Collection[Binding], *, allow_smaller: bool = False
) -> list[Lineup]:
    """What becomes of each model of these bindings today.

    Args:
        lockfile: Whose bindings they are; what it needs of models holds in any case.
        chosen: The bindings.
        allow_smaller: Whether models may lose context or capabilities by it.
    """
    known, day = known_here(lockfile), read_clock().today()
    found = []
    for binding in chosen:
        demands = [*_demands(lockfile, binding)]
        terms = Terms(
            day,
            allow_smaller,
            {need for demand in demands for need in demand.needs},
            max((demand.min_context or 0 for demand in demands), default=0),
        )
        found.append(Lineup(binding, tuple(steps(binding.models, known, terms))))
    return found


def held_back(lineup: Lineup) -> Iterator[str]:
    """Remarks on newer models that are not taken."""
    for step in lineup.steps:
        if step.held:
            told = ", ".join(f"{each.model} {each.why}" for each in step.held[:_TOLD])
            more = f", and {len(step.held) - _TOLD} more" if len(step.held) > _TOLD else ""
            smaller = next((each.model for each in step.held if each.smaller), None)
            mend = f"; lock upgrade --allow-smaller takes {smaller}" if smaller else ""
            newer = f"newer than {step.to or step.ref}, but not taken"
            yield f"{lineup.key}: {newer}: {told}{more}{mend}"


def price_change(step: Step, day: date) -> str:
    """The prices of a model, and of what replaces it."""
    price = pair(step.facts.prices_on(day) if step.facts else None)
    return then(price, pair(step.to_facts.prices_on(day))) if step.to_facts else price


def plain(lineup: Lineup, step: Step, day: date) -> dict[str, Any]:
    """What becomes of a model, for programs."""
    now, new = step.facts, step.to_facts
    return {
        "profile": lineup.profile,
        "alias": lineup.binding.alias,
        "model": str(step.ref),
        "newest": str(step.to) if step.to else None,
        "why": step.why or None,
        "held": [
            {"model": str(each.model), "why": each.why, "smaller": each.smaller}
            for each in step.held
        ],
        "prices": now and now.prices_on(day),
        "prices_then": new and new.prices_on(day),
        "context_window": now and now.context_window,
        "context_window_then": new and new.context_window,
        "retires": now and now.retires,
    }


def _demands(lockfile: Lockfile, binding: Binding) -> list[needs.Demand]:
    """What the profiles that have a binding, and the binding itself, need of its models."""
    return [
        demand
        for profile in lockfile.profiles.values()
        if getattr(profile.bindings.get(binding.alias), "at", None) == binding.at
        for demand in needs.demands(
            ((("profiles", profile.name), profile.policy), (binding.at, binding.policy))
        )
    ]
