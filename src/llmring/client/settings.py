"""What the environment says; nothing else in llmring reads it.

Commands that only look at a lockfile come here too; what they do not need is imported by the
functions that need it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct, UnsetType

from llmring.clock import SYSTEM, Clock
from llmring.exceptions import ConfigurationError
from llmring.lockfile.file import Source, find

if TYPE_CHECKING:
    from llmring.lockfile.document import Lockfile
    from llmring.registry.known import Known
    from llmring.routing.targets import Endpoint

DEFAULT_TIMEOUT_SECONDS = 60.0
RECORDINGS = "tests/recordings"

_NO_TIMEOUT = frozenset({"none", "off", "disable", "disabled", "infinite"})


class Settings(Struct, frozen=True, kw_only=True):
    """The environment, read once.

    Attributes:
        endpoints: Every provider by name, with its address and key.
        timeout: Seconds that a call may take where it says nothing else; None for no limit.
        retries: How often a model is asked again where the lockfile does not say; None for the
            usual.
        local_model: The user's own GGUF file for the provider `local`.
        cache_dir: Where downloaded weights are kept.
        redis_url: The Redis or Valkey that shares circuits and spending among processes, if any.
        state_dir: Where what is to be kept of calls lies.
        ledger: Where calls are entered: a file, or the address of a PostgreSQL database; None
            where they are not.
        log_content: Whether the texts of calls are entered too.
        frozen: Whether only models that the lockfile names, as it has pinned them, may be called.
        registry_url: Where newer facts of models come from, if from anywhere.
        clock: The wall clock, and the date that prices and retirements are judged by.
    """

    endpoints: Mapping[str, Endpoint]
    timeout: float | None
    retries: int | None
    local_model: Path | None
    cache_dir: Path
    redis_url: str | None = None
    state_dir: Path = Path("~/.local/state/llmring")
    ledger: Path | str | None = None
    log_content: bool = False
    frozen: bool = False
    registry_url: str | None = None
    clock: Clock = Clock()


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Args:
        environ: The variables; left out, those of the process.

    Raises:
        ConfigurationError: A variable holds what can't be used.
    """
    from llmring.client.endpoints import endpoint
    from llmring.local.weights import default_cache_dir
    from llmring.providers import PROVIDERS

    env = os.environ if environ is None else environ
    local_model = value_of(env, "LLMRING_LOCAL_MODEL")
    state_dir = state_folder(env)
    return Settings(
        endpoints={name: endpoint(row, env) for name, row in PROVIDERS.items()},
        timeout=_timeout(value_of(env, "LLMRING_PROVIDER_TIMEOUT_S")),
        retries=_retries(value_of(env, "LLMRING_RETRIES")),
        local_model=Path(local_model).expanduser() if local_model else None,
        cache_dir=default_cache_dir(env),
        redis_url=value_of(env, "LLMRING_REDIS_URL"),
        state_dir=state_dir,
        ledger=_ledger(env, state_dir),
        log_content=_switch(env, "LLMRING_LOG_CONTENT"),
        frozen=_switch(env, "LLMRING_FROZEN"),
        registry_url=value_of(env, "LLMRING_REGISTRY_URL"),
        clock=read_clock(env),
    )


def read_clock(environ: Mapping[str, str] | None = None) -> Clock:
    """Return the clock; LLMRING_TODAY fixes the date that prices and retirements are judged by.

    Args:
        environ: The variables; left out, those of the process.

    Raises:
        ConfigurationError: LLMRING_TODAY is not a date.
    """
    written = value_of(os.environ if environ is None else environ, "LLMRING_TODAY")
    if written is None:
        return SYSTEM
    try:
        return Clock(date.fromisoformat(written))
    except ValueError:
        raise ConfigurationError(
            f"LLMRING_TODAY is {written!r}, not a date; write one like 2026-11-01, or unset it"
        ) from None


