"""The status of a ring: lockfile, providers, the health of its models, spending."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from llmring.bridge.pending import Pending
from llmring.chat.parsed_request import ParsedRequest
from llmring.limits.counts import label_of, usd_of
from llmring.lockfile import resolve
from llmring.plain_data import PlainData, struct_repr
from llmring.routing.circuits import CircuitState
from llmring.routing.estimate import estimate_tokens, usd
from llmring.routing.policy import Rules, policy_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmring.config.active_lockfile import ActiveLockfile
    from llmring.config.lockfile_reading import LockfileReading
    from llmring.limits.lease_broker import LeaseBroker
    from llmring.providers.endpoint import Endpoint
    from llmring.routing.circuits import Circuits


class ProviderStatus(PlainData, Struct, frozen=True, kw_only=True):
    """A provider that the profile uses, or whose key is set.

    Attributes:
        name: Its name in model references.
        base_url: Its address.
        key: State of its key.
        variables: The variables that its key is taken from; the first one set wins. None for a key
            that the user has kept.
        used: True if an alias of the profile has one of its models.
        problem: Why nothing can be sent to it, if so.
    """

    __module__ = "llmring"

    name: str
    base_url: str
    key: Literal["set", "not set", "not needed"]
    variables: tuple[str, ...]
    used: bool
    problem: str | None


class SpendingStatus(PlainData, Struct, frozen=True, kw_only=True):
    """The state of an alias's daily budget.

    Attributes:
        alias: The alias.
        spent: USD spent today (in UTC), or reserved for calls in progress.
        budget: USD that may be spent in a day.
    """

    __module__ = "llmring"

    alias: str
    spent: Decimal
    budget: Decimal

    def __repr__(self) -> str:
        return struct_repr(self)


class Status(PlainData, Struct, frozen=True, kw_only=True):
    """The status of a ring.

    Attributes:
        lockfile: Path of the active lockfile.
        found_by: The rule that found it: "argument", "environment", "folder", "package" or
            "bundled".
        profile: The active profile.
        providers: Those that the profile uses, and those with a key.
        circuits: The models that have failed since their last success.
        shared: The store of a fleet's circuits, "Redis at HOST:PORT"; None if each ring has its
            own, so that `circuits` are those of this one.
        reachable: True if that store can be used at the moment; if not, `circuits` are those of
            this ring.
        spending: The aliases with a daily budget.
        project: The key under which spending is counted: the lockfile's name, or else its path;
            with Redis, the path is preceded by the host and a colon.
    """

    __module__ = "llmring"

    lockfile: str
    found_by: str
    profile: str
    providers: tuple[ProviderStatus, ...]
    circuits: tuple[CircuitState, ...]
    shared: str | None
    reachable: bool
    spending: tuple[SpendingStatus, ...]
    project: str


class PendingStatus(Pending[Status]):
    """A pending `status` call; see `Pending`. Its result's attributes can be read from it."""

    __module__ = "llmring"

    _method = "status"
    _needs_loop = True
    _forwarded = frozenset((*Status.__struct_fields__, "to_dict", "to_json"))

    if TYPE_CHECKING:
        lockfile: str
        found_by: str
        profile: str
        providers: tuple[ProviderStatus, ...]
        circuits: tuple[CircuitState, ...]
        shared: str | None
        reachable: bool
        spending: tuple[SpendingStatus, ...]
        project: str
        to_dict: Callable[[], dict[str, Any]]
        to_json: Callable[[], str]


async def status_of(
    active_lockfile: "ActiveLockfile",
    profile: str | None,
    circuits: "Circuits",
    leases: "Callable[[], LeaseBroker]",
    now: datetime,
) -> Status:
    """Return the status of a ring.

    Args:
        active_lockfile: Its aliases.
        profile: The profile; None for the active one.
        circuits: Its circuits.
        leases: Returns the leases of this process; called only if there is a budget.
        now: The time, in UTC.
    """
    reading = active_lockfile.now()
    name = reading.profile(profile)
    reachable = await circuits.reachable()
    return Status(
        lockfile=str(active_lockfile.source.path),
        found_by=active_lockfile.source.rule,
        profile=name,
        providers=tuple(_providers(reading, name)),
        circuits=tuple(await circuits.snapshot()),
        shared=circuits.place,
        reachable=reachable,
        spending=tuple(
            [each async for each in _spending(active_lockfile, reading, name, leases, now)]
        ),
        project=reading.budget_key,
    )


def _providers(reading: "LockfileReading", profile: str) -> Iterator[ProviderStatus]:
    bindings = resolve.bindings(reading.lockfile, profile).values()
    used = {ref.provider for binding in bindings for ref in binding.models}
    for name, endpoint in reading.endpoints.items():
        if name in used or endpoint.key is not None:
            yield _provider(endpoint, used=name in used)


def _provider(endpoint: "Endpoint", *, used: bool) -> ProviderStatus:
    row = endpoint.provider
    objection = endpoint.objection()
    has_key = endpoint.key_in_use is not None or endpoint.login is not None
    is_kept = has_key and endpoint.key is None and endpoint.login is None
    return ProviderStatus(
        name=row.name,
        base_url=endpoint.base_url,
        key="set" if has_key else "not set" if row.key_env else "not needed",
        variables=() if is_kept else row.key_env,
        used=used,
        problem=None if objection is None else objection.message,
    )


async def _spending(
    active_lockfile: "ActiveLockfile",
    reading: "LockfileReading",
    profile: str,
    leases: "Callable[[], LeaseBroker]",
    now: datetime,
) -> AsyncIterator[SpendingStatus]:
    for alias in resolve.bindings(reading.lockfile, profile):
        policy = policy_of(*active_lockfile.look_up(alias, profile, reading).policy)
        if policy.daily_budget is None:
            continue
        rules = Rules(
            policy=policy,
            alias=alias,
            profile=profile,
            lockfile=reading.budget_key,
            estimate=estimate_tokens(ParsedRequest(turns=())),
        )
        spent = await leases().spent(rules.key, label_of("day", now.date()))
        yield SpendingStatus(alias=alias, spent=usd_of(spent), budget=usd(policy.daily_budget))
