"""An answer over HTTP whose head has arrived and whose body is still arriving."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmring.bridge.inline import breathe, now
from llmring.exceptions import ProviderConnectionError, ProviderError
from llmring.transport.answer_parser import AnswerParser
from llmring.transport.blocking_connection import BlockingConnection
from llmring.transport.connection import Connection
from llmring.transport.exchange import Patience, forgive_absence
from llmring.transport.unpack import BodyLimits, Unpacker, too_large
from llmring.wire import HttpHead, is_success

# The bytes after a stream's last event come with it, or are not worth waiting for.
DRAIN_SECONDS = 0.1

# The events in so many bytes are read in a few milliseconds, however small they are.
MOST_AT_ONCE = 2**16

# Fewer bytes without a line break don't reset the stall timer, or a server that sends one byte at
# a time could keep a call open forever.
SIGN_OF_LIFE_BYTES = 16


class HttpExchange:
    """An answer whose head has arrived and whose body is still arriving.

    Args:
        connection: The connection on which it comes.
        parser: Reads it.
        limits: The bounds of what is read.

    Attributes:
        head: Status and headers.
    """

    __slots__ = (
        "_connection",
        "_encoding",
        "_left_at",
        "_limits",
        "_parser",
        "_patience",
        "_rest",
        "_unpacker",
        "head",
    )

    def __init__(
        self, connection: Connection | BlockingConnection, parser: AnswerParser, limits: BodyLimits
    ) -> None:
        self._connection = connection
        self._parser = parser
        self._limits = limits
        self._patience: Patience | None = None
        # When the caller got the last bytes.
        self._left_at = 0.0
        self._encoding = parser.headers.get("content-encoding")
        self._unpacker: Unpacker | None = None
        # What has come and is not unpacked yet.
        self._rest: Iterator[bytes] = iter(())
        self.head = HttpHead(parser.status, parser.headers)

    def expire_at(self, when: float | None) -> None:
        """Cut the connection at this time of the loop's clock; None for never."""
        if self._connection.parser is self._parser:
            self._connection.expire_at(when)

    def watch(self, patience: Patience) -> None:
        """Cut the connection when the answer has brought nothing for too long."""
        self._patience = patience
        self._left_at = now()
        if self._connection.parser is self._parser:
            self._connection.watch(patience)

    async def read(self) -> bytes:
        """Read the rest of the body; of the body of an error, its beginning.

        Raises:
            ProviderError: The connection failed, its time ran out, or it is too large.
        """
        parser = self._parser
        declared = self.head.headers.get("content-length", "")
        if self._encoding is None and declared.isdecimal() and int(declared) <= self._limits.error:
            while not parser.complete:
                await self._connection.more(parser, until_end=True)
            return parser.take()
        return await self._read_bounded()

    async def _read_bounded(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        is_answer = is_success(self.head)
        most = self._limits.body if is_answer else self._limits.error
        while data := await self._received():
            for piece in self._unpacked(data):
                pieces.append(piece)
                size += len(piece)
                if size > most:
                    if is_answer:
                        raise too_large("the answer", most)
                    return b"".join(pieces)[:most]
                # Other calls go on between the pieces of a large body.
                await breathe()
        self._require_end()
        return b"".join(pieces)

    def _unpacked(self, data: bytes) -> Iterable[bytes]:
        if self._encoding is None:
            return (data[at : at + MOST_AT_ONCE] for at in range(0, len(data), MOST_AT_ONCE))
        if self._unpacker is None:
            self._unpacker = Unpacker(self._encoding, self._limits)
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
        patience = self._patience
        if patience is not None:
            forgive_absence(patience, self._left_at, now())
        data = await self._piece()
        if patience is not None:
            self._left_at = now()
            if len(data) >= SIGN_OF_LIFE_BYTES or b"\n" in data:
                patience.read_at = self._left_at
        return data

    async def _piece(self) -> bytes:
        """Return the next bytes, unpacked, of which there are never many; empty at the end."""
        while True:
            for piece in self._rest:
                # Other calls go on between the pieces of what came at once.
                await breathe()
                if piece:
                    return piece
            data = await self._received()
            if not data:
                self._require_end()
                return b""
            if self._encoding is None and len(data) <= MOST_AT_ONCE:
                return data
            self._rest = iter(self._unpacked(data))

    async def _received(self) -> bytes:
        """Return the next bytes as they came; empty at the end of the body."""
        parser = self._parser
        while not parser.pieces:
            if parser.complete:
                return b""
            await self._connection.more(parser)
        return parser.take()

    async def finish(self) -> None:
        """Read and discard the rest of a body, if there is little left.

        After a stream's last event only the end of the HTTP body is left; once that is read, the
        connection can be reused.
        """
        parser = self._parser
        if parser.complete:
            return
        self.expire_at(now() + DRAIN_SECONDS)
        try:
            while not parser.complete:
                await self._connection.more(parser)
                parser.take()
        except ProviderError:
            return

    def close(self) -> None:
        """Cut the connection, unless the body has come and it went back to the pool."""
        if self._connection.parser is self._parser:
            self._connection.abort()
