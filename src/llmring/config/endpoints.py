"""A provider's address and key, read from the variables that its row names."""

import functools
import logging
from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import IPv6Address
from urllib.parse import unquote, urlsplit

import msgspec

from llmring.address import UNIX_SCHEME, is_usable, variables_in, without_login
from llmring.config.environment import value_of
from llmring.exceptions import ConfigurationError
from llmring.providers.endpoint import Endpoint
from llmring.providers.kept_key import KeptKey
from llmring.providers.table import Provider
from llmring.redaction import redact

_log = logging.getLogger("llmring")

# A server bound to all addresses is reached at this machine's own.
_BIND_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def endpoint(
    row: Provider, env: Mapping[str, str], kept: Callable[[str], str | None] | None = None
) -> Endpoint:
    """Build a provider's endpoint from the environment.

    A variable that can't be used makes the endpoint one with a `fault`; other providers work.

    Args:
        row: The provider's row.
        env: The variables.
        kept: Returns the key that the user has kept for a provider. It is called when the endpoint
            is first used without a key in the environment.
    """
    try:
        found = _endpoint(row, env)
    except ConfigurationError as error:
        # The key may be in the wrong variable, or in the address as well.
        keys = [value for name in row.key_env if (value := value_of(env, name))]
        return Endpoint(row, row.base_url, fault=redact(error.message, keys))
    if kept is None or found.key is not None or not row.key_env:
        return found
    return msgspec.structs.replace(found, kept=KeptKey(partial(kept, row.name)))


def _endpoint(row: Provider, env: Mapping[str, str]) -> Endpoint:
    key = next(filter(None, (_key(env, name) for name in row.key_env)), None)
    for name in row.base_url_env:
        url = _unquoted(env, name)
        if url is not None:
            base_url, login = _address(url, row.base_url, name)
            return Endpoint(row, base_url, key, login)
    base_url, login = _filled_in(row.base_url, env)
    return Endpoint(row, base_url, key, login)


def _filled_in(template: str, env: Mapping[str, str]) -> tuple[str, str | None]:
    """Fill in the variable in an address, if set; return the address and the login in it."""
    for name in variables_in(template):
        value = _unquoted(env, name)
        if value is None:
            break
        before, _, after = template.partition(f"{{{name}}}")
        if not before:
            # Its value is the address of a server, with or without scheme and path.
            value = value.rstrip("/").removesuffix(after)
            before = "" if "://" in value else "https://"
        return _address(f"{before}{value}{after}", template, name)
    return template, None


def _key(env: Mapping[str, str], name: str) -> str | None:
    key = _unquoted(env, name)
    if key is not None and not (key.isascii() and key.isprintable()):
        raise ConfigurationError(
            f"{name} holds a character that can't be in a key, such as a line break; "
            "copy the key again"
        )
    return key


def _unquoted(env: Mapping[str, str], name: str) -> str | None:
    """Return the value of a variable without the quotes around it.

    A shell takes them off; `docker run --env-file` and other readers of such files do not.
    """
    value = value_of(env, name)
    if value is None or len(value) < 2 or value[0] != value[-1] or value[0] not in "\"'":
        return value
    _warn_of_quotes(name)
    return value[1:-1].strip() or None


@functools.cache  # once per process
def _warn_of_quotes(name: str) -> None:
    _log.warning("%s is in quotes, which are left out; write it without them", name)


def _address(value: str, default: str, variable: str) -> tuple[str, str | None]:
    """Parse a base URL as people write it; return it with its "user:password", if any.

    Ollama's variable may hold a bare host, or the address to bind to.
    """
    usual = urlsplit(default)
    bare = "://" not in value
    if bare and _is_ipv6(value):
        value = f"[{value}]"
    host = usual.hostname if value.startswith(":") else ""
    url = f"{usual.scheme}://{host}{value}" if bare else value
    parts = urlsplit(url) if is_usable(url) else None
    if parts is None or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{variable} is {without_login(value)!r}, which can't be used; set it to a URL like "
            f"{default}"
        )
    if parts.scheme == UNIX_SCHEME:
        # A path keeps its case, which a host does not have.
        return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/"), None
    host = _BIND_ALL.get(parts.hostname or "", parts.hostname or "")
    port = parts.port or (usual.port if bare else None)
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    login, at, _ = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{place}{parts.path}".rstrip("/"), unquote(login) if at else None


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
