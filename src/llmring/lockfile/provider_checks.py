"""Checks of a lockfile's `[providers]` beyond the shapes of their values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from llmring.address import is_loopback, is_usable, variables_in, without_login
from llmring.lockfile.problem import Fault, nearest
from llmring.lockfile.toml.layout import KeyPath
from llmring.redaction import redact

_NAME = re.compile(r"[^\s:]+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

# Headers that carry keys, and headers of the HTTP message itself.
_RESERVED_HEADERS = re.compile(
    "api-key|authorization|cookie|proxy-authorization|x-api-key|x-goog-api-key"
    "|connection|content-encoding|content-length|content-type|host|transfer-encoding"
)

_KEY_FIX = "set api_key_env to the environment variable that holds the key"


class BuiltInProvider(Protocol):
    """The facts of a built-in provider that the checks use."""

    @property
    def base_url(self) -> str:
        """The address of its API."""

    @property
    def key_env(self) -> tuple[str, ...]:
        """The environment variables that hold its key."""

    @property
    def apis(self) -> Collection[str]:
        """The names of its APIs other than the default one."""


def faults(tables: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the faults that make a table unusable, whichever providers are built in.

    Args:
        tables: The tables under `[providers]`, each key with a value of the right shape.
    """
    for name, table in tables.items():
        path: KeyPath = ("providers", name)
        first = next(each for each in tables if each.lower() == name.lower())
        if first != name:
            yield Fault(
                path=path,
                message=f"{name!r} differs from {first!r} only in case",
                fix="keep one of the two",
                first=("providers", first),
            )
        if not _NAME.fullmatch(name):
            yield Fault(
                path=path,
                message=f"{name!r} can't be the name of a provider",
                fix="use a name without colons and spaces, such as my-server",
            )
        yield from _address_faults(table, path)
        yield from _secrets(table, path)
        yield from _header_faults(table, path)


def _address_faults(table: Mapping[str, Any], path: KeyPath) -> Iterator[Fault]:
    url = table.get("base_url")
    if url is None:
        return
    at = (*path, "base_url")
    example = 'base_url = "http://localhost:8000/v1"'
    # Variables are not expanded here: an address must not leak their values.
    if not is_usable(url) or variables_in(url):
        yield Fault(
            path=at, message=f"{without_login(url)!r} can't be used", fix=f"write {example}"
        )
        return
    parts = urlsplit(url)
    if "@" in parts.netloc:
        yield Fault(path=at, message="contains a user or a password", fix=_KEY_FIX)
    if parts.query or parts.fragment:
        fix = 'put the query under query, as in query = { api-version = "2024-10-21" }'
        yield Fault(path=at, message="can't have a query or a fragment", fix=fix)


def _secrets(table: Mapping[str, Any], path: KeyPath) -> Iterator[Fault]:
    """Yield a fault for each API key that is written into the lockfile."""
    values: dict[tuple[str, ...], str] = {("api_key_env",): table.get("api_key_env", "")}
    for key in ("headers", "query"):
        values |= {(key, name): value for name, value in table.get(key, {}).items()}
    for below, value in values.items():
        if redact(value) != value:
            yield Fault(
                path=(*path, *below),
                message="looks like a key, which a lockfile must not contain",
                fix=_KEY_FIX,
            )


def _header_faults(table: Mapping[str, Any], path: KeyPath) -> Iterator[Fault]:
    for name in table.get("headers", {}):
        at = (*path, "headers", name)
        if not _HEADER.fullmatch(name):
            yield Fault(path=at, message="is not a header name", fix="write x-my-header")
        elif _RESERVED_HEADERS.fullmatch(name.lower()):
            yield Fault(
                path=at,
                message="is a header that llmring sets itself",
                fix="remove it; set api_key_env and api_key_header to send a key",
            )


def incomplete(name: str, table: Mapping[str, Any], known: Collection[str]) -> Fault | None:
    """Check that the table of a provider that is not built in has all required keys.

    Args:
        name: The provider's name.
        table: The provider's keys.
        known: Names of the built-in providers.
    """
    missing = [key for key in ("kind", "base_url") if key not in table]
    if name.lower() in known or not missing:
        return None
    meant = nearest(name.lower(), known)
    hint = f"did you mean [providers.{meant}]? If not, " if meant else ""
    example = {"kind": '"openai"', "base_url": '"http://localhost:8000/v1"'}
    return Fault(
        path=("providers", name),
        message=f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing, "
        f"and {name!r} is not a built-in provider",
        fix=hint + "add " + ", ".join(f"{key} = {example[key]}" for key in missing),
    )


def advice(tables: Mapping[str, Any], known: Mapping[str, BuiltInProvider]) -> Iterator[Fault]:
    """Yield faults that only the author of a lockfile needs to see.

    Args:
        tables: The tables under `[providers]`, each key with a value of the right shape.
        known: The built-in providers, by name.
    """
    for name, table in tables.items():
        fault = incomplete(name, table, known)
        if fault is not None:
            yield fault
        vendor = known.get(name.lower())
        yield from _key_placement(name, table, known)
        yield from _api(name, table, vendor)


def _key_placement(
    name: str, table: Mapping[str, Any], known: Mapping[str, BuiltInProvider]
) -> Iterator[Fault]:
    url = table.get("base_url", "")
    if not is_usable(url):
        return
    at = ("providers", name, "base_url")
    own = table.get("api_key_env")
    vendor = known.get(name.lower())
    keys = (own,) if own else vendor.key_env if vendor else ()
    host = urlsplit(url).hostname or ""
    owners = [each for each in known.values() if set(keys) & set(each.key_env)]
    if any(_home(owner) not in (None, host) for owner in owners):
        yield Fault(
            path=at,
            severity="warning",
            message=f"sends the key in {' or '.join(keys)} to {host}",
            fix="set api_key_env to a variable for that server, or rename the provider",
        )
    if keys and url.startswith("http:") and not is_loopback(host):
        yield Fault(
            path=at,
            severity="warning",
            message=f"sends the key in {' or '.join(keys)} to {host} unencrypted",
            fix="use https",
        )


def _home(vendor: BuiltInProvider) -> str | None:
    """Return the host of a vendor's API; None if the user chooses it."""
    if variables_in(vendor.base_url):
        return None
    host = urlsplit(vendor.base_url).hostname or ""
    return None if is_loopback(host) else host


def _api(name: str, table: Mapping[str, Any], vendor: BuiltInProvider | None) -> Iterator[Fault]:
    api, kind = table.get("api"), table.get("kind")
    elsewhere = kind == "anthropic" or (kind is None and vendor and api not in vendor.apis)
    if api == "responses" and elsewhere:
        yield Fault(
            path=("providers", name, "api"),
            severity="warning",
            message=f"{name} has no API {api!r}, so its default one is used",
            fix="remove api",
        )
