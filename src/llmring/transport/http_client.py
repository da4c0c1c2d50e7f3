"""HTTP through aiohttp: sends requests and reads answers; its faults become llmring's errors.

Only this file and `http_errors` use the HTTP library.
"""

from __future__ import annotations

import asyncio
import io
import weakref
from collections.abc import AsyncGenerator, Iterable
from typing import TYPE_CHECKING

import aiohttp
from msgspec import Struct
from yarl import URL

from llmring.exceptions import (
    ConfigurationError,
    LLMRingError,
    ProviderConnectionError,
    RingClosedError,
)
from llmring.transport import network_guard
from llmring.transport.exchange import Patience, answer_timeout
from llmring.transport.http_errors import PROXY_REFUSES, fault_of, refused_by_proxy
from llmring.transport.proxy import proxy_for
from llmring.transport.unpack import ENCODINGS, BodyLimits, Unpacker, too_large
from llmring.wire import HttpHead, HttpRequest, is_success

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

# A host that takes longer than this to accept a connection counts as down.
CONNECT_SECONDS = 10.0

# The bytes after a stream's last event come with it, or are not worth waiting for.
DRAIN_SECONDS = 0.1

# Fewer bytes without a line break don't reset the stall timer, or a server that sends one byte at
# a time could keep a call open forever.
SIGN_OF_LIFE_BYTES = 16

USER_AGENT = "llmring"


_LARGE_BODY = 2**20

LIMITS = BodyLimits()


def ring_closed() -> RingClosedError:
    """Build the error of a call whose ring was closed."""
    return RingClosedError(
        "the ring was closed while this call was in progress; close it after its calls have ended"
    )


