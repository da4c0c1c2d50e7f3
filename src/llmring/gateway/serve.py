"""The process of the gateway: its socket, its first lines, its signals and its end."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct

from llmring.access.live_access import LiveAccess
from llmring.access.open_key_store import key_store_at
from llmring.address import is_loopback
from llmring.config.gateway_secret import gateway_secret
from llmring.config.settings import read_settings, trusts_lockfiles, variables
from llmring.exceptions import ConfigurationError
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server.drain import DELAY_SECONDS, Drain
from llmring.gateway.server.listening import listening
from llmring.gateway.server.live_gateway import Audience, LiveGateway
from llmring.gateway.shared_table import SharedTables
from llmring.gateway.watching.access_log import AccessLog
from llmring.gateway.watching.state_watch import StateWatch
from llmring.gateway.watching.watching import Records, Watching, own_records
from llmring.lockfile.consent import Claim

if TYPE_CHECKING:
    import uvicorn

    from llmring.gateway.app import GatewayApp
    from llmring.gateway.server.guarded_protocol import GuardedProtocol

# Agents wait long for one answer.
TIMEOUT_SECONDS = 600.0

# Longer than clients and proxies keep an idle connection, so that they close it first.
_KEEP_ALIVE_SECONDS = 75
# After the calls that run too long are cancelled, they have this time to end.
GRACE_SECONDS = 10


class NoKeysError(ConfigurationError):
    """A gateway that other machines can reach has no keys."""


class ServeOptions(Struct, frozen=True, kw_only=True):
    """The options of a gateway's process.

    Attributes:
        host: The address to listen on.
        port: The port; 0 for any free one.
        profile: The profile, if one is named.
        file: The lockfile, if one is named.
        accept_removals: True if the lockfile may lose aliases that are called.
        drain_delay: Seconds from the first signal to end until no connections are taken.
        no_keys: True if all who reach it may make calls, whatever keys there are.
        access_log: The path of the log of calls, as for `AccessLog`; None for no log.
    """

    host: str = "127.0.0.1"
    port: int = 4180
    profile: str | None = None
    file: str | None = None
    accept_removals: bool = False
    drain_delay: float = DELAY_SECONDS
    no_keys: bool = False
    access_log: str | None = None


class PreparedGateway(Struct, frozen=True, kw_only=True):
    """A gateway that listens, but does not answer yet.

    Attributes:
        options: Its options.
        live: The gateway.
        door: Its socket.
        lines: What to print: the address, the profile, the aliases, and how clients find it.
    """

    options: ServeOptions
    live: LiveGateway
    door: socket.socket
    lines: tuple[str, ...]

    def run(self) -> None:
        """Answer until the process is asked to end."""
        drain = Drain(self.options.drain_delay)
        with self.door:
            server_for(app_for(self.live, drain), drain, self.live.read_again).run([self.door])

    def close(self) -> None:
        """Close the socket of a gateway that is not to run."""
        self.door.close()


def prepare(options: ServeOptions) -> PreparedGateway:
    """Read what a gateway needs, and open its socket.

    Args:
        options: The options.

    Raises:
        LLMRingError: The lockfile, the profile, the secret or a setting can't be used.
        NoKeysError: Other machines can reach it, and no key is valid.
        ConfigurationError: The address is not one of this machine, the port is in use, or the keys
            can't be read.
    """
    live = open_gateway(options)
    keys = _usable_keys(live)
    if not (keys or options.no_keys or is_loopback(options.host)):
        raise NoKeysError(f"{options.host} can be reached from other machines, and has no keys")
    aliases = live.now().ring.list_aliases(options.profile)
    door = listening(options.host, options.port)
    url = _url(options.host, door.getsockname()[1])
    return PreparedGateway(
        options=options,
        live=live,
        door=door,
        lines=first_lines(url, live.active_profile, list(aliases), keys=keys),
    )


def _usable_keys(live: LiveGateway) -> int | None:
    """Return the number of keys that clients may use; None if they need none.

    Raises:
        ConfigurationError: The keys can't be read.
    """
    access = live.access
    if access is None:
        return None
    if access.failure is not None:
        raise access.failure
    return access.usable(live.now().ring.clock.now()) if access.is_on else None


def open_gateway(
    options: ServeOptions,
    *,
    agreed: tuple[Claim, ...] | None = None,
    tables: SharedTables | None = None,
    records: Records | None = None,
) -> LiveGateway:
    """Read what a gateway needs.

    Args:
        options: The options.
        agreed: As for `LiveGateway`.
        tables: The tables that the processes of the gateway share; None for one process.
        records: The memory that they share for what is recorded; None for one process.

    Raises:
        LLMRingError: The lockfile, the profile, the secret or a setting can't be used.
    """
    settings = read_settings()
    if settings.cache_key is not None:
        from llmring.answer_cache.cipher import Cipher

        # Its faults show here, and not with the first call whose answer is kept.
        Cipher(settings.cache_key)
    own = "".join(variables(["LLMRING_PROVIDER_TIMEOUT_S"]).values()).strip()
    ring = ServedRing(options.file, timeout=UNSET if own else TIMEOUT_SECONDS)
    is_local = is_loopback(options.host)
    access = None
    if not options.no_keys:
        store = None if settings.gateway_db is None else key_store_at(settings.gateway_db)
        access = LiveAccess(store, always=not is_local)
    log = None if options.access_log is None else AccessLog(options.access_log, ring.clock)
    live = LiveGateway(
        ring,
        gateway_secret(settings.gateway_secret, settings.state_dir),
        profile=options.profile,
        audience=Audience(is_open=is_local, access=access),
        accept_removals=options.accept_removals,
        needs_consent=ring.lockfile_source == "folder" and not trusts_lockfiles(),
        agreed=agreed,
        tables=tables,
    )
    live.record(Watching(ring, records or own_records(), log))
    return live


def first_lines(
    url: str, profile: str, aliases: list[str], *, keys: int | None = None
) -> tuple[str, ...]:
    """Return what a gateway prints when it starts.

    Args:
        url: Its address.
        profile: Its profile.
        aliases: The aliases of the profile.
        keys: The number of keys that clients may use; None if they need none.
    """
    needed = "keys off" if keys is None else f"keys on ({keys})"
    return (
        f"llmring gateway at {url}, profile {profile}, "
        f"aliases: {', '.join(aliases) or 'none'}, {needed}",
        f"export OPENAI_BASE_URL={url}/v1",
        f"export ANTHROPIC_BASE_URL={url}",
        f"export GOOGLE_GEMINI_BASE_URL={url}",
    )


def _url(host: str, port: int) -> str:
    """Return the address for clients on this machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 -- the address of all, which clients can't call
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def app_for(live: LiveGateway, drain: Drain) -> GatewayApp:
    """Build the application of a gateway.

    Args:
        live: The gateway.
        drain: Its end.
    """
    from llmring.gateway.app import GatewayApp

    watching = live.now().watching
    state = None
    if watching is not None:
        state = StateWatch(
            watching,
            live.now().ring,
            is_stale=live.is_stale,
            is_draining=lambda: drain.is_draining,
        )
    return GatewayApp(live.now, drain=drain, on_call=live.report_call, state=state)


def server_for(
    app: GatewayApp,
    drain: Drain,
    on_hangup: Callable[[], None] | None = None,
    protocol: type[GuardedProtocol] | None = None,
) -> uvicorn.Server:
    """Build the server of a gateway.

    Args:
        app: The gateway.
        drain: The end of the gateway.
        on_hangup: Called on SIGHUP.
        protocol: The HTTP server.
    """
    from llmring.gateway.server.draining_server import DrainingServer

    return DrainingServer(server_config(app, drain, protocol), drain, on_hangup)


def server_config(
    app: GatewayApp, drain: Drain, protocol: type[GuardedProtocol] | None = None
) -> uvicorn.Config:
    """Return the settings of a gateway's server; see `server_for`."""
    import uvicorn

    from llmring.gateway.server.guarded_protocol import GuardedProtocol

    return uvicorn.Config(
        app,
        http=protocol or GuardedProtocol,
        ws="none",
        loop="auto",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(drain.limit) + GRACE_SECONDS,
    )
