"""Checks of what the gateway needs on this machine, in addition to what calls need."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from llmring.access.access_records import ANY_PROFILE, AccessKey, StoredAccess
from llmring.access.lockfile_keys import lockfile_keys
from llmring.access.open_key_store import key_store_at
from llmring.access.rules import has_expired
from llmring.address import is_loopback
from llmring.audit.machine import Check, CheckOutcome, Setup
from llmring.config.gateway_secret import gateway_secret
from llmring.exceptions import ConfigurationError
from llmring.gateway.server.listening import listening
from llmring.lockfile.gateway_table import gateway_table
from llmring.lockfile.resolve import bindings


def _server(setup: Setup) -> Iterator[CheckOutcome]:  # noqa: ARG001 -- as all checks
    if find_spec("uvicorn") is None:
        fix = "pip install 'llmring[gateway]'"
        yield CheckOutcome("fail", "uvicorn is not installed", fix)
    else:
        loop = "uvloop" if find_spec("uvloop") else "asyncio"
        yield CheckOutcome("ok", f"uvicorn, with {loop}")


def _secret(setup: Setup) -> Iterator[CheckOutcome]:
    gateway_secret(setup.settings.gateway_secret, setup.settings.state_dir)
    yield CheckOutcome("ok", "the gateway's secret can be read")


def _cache_key(setup: Setup) -> Iterator[CheckOutcome]:
    """Check the key of kept answers, if one is set."""
    if setup.settings.cache_key is not None:
        from llmring.answer_cache.cipher import Cipher

        Cipher(setup.settings.cache_key)
        yield CheckOutcome("ok", "LLMRING_CACHE_KEY can be used")


def _names(setup: Setup) -> Iterator[CheckOutcome]:
    """Check that each rule for names leads to an alias."""
    rules = gateway_table(setup.lockfile, setup.source).names
    known = bindings(setup.lockfile, setup.profile)
    lost = [f"{rule!r} = {alias!r}" for rule, alias in rules.items() if alias not in known]
    if lost:
        message = f"the profile {setup.profile} lacks the alias of {', '.join(lost)}"
        yield CheckOutcome("warn", message, "bind the alias, or change names in [gateway]")
    elif rules:
        yield CheckOutcome("ok", f"{len(rules)} in [gateway], all lead to an alias")


GATEWAY_CHECKS: tuple[tuple[str, Check], ...] = (
    ("gateway", _server),
    ("gateway secret", _secret),
    ("cache key", _cache_key),
    ("gateway names", _names),
)


def port_check(host: str, port: int) -> Check:
    """Return the check that the gateway can listen.

    Args:
        host: The address.
        port: The port.
    """

    def check(setup: Setup) -> Iterator[CheckOutcome]:  # noqa: ARG001 -- as all checks
        try:
            listening(host, port).close()
        except ConfigurationError as error:
            yield CheckOutcome("fail", str(error))
        else:
            yield CheckOutcome("ok", f"{host}, port {port} is free")

    return check


def keys_check(host: str, *, no_keys: bool) -> Check:
    """Return the check of the keys that clients need.

    Args:
        host: The address to listen on.
        no_keys: True if no keys are to be needed.
    """

    def check(setup: Setup) -> Iterator[CheckOutcome]:
        if no_keys:
            yield CheckOutcome("ok", "no keys are needed, as --no-keys wants it")
            return
        place = setup.settings.gateway_db
        store = None if place is None else key_store_at(place)
        try:
            stored = StoredAccess() if store is None else store.read()
            own = lockfile_keys(gateway_table(setup.lockfile, setup.source).keys)
        except ConfigurationError as error:
            yield CheckOutcome("fail", error.message)
            return
        finally:
            if store is not None:
                store.close()
        yield from _keys(host, setup, stored, own)

    return check


def _keys(
    host: str, setup: Setup, stored: StoredAccess, own: tuple[AccessKey, ...]
) -> Iterator[CheckOutcome]:
    now = setup.settings.clock.now()
    usable = [
        key for key in (*own, *stored.keys) if key.revoked is None and not has_expired(key, now)
    ]
    if not usable and is_loopback(host) and not (own or stored.keys):
        yield CheckOutcome("ok", "none; calls from this machine need no key")
    elif not usable:
        yield CheckOutcome("fail", f"calls at {host} need a key", "llmring keys create")
    else:
        yield CheckOutcome("ok", f"{len(usable)} valid, {len(own)} of them in the lockfile")
    teams = {team.name for team in stored.teams}
    for key in usable:
        if key.team is not None and key.team not in teams:
            message = f"the team {key.team!r} of the key {key.name!r} has no limits"
            yield CheckOutcome("warn", message, f"llmring teams create {key.team}")
        profile = key.profile
        if profile not in (None, ANY_PROFILE) and profile not in setup.lockfile.profiles:
            message = f"the profile {profile!r} of the key {key.name!r} does not exist"
            yield CheckOutcome("warn", message, "set another one with llmring keys set")
