"""Opening of sockets: the addresses of a host, and the first of them that accepts.

https://www.rfc-editor.org/rfc/rfc8305
"""

from __future__ import annotations

import asyncio
import os
import select
import selectors
import socket
import threading
import time
from asyncio import AbstractEventLoop, Future, Task
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

# Family, type, protocol, canonical name, and address, as `getaddrinfo` gives them.
Address: TypeAlias = tuple[Any, Any, int, str, Any]

# The next address is tried when the one before has not accepted for so long.
STAGGER_SECONDS = 0.25
REMEMBER_SECONDS = 10.0
_MOST_NAMES = 1000


def numeric(host: str, port: int) -> list[Address] | None:
    """Return the address of a host that is one itself, such as 127.0.0.1; None for a name."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        return None


def interleaved(addresses: Iterable[Address]) -> list[Address]:
    """Return the addresses with IPv6 and IPv4 in turns, the first family first."""
    families: dict[Any, list[Address]] = {}
    for address in addresses:
        families.setdefault(address[0], []).append(address)
    turns = chain.from_iterable(zip_longest(*families.values()))
    return [address for address in turns if address is not None]


def prepared(family: int, kind: int, protocol: int) -> socket.socket:
    """Open a socket that sends small requests at once and notices a peer that is gone."""
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return made


def has_come(descriptor: int) -> bool:
    """Check if something can be read from a socket: bytes, or its end; a closed one has ended."""
    if descriptor < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([descriptor], [], [], 0)[0])
    # One kept for each connection would take more memory than this takes time.
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


class Resolver:
    """A resolver of names for one event loop: one look-up at a time for each, and remembered.

    A look-up takes a thread, which a name server that does not answer would hold.
    """

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._known: dict[tuple[str, int], tuple[float, Future[Sequence[Address]]]] = {}

    async def addresses(self, host: str, port: int) -> Sequence[Address]:
        """Return the addresses of a host.

        Raises:
            OSError: It has none.
        """
        if (found := numeric(host, port)) is not None:
            return found
        now = self._loop.time()
        until, look_up = self._known.get((host, port), (0.0, None))
        if look_up is None or now > until or _has_failed(look_up):
            if len(self._known) >= _MOST_NAMES:
                self._known.clear()
            look_up = self._loop.create_task(self._look_up(host, port))
            look_up.add_done_callback(_has_failed)
            self._known[host, port] = (now + REMEMBER_SECONDS, look_up)
        # A caller who leaves must not end the look-up of the others.
        return await asyncio.shield(look_up)

    async def _look_up(self, host: str, port: int) -> Sequence[Address]:
        try:
            found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise socket.gaierror(socket.EAI_NONAME, "not a name") from error
        return interleaved(found)


def _has_failed(look_up: Future[Sequence[Address]]) -> bool:
    return look_up.done() and (look_up.cancelled() or look_up.exception() is not None)


async def connected(loop: AbstractEventLoop, addresses: Sequence[Address]) -> socket.socket:
    """Return a socket that is connected to the first address that accepts.

    Raises:
        OSError: None accepts.
    """
    if len(addresses) == 1:
        return await _socket(loop, addresses[0])
    tries: set[Task[socket.socket]] = set()
    fault: OSError | None = None
    left = list(addresses)
    try:
        while left or tries:
            if left:
                tries.add(loop.create_task(_socket(loop, left.pop(0))))
            done, tries = await asyncio.wait(
                tries,
                timeout=STAGGER_SECONDS if left else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            won: socket.socket | None = None
            for each in done:
                error = each.exception()
                if error is None:
                    if won is not None:
                        won.close()
                    won = each.result()
                elif isinstance(error, OSError):
                    fault = fault or error
                else:
                    raise error
            if won is not None:
                return won
    finally:
        for each in tries:
            each.add_done_callback(_drop)
            each.cancel()
    raise fault or OSError("the host has no address")


def _drop(late: Task[socket.socket]) -> None:
    """Close the socket of a try that came too late."""
    if not late.cancelled() and late.exception() is None:
        late.result().close()


async def _socket(loop: AbstractEventLoop, address: Address) -> socket.socket:
    family, kind, protocol, _, place = address
    made = prepared(family, kind, protocol)
    try:
        made.setblocking(False)
        await loop.sock_connect(made, place)
    except BaseException:
        made.close()
        raise
    return made


def unix_socket() -> socket.socket:
    """Open a Unix socket.

    Raises:
        OSError: The system has no such sockets.
    """
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise OSError("this system has no Unix sockets")
    return socket.socket(family, socket.SOCK_STREAM)


async def connected_unix(loop: AbstractEventLoop, path: str) -> socket.socket:
    """Return a socket that is connected to a Unix socket.

    Raises:
        OSError: No program listens there, or the system has no such sockets.
    """
    made = unix_socket()
    try:
        made.setblocking(False)
        await loop.sock_connect(made, path)
    except BaseException:
        made.close()
        raise
    return made


class BlockingResolver:
    """A resolver of names for threads, which remembers what it has found.

    A look-up can't be interrupted, so another thread makes it.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[float, Sequence[Address]]] = {}

    def addresses(self, host: str, port: int, until: float) -> Sequence[Address]:
        """Return the addresses of a host; none if it is unknown.

        Args:
            host: The name or address.
            port: The port.
            until: The time of the monotonic clock at which to give up.

        Raises:
            TimeoutError: The time is up.
        """
        if (address := numeric(host, port)) is not None:
            return address
        now = time.monotonic()
        forget_at, known = self._known.get((host, port), (0.0, ()))
        if now < forget_at:
            return known
        answer: SimpleQueue[Sequence[Address]] = SimpleQueue()
        threading.Thread(target=_look_up, args=(host, port, answer), daemon=True).start()
        try:
            found = answer.get(timeout=max(0.0, until - now))
        except Empty:
            raise TimeoutError from None
        if found:
            if len(self._known) >= _MOST_NAMES:
                self._known.clear()
            self._known[host, port] = (now + REMEMBER_SECONDS, found)
        return found


