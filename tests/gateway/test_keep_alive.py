"""Streams that stay alive in silence, and the moment when their head must go out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leaping_clock import run
from llmring.gateway.keep_alive import KeptAlive

BEAT = b": keep-alive\n\n"

# A time at which something came.
Seen = tuple[float, bytes]


class Source:
    """A stream of pieces, each after a pause, and perhaps an error at its end.

    Attributes:
        sent: The number of pieces that were read.
        closed: True once it has ended or was closed.
        cancelled: True if it was cancelled while it waited.
    """

    def __init__(self, *pieces: tuple[float, bytes], error: Exception | None = None) -> None:
        self._pieces = pieces
        self._error = error
        self.sent = 0
        self.closed = False
        self.cancelled = False

    async def stream(self) -> AsyncIterator[bytes]:
        try:
            for pause, piece in self._pieces:
                if pause:
                    await asyncio.sleep(pause)
                self.sent += 1
                yield piece
            if self._error is not None:
                raise self._error
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        finally:
            self.closed = True


class Failing(Source):
    """A stream that fails after a pause, without a piece."""

    def __init__(self, pause: float) -> None:
        super().__init__()
        self._pause = pause

    async def stream(self) -> AsyncIterator[bytes]:
        await asyncio.sleep(self._pause)
        for _ in ():
            yield b""
        raise ValueError("broken")


def kept_alive(source: Source, **options: Any) -> KeptAlive[bytes, bytes]:
    return KeptAlive(source.stream(), lambda: BEAT, **options)


async def read(stream: AsyncIterator[bytes]) -> list[Seen]:
    loop = asyncio.get_running_loop()
    return [(round(loop.time(), 6), piece) async for piece in stream]


def test_g084_a_beat_comes_after_each_ten_seconds_of_silence() -> None:
    source = Source((5, b"a"), (35, b"b"), (9.9, b"c"))

    seen = run(read(kept_alive(source)))

    beats = [(15, BEAT), (25, BEAT), (35, BEAT)]
    assert seen == [(5, b"a"), *beats, (40, b"b"), (49.9, b"c")]


def test_g084_no_beat_comes_while_items_do() -> None:
    source = Source(*[(9.9, b"x")] * 100)

    assert [piece for _, piece in run(read(kept_alive(source)))] == [b"x"] * 100


@given(pauses=st.lists(st.sampled_from([0, 0, 0, 0.5, 9, 10, 11, 25, 40]), max_size=40))
@example(pauses=[0] * 40)
def test_any_stream_keeps_its_items_and_is_never_silent_for_longer(pauses: list[float]) -> None:
    items = [(pause, b"%d" % at) for at, pause in enumerate(pauses)]

    seen = run(read(kept_alive(Source(*items))))

    assert [piece for _, piece in seen if piece != BEAT] == [piece for _, piece in items]
    gaps = [b - a for a, b in pairwise([0.0, *(at for at, _ in seen)])]
    assert all(gap <= 10.001 for gap in gaps)
    assert all(gap > 9.999 for gap, (_, piece) in zip(gaps, seen, strict=True) if piece == BEAT)


def test_an_error_comes_after_the_items_before_it() -> None:
    source = Source((1, b"a"), (0, b"b"), error=ValueError("broken"))

    async def main() -> list[bytes]:
        stream = kept_alive(source)
        seen = [await anext(stream), await anext(stream)]
        with pytest.raises(ValueError, match="broken"):
            await anext(stream)
        assert await read(stream) == []
        return seen

    assert run(main()) == [b"a", b"b"]
    assert source.closed


# --- The head ---


def test_g071_a_first_item_in_time_comes_before_the_head() -> None:
    async def main() -> tuple[bool, list[Seen]]:
        stream = kept_alive(Source((14, b"a"), (11, b"b")))
        return await stream.head_after(15), await read(stream)

    assert run(main()) == (False, [(14, b"a"), (24, BEAT), (25, b"b")])


def test_g071_after_the_time_the_head_goes_out_with_a_beat() -> None:
    async def main() -> tuple[bool, list[Seen]]:
        stream = kept_alive(Source((32, b"a")))
        return await stream.head_after(15), await read(stream)

    assert run(main()) == (True, [(15, BEAT), (25, BEAT), (32, b"a")])


def test_g071_an_item_that_comes_while_the_head_goes_out_needs_no_beat() -> None:
    async def main() -> tuple[bool, list[Seen]]:
        stream = kept_alive(Source((16, b"a"), (1, b"b")))
        late = await stream.head_after(15)
        await asyncio.sleep(1.5)
        return late, await read(stream)

    assert run(main()) == (True, [(16.5, b"a"), (17, b"b")])


def test_g071_a_failure_in_time_is_raised() -> None:
    async def main() -> None:
        stream = kept_alive(Source((3, b"a"), error=ValueError("broken")))
        assert not await stream.head_after(15)
        stream = kept_alive(Failing(3))
        with pytest.raises(ValueError, match="broken"):
            await stream.head_after(15)
        assert await read(stream) == []

    run(main())


def test_g071_a_failure_after_the_head_comes_in_the_stream() -> None:
    async def main() -> None:
        stream = kept_alive(Failing(17))
        assert await stream.head_after(15)
        assert await anext(stream) == BEAT
        with pytest.raises(ValueError, match="broken"):
            await anext(stream)

    run(main())


def test_g071_a_stream_without_items_has_a_head_at_once() -> None:
    async def main() -> tuple[bool, list[Seen]]:
        stream = kept_alive(Source())
        return await stream.head_after(15), await read(stream)

    assert run(main()) == (False, [])


# --- Closing ---


async def unread(stream: KeptAlive[bytes, bytes]) -> None:
    pass


async def late(stream: KeptAlive[bytes, bytes]) -> None:
    assert await stream.head_after(1)


async def after_an_item(stream: KeptAlive[bytes, bytes]) -> None:
    while await anext(stream) == BEAT:
        pass


async def after_a_beat(stream: KeptAlive[bytes, bytes]) -> None:
    while await anext(stream) != BEAT:
        pass


async def cancelled(stream: KeptAlive[bytes, bytes]) -> None:
    reader = asyncio.create_task(read(stream))
    await asyncio.sleep(4)
    reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader


async def cancelled_at_once(stream: KeptAlive[bytes, bytes]) -> None:
    reader = asyncio.create_task(read(stream))
    await asyncio.sleep(0)
    reader.cancel()


Stop = Callable[[KeptAlive[bytes, bytes]], Awaitable[None]]
STOPS: list[tuple[Stop, float]] = [
    (unread, 0),
    (late, 5),
    (after_an_item, 0),
    (after_an_item, 5),
    (after_an_item, 50),
    (after_a_beat, 50),
    (cancelled, 0.5),
    (cancelled, 50),
    (cancelled_at_once, 0),
    (cancelled_at_once, 5),
]


@pytest.mark.parametrize(("stop", "pause"), STOPS)
def test_closing_cancels_the_stream_and_leaves_no_task(stop: Stop, pause: float) -> None:
    source = Source(*[(pause, b"x")] * 100)

    async def main() -> float:
        stream = kept_alive(source)
        await stop(stream)
        begun = asyncio.get_running_loop().time()
        await stream.aclose()
        assert await read(stream) == []
        await stream.aclose()
        return asyncio.get_running_loop().time() - begun

    assert run(main()) == 0
    assert source.sent < 100
    assert source.closed or source.sent == 0


@pytest.mark.parametrize("waits_for_head", [False, True])
@pytest.mark.parametrize("seconds", [0, 4, 14])
def test_g085_cancelling_a_wait_cancels_the_stream(seconds: float, waits_for_head: bool) -> None:
    source = Source((50, b"x"))

    async def main() -> None:
        stream = kept_alive(source)
        waits = stream.head_after(15) if waits_for_head else read(stream)
        reader = asyncio.create_task(waits)
        await asyncio.sleep(seconds)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert asyncio.get_running_loop().time() == seconds

    run(main())

    assert source.cancelled or seconds == 0


def test_closing_waits_for_the_clean_up_of_the_stream() -> None:
    events: list[str] = []

    async def stream() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await asyncio.sleep(99)
        finally:
            await asyncio.sleep(1)
            events.append("cleaned up")

    async def main() -> None:
        kept = KeptAlive(stream(), lambda: BEAT)
        await anext(kept)
        await asyncio.sleep(1)
        await kept.aclose()
        events.append("closed")

    run(main())

    assert events == ["cleaned up", "closed"]


def test_a_stream_that_another_task_closes_ends_for_its_reader() -> None:
    async def main() -> list[Seen]:
        stream = kept_alive(Source((1, b"a"), (99, b"b")))
        reader = asyncio.create_task(read(stream))
        await asyncio.sleep(5)
        await stream.aclose()
        return await reader

    assert run(main()) == [(1, b"a")]


def test_any_iterator_is_kept_alive_also_one_that_can_not_be_closed() -> None:
    class Counted:
        left = 2

        def __aiter__(self) -> AsyncIterator[int]:
            return self

        async def __anext__(self) -> int:
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            await asyncio.sleep(11)
            return self.left

    async def main() -> list[int | None]:
        stream = KeptAlive(Counted(), lambda: None)
        found = [each async for each in stream]
        await stream.aclose()
        return found

    assert run(main()) == [None, 1, None, 0]


# --- The cost ---


def test_g086_a_reader_that_stops_also_stops_the_stream() -> None:
    source = Source(*[(0, b"x")] * 1000)

    async def main() -> None:
        stream = kept_alive(source)
        await anext(stream)
        await asyncio.sleep(99)
        assert source.sent <= 16
        assert len(await read(stream)) == 999
        assert source.closed

    run(main())


@pytest.mark.parametrize("pause", [0, 0.01])
def test_a_stream_has_one_task_whatever_number_of_items(pause: float) -> None:
    made: list[Any] = []

    def factory(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> Any:
        made.append(work)
        return asyncio.Task(work, loop=loop, **options)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        assert len(await read(kept_alive(Source(*[(pause, b"x")] * 500)))) == 500
        loop.set_task_factory(None)

    run(main())

    assert len(made) == 1
