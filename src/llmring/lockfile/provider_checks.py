"""Checks of a lockfile's `[providers]` beyond the shapes of their values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from llmring.address import is_loopback, is_usable, variables_in, without_login
from llmring.lockfile.home_address import (
    BuiltInProvider,
    address_of,
    host_of,
    is_home,
    is_stray_key,
    leads_away,
    owners_of,
)
from llmring.lockfile.problem import Fault, nearest
from llmring.lockfile.toml.layout import KeyPath
from llmring.redaction import redact

_NAME = re.compile(r"[^\s:]+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

# Headers of the HTTP message itself: https://www.rfc-editor.org/rfc/rfc9110 and rfc9112.
_HTTP_HEADERS = (
    "accept-encoding|connection|content-encoding|content-length|content-type|expect|host"
    "|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade"
)
_NO_KEY_HEADERS = re.compile(_HTTP_HEADERS)
_RESERVED_HEADERS = re.compile(
    f"api-key|authorization|cookie|proxy-authorization|x-api-key|x-goog-api-key|{_HTTP_HEADERS}"
)

# Variables with secrets of the machine, of clouds and of code hosts, never of a model server.
_FOREIGN_VARIABLES = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "PGPASSWORD",
        "DATABASE_URL",
        "KUBECONFIG",
        "VAULT_TOKEN",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AZURE_CLIENT_SECRET",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "SSH_AUTH_SOCK",
        "SSH_PRIVATE_KEY",
        "SSH_KEY",
        "SSH_PASSPHRASE",
        "SSH_ASKPASS",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "GITHUB_ENTERPRISE_TOKEN",
        "GH_ENTERPRISE_TOKEN",
        "GITHUB_PAT",
        "GIT_ASKPASS",
        "ACTIONS_RUNTIME_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "GITLAB_TOKEN",
        "CI_JOB_TOKEN",
        "NPM_TOKEN",
        "NODE_AUTH_TOKEN",
        "PYPI_TOKEN",
        "TWINE_PASSWORD",
        "UV_PUBLISH_TOKEN",
        "DOCKER_PASSWORD",
        "LLMRING_REDIS_URL",
        "LLMRING_LEDGER_URL",
        "LLMRING_GATEWAY_DB",
        "LLMRING_MCP_TOKEN",
        "LLMRING_GATEWAY_SECRET",
        "LLMRING_CACHE_KEY",
        "LLMRING_GATEWAY_KEY",
    }
)

_KEY_FIX = "set api_key_env to the environment variable that holds the key"


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
    name = table.get("api_key_header", "")
    if _NO_KEY_HEADERS.fullmatch(name.lower()):
        yield Fault(
            path=(*path, "api_key_header"),
            message=f"{name!r} is a header of HTTP itself, which can't carry a key",
            fix='write the header that the server reads, such as "x-api-key"',
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


def misplaced_key(
    name: str, table: Mapping[str, Any], known: Mapping[str, BuiltInProvider]
) -> Fault | None:
    """Check that the variable for the key of a provider may hold a key for its address.

    A variable of a built-in provider is for that provider, for addresses on this machine, and for
    tables under that provider's name; variables with other secrets of the machine are for none.

    Args:
        name: The provider's name.
        table: The provider's keys.
        known: The built-in providers, by name.
    """
    variable = table.get("api_key_env")
    if variable is None:
        return None
    url, host = address_of(name, table, known), host_of(name, table, known)
    owners = owners_of(variable, known)
    at_home = any(is_home(url, owner) for owner in owners.values())
    if variable.upper() in _FOREIGN_VARIABLES and not at_home:
        message = f"{variable} holds no key for a model server"
    elif owners and not (at_home or name.lower() in owners or is_loopback(host)):
        place = host or name
        message = f"{variable} holds the key for {' and '.join(owners)}, not for {place}"
    else:
        return None
    return Fault(
        path=("providers", name, "api_key_env"),
        message=message,
        fix="name a variable that holds the key of this server",
    )


def _key_placement(
    name: str, table: Mapping[str, Any], known: Mapping[str, BuiltInProvider]
) -> Iterator[Fault]:
    url = table.get("base_url", "")
    misplaced = misplaced_key(name, table, known)
    if misplaced is not None:
        yield misplaced
    if misplaced is not None or not is_usable(url):
        return
    at = ("providers", name, "base_url")
    own = table.get("api_key_env")
    vendor = known.get(name.lower())
    host = urlsplit(url).hostname or ""
    if not leads_away(name, table, known):
        return
    if own is None:
        if vendor is not None and vendor.key_env:
            yield Fault(
                path=at,
                severity="warning",
                message=f"sends requests to {host} without the key in {vendor.key_env[0]}",
                fix=f'if that server needs it, add api_key_env = "{vendor.key_env[0]}"',
            )
        return
    if is_stray_key(own, url, known):
        yield Fault(
            path=at,
            severity="warning",
            message=f"sends the key in {own} to {host}",
            fix="set api_key_env to a variable for that server, unless this is meant",
        )
    if url.startswith("http:"):
        yield Fault(
            path=at,
            severity="warning",
            message=f"sends the key in {own} to {host} unencrypted",
            fix="use https",
        )


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
