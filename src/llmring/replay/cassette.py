"""A cassette: recordings that are played back, or made while an answer is read."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from llmring.exceptions import (
    ProviderError,
    ProviderTimeoutError,
    RingClosedError,
    UnsupportedFeatureError,
)
from llmring.replay import recording
from llmring.replay.recording import Query, RecordedResponse, Recording
from llmring.transport.script import Chunk, Reset, Script, Step
from llmring.transport.scripted import open_script
from llmring.wire import HttpHead, HttpRequest

if TYPE_CHECKING:
    from llmring.transport.exchange import Exchange, Opener, Patience

Mode = Literal["replay", "record"]

# These answers are about the recorder's key, and would be played back to everyone.
_ABOUT_KEYS = frozenset({401, 402, 403, 407})


class Cassette:
    """The recordings of a folder, and how far they have been played.

    If a request is repeated, its recordings are played in turn, then the last one again and again.

    Args:
        folder: Folder of the recordings, created on demand.
        mode: "record" sends and records requests that have no recording, and plays back the
            others; "replay" only plays back.
    """

    def __init__(self, folder: Path, mode: Mode) -> None:
        self.folder = folder
        self.mode = mode
        self._played: Counter[str] = Counter()
        self._lock = threading.Lock()

    async def open(
        self, query: Query, request: HttpRequest, seconds: float | None, opener: Opener
    ) -> Exchange:
        """Return the answer to a request, from its recording or while recording it.

        Raises:
            UnsupportedFeatureError: The request has no recording; another model may have one.
            ProviderError: No answer came.
            ConfigurationError: The file does not hold a recording.
        """
        path = self._next(query)
        if path is not None:
            return await open_script(_script(recording.read(path).response, path))
        if self.mode == "replay":
            raise _missing(self.folder, query)
        began = time.perf_counter()
        return RecordedExchange(await opener(request, seconds), query, self, began)

    def _next(self, query: Query) -> Path | None:
        """Return the next recording of a request; None if it has no more."""
        with self._lock:
            nth = self._played[query.digest] + 1
            path = self.folder / query.file(nth)
            if path.exists():
                self._played[query.digest] = nth
                return path
        again = self.mode == "replay" and nth > 1
        return self.folder / query.file(nth - 1) if again else None

    def keep(self, query: Query, answer: RecordedResponse, ms: float) -> None:
        """Write a recording after those of the same request, also those of other processes.

        Args:
            query: The request.
            answer: The answer.
            ms: Milliseconds from sending to the end of the answer.

        Raises:
            OSError: It can't be written.
        """
        with self._lock:
            nth = self._played[query.digest] + 1
            kept = Recording(query.model, query.request, answer, round(ms, 1), query.call)
            while not recording.write(self.folder / query.file(nth), kept):
                nth += 1
            self._played[query.digest] = nth


class RecordedExchange:
    """An answer that is recorded while it is read; to its reader it is the answer itself."""

    def __init__(self, exchange: Exchange, query: Query, cassette: Cassette, began: float) -> None:
        self.head = exchange.head
        self._exchange = exchange
        self._query = query
        self._cassette = cassette
        self._began = began
        self._pieces: list[bytes] = []
        self._is_kept = exchange.head.status in _ABOUT_KEYS

    def expire_at(self, when: float | None) -> None:
        """End the answer at this time of the loop's clock; None for never."""
        self._exchange.expire_at(when)

    def watch(self, patience: Patience) -> None:
        """End the answer when it has brought nothing for too long."""
        self._exchange.watch(patience)

    async def read(self) -> bytes:
        """Read the rest of the body."""
        return self._record_piece(await self._read_reporting(self._exchange.read()), whole=True)

    async def chunk(self) -> bytes:
        """Return the next bytes of the body; empty at its end."""
        return self._record_piece(await self._read_reporting(self._exchange.chunk()))

    async def finish(self) -> None:
        """Read and discard the rest of a body, if there is little left."""
        await self._exchange.finish()
        self._keep("complete")

    def close(self) -> None:
        """Close the connection."""
        self._exchange.close()
        if self._pieces:
            self._keep("left")

    async def _read_reporting(self, reading: Awaitable[bytes]) -> bytes:
        try:
            return await reading
        except (ProviderTimeoutError, RingClosedError):
            # The caller's own end of the answer, which differs from run to run.
            self._is_kept = True
            raise
        except ProviderError:
            self._keep("cut")
            raise

    def _record_piece(self, data: bytes, *, whole: bool = False) -> bytes:
        if data:
            self._pieces.append(data)
        if whole or not data:
            self._keep("complete")
        return data

    def _keep(self, end: recording.End) -> None:
        if not self._is_kept:
            self._is_kept = True
            answer = recording.recorded_response(self.head, self._pieces, end, self._query.secrets)
            self._cassette.keep(self._query, answer, (time.perf_counter() - self._began) * 1000)


def _script(answer: RecordedResponse, path: Path) -> Script:
    return Script(HttpHead(answer.status, dict(answer.headers)), (*_steps(answer, path),))


def _steps(answer: RecordedResponse, path: Path) -> Iterator[Step]:
    # An empty chunk would mean the end of the answer; a person may have emptied a piece.
    yield from (Chunk(data) for data in answer.chunks() if data)
    match answer.end:
        case "cut":
            yield Reset(f"the connection was cut, as in the recording {path.name}")
        case "left":
            yield Reset(
                f"the recording {path.name} ends here, because its reader stopped; remove "
                "it, and record it again"
            )
        case "complete":
            pass


def _missing(folder: Path, query: Query) -> UnsupportedFeatureError:
    request = query.request
    found = recording.nearest(folder, query)
    near = ""
    if found is not None:
        path, places = found
        shown = ", ".join(places[:3]) + (" and more" if len(places) > 3 else "")
        near = f" The nearest, {path.name}, differs in {shown or 'a part that is not kept'}."
    return UnsupportedFeatureError(
        f"no recording of {request.method} {request.path} for {query.model or 'this provider'}: "
        f"{folder / query.file(1)} does not exist.{near} To record it, make the call once with "
        'mode = "record" in the profile, or under pytest with --llmring-record'
    )
