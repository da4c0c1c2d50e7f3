"""The management of keys over HTTP, with a key whose role is admin."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from llmring.access.access_records import AccessKey, StoredAccess, shown
from llmring.access.key_edits import added_key, changed_key, key_named, revoked_key, settings_of
from llmring.access.key_form import new_key
from llmring.access.key_store import Edit, KeyStoreUnusableError
from llmring.access.live_access import LiveAccess
from llmring.dialects.request_decoding import RequestFormatError
from llmring.exceptions import ConfigurationError
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.refusals import ForbiddenError, NotReadyError
from llmring.gateway.server_state import Gateway

_HEADERS = {"content-type": "application/json", "cache-control": "no-store"}


async def list_keys(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer with all keys, without their hashes.

    Raises:
        ForbiddenError: The client may not manage keys.
    """
    access = _access(gateway, request)
    of_lockfile = [{**shown(each), "place": "lockfile"} for each in access.lockfile_keys]
    stored = [{**shown(each), "place": "store"} for each in access.stored.keys]
    return _answer({"keys": [*stored, *of_lockfile]})


async def create_key(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer with a new key, which is shown this once. The body has its `name` and settings.

    Raises:
        ForbiddenError: The client may not manage keys.
        RequestFormatError: The key can't be as the body wants it.
        NotReadyError: The store can't be written.
    """
    access = _access(gateway, request)
    name, fields = _asked(request)
    key = new_key()
    try:
        edit = added_key(name, key, fields, _now(gateway))
    except ConfigurationError as error:
        raise RequestFormatError(error.message) from None
    stored = await _changed(access, edit)
    return _answer({"key": key, **shown(key_named(stored, name))})


async def set_key(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer with a key after a change. The body has its `name` and new settings, or null for none.

    Raises:
        ForbiddenError: The client may not manage keys.
        RequestFormatError: The key is unknown, or can't be as the body wants it.
        NotReadyError: The store can't be written.
    """
    access = _access(gateway, request)
    name, fields = _asked(request)
    stored = await _changed(access, changed_key(name, fields))
    return _answer(shown(key_named(stored, name)))


async def revoke_key(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer that a key has been revoked. The body has its `name`.

    Raises:
        ForbiddenError: The client may not manage keys.
        RequestFormatError: The key is unknown.
        NotReadyError: The store can't be written.
    """
    access = _access(gateway, request)
    name, _ = _asked(request)
    await _changed(access, revoked_key(name, _now(gateway)))
    return _answer({"name": name, "revoked": True})


def _access(gateway: Gateway, request: GatewayRequest) -> LiveAccess:
    if gateway.access is None or not request.caller.is_admin:
        raise ForbiddenError("keys are managed by llmring keys, or with a key of the role admin")
    return gateway.access.access


def _asked(request: GatewayRequest) -> tuple[str, Mapping[str, Any]]:
    """Return the name and the settings in a body."""
    try:
        body = msgspec.json.decode(request.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestFormatError(f"the body is not a JSON object: {error}") from None
    name = body.pop("name", None)
    if not isinstance(name, str):
        raise RequestFormatError("name is missing", "name")
    known = settings_of(AccessKey)
    for each in body:
        if each not in known:
            raise RequestFormatError(f"{each:.100}: a key has no such setting", f"{each:.100}")
    return name, body


async def _changed(access: LiveAccess, edit: Edit) -> StoredAccess:
    try:
        return await asyncio.to_thread(access.change, edit)
    except KeyStoreUnusableError:
        raise NotReadyError("the keys can't be written; try again") from None
    except ConfigurationError as error:
        raise RequestFormatError(error.message) from None


def _now(gateway: Gateway) -> datetime:
    return gateway.ring.clock.now()


def _answer(found: Mapping[str, Any]) -> GatewayAnswer:
    return GatewayAnswer(headers=_HEADERS, body=msgspec.json.encode(found))
