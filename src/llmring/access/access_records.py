"""The keys of the gateway and the teams that they belong to, as stores and lockfiles have them."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from ipaddress import ip_network
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from llmring.access.key_form import read_hash
from llmring.routing.account import Account, Budget, Period

Api = Literal["chat", "responses", "messages", "gemini", "ollama"]
Role = Literal["user", "admin"]
ShownHeaders = Literal["full", "min"]

ANY_PROFILE = "*"

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.@ -]{0,62}[A-Za-z0-9_.@-])?")
# The amounts that keys and teams may spend.
AMOUNTS = ("daily_budget", "weekly_budget", "monthly_budget", "total_budget")

_TAG = re.compile(r"[A-Za-z0-9_.:/@ -]{1,64}")

_Short = Annotated[str, Meta(min_length=1, max_length=200)]
_Count = Annotated[int, Meta(ge=1, le=10**12)]
_Moment = Annotated[datetime, Meta(tz=True)]


class AccessLimits(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The limits of a key or a team; None for no limit.

    Attributes:
        rpm: Requests to providers in any minute.
        tpm: Tokens in any minute.
        max_concurrency: Calls in progress.
        daily_budget: USD in a day.
        weekly_budget: USD in a week.
        monthly_budget: USD in a month.
        total_budget: USD in all.
    """

    rpm: _Count | None = None
    tpm: _Count | None = None
    max_concurrency: _Count | None = None
    daily_budget: Decimal | None = None
    weekly_budget: Decimal | None = None
    monthly_budget: Decimal | None = None
    total_budget: Decimal | None = None

    def __post_init__(self) -> None:
        """Check the amounts.

        Raises:
            ValueError: One is not above 0.
        """
        for name in AMOUNTS:
            _check_amount(name, getattr(self, name))


def _check_name(kind: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r:.100} can't be the name of a {kind}; use up to 64 letters, digits, spaces "
            "and any of _ . @ -"
        )


def _check_amount(name: str, usd: Decimal | None) -> None:
    if usd is not None and not (usd.is_finite() and usd > 0):
        raise ValueError(f"{name} must be an amount of USD above 0")


class AccessTeam(AccessLimits, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team.

    Attributes:
        name: Its name.
        owner: Who answers for it.
        created: When it was created.
    """

    name: str
    owner: _Short | None = None
    created: _Moment | None = None

    def __post_init__(self) -> None:
        """Check what the types of the fields don't.

        Raises:
            ValueError: The name or an amount can't be used.
        """
        AccessLimits.__post_init__(self)
        _check_name("team", self.name)


class AccessKey(AccessLimits, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key, without the key itself.

    Attributes:
        id: What identifies it as long as it exists, whatever its name and its hash.
        name: Its name.
        hash: The hash of the key.
        team: Its team, if it has one.
        owner: Who answers for it.
        role: "admin" for a key that may manage keys through the gateway.
        profile: The profile of its calls; None for the gateway's own, "*" for any.
        aliases: The aliases that it may call, "*" for any characters; None for all.
        direct: True if it may call models by "provider:model".
        wires: The APIs that it may speak; None for all.
        nets: The addresses and networks that it may come from; None for all.
        tags: Tags that its calls have in the ledger.
        headers: "min" for answers without the headers about the call.
        max_cost_per_request: USD that one call may cost.
        expires: When it ends.
        created: When it was created.
        revoked: When it was revoked, if it was.
        old_hash: The hash of the key before the last rotation.
        old_until: Until when that one is valid.
    """

    id: _Short
    name: str
    hash: str
    team: str | None = None
    owner: _Short | None = None
    role: Role = "user"
    profile: _Short | None = None
    aliases: tuple[_Short, ...] | None = None
    direct: bool = False
    wires: tuple[Api, ...] | None = None
    nets: tuple[str, ...] | None = None
    tags: Annotated[tuple[str, ...], Meta(max_length=20)] = ()
    headers: ShownHeaders = "full"
    max_cost_per_request: Decimal | None = None
    expires: _Moment | None = None
    created: _Moment | None = None
    revoked: _Moment | None = None
    old_hash: str | None = None
    old_until: _Moment | None = None

    def __post_init__(self) -> None:
        """Check what the types of the fields don't.

        Raises:
            ValueError: A name, a hash, an amount, a tag or a network can't be used.
        """
        AccessLimits.__post_init__(self)
        _check_name("key", self.name)
        for tag in self.tags:
            if not _TAG.fullmatch(tag):
                raise ValueError(f"{tag!r:.100} can't be a tag")
        _check_amount("max_cost_per_request", self.max_cost_per_request)
        read_hash(self.hash)
        if self.old_hash is not None:
            read_hash(self.old_hash)
        for net in self.nets or ():
            ip_network(net, strict=False)


class StoredAccess(Struct, frozen=True, kw_only=True):
    """All keys and teams of a store.

    Attributes:
        version: A text that is another one after each change.
        keys: The keys, by their names.
        teams: The teams, by their names.
    """

    version: str = ""
    keys: tuple[AccessKey, ...] = ()
    teams: tuple[AccessTeam, ...] = ()


def shown(record: AccessKey | AccessTeam) -> dict[str, Any]:
    """Return the settings that a key or a team has, without the hashes of a key."""
    settings = msgspec.structs.asdict(record)
    hidden = ("hash", "old_hash")
    return {
        name: value
        for name, value in settings.items()
        if name not in hidden and value not in (None, (), False)
    }


def account_of(limits: AccessKey | AccessTeam) -> Account | None:
    """Return what the calls of a key or a team count for; None without limits."""
    amounts: tuple[tuple[Period, Decimal | None], ...] = (
        ("day", limits.daily_budget),
        ("week", limits.weekly_budget),
        ("month", limits.monthly_budget),
        ("total", limits.total_budget),
    )
    budgets = tuple(Budget(period, usd) for period, usd in amounts if usd is not None)
    counts = (limits.rpm, limits.tpm, limits.max_concurrency)
    if not budgets and counts == (None, None, None):
        return None
    key, name = f"team:{limits.name}", f"team {limits.name!r}"
    if isinstance(limits, AccessKey):
        key, name = f"key:{limits.id}", f"key {limits.name!r}"
    return Account(
        key=key,
        name=name,
        rpm=limits.rpm,
        tpm=limits.tpm,
        max_concurrency=limits.max_concurrency,
        budgets=budgets,
        waits=False,
    )