def state_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Where this platform keeps what a program should remember, for llmring.

    Args:
        environ: The environment's variables.
        platform: As `sys.platform`.
    """
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "~")
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "llmring"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "llmring"
    # https://specifications.freedesktop.org/basedir-spec/latest/
    named = environ.get("XDG_STATE_HOME", "")
    return (Path(named) if named.startswith("/") else home / ".local" / "state") / "llmring"


def endpoints_for(
    lockfile: Lockfile, settings: Settings, environ: Mapping[str, str] | None = None
) -> Mapping[str, Endpoint]:
    """Every provider by name: those that llmring knows, and those of a lockfile.

    Args:
        lockfile: Whose `[providers]` count.
        settings: What else the environment says.
        environ: The variables; left out, those of the process.
    """
    if not lockfile.providers:
        return settings.endpoints
    from llmring.client.own_providers import with_own

    return with_own(lockfile, settings.endpoints, os.environ if environ is None else environ)


def known_here(lockfile: Lockfile, environ: Mapping[str, str] | None = None) -> Known:
    """What is known of models on this machine, where a lockfile is in force.

    Args:
        lockfile: Whose corrections count.
        environ: The variables; left out, those of the process.
    """
    from llmring.local.weights import default_cache_dir
    from llmring.registry.known import known

    return known(lockfile, default_cache_dir(os.environ if environ is None else environ))


def variables(names: Iterable[str]) -> dict[str, str]:
    """Those of these variables that are set in this process, as they stand."""
    return {name: os.environ[name] for name in names if name in os.environ}


def frozen_environ() -> Mapping[str, str]:
    """The variables of this process, with one that freezes the lockfile."""
    return {**os.environ, "LLMRING_FROZEN": "1"}


def chosen_profile(environ: Mapping[str, str] | None = None) -> str | None:
    """The value of LLMRING_PROFILE now; an empty one counts as unset."""
    env = os.environ if environ is None else environ
    return value_of(env, "LLMRING_PROFILE")


def recordings_folder(
    wish: str | None, lockfile: Path, environ: Mapping[str, str] | None = None
) -> Path:
    """Where recordings for tests are: LLMRING_RECORDINGS, or what the lockfile says.

    Args:
        wish: What the lockfile says, if it does; it is relative to its own folder.
        lockfile: The lockfile.
        environ: The variables; left out, those of the process.
    """
    env = os.environ if environ is None else environ
    chosen = value_of(env, "LLMRING_RECORDINGS")
    return Path(chosen).expanduser() if chosen else lockfile.parent / (wish or RECORDINGS)


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

    from llmring.address import is_loopback, is_usable, shown

    if is_loopback(host):
        return None
    proxies = getproxies_environment()
    kind = scheme if scheme in proxies else "all"
    proxy = proxies.get(kind)
    if proxy is None or proxy_bypass(host):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not is_usable(proxy):
        raise ConfigurationError(
            f"{kind.upper()}_PROXY is {shown(proxy)!r}, which can't be used; it should look "
            "like http://proxy.example:8080, or NO_PROXY should name the host"
        )
    return proxy


def value_of(env: Mapping[str, str], name: str) -> str | None:
    """What a variable says; one of white space alone counts as unset."""
    return env.get(name, "").strip() or None


def _ledger(env: Mapping[str, str], state_dir: Path) -> Path | str | None:
    if value_of(env, "LLMRING_LEDGER") is not None and not _switch(env, "LLMRING_LEDGER"):
        return None
    url = value_of(env, "LLMRING_LEDGER_URL")
    if url is None:
        # Nobody's home: then nothing is kept.
        return None if state_dir.parts[0] == "~" else state_dir / "ledger.sqlite"
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgres"):
        return url
    if scheme == "sqlite" and rest.strip("/"):
        return Path(rest).expanduser()
    raise ConfigurationError(
        "LLMRING_LEDGER_URL can't be used; it takes postgresql://USER@HOST/DATABASE, or "
        "sqlite:///PATH"
    )


_ON, _OFF = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def _switch(env: Mapping[str, str], name: str) -> bool:
    """What a variable that is on or off says; one that is not set is off."""
    value = (value_of(env, name) or "off").lower()
    if value not in _ON | _OFF:
        raise ConfigurationError(f"{name} is {value!r}; it takes 1 or 0")
    return value in _ON


def _retries(value: str | None) -> int | None:
    if value is None:
        return None
    if not value.isdecimal():
        raise ConfigurationError(f"LLMRING_RETRIES is {value!r}; it takes a whole number from 0")
    return int(value)


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
