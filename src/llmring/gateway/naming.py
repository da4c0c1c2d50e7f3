"""The names and the profile that a client's request calls, and its wishes for the call.

The profile is that of the header `x-llmring-profile`, or else of the path, or else that of the
client's key, or else the gateway's own, or else the lockfile's. Where the client may not choose,
another one is forbidden.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping

from msgspec import Struct

from llmring.access.access_records import ANY_PROFILE
from llmring.config.active_lockfile import CallableNames
from llmring.dialects.request_decoding import RequestFormatError
from llmring.exceptions import ConfigurationError
from llmring.gateway.caller import Caller
from llmring.gateway.http import GatewayRequest
from llmring.gateway.refusals import ForbiddenError, NoSuchPathError, UnknownModelError
from llmring.gateway.server_state import Gateway
from llmring.gateway.watching.running_call import watched
from llmring.gateway.wires import Wire
from llmring.lockfile.gateway_names import ClientNames, RefusedName, find_name

PROFILE, TAGS, TIMEOUT, MAX_COST, REPORT = (
    "x-llmring-profile",
    "x-llmring-tags",
    "x-llmring-timeout",
    "x-llmring-max-cost",
    "x-llmring-report",
)

# Anthropic's and OpenAI's SDKs, and programs made with them, send their own time limit in it.
SDK_TIMEOUT = "x-stainless-timeout"

_MOST_TAGS = 20
_TAG = re.compile(r"[\w.:/@ -]{1,64}", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)


class CalledName(Struct, frozen=True, kw_only=True):
    """A name that a client calls.

    Attributes:
        name: The name that the ring is called with: an alias, or "provider:model".
        profile: The profile.
        alias: The alias; None for a model that is called directly.
    """

    name: str
    profile: str
    alias: str | None


class ClientWishes(Struct, frozen=True, kw_only=True):
    """The wishes of a client for one call, which never allow more than the lockfile does.

    Attributes:
        tags: Tags for the ledger.
        timeout: Seconds that the call may take.
        max_cost: USD that the call may cost.
        report: True if a stream ends with a report on the call.
    """

    tags: tuple[str, ...] = ()
    timeout: float | None = None
    max_cost: float | None = None
    report: bool = False

    def seconds_within(self, most: float | None) -> float | None:
        """Return the shorter one of a time and the client's own; None for no limit."""
        times = [each for each in (most, self.timeout) if each is not None]
        return min(times, default=None)


def called(gateway: Gateway, wire: Wire, request: GatewayRequest, asked: str) -> CalledName:
    """Return what a client calls by the name of a model.

    Args:
        gateway: The gateway.
        wire: The API of the client.
        request: The request.
        asked: The name as the client gives it.

    Raises:
        UnknownModelError: It is the name of neither an alias nor a model that the client may call.
        ForbiddenError: The client may not call the alias, or not in this profile.
        RequestFormatError: The header names an unknown profile.
        NoSuchPathError: The path names an unknown profile.
    """
    caller = request.caller
    if caller.wires is not None and wire.name not in caller.wires:
        raise ForbiddenError(f"this key may not be used for the API {wire.name}")
    names = callable_names(gateway, request)
    found = find_name(asked, client_names(gateway, names, caller))
    if isinstance(found, RefusedName):
        if found.forbidden:
            raise ForbiddenError(f"this key may not call {asked!r:.200}{_hint(found.nearest)}")
        raise UnknownModelError(
            f"unknown model {asked!r:.200} in profile {names.profile!r:.200}{_hint(found.nearest)}",
            found.nearest,
        )
    named = CalledName(
        name=found.name, profile=names.profile, alias=None if found.direct else found.name
    )
    if (call := watched()) is not None:
        call.take_name(named.alias, named.profile)
    return named


def callable_names(gateway: Gateway, request: GatewayRequest) -> CallableNames:
    """Return the profile that a request calls, and the names in it.

    Raises:
        ForbiddenError: The client may not choose this profile.
        RequestFormatError: The header names an unknown profile.
        NoSuchPathError: The path names an unknown profile.
    """
    wanted = request.headers.get(PROFILE) or None
    asked = wanted or request.profile
    fixed = gateway.profile
    may_choose = gateway.is_open
    if request.caller.key_id:
        may_choose = request.caller.profile == ANY_PROFILE
        if not may_choose:
            fixed = request.caller.profile or fixed
    if asked is None:
        return gateway.ring.callable_names(fixed)
    if not may_choose:
        own = gateway.ring.callable_names(fixed)
        if asked != own.profile:
            raise ForbiddenError(f"this key may not call the profile {asked!r:.200}")
        return own
    with contextlib.suppress(ConfigurationError):
        names = gateway.ring.callable_names(asked)
        # An empty name would mean the lockfile's own profile.
        if names.profile == asked:
            return names
    unknown = f"the lockfile has no profile {asked!r:.200}"
    if wanted is not None:
        raise RequestFormatError(f"{PROFILE}: {unknown}", PROFILE)
    raise NoSuchPathError(unknown)


def calls_directly(gateway: Gateway, caller: Caller) -> bool:
    """Return True if a caller may call models by "provider:model"."""
    return caller.direct if caller.key_id else gateway.is_open


def client_names(gateway: Gateway, names: CallableNames, caller: Caller) -> ClientNames:
    """Return the names that a client may use.

    Args:
        gateway: The gateway.
        names: The names in the profile that it calls.
        caller: The client.
    """
    return ClientNames(
        aliases=names.aliases,
        rules=gateway.table.names,
        providers=names.providers,
        allowed=caller.aliases,
        direct=calls_directly(gateway, caller),
    )


def client_wishes(headers: Mapping[str, str]) -> ClientWishes:
    """Return the wishes for a call in the headers of its request.

    Raises:
        RequestFormatError: A header of the gateway holds a value that can't be used.
    """
    sdk = _number(headers.get(SDK_TIMEOUT, ""))
    return ClientWishes(
        tags=_tags(headers[TAGS]) if TAGS in headers else (),
        timeout=ClientWishes(timeout=sdk).seconds_within(_amount(headers, TIMEOUT, "seconds")),
        max_cost=_amount(headers, MAX_COST, "USD"),
        report=_flag(headers, REPORT),
    )


def _tags(given: str) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(tag for each in given.split(",") if (tag := each.strip())))
    if len(tags) > _MOST_TAGS:
        raise RequestFormatError(f"{TAGS}: give at most {_MOST_TAGS} tags", TAGS)
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise RequestFormatError(
                f"{TAGS}: {tag!r:.100} can't be a tag; use up to 64 letters, digits, spaces and "
                "any of _ . : / @ -",
                TAGS,
            )
    return tags


def _flag(headers: Mapping[str, str], name: str) -> bool:
    given = headers.get(name, "0").strip()
    if given not in ("0", "1"):
        raise RequestFormatError(f"{name}: {given!r:.100} must be 1 or 0", name)
    return given == "1"


def _amount(headers: Mapping[str, str], name: str, unit: str) -> float | None:
    given = headers.get(name)
    if given is None:
        return None
    amount = _number(given)
    if amount is None:
        raise RequestFormatError(f"{name}: {given!r:.100} must be a number of {unit} above 0", name)
    return amount


def _number(given: str) -> float | None:
    return (float(given) or None) if _NUMBER.fullmatch(given.strip()) else None


def _hint(nearest: tuple[str, ...]) -> str:
    return f"; nearest: {', '.join(f'{each!r:.100}' for each in nearest)}" if nearest else ""
