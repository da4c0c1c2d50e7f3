"""Settings from the environment; nothing else in llmring reads it.

Commands that only look at a lockfile import this module too, so imports that they do not need are
inside the functions.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, Struct, UnsetType

from llmring.clock import SYSTEM, Clock
from llmring.config import sandbox
from llmring.config.environment import database_at, switch, value_of
from llmring.config.transport_settings import transport_options
from llmring.config.user_folders import config_folder, is_in_a_home, state_folder
from llmring.exceptions import ConfigurationError
from llmring.lockfile.document import RECORDINGS
from llmring.lockfile.file import LockfileSource, find, working_folder
from llmring.transport import network_guard
from llmring.transport.options import TransportOptions

if TYPE_CHECKING:
    from llmring.config.sandbox import Sandbox
    from llmring.config.trust import TrustedLockfiles
    from llmring.lockfile.document import Lockfile
    from llmring.providers.endpoint import Endpoint
    from llmring.registry.effective_facts import EffectiveFacts

DEFAULT_TIMEOUT_SECONDS = 60.0

_NO_TIMEOUT = frozenset({"none", "off", "disable", "disabled", "infinite"})


class Settings(Struct, frozen=True, kw_only=True):
    """The environment's settings, read once.

    Attributes:
        endpoints: Every provider by name, with its address and key.
        timeout: Seconds that a call may take unless it sets its own; None for no limit.
        retries: Retries of a model unless the lockfile sets them; None for the default.
        local_model: The user's own GGUF file for the provider `local`.
        cache_dir: Folder of downloaded weights.
        redis_url: The Redis or Valkey that shares circuits and spending among processes, if any.
        state_dir: Folder of what is kept about calls.
        ledger: The ledger's file, or the address of its PostgreSQL database; None to keep none.
        log_content: True to keep the texts of calls in the ledger.
        frozen: True if only models that the lockfile names, as it has pinned them, may be called.
        public_key: The key with which a frozen lockfile must be signed, if it is set here.
        registry_url: Address of newer facts about models, if any.
        gateway_secret: The gateway's secret, if it is set here.
        cache_key: The key that the gateway's kept answers are encrypted with, if any.
        gateway_db: The file of the gateway's keys, or the address of their PostgreSQL database;
            None for no place.
        clock: The wall clock, and the date by which prices and retirements are judged.
        transport: The options of HTTP connections.
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
    public_key: str | None = None
    registry_url: str | None = None
    gateway_secret: str | None = None
    cache_key: str | None = None
    gateway_db: Path | str | None = None
    clock: Clock = Clock()
    transport: TransportOptions = TransportOptions()

    @property
    def spool_dir(self) -> Path | None:
        """Folder of calls that wait to be written to a ledger; None without a home folder."""
        return self.state_dir / "spool" if is_in_a_home(self.state_dir) else None


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of this process.

    Args:
        environ: The variables; by default those of the process.

    Raises:
        ConfigurationError: A variable holds a value that can't be used.
    """
    from llmring.config.endpoints import endpoint
    from llmring.config.kept_keys import KeptKeys
    from llmring.local.weights import default_cache_dir
    from llmring.providers.table import PROVIDERS

    env = os.environ if environ is None else environ
    tests = sandbox_here()
    local_model = value_of(env, "LLMRING_LOCAL_MODEL")
    state_dir = state_folder(env)
    kept_keys = kept_keys_path(env)
    kept = None if kept_keys is None else KeptKeys(kept_keys).key
    settings = Settings(
        endpoints={name: endpoint(row, env, kept) for name, row in PROVIDERS.items()},
        timeout=_timeout(value_of(env, "LLMRING_PROVIDER_TIMEOUT_S")),
        retries=_retries(value_of(env, "LLMRING_RETRIES")),
        local_model=Path(local_model).expanduser() if local_model else None,
        cache_dir=default_cache_dir(env),
        redis_url=value_of(env, "LLMRING_REDIS_URL"),
        state_dir=state_dir,
        ledger=_ledger(env, state_dir),
        log_content=switch(env, "LLMRING_LOG_CONTENT"),
        frozen=switch(env, "LLMRING_FROZEN"),
        public_key=value_of(env, "LLMRING_PUBLIC_KEY"),
        registry_url=value_of(env, "LLMRING_REGISTRY_URL"),
        gateway_secret=value_of(env, "LLMRING_GATEWAY_SECRET"),
        cache_key=value_of(env, "LLMRING_CACHE_KEY"),
        gateway_db=database_at(env, "LLMRING_GATEWAY_DB", state_dir / "keys.sqlite"),
        clock=read_clock(env),
        transport=transport_options(env),
    )
    return settings if tests is None else _within(tests, settings)


def _within(tests: Sandbox, found: Settings) -> Settings:
    """Return settings that write nothing to the user's places."""
    replaced: Settings = msgspec.structs.replace(
        found,
        ledger=tests.ledger if tests.replaces(found.ledger) else found.ledger,
        gateway_db=(
            tests.state_dir(found.state_dir) / "keys.sqlite"
            if tests.replaces(found.gateway_db)
            else found.gateway_db
        ),
        state_dir=tests.state_dir(found.state_dir),
        cache_dir=tests.cache_dir(found.cache_dir),
        redis_url=None if tests.replaces(found.redis_url) else found.redis_url,
    )
    return replaced