class HttpExchange:
    """An answer whose head has arrived and whose body is still arriving.

    Attributes:
        head: Status and headers.
    """

    def __init__(
        self, response: aiohttp.ClientResponse, in_flight: dict[HttpExchange, None]
    ) -> None:
        self._response = response
        self._in_flight = in_flight
        in_flight[self] = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_of_watch: asyncio.TimerHandle | None = None
        self._patience: Patience | None = None
        self._reads = False
        self._fate: LLMRingError | None = None
        self._unpacker: Unpacker | None = None
        self.head = HttpHead(
            response.status, {name.lower(): value for name, value in response.headers.items()}
        )

    def expire_at(self, when: float | None) -> None:
        """Cut the connection at this time of the loop's clock; None for never."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if when is not None and self._is_open:
            self._timer = asyncio.get_running_loop().call_at(when, self._expire)

    @property
    def _is_open(self) -> bool:
        """True while it holds a connection: until the last byte has arrived, read or not."""
        return self._response.connection is not None

    def _expire(self) -> None:
        self._end(answer_timeout(None, self.head.status))

    def watch(self, patience: Patience) -> None:
        """Cut the connection when the answer has brought nothing for too long."""
        self._patience = patience
        self._look_later(patience)

    def _look_later(self, patience: Patience) -> None:
        # One timer for all pieces.
        loop = asyncio.get_running_loop()
        due = min(patience.due(), loop.time() + patience.interval)
        self._timer_of_watch = loop.call_at(due, self._look, patience)

    def _look(self, patience: Patience) -> None:
        now = asyncio.get_running_loop().time()
        if not self._reads:
            # The caller takes its time; what has come in the meantime has not been read.
            patience.forgive(now)
        fate = patience.verdict(now)
        if fate is None:
            self._look_later(patience)
        else:
            self._end(fate)

    def abandon(self) -> None:
        """Cut the connection, because the client is closed."""
        self._end(ring_closed())

    def _end(self, fate: LLMRingError) -> None:
        self._fate = fate
        self._response.close()

    async def read(self) -> bytes:
        """Read the rest of the body; of the body of an error, its beginning.

        Raises:
            ProviderError: The connection failed, its time ran out, or it is too large.
        """
        headers = self.head.headers
        declared = headers.get("content-length", "")
        is_plain = declared.isdecimal() and "content-encoding" not in headers
        if is_plain and int(declared) <= LIMITS.error:
            return await self._read_whole()
        return await self._read_bounded()

    async def _read_whole(self) -> bytes:
        try:
            return await self._response.read()
        except (aiohttp.ClientError, OSError) as error:
            fault = self._fault(error)
        raise fault

    async def _read_bounded(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        most = LIMITS.body if is_success(self.head) else LIMITS.error
        while True:
            data = await self._received()
            if not data:
                break
            for piece in self._unpacked(data):
                pieces.append(piece)
                size += len(piece)
                if size > most:
                    if is_success(self.head):
                        raise too_large("the answer", most)
                    return b"".join(pieces)[:most]
                # Other calls go on between the pieces of a large body.
                await asyncio.sleep(0)
        self._require_end()
        return b"".join(pieces)

    def _unpacked(self, data: bytes) -> Iterable[bytes]:
        encoding = self.head.headers.get("content-encoding")
        if encoding is None:
            return (data,)
        if self._unpacker is None:
            self._unpacker = Unpacker(encoding, LIMITS)
        return self._unpacker.feed(data)

    def _require_end(self) -> None:
        if self._unpacker is not None and not self._unpacker.complete:
            raise ProviderConnectionError(
                "the packed answer is cut off before its end", status=self.head.status
            )

    async def chunk(self) -> bytes:
        """Return the next bytes of the body, as they arrive; empty at its end.

        Raises:
            ProviderError: The connection failed, or its time ran out.
        """
        self._reads = True
        data = await self._received()
        if "content-encoding" in self.head.headers:
            # A piece may hold only a part of what is packed.
            while data and not (piece := b"".join(self._unpacked(data))):
                data = await self._received()
            data = piece if data else data
            if not data:
                self._require_end()
        self._reads = False
        if self._patience is not None and (b"\n" in data or len(data) >= SIGN_OF_LIFE_BYTES):
            self._patience.read_at = asyncio.get_running_loop().time()
        return data

    async def _received(self) -> bytes:
        """Return the next bytes as they came; empty at the end of the body."""
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            fault = self._fault(error)
        raise fault

    async def finish(self) -> None:
        """Read and discard the rest of a body, if there is little left.

        After a stream's last event only the end of the HTTP body is left; once that is read, the
        connection can be reused.
        """
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._response.content.at_eof():
                    await self._response.content.readany()
        except (aiohttp.ClientError, OSError):
            return

    def _fault(self, error: Exception) -> LLMRingError:
        if self._fate is not None:
            return self._fate
        fault = fault_of(error)
        fault.status = self.head.status
        return fault

    def close(self) -> None:
        """Cut the connection, unless the body was read and it went back to the pool."""
        if self in self._in_flight:
            del self._in_flight[self]
        if self._timer is not None:
            self._timer.cancel()
        if self._timer_of_watch is not None:
            self._timer_of_watch.cancel()
        if self._is_open:
            self._response.close()


class HttpClient:
    """An HTTP client with a pool of connections for each event loop, closed with the loop."""

    def __init__(self) -> None:
        # Outside of tests requests may go anywhere.
        self._admit = None if network_guard.may_leave is None else network_guard.admit
        self._sessions: dict[AbstractEventLoop, _LoopSession] = {}
        self._proxies: dict[tuple[str, str, int | None], str | None] = {}

    async def open(self, request: HttpRequest, seconds: float | None) -> HttpExchange:
        """Send a request and wait for the head of its answer.

        Args:
            request: The request.
            seconds: Seconds to wait for the head; None for no limit.

        Raises:
            ProviderError: No answer came.
        """
        if self._admit is not None:
            self._admit(request.url)
        url = URL(request.url, encoded=True)
        entry = self._sessions.get(asyncio.get_running_loop())
        if entry is None or entry.session.closed:
            entry = await self._opened()
        large = len(request.body) > _LARGE_BODY
        try:
            async with asyncio.timeout(seconds):
                response = await entry.session.request(
                    request.method,
                    url,
                    # As a file, which aiohttp sends in pieces, so that other calls can run.
                    data=io.BytesIO(request.body) if large else request.body,
                    headers=request.headers,
                    proxy=self._proxy(url.scheme, url.host or "", url.port),
                    allow_redirects=False,
                )
        except (aiohttp.ClientError, OSError, ConfigurationError) as error:
            fault: LLMRingError = ring_closed() if entry.session.closed else fault_of(error)
        else:
            if entry.session.closed:
                fault = ring_closed()
            elif response.status != PROXY_REFUSES:
                return HttpExchange(response, entry.in_flight)
            else:
                fault = refused_by_proxy(response)
            response.close()
        raise fault

    def _proxy(self, scheme: str, host: str, port: int | None) -> str | None:
        place = (scheme, host, port)
        if place not in self._proxies:
            self._proxies[place] = proxy_for(*place)
        return self._proxies[place]

    async def _opened(self) -> _LoopSession:
        """Open a session for the running loop, and drop the sessions of closed loops."""
        for known in list(self._sessions):
            if known.is_closed():
                self._forget(known)
        # A suspended asynchronous generator is closed with its loop (asyncio.run does so), or
        # when its last reference goes, and then closes the session that it holds.
        keeper = _keep_session()
        session = await anext(keeper)
        # Held by a finalizer: if the client is garbage-collected without being closed, the
        # session must outlive it, or aiohttp would warn of an unclosed session.
        hold = weakref.finalize(self, _let_go, keeper)
        entry = self._sessions[asyncio.get_running_loop()] = _LoopSession(session, keeper, hold, {})
        return entry

    async def aclose(self) -> None:
        """Close the running loop's connections; answers in progress raise `RingClosedError`."""
        entry = self._forget(asyncio.get_running_loop())
        if entry is not None:
            for exchange in list(entry.in_flight):
                exchange.abandon()
            await entry.keeper.aclose()

    def _forget(self, loop: AbstractEventLoop) -> _LoopSession | None:
        entry = self._sessions.pop(loop, None)
        if entry is not None:
            entry.hold.detach()
        return entry


_Keeper = AsyncGenerator[aiohttp.ClientSession, None]


class _LoopSession(Struct, frozen=True):
    session: aiohttp.ClientSession
    keeper: _Keeper
    hold: weakref.finalize[[_Keeper], HttpClient]
    in_flight: dict[HttpExchange, None]


def _let_go(_: _Keeper) -> None:
    """Drop the last reference to the keeper of a collected client, which closes its session."""


async def _keep_session() -> _Keeper:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"user-agent": USER_AGENT, "accept-encoding": ENCODINGS},
        auto_decompress=False,  # it has no bounds
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
    ) as session:
        yield session
