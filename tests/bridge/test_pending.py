"""A call that is sent once, however its answer is asked for."""

import asyncio
import gc
import threading
import warnings
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

import pytest

from llmring.bridge.pending import Pending, loop_is_running


class Answer:
    def __init__(self, number: int) -> None:
        self.number = number
        self.model = "a:model"
        self.private = "not for the call"


class PendingAnswer(Pending[Answer]):
    _forwarded: ClassVar[frozenset[str]] = frozenset({"number"})
    _method: ClassVar[str] = "ask"


class Sender:
    """Counts how often a call is sent."""

    def __init__(self, fault: Exception | None = None, gate: asyncio.Event | None = None) -> None:
        self.sent = 0
        self._fault = fault
        self._gate = gate

    def call(self) -> PendingAnswer:
        return PendingAnswer(self._send)

    async def _send(self) -> Answer:
        self.sent += 1
        await asyncio.sleep(0)
        if self._gate is not None:
            await self._gate.wait()
        if self._fault is not None:
            raise self._fault
        return Answer(self.sent)


def test_a_call_is_sent_once_whether_it_is_awaited_or_read() -> None:
    sender = Sender()
    call = sender.call()

    async def awaited() -> Answer:
        return await call

    found = [call.result(), asyncio.run(awaited()), call.result()]

    assert sender.sent == 1
    assert all(each is found[0] for each in found)
    assert call.number == 1


def test_an_error_is_kept_and_raised_by_every_later_reader() -> None:
    fault = ValueError("no")
    sender = Sender(fault)
    call = sender.call()

    async def awaited() -> None:
        await call

    for read in (call.result, lambda: call.number, lambda: asyncio.run(awaited())):
        with pytest.raises(ValueError, match="no") as caught:
            read()
        assert caught.value is fault
    assert sender.sent == 1


def test_only_the_attributes_that_a_call_offers_are_read_from_its_answer() -> None:
    sender = Sender()
    call = sender.call()

    with pytest.raises(AttributeError, match="'PendingAnswer' object has no attribute 'private'"):
        call.private  # noqa: B018
    assert sender.sent == 0
    assert "number" in dir(call)
    assert "private" not in dir(call)
    assert call.number == 1


def test_the_repr_shows_how_far_a_call_is() -> None:
    gate = asyncio.Event()
    call, failing = Sender(gate=gate).call(), Sender(ValueError("no")).call()

    async def play() -> list[str]:
        found = [repr(call)]
        task = asyncio.create_task(call)
        await asyncio.sleep(0.01)
        found.append(repr(call))
        gate.set()
        await task
        return [*found, repr(call)]

    found = asyncio.run(play())
    with pytest.raises(ValueError, match="no"):
        failing.result()

    assert [*found, repr(failing)] == [
        "<PendingAnswer unsent>",
        "<PendingAnswer sent>",
        "<PendingAnswer answered by a:model>",
        "<PendingAnswer failed: ValueError>",
    ]


def test_a_call_under_way_is_not_sent_again_by_a_second_awaiter() -> None:
    sender = Sender(gate=asyncio.Event())
    call = sender.call()

    async def play() -> None:
        task = asyncio.create_task(call)
        await asyncio.sleep(0.01)
        with pytest.raises(RuntimeError, match="awaited elsewhere"):
            await call
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(play())

    assert sender.sent == 1


def test_a_cancelled_call_is_an_ordinary_error_for_the_next_reader() -> None:
    call = Sender(gate=asyncio.Event()).call()

    async def play() -> None:
        task = asyncio.create_task(call)
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with pytest.raises(RuntimeError, match="call again"):
            await call

    asyncio.run(play())


def test_a_closed_call_is_never_sent() -> None:
    sender = Sender()
    call = sender.call()
    call.close()
    call.close()

    with pytest.raises(RuntimeError, match="call again"):
        call.result()
    assert sender.sent == 0


def test_a_call_that_is_closed_while_it_runs_is_ended() -> None:
    ended: list[str] = []

    async def send() -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("closed")
        return Answer(1)

    async def play() -> None:
        call = PendingAnswer(send)
        call.send(None)
        call.close()

    asyncio.run(play())

    assert ended == ["closed"]


def test_a_call_that_was_never_sent_warns_with_the_name_of_its_method() -> None:
    call = Sender().call()

    with pytest.warns(RuntimeWarning, match="a call of ask was never sent"):
        del call


@pytest.mark.parametrize(
    "deal", [lambda call: call.result(), lambda call: call.close()], ids=["read", "closed"]
)
def test_a_call_that_was_read_or_closed_is_dropped_without_a_warning(
    deal: Callable[[PendingAnswer], object],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        deal(Sender().call())
        gc.collect()


def test_an_attribute_read_inside_a_loop_warns_once_with_what_to_write_instead() -> None:
    async def play() -> int:
        call = Sender().call()
        return int(call.number + call.number)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert asyncio.run(play()) == 2

    assert [str(each.message) for each in caught] == [
        "reading .number of a call of ask blocks the event loop; write (await ring.ask(...)).number"
    ]


@pytest.mark.parametrize(
    "take",
    [
        asyncio.create_task,
        lambda call: asyncio.wait_for(call, 30),
        asyncio.shield,
        lambda call: call,
    ],
    ids=["create_task", "wait_for", "shield", "await"],
)
def test_asyncio_takes_a_call_as_a_coroutine(
    take: Callable[[PendingAnswer], Coroutine[Any, Any, Answer]],
) -> None:
    async def play() -> int:
        return (await take(Sender().call())).number

    assert asyncio.run(play()) == 1


def test_a_loop_is_running_only_in_the_thread_that_runs_it() -> None:
    found: list[bool] = []

    async def play() -> None:
        found.append(loop_is_running())
        thread = threading.Thread(target=lambda: found.append(loop_is_running()))
        thread.start()
        thread.join()

    found.append(loop_is_running())
    asyncio.run(play())

    assert found == [False, True, False]