def sandbox_here() -> Sandbox | None:
    """Return the sandbox of the test run that this process is part of, if any.

    In a program that a test has started, requests to other machines are blocked from then on,
    unless the test may send them.
    """
    folder = value_of(os.environ, sandbox.FOLDER)
    if sandbox.current is None and folder is not None:
        sandbox.current = sandbox.load(Path(folder))
        if sandbox.current is not None and network_guard.may_leave is None:
            network_guard.may_leave = partial(switch, os.environ, sandbox.NETWORK)
    return sandbox.current


def user_places() -> tuple[Path, list[Path | str]]:
    """Return the user's cache folder, and all places that llmring would write to.

    Tests don't write to these places; a ledger that can't be used isn't one of them.
    """
    from llmring.local.weights import default_cache_dir

    env = os.environ
    state, cache = state_folder(env), default_cache_dir(env)
    places: list[Path | str] = [state, cache, config_folder(env), state / "ledger.sqlite"]
    with contextlib.suppress(ConfigurationError):
        ledger = _ledger(env, state)
        places += [] if ledger is None else [ledger]
    with contextlib.suppress(ConfigurationError):
        keys = database_at(env, "LLMRING_GATEWAY_DB", state / "keys.sqlite")
        places += [] if keys is None else [keys]
    redis = value_of(env, "LLMRING_REDIS_URL")
    return cache, places if redis is None else [*places, redis]


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


