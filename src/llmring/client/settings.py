"""What the environment says; nothing else in llmring reads it."""

import ipaddress
import os
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import UNSET, Struct, UnsetType

from llmring.exceptions import ConfigurationError
from llmring.local.weights import default_cache_dir
from llmring.lockfile.file import Source, find
from llmring.providers import PROVIDERS, Provider
from llmring.routing.targets import Endpoint

DEFAULT_TIMEOUT_SECONDS = 60.0

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
    local_model = env.get("LLMRING_LOCAL_MODEL")
    return Settings(
        endpoints={name: _endpoint(row, env) for name, row in PROVIDERS.items()},
        timeout=_timeout(env.get("LLMRING_PROVIDER_TIMEOUT_S")),
        local_model=Path(local_model).expanduser() if local_model else None,
        cache_dir=default_cache_dir(env),
    )


def chosen_profile(environ: Mapping[str, str] | None = None) -> str | None:
    """The value of LLMRING_PROFILE now; an empty one counts as unset."""
    env = os.environ if environ is None else environ
    return env.get("LLMRING_PROFILE") or None


def lockfile_in_force(
    explicit: str | PathLike[str] | None, environ: Mapping[str, str] | None = None
) -> Source:
    """The lockfile that calls and commands use.

    That is the one at the path given, or else the one that LLMRING_LOCKFILE_PATH names, or
    `./llmring.lock`, or the one that comes with llmring.

    Raises:
        LockfileNotFoundError: A file that was named does not exist.
    """
    env = os.environ if environ is None else environ
    return find(explicit, env.get("LLMRING_LOCKFILE_PATH"), Path.cwd())


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
    """
    from urllib.request import getproxies_environment, proxy_bypass

    if is_loopback(host):
        return None
    proxies = getproxies_environment()
    if proxy_bypass(host):
        return None
    proxy = proxies.get(scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its name or address alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _endpoint(row: Provider, env: Mapping[str, str]) -> Endpoint:
    key = next((env[name] for name in row.key_env if env.get(name)), None)
    for name in row.base_url_env:
        if env.get(name):
            return Endpoint(row, _base_url(env[name], row.base_url, name), key)
    return Endpoint(row, row.base_url, key)


def _base_url(value: str, default: str, variable: str) -> str:
    """An address as people write it: Ollama's variable may be a bare host, or the one to bind."""
    url = value.strip().rstrip("/")
    usual = urlsplit(default)
    if "://" not in url:
        has_port = ":" in url.rpartition("]")[2]
        port = "" if has_port or usual.port is None else f":{usual.port}"
        url = f"{usual.scheme}://{url}{port}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            f"{variable} is {value!r}, which is no address; it should look like {default}"
        )
    return url.replace("://0.0.0.0", "://127.0.0.1", 1)


def _timeout(value: str | None) -> float | None:
    if not value:
        return DEFAULT_TIMEOUT_SECONDS
    if value.strip().lower() in _NO_TIMEOUT:
        return None
    try:
        return timeout_of(float(value))
    except (ValueError, ConfigurationError):
        raise ConfigurationError(
            f"LLMRING_PROVIDER_TIMEOUT_S is {value!r}; it takes seconds above 0, or 'none'"
        ) from None
