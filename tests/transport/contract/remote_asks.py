"""Cases that need a trusted authority or a proxy; a process of each client asks all of them."""

from __future__ import annotations

import datetime as dt
import json
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import trustme

from transport.contract.asking_program import Ask
from transport.contract.contenders import Contender
from transport.contract.raw_server import Connection, RawServer, Script

TESTS = Path(__file__).resolve().parents[2]

AUTHORITY = trustme.CA()
UNKNOWN_AUTHORITY = trustme.CA()

# A host that only a proxy can reach.
REMOTE = "api.example.test"

LONG_AGO = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
FAR_OFF = dt.datetime(2990, 1, 1, tzinfo=dt.UTC)


def server_tls(
    *hosts: str,
    authority: trustme.CA = AUTHORITY,
    not_before: dt.datetime | None = None,
    not_after: dt.datetime | None = None,
    asks_for_certificates: bool = False,
) -> ssl.SSLContext:
    """Build the TLS of a server with a certificate for these hosts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert(*hosts, not_before=not_before, not_after=not_after)
    certificate.configure_cert(context)
    if asks_for_certificates:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def secured(context: ssl.SSLContext, script: Script) -> Script:
    """Run a script within TLS, if the client accepts it."""

    def run(connection: Connection) -> None:
        if connection.start_tls(context):
            script(connection)

    return run


@dataclass(frozen=True, eq=False)
class RemoteCase:
    """A server, how it is asked, and what must come of it.

    Attributes:
        name: The ID of the case.
        script: What the server, or the proxy, does.
        url: The address that is asked; `{place}` is the server's host and port.
        expected: The outcome, or those that are allowed.
        proxy: The address of the proxy; empty if the server is asked directly.
        methods: A method for each request.
        bytes: The length of each body.
        seconds: The time for the head of each answer.
    """

    name: str
    script: Script
    url: str
    expected: str | Collection[str]
    proxy: str = ""
    methods: tuple[str, ...] = ("POST",)
    bytes: int = 2
    seconds: float = 10

    def __str__(self) -> str:
        return self.name

    def ask_at(self, server: RawServer) -> Ask:
        """Return what to ask of a started server."""
        place = "{}:{}".format(*server.place)
        return Ask(
            url=self.url.format(place=place, port=server.place[1]),
            environ={"ALL_PROXY": self.proxy.format(place=place)} if self.proxy else {},
            methods=list(self.methods),
            bytes=self.bytes,
            seconds=self.seconds,
        )


@dataclass(frozen=True)
class Asked:
    """The outcome of a case.

    Attributes:
        outcome: The outcome.
        server: The server, closed, with what it has received.
    """

    outcome: str
    server: RawServer


@cache
def asked(contender: Contender, cases: Sequence[RemoteCase]) -> dict[str, Asked]:
    """Ask everything in one process, and return what came of each case."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        AUTHORITY.cert_pem.write_to_path(str(folder / "ca.pem"))
        servers = [stack.enter_context(RawServer(case.script)) for case in cases]
        asks = [case.ask_at(server) for case, server in zip(cases, servers, strict=True)]
        done = subprocess.run(
            [sys.executable, "-m", "transport.contract.asking_program", contender.name],
            input=json.dumps(asks),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={
                **os.environ,
                "PYTHONPATH": str(TESTS),
                "SSL_CERT_FILE": str(folder / "ca.pem"),
            },
        )
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    pairs = zip(cases, outcomes, servers, strict=True)
    return {case.name: Asked(outcome, server) for case, outcome, server in pairs}
