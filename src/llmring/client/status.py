"""How a ring stands: its lockfile, its providers, its models' health, what is spent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.client.pending import Pending
from llmring.routing.estimate import load_of, usd
from llmring.routing.health import CircuitState
from llmring.routing.policy import policy_of
from llmring.routing.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmring.client.aliases import Aliases
    from llmring.client.spending import Spending
    from llmring.routing.health import Health
    from llmring.routing.targets import Endpoint


class ProviderStatus(Struct, frozen=True, kw_only=True):
    """A provider that the profile uses, or whose key is set.

    Attributes:
        name: Its name in model references.
        base_url: Where it lives.
        key: Whether its key is set, or that it needs none.
        variables: The variables that its key is taken from, first one set wins.
        used: Whether an alias of the profile has a model of it.
        problem: Why nothing can be sent there, if so.
    """

    name: str
    base_url: str
    key: Literal["set", "not set", "not needed"]
    variables: tuple[str, ...]
    used: bool
    problem: str | None


class SpendingStatus(Struct, frozen=True, kw_only=True):
    """What is spent of an alias's daily budget.

    Attributes:
        alias: The alias.
        spent: USD that are spent today (in UTC) or set aside for calls under way.
        budget: USD that may be spent in a day.
    """

    alias: str
    spent: Decimal
    budget: Decimal


class Status(Struct, frozen=True, kw_only=True):
    """How a ring stands.

    Attributes:
        lockfile: The path of the lockfile in force.
        found_by: Why that one: "argument", "environment", "folder", "package" or "bundled".
        profile: The profile in force.
        providers: Those that the profile uses, and those with a key.
        circuits: The models that have failed since their last answer.
        shared: Where a fleet shares its circuits, "Redis at HOST:PORT"; None where each ring
            has its own, and `circuits` are those of this one.
        reachable: Whether what is shared can be used at the moment; where it can't, `circuits`
            are those of this ring.
        spending: The aliases with a daily budget.
    """

    lockfile: str
    found_by: str
    profile: str
    providers: tuple[ProviderStatus, ...]
    circuits: tuple[CircuitState, ...]
    shared: str | None
    reachable: bool
    spending: tuple[SpendingStatus, ...]


class PendingStatus(Pending[Status]):
    """A call of `status`; see `Pending`. Its answer's attributes can be read from it."""

    _method = "status"
    _shown = frozenset(Status.__struct_fields__)

    if TYPE_CHECKING:
        lockfile: str
        found_by: str
        profile: str
        providers: tuple[ProviderStatus, ...]
        circuits: tuple[CircuitState, ...]
        shared: str | None
        reachable: bool
        spending: tuple[SpendingStatus, ...]


async def status_of(
    aliases: Aliases, profile: str | None, health: Health, spending: Callable[[], Spending]
) -> Status:
    """How a ring stands.

    Args:
        aliases: Its aliases.
        profile: The profile; None for the one in force.
        health: Its circuits.
        spending: Gives its count of what is spent; called only where there is a budget.
    """
    name = aliases.profile_in_force(profile)
    reachable = await health.reachable()
    return Status(
        lockfile=str(aliases.source.path),
        found_by=aliases.source.rule,
        profile=name,
        providers=tuple(_providers(aliases, name)),
        circuits=tuple(await health.snapshot()),
        shared=health.place,
        reachable=reachable,
        spending=tuple([each async for each in _spending(aliases, name, spending)]),
    )


def _providers(aliases: Aliases, profile: str) -> Iterator[ProviderStatus]:
    bindings = aliases.bindings(profile).values()
    used = {ref.provider for binding in bindings for ref in binding.models}
    for name, endpoint in aliases.endpoints.items():
        if name in used or endpoint.key is not None:
            yield _provider(endpoint, used=name in used)


def _provider(endpoint: Endpoint, *, used: bool) -> ProviderStatus:
    row = endpoint.provider
    objection = endpoint.objection()
    has_key = endpoint.key is not None or endpoint.login is not None
    return ProviderStatus(
        name=row.name,
        base_url=endpoint.base_url,
        key="set" if has_key else "not set" if row.key_env else "not needed",
        variables=row.key_env,
        used=used,
        problem=None if objection is None else objection.message,
    )


async def _spending(
    aliases: Aliases, profile: str, spending: Callable[[], Spending]
) -> AsyncIterator[SpendingStatus]:
    for alias in aliases.bindings(profile):
        policy = policy_of(*aliases.look_up(alias, profile).policy)
        if policy.daily_budget is None:
            continue
        rules = Rules(
            policy=policy,
            alias=alias,
            profile=profile,
            lockfile=str(aliases.source.path),
            load=load_of(ParsedRequest(turns=())),
        )
        spent = await spending().spent(rules.key, datetime.now(UTC).date())
        yield SpendingStatus(alias=alias, spent=spent, budget=usd(policy.daily_budget))
