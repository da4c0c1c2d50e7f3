"""The check of a client's key: who calls, and whether it may call here, now and from there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from llmring.access.access_records import AccessKey, account_of
from llmring.access.key_directory import KeyDirectory, KeyEntry
from llmring.access.live_access import KeysUnknownError, LiveAccess
from llmring.access.rules import allows_address, allows_api, has_expired
from llmring.gateway.caller import Caller
from llmring.gateway.callers.guesses import Guesses
from llmring.gateway.refusals import (
    ForbiddenError,
    NotReadyError,
    TooManyWrongKeysError,
    UnauthenticatedError,
)

if TYPE_CHECKING:
    from llmring.clock import Clock

Needs = Literal["nothing", "key", "admin"]

_log = logging.getLogger("llmring")


class KeyCheck:
    """The keys that calls of a gateway need.

    Args:
        access: The keys.
        clock: The wall clock.
        guesses: The count of wrong keys.

    Attributes:
        access: The keys.
    """

    def __init__(self, access: LiveAccess, clock: Clock, guesses: Guesses | None = None) -> None:
        self.access = access
        self._clock = clock
        self._guesses = guesses or Guesses(_report_block)
        self._directory: KeyDirectory | None = None
        self._callers: dict[bytes, Caller] = {}

    @property
    def is_on(self) -> bool:
        """True if calls need a key."""
        return self.access.is_on

    @property
    def is_blind(self) -> bool:
        """True if calls need a key, and keys can't be judged."""
        return self.is_on and self.access.is_blind

    def caller(self, key: str | None, api: str, address: str, needs: Needs = "key") -> Caller:
        """Return the caller that a key belongs to.

        Args:
            key: The key, if the client sends one.
            api: The API that it speaks.
            address: Its address.
            needs: What the call needs; that of an "admin" is in no API.

        Raises:
            UnauthenticatedError: The key is missing, or not valid.
            TooManyWrongKeysError: Too many wrong keys came from this address.
            ForbiddenError: The key may not be used for this.
            NotReadyError: The keys can't be read.
        """
        if key is None:
            raise UnauthenticatedError(
                "the gateway needs a key; send it as Authorization: Bearer, x-api-key or "
                "x-goog-api-key"
            )
        now = self._clock.now()
        try:
            found = self.access.find(key, now)
        except KeysUnknownError:
            raise NotReadyError("the keys of the gateway can't be read; try again") from None
        wait = self._guesses.wait(address, "" if found is None else found.key.id)
        if wait:
            raise TooManyWrongKeysError("too many wrong keys from this address", wait)
        if found is None:
            self._guesses.count(address)
            # The same for keys that never were, that were revoked and that hold a typo.
            raise UnauthenticatedError("the key is not valid; check it, or ask for another one")
        self._guesses.remember(address, found.key.id)
        if has_expired(found.key, now):
            raise ForbiddenError("this key has expired; ask for another one")
        _check_use(found.key, api, address, needs)
        return self._caller(found)

    def _caller(self, entry: KeyEntry) -> Caller:
        directory = self.access.directory
        if directory is not self._directory:
            self._directory, self._callers = directory, {}
        found = self._callers.get(entry.digest)
        if found is None:
            found = self._callers[entry.digest] = caller_of(entry)
        return found


def _check_use(key: AccessKey, api: str, address: str, needs: Needs) -> None:
    if not allows_address(key, address):
        raise ForbiddenError("this key may not be used from this address")
    if needs == "admin":
        if key.role != "admin":
            raise ForbiddenError("this needs a key with the role admin")
    elif not allows_api(key, api):
        raise ForbiddenError(f"this key may not be used for the API {api}")


def caller_of(entry: KeyEntry) -> Caller:
    """Return the caller that a key makes of a client."""
    key, team = entry.key, entry.team
    accounts = [account_of(key), None if team is None else account_of(team)]
    most = key.max_cost_per_request
    return Caller(
        key_id=key.id,
        key=key.name,
        team=key.team,
        profile=key.profile,
        tags=key.tags,
        accounts=tuple(each for each in accounts if each is not None),
        aliases=key.aliases,
        direct=key.direct,
        wires=key.wires,
        max_cost=None if most is None else float(most),
        is_admin=key.role == "admin",
        is_terse=key.headers == "min",
    )


def _report_block(address: str) -> None:
    _log.warning("too many wrong keys from %s; keys from there are refused for a minute", address)
