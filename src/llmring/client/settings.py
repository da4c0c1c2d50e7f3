"""What the environment says; nothing else in llmring reads it."""

import os
import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import UNSET, Struct, UnsetType

from llmring.exceptions import ConfigurationError
from llmring.local.weights import default_cache_dir
from llmring.lockfile.file import Source, find
from llmring.providers import PROVIDERS, Provider
from llmring.redaction import MASK
from llmring.routing.targets import Endpoint

DEFAULT_TIMEOUT_SECONDS = 60.0

# Where a server listens on all addresses, one of them is this machine's own.
_BIND_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104

_NO_TIMEOUT = frozenset({"none", "off", "disable", "disabled", "infinite"})


class Settings(Struct, frozen=True, kw_only=True):
    """The environment, read once.

    Attributes:
        endpoints: Every provider by name, with its address and key.
        timeout: Seconds that a call may take where it says nothing else; None for no limit.
        local_model: The user's own GGUF file for the provider `local`.
        cache_dir: Where downloaded weights are kept.
    """

    endpoints: Mapping[str, Endpoint]
    timeout: float | None
    local_model: Path | None
    cache_dir: Path


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Args:
        environ: The variables; left out, those of the process.

    Raises:
        ConfigurationError: A variable holds what can't be used.
    """
    env = os.environ if environ is None else environ
    local_model = _value(env, "LLMRING_LOCAL_MODEL")
    return Settings(
        endpoints={name: _endpoint(row, env) for name, row in PROVIDERS.items()},
        timeout=_timeout(_value(env, "LLMRING_PROVIDER_TIMEOUT_S")),
        local_model=Path(local_model).expanduser() if local_model else None,
        cache_dir=default_cache_dir(env),
    )


def chosen_profile(environ: Mapping[str, str] | None = None) -> str | None:
    """The value of LLMRING_PROFILE now; an empty one counts as unset."""
    env = os.environ if environ is None else environ
    return _value(env, "LLMRING_PROFILE")


def lockfile_in_force(
    explicit: str | PathLike[str] | None,
    environ: Mapping[str, str] | None = None,
    package: Path | None = None,
) -> Source:
    """The lockfile that calls and commands use.

    That is the one at the path given, or else the one that LLMRING_LOCKFILE_PATH names, or
    `./llmring.lock`, or the one of the package that calls, or the one that comes with llmring.

    Raises:
        LockfileNotFoundError: A file that was named does not exist.
    """
    env = os.environ if environ is None else environ
    return find(explicit, env.get("LLMRING_LOCKFILE_PATH"), Path.cwd(), package)


def timeout_of(*wishes: float | UnsetType | None) -> float | None:
    """The first timeout that somebody set, in seconds; None for no limit.

    Raises:
        ConfigurationError: It is not a number above zero.
    """
    for wish in wishes:
        if wish is UNSET:
            continue
        if wish is not None and not wish > 0:
            raise ConfigurationError(f"a timeout must be above 0 seconds, or None; not {wish}")
        return wish
    return DEFAULT_TIMEOUT_SECONDS


def proxy_for(scheme: str, host: str) -> str | None:
    """The proxy for a host, from HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.

    Loopback is never reached through a proxy: no proxy could reach it.

    Raises:
        ConfigurationError: The proxy is of a kind that can't be used, or its address is none.
    """
    from urllib.request import getproxies_environment, proxy_bypass

    if is_loopback(host):
        return None
    proxies = getproxies_environment()
    kind = scheme if scheme in proxies else "all"
    proxy = proxies.get(kind)
    if proxy is None or proxy_bypass(host):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not _is_usable(proxy):
        raise ConfigurationError(
            f"{kind.upper()}_PROXY is {_shown(proxy)!r}, which can't be used; it should look "
            "like http://proxy.example:8080, or NO_PROXY should name the host"
        )
    return proxy


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its name or address alone."""
    import ipaddress

    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _value(env: Mapping[str, str], name: str) -> str | None:
    """What a variable says; one of white space alone counts as unset."""
    return env.get(name, "").strip() or None


def _endpoint(row: Provider, env: Mapping[str, str]) -> Endpoint:
    key = next(filter(None, (_key(env, name) for name in row.key_env)), None)
    for name in row.base_url_env:
        url = _value(env, name)
        if url is not None:
            base_url, login = _address(url, row.base_url, name)
            return Endpoint(row, base_url, key, login)
    return Endpoint(row, row.base_url, key)


def _key(env: Mapping[str, str], name: str) -> str | None:
    key = _value(env, name)
    if key is not None and not (key.isascii() and key.isprintable()):
        raise ConfigurationError(
            f"{name} holds a character that no key has, such as a line break; copy the key again"
        )
    return key


def _address(value: str, default: str, variable: str) -> tuple[str, str | None]:
    """A base URL as people write it, and the "user:password" that it held, if any.

    Ollama's variable may be a bare host, or the address to bind.
    """
    usual = urlsplit(default)
    bare = "://" not in value
    host = usual.hostname if value.startswith(":") else ""
    url = f"{usual.scheme}://{host}{value}" if bare else value
    parts = urlsplit(url) if _is_usable(url) else None
    if parts is None or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{variable} is {_shown(value)!r}, which can't be used; it should look like {default}"
        )
    host = _BIND_ALL.get(parts.hostname or "", parts.hostname or "")
    port = parts.port or (usual.port if bare else None)
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    login, at, _ = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{place}{parts.path}".rstrip("/"), unquote(login) if at else None


def _is_usable(url: str) -> bool:
    """Whether this is the URL of an HTTP server."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and port != 0
        and all(0 < len(label) < 64 for label in host.removesuffix(".").split("."))
        and re.fullmatch("[!-~]+", url) is not None
    )


def _shown(url: str) -> str:
    """An address without the user name and the password in it."""
    scheme, mark, rest = url.rpartition("://")
    login, at, place = rest.rpartition("@")
    return scheme + mark + (MASK if login else "") + at + place


def _timeout(value: str | None) -> float | None:
    if value is None:
        return DEFAULT_TIMEOUT_SECONDS
    if value.lower() in _NO_TIMEOUT:
        return None
    try:
        return timeout_of(float(value))
    except (ValueError, ConfigurationError):
        raise ConfigurationError(
            f"LLMRING_PROVIDER_TIMEOUT_S is {value!r}; it takes seconds above 0, or 'none'"
        ) from None