def _look_up(host: str, port: int, answer: SimpleQueue[Sequence[Address]]) -> None:
    try:
        found = interleaved(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        found = []
    answer.put(found)


def _begun(address: Address) -> socket.socket:
    """Open a socket and begin to connect it."""
    family, kind, protocol, _, place = address
    made = prepared(family, kind, protocol)
    made.setblocking(False)
    try:
        made.connect(place)
    except BlockingIOError:
        pass
    except OSError:
        made.close()
        raise
    return made


def connected_at_once(addresses: Sequence[Address], until: float) -> socket.socket:
    """Return a socket that is connected to the first address that accepts; blocks until then.

    Args:
        addresses: The addresses.
        until: The time of the monotonic clock at which to give up.

    Raises:
        TimeoutError: The time is up.
        OSError: None accepts.
    """
    fault: OSError | None = None
    left = list(addresses)
    won: socket.socket | None = None
    with selectors.DefaultSelector() as tries:
        try:
            while won is None and (left or tries.get_map()):
                if left:
                    try:
                        tries.register(_begun(left.pop(0)), selectors.EVENT_WRITE)
                    except OSError as error:
                        # Such as that of a machine without IPv6.
                        fault = fault or error
                        continue
                patience = max(0.0, until - time.monotonic())
                for ready, _ in tries.select(min(patience, STAGGER_SECONDS) if left else patience):
                    sock: Any = ready.fileobj
                    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    tries.unregister(sock)
                    if code == 0 and won is None:
                        won = sock
                    else:
                        fault = fault or OSError(code, os.strerror(code))
                        sock.close()
                if won is None and time.monotonic() >= until:
                    raise TimeoutError
        finally:
            for late in list(tries.get_map().values()):
                late.fileobj.close()  # type: ignore[union-attr]
    if won is None:
        raise fault or OSError("the host has no address")
    return won
