"""Upgrades for the models of a lockfile, binding by binding."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from llmring.config.settings import effective_facts_here, read_clock
from llmring.exceptions import AliasNotFoundError
from llmring.lockfile import needs, resolve
from llmring.lockfile.document import Binding, Lockfile
from llmring.lockfile.toml.quoting import dotted
from llmring.registry.money import before_and_after, pair
from llmring.registry.successors import ReplacementRules, Step, steps

# The number of held-back models that a remark names.
_MOST_LISTED = 3


class BindingUpgrade(Struct, frozen=True):
    """A binding, with the upgrade step of each of its models."""

    binding: Binding
    steps: tuple[Step, ...]

    @property
    def profile(self) -> str:
        """The profile that contains the binding."""
        return str(self.binding.at[1])

    @property
    def key(self) -> str:
        """The profile and the alias: "prod.fast"."""
        return dotted((self.profile, self.binding.alias))


def bindings(lockfile: Lockfile, profile: str | None) -> list[Binding]:
    """Return the bindings of a profile, including inherited ones, or all bindings of the file.

    Raises:
        ConfigurationError: The profile does not exist.
    """
    if profile is not None:
        return [*resolve.bindings(lockfile, profile).values()]
    each = (binding for one in lockfile.profiles.values() for binding in one.bindings.values())
    return [*{binding.at: binding for binding in each}.values()]


def own_bindings(lockfile: Lockfile, profile: str | None, alias: str | None) -> list[Binding]:
    """Return the bindings of a profile without inherited ones, or those of all profiles.

    Args:
        lockfile: The lockfile.
        profile: The profile; None for all.
        alias: The alias; None for all.

    Raises:
        AliasNotFoundError: None of them binds the alias.
        ConfigurationError: The profile does not exist.
    """
    found = [each for each in bindings(lockfile, profile) if alias in (None, each.alias)]
    own = [each for each in found if profile in (None, each.at[1])]
    if alias is not None and not own:
        if found:
            raise AliasNotFoundError(
                f"profile {profile!r} inherits alias {alias!r} from profile "
                f"{found[0].at[1]!r}; name the latter with --profile"
            )
        raise resolve.not_found(lockfile, alias, profile or lockfile.default_profile)
    return own


def binding_upgrades(
    lockfile: Lockfile, chosen: Collection[Binding], *, allow_smaller: bool = False
) -> list[BindingUpgrade]:
    """Find today's upgrade of each model of some bindings.

    Args:
        lockfile: The lockfile with the bindings; an upgrade always meets its needs.
        chosen: The bindings.
        allow_smaller: True to accept models with less context or fewer capabilities.
    """
    known, day = effective_facts_here(lockfile), read_clock().today()
    found = []
    for binding in chosen:
        demands = [*_demands(lockfile, binding)]
        rules = ReplacementRules(
            day,
            allow_smaller,
            {need for demand in demands for need in demand.needs},
            max((demand.min_context or 0 for demand in demands), default=0),
        )
        found.append(BindingUpgrade(binding, tuple(steps(binding.models, known, rules))))
    return found


def held_back(binding_upgrade: BindingUpgrade) -> Iterator[str]:
    """Yield remarks on newer models that are held back."""
    for step in binding_upgrade.steps:
        if step.held:
            held = ", ".join(f"{each.model} {each.why}" for each in step.held[:_MOST_LISTED])
            more = (
                f", and {len(step.held) - _MOST_LISTED} more"
                if len(step.held) > _MOST_LISTED
                else ""
            )
            smaller = next((each.model for each in step.held if each.smaller), None)
            fix = f"; to accept {smaller}, use lock upgrade --allow-smaller" if smaller else ""
            newer = f"newer than {step.to or step.ref}, but held back"
            yield f"{binding_upgrade.key}: {newer}: {held}{more}{fix}"


def price_change(step: Step, day: date) -> str:
    """Format the prices of a model and of its replacement."""
    price = pair(step.facts.prices_on(day) if step.facts else None)
    return before_and_after(price, pair(step.to_facts.prices_on(day))) if step.to_facts else price


def to_json(binding_upgrade: BindingUpgrade, step: Step, day: date) -> dict[str, Any]:
    """Convert the upgrade step of a model to JSON-compatible data."""
    now, new = step.facts, step.to_facts
    return {
        "profile": binding_upgrade.profile,
        "alias": binding_upgrade.binding.alias,
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
    """Collect the needs of a binding, and of the profiles that contain it."""
    return [
        demand
        for profile in lockfile.profiles.values()
        if getattr(profile.bindings.get(binding.alias), "at", None) == binding.at
        for demand in needs.demands(
            ((("profiles", profile.name), profile.policy), (binding.at, binding.policy))
        )
    ]
