"""Endpoints of the providers that a lockfile defines."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from llmring.config.endpoints import endpoint
from llmring.config.environment import value_of
from llmring.exceptions import LockfileError
from llmring.lockfile.document import Lockfile
from llmring.lockfile.home_address import host_of, is_stray_key, leads_away
from llmring.lockfile.problem import Fault
from llmring.lockfile.provider_checks import incomplete, misplaced_key
from llmring.lockfile.toml.quoting import dotted
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import KINDS, Provider

_log = logging.getLogger("llmring")

# Settings with which a vendor's table is about another server or another key; a key that the user
# has kept for the vendor is for neither.
_AWAY = frozenset({"base_url", "api_key_env", "kind"})


def with_own(
    lockfile: Lockfile, endpoints: Mapping[str, Endpoint], env: Mapping[str, str]
) -> Mapping[str, Endpoint]:
    """Return all endpoints by name: the given ones, changed and extended by a lockfile.

    Args:
        lockfile: The lockfile with the `[providers]`.
        endpoints: Endpoints of the providers that llmring knows by itself.
        env: The variables that hold the keys.
    """
    own = {
        name.lower(): _endpoint(name, table, lockfile, endpoints, env)
        for name, table in lockfile.providers.items()
    }
    return {**endpoints, **own}


@functools.cache  # once per process
def _warn_of_key(variable: str, host: str) -> None:
    _log.warning("the key in %s is sent to %s, as the lockfile directs", variable, host)


def _endpoint(
    name: str,
    table: Mapping[str, Any],
    lockfile: Lockfile,
    endpoints: Mapping[str, Endpoint],
    env: Mapping[str, str],
) -> Endpoint:
    rows = {known: found.provider for known, found in endpoints.items()}
    row = _row(name.lower(), table, rows.get(name.lower()))
    fault = incomplete(name, table, rows) or misplaced_key(name, table, rows)
    if fault is not None:
        return Endpoint(row, row.base_url, fault=_fault_line(fault, lockfile, endpoints))
    if leads_away(name, table, rows) and not any(value_of(env, each) for each in row.base_url_env):
        # The vendor's key is for the vendor, unless the table names it.
        own = table.get("api_key_env")
        row = msgspec.structs.replace(row, key_env=(own,) if own else ())
        if own and is_stray_key(own, table["base_url"], rows):
            _warn_of_key(own, host_of(name, table, rows))
    made = endpoint(row, env)
    changed: Endpoint = msgspec.structs.replace(made, api=table.get("api"))
    vendor = endpoints.get(name.lower())
    if vendor is None or made.key is not None or _AWAY & table.keys():
        return changed
    return msgspec.structs.replace(changed, kept=vendor.kept)


def _row(name: str, table: Mapping[str, Any], known: Provider | None) -> Provider:
    """Build the row of a provider: its table, and for the rest what is known of it."""
    kind = KINDS.get(table.get("kind", ""))
    row = known or kind or KINDS["openai"]
    if kind is not None and kind.dialect is not row.dialect:
        row = msgspec.structs.replace(
            kind, key_env=row.key_env, base_url=row.base_url, base_url_env=row.base_url_env
        )
    changes: dict[str, Any] = {"name": name}
    if "base_url" in table:
        changes["base_url"] = table["base_url"].rstrip("/")
        if kind is not None:
            changes["second_api"] = None  # what the vendor's models need is not known of a server
    if "api_key_env" in table:
        changes["key_env"] = (table["api_key_env"],)
    if "api_key_header" in table:
        changes["key_header"] = table["api_key_header"].lower()
    if "headers" in table:
        changes["headers"] = {header.lower(): text for header, text in table["headers"].items()}
    if "query" in table:
        changes["query"] = table["query"]
    quirks = _quirks(table)
    if quirks:
        changes["quirks"] = msgspec.structs.replace(row.quirks, **quirks)
    changed: Provider = msgspec.structs.replace(row, **changes)
    return changed


def _quirks(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the quirks that a table sets."""
    quirks: dict[str, Any] = {}
    if "think_tags" in table:
        quirks["think_tags"] = None if table["think_tags"] == "off" else table["think_tags"]
    if "reports_cost" in table:
        quirks["reports_cost"] = tuple(table["reports_cost"])
    if "betas" in table:
        quirks["betas"] = frozenset(table["betas"])
    field = table.get("reasoning_field")
    if field == "none":
        quirks["reasoning_field"] = None
    elif field is not None:
        quirks |= {"reasoning_field": field, "reasoning_on": "all"}
    return quirks


def _fault_line(fault: Fault, lockfile: Lockfile, endpoints: Mapping[str, Endpoint]) -> str:
    """Format a fault in one line, with its place in the file."""
    from llmring.lockfile import check, file

    plain = f"{dotted(fault.path)}: {fault.message}; {fault.fix}"
    if lockfile.path is None:
        return plain
    known = {name: found.provider for name, found in endpoints.items()}
    try:
        problems = check.problems(file.read(lockfile.path), known)
    except LockfileError:
        problems = []  # the file has been removed in the meantime
    for problem in problems:
        if str(problem) == plain:
            return f"{lockfile.path}:{problem.line}:{problem.column}: {plain}"
    return f"{lockfile.path}: {plain}"
