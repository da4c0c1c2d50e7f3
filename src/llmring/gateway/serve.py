"""The process of the gateway: its socket, its first lines, its signals and its end."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct

from llmring.address import is_loopback
from llmring.config.gateway_secret import gateway_secret
from llmring.config.settings import read_settings, trusts_lockfiles, variables
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server.drain import DELAY_SECONDS, Drain
from llmring.gateway.server.listening import listening
from llmring.gateway.server.live_gateway import LiveGateway

if TYPE_CHECKING:
    import uvicorn

    from llmring.gateway.app import GatewayApp
    from llmring.gateway.server.guarded_protocol import GuardedProtocol

# Agents wait long for one answer.
TIMEOUT_SECONDS = 600.0

# Longer than clients and proxies keep an idle connection, so that they close it first.
_KEEP_ALIVE_SECONDS = 75
# After the calls that run too long are cancelled, they have this time to end.
_GRACE_SECONDS = 10


class ServeOptions(Struct, frozen=True, kw_only=True):
    """The options of a gateway's process.

    Attributes:
        host: The address to listen on.
        port: The port; 0 for any free one.
        profile: The profile, if one is named.
        file: The lockfile, if one is named.
        accept_removals: True if the lockfile may lose aliases that are called.
        drain_delay: Seconds from the first signal to end until no connections are taken.
    """

    host: str = "127.0.0.1"
    port: int = 4180
    profile: str | None = None
    file: str | None = None
    accept_removals: bool = False
    drain_delay: float = DELAY_SECONDS


class PreparedGateway(Struct, frozen=True, kw_only=True):
    """A gateway that listens, but does not answer yet.

    Attributes:
        lines: What to print: the address, the profile, the aliases, and how clients find it.
        run: Answers until the process is asked to end.
        close: Closes the socket of a gateway that is not to run.
    """

    lines: tuple[str, ...]
    run: Callable[[], None]
    close: Callable[[], None]


def prepare(options: ServeOptions) -> PreparedGateway:
    """Read what a gateway needs, and open its socket.

    Args:
        options: The options.

    Raises:
        LLMRingError: The lockfile, the profile, the secret or a setting can't be used.
        ConfigurationError: The address is not one of this machine, or the port is in use.
    """
    settings = read_settings()
    own = "".join(variables(["LLMRING_PROVIDER_TIMEOUT_S"]).values()).strip()
    ring = ServedRing(options.file, timeout=UNSET if own else TIMEOUT_SECONDS)
    live = LiveGateway(
        ring,
        gateway_secret(settings.gateway_secret, settings.state_dir),
        profile=options.profile,
        is_open=is_loopback(options.host),
        accept_removals=options.accept_removals,
        needs_consent=ring.lockfile_source == "folder" and not trusts_lockfiles(),
    )
    aliases = ring.list_aliases(options.profile)
    door = listening(options.host, options.port)
    url = _url(options.host, door.getsockname()[1])
    return PreparedGateway(
        lines=first_lines(url, live.active_profile, list(aliases)),
        run=lambda: _run(live, door, Drain(options.drain_delay)),
        close=door.close,
    )


def first_lines(url: str, profile: str, aliases: list[str]) -> tuple[str, ...]:
    """Return what a gateway prints when it starts.

    Args:
        url: Its address.
        profile: Its profile.
        aliases: The aliases of the profile.
    """
    return (
        f"llmring gateway at {url}, profile {profile}, "
        f"aliases: {', '.join(aliases) or 'none'}, keys off",
        f"export OPENAI_BASE_URL={url}/v1",
        f"export ANTHROPIC_BASE_URL={url}",
        f"export GOOGLE_GEMINI_BASE_URL={url}",
    )


def _url(host: str, port: int) -> str:
    """Return the address for clients on this machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 -- the address of all, which clients can't call
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _run(live: LiveGateway, door: socket.socket, drain: Drain) -> None:
    from llmring.gateway.app import GatewayApp

    with door:
        app = GatewayApp(live.now, drain=drain, on_call=live.report_call)
        server_for(app, drain, on_hangup=live.read_again).run(sockets=[door])


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
    import uvicorn

    from llmring.gateway.server.draining_server import DrainingServer
    from llmring.gateway.server.guarded_protocol import GuardedProtocol

    config = uvicorn.Config(
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
        timeout_graceful_shutdown=int(drain.limit) + _GRACE_SECONDS,
    )
    return DrainingServer(config, drain, on_hangup)