def kept_keys_path(environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the path of the user's kept keys; None without a home folder, and for tests.

    Args:
        environ: The variables; by default those of the process.
    """
    from llmring.config.kept_keys import NAME

    tests = sandbox_here()
    folder = config_folder(os.environ if environ is None else environ)
    if not is_in_a_home(folder) or (tests is not None and tests.replaces(folder)):
        return None
    return folder / NAME


def endpoints_for(
    lockfile: Lockfile, settings: Settings, environ: Mapping[str, str] | None = None
) -> Mapping[str, Endpoint]:
    """Return every provider by name: those that llmring knows, and those of a lockfile.

    Args:
        lockfile: The lockfile with the `[providers]`.
        settings: The other settings.
        environ: The variables; by default those of the process.
    """
    if not lockfile.providers:
        return settings.endpoints
    from llmring.config.provider_tables import with_own

    return with_own(lockfile, settings.endpoints, os.environ if environ is None else environ)


def effective_facts_here(
    lockfile: Lockfile, environ: Mapping[str, str] | None = None
) -> EffectiveFacts:
    """Return the facts about models on this machine, as corrected by a lockfile.

    Args:
        lockfile: The lockfile with the corrections.
        environ: The variables; by default those of the process.
    """
    from llmring.local.weights import default_cache_dir
    from llmring.registry.effective_facts import effective_facts

    return effective_facts(lockfile, default_cache_dir(os.environ if environ is None else environ))


def trusts_lockfiles(environ: Mapping[str, str] | None = None) -> bool:
    """Return True if LLMRING_TRUST gives consent to every lockfile that a command finds.

    Args:
        environ: The variables; by default those of the process.

    Raises:
        ConfigurationError: The variable is neither on nor off.
    """
    return switch(os.environ if environ is None else environ, "LLMRING_TRUST")


def trusted_lockfiles(environ: Mapping[str, str] | None = None) -> TrustedLockfiles:
    """Return the user's list of trusted lockfiles.

    Args:
        environ: The variables; by default those of the process.
    """
    from llmring.config.trust import TrustedLockfiles

    return TrustedLockfiles(kept_state_folder(environ))


def mcp_token(environ: Mapping[str, str] | None = None) -> str | None:
    """Return the token that clients of `llmring mcp --http` must send, if LLMRING_MCP_TOKEN is set.

    Args:
        environ: The variables; by default those of the process.
    """
    return value_of(os.environ if environ is None else environ, "LLMRING_MCP_TOKEN")


def set_variables(found: Mapping[str, str]) -> None:
    """Set variables of this process, for what it calls from then on; those set already stay."""
    for name, value in found.items():
        os.environ.setdefault(name, value)


def kept_state_folder(environ: Mapping[str, str] | None = None) -> Path | None:
    """Return the user's folder of state, or that of a test run; None without a home folder.

    Args:
        environ: The variables; by default those of the process.
    """
    tests = sandbox_here()
    folder = state_folder(os.environ if environ is None else environ)
    if tests is not None:
        folder = tests.state_dir(folder)
    return folder if is_in_a_home(folder) else None


def variables(names: Iterable[str]) -> dict[str, str]:
    """Return those of these variables that are set in this process, unchanged."""
    return {name: os.environ[name] for name in names if name in os.environ}


def frozen_environ() -> Mapping[str, str]:
    """Return the variables of this process, with LLMRING_FROZEN set."""
    return {**os.environ, "LLMRING_FROZEN": "1"}


def chosen_profile(environ: Mapping[str, str] | None = None) -> str | None:
    """Return the current value of LLMRING_PROFILE; an empty one counts as unset."""
    env = os.environ if environ is None else environ
    return value_of(env, "LLMRING_PROFILE")


def recordings_folder(
    folder: str | None, lockfile: Path, environ: Mapping[str, str] | None = None
) -> Path:
    """Return the folder of test recordings: LLMRING_RECORDINGS, or the lockfile's own.

    Args:
        folder: The folder set in the lockfile, if any, relative to the lockfile.
        lockfile: Path of the lockfile.
        environ: The variables; by default those of the process.
    """
    env = os.environ if environ is None else environ
    chosen = value_of(env, "LLMRING_RECORDINGS")
    return Path(chosen).expanduser() if chosen else lockfile.parent / (folder or RECORDINGS)


def find_active_lockfile(
    explicit: str | PathLike[str] | None,
    environ: Mapping[str, str] | None = None,
    package: Path | None = None,
) -> LockfileSource:
    """Find the lockfile that calls and commands use.

    It is the one at the given path, or else the one that LLMRING_LOCKFILE_PATH names,
    `./llmring.lock`, the one of the calling package, or the one that comes with llmring.

    Raises:
        LockfileNotFoundError: A file that was named does not exist.
    """
    env = os.environ if environ is None else environ
    return find(explicit, env.get("LLMRING_LOCKFILE_PATH"), working_folder(), package)


def timeout_of(*timeouts: float | UnsetType | None) -> float | None:
    """Return the first timeout that is set, in seconds; None for no limit.

    Raises:
        ConfigurationError: It is not a number above zero.
    """
    for timeout in timeouts:
        if timeout is UNSET:
            continue
        if timeout is not None and not timeout > 0:
            raise ConfigurationError(f"a timeout must be above 0 seconds, or None; not {timeout}")
        return timeout
    return DEFAULT_TIMEOUT_SECONDS


def _ledger(env: Mapping[str, str], state_dir: Path) -> Path | str | None:
    if value_of(env, "LLMRING_LEDGER") is not None and not switch(env, "LLMRING_LEDGER"):
        return None
    name, shared = "LLMRING_LEDGER_URL", value_of(env, "LLMRING_GATEWAY_DB") or ""
    # A file of keys is not a ledger; a database has room for both.
    if value_of(env, name) is None and shared.startswith(("postgresql://", "postgres://")):
        name = "LLMRING_GATEWAY_DB"
    return database_at(env, name, state_dir / "ledger.sqlite")


def _retries(value: str | None) -> int | None:
    if value is None:
        return None
    if not value.isdecimal():
        raise ConfigurationError(f"LLMRING_RETRIES is {value!r}; set it to a whole number from 0")
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
            f"LLMRING_PROVIDER_TIMEOUT_S is {value!r}; set it to seconds above 0, or to 'none'"
        ) from None


def ledger_place() -> Path | str:
    """Return the path or database URL of the ledger.

    Raises:
        ConfigurationError: The ledger is off.
    """
    place = read_settings().ledger
    if place is None:
        raise ConfigurationError(
            "the ledger is off: LLMRING_LEDGER disables it, or the home folder is missing; unset "
            "LLMRING_LEDGER, or set LLMRING_LEDGER_URL"
        )
    return place
