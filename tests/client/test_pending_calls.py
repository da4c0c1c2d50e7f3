"""The pending calls of `chat` and `chat_stream`, awaited and read in all ways."""

import asyncio
import gc
import json
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

import answers
from llmring import (
    Attempt,
    LLMRequest,
    LLMResponse,
    LLMRing,
    ProviderRateLimitError,
    ProviderResponseError,
)
from llmring.client.pending_calls import PendingChat, PendingStream
from loopback import Answer, Loopback, Pause, as_stream
from rings import MODEL, ring_at

Serve = Callable[..., Loopback]

ECHO = LLMRequest(model="mock:echo", messages="Hello")
FAILING = LLMRequest(model="mock:fail?status=429", messages="Hello")
SLOW = LLMRequest(model="mock:slow?ms=60000", messages="Hello")


class Sent:
    """A ring, and the attempts that its calls have made."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.ring = LLMRing(on_attempt=self.attempts.append)

    def chat(self, request: LLMRequest = ECHO) -> PendingChat:
        return self.ring.chat(request)


@pytest.fixture
def sent() -> Sent:
    return Sent()


async def by_await(call: PendingChat) -> LLMResponse:
    return await call


async def by_task(call: PendingChat) -> LLMResponse:
    return await asyncio.create_task(call)


async def by_gather(call: PendingChat) -> LLMResponse:
    [response] = await asyncio.gather(call)
    return response


async def by_wait_for(call: PendingChat) -> LLMResponse:
    return await asyncio.wait_for(call, 30)


async def by_shield(call: PendingChat) -> LLMResponse:
    return await asyncio.shield(call)


async def by_task_group(call: PendingChat) -> LLMResponse:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(call)
    return task.result()


WAYS = [by_await, by_task, by_gather, by_wait_for, by_shield, by_task_group]


@pytest.mark.parametrize("wait", WAYS, ids=lambda way: way.__name__)
def test_a_call_can_be_awaited_as_any_coroutine(
    sent: Sent, wait: Callable[[PendingChat], Awaitable[LLMResponse]]
) -> None:
    async def call() -> str:
        return (await wait(sent.chat())).content

    assert asyncio.run(call()) == "Hello"


@pytest.mark.parametrize("wait", WAYS, ids=lambda way: way.__name__)
def test_a_call_awaited_twice_is_sent_once_and_gives_one_answer(
    sent: Sent, wait: Callable[[PendingChat], Awaitable[LLMResponse]]
) -> None:
    async def call() -> bool:
        pending = sent.chat()
        return await wait(pending) is await wait(pending)

    assert asyncio.run(call())
    assert len(sent.attempts) == 1


@pytest.mark.parametrize("wait", WAYS, ids=lambda way: way.__name__)
def test_an_error_comes_out_of_every_way_of_awaiting(
    sent: Sent, wait: Callable[[PendingChat], Awaitable[LLMResponse]]
) -> None:
    async def call() -> None:
        with pytest.raises((ProviderRateLimitError, ExceptionGroup)):
            await wait(sent.chat(FAILING))

    asyncio.run(call())


def test_asyncio_run_takes_a_call(sent: Sent) -> None:
    assert asyncio.run(sent.chat()).content == "Hello"


def test_asyncio_run_takes_the_same_call_twice(sent: Sent) -> None:
    call = sent.chat()

    assert asyncio.run(call) is asyncio.run(call)
    assert len(sent.attempts) == 1


def test_asyncio_takes_a_call_for_a_coroutine(sent: Sent) -> None:
    call = sent.chat()

    assert asyncio.iscoroutine(call)
    call.close()


def test_an_attribute_of_the_answer_sends_the_call(sent: Sent) -> None:
    assert sent.chat().content == "Hello"


def test_attributes_read_one_after_the_other_send_once(sent: Sent) -> None:
    call = sent.chat()

    assert (call.content, call.model, call.finish_reason) == ("Hello", "mock:echo", "stop")
    assert len(sent.attempts) == 1


@pytest.mark.parametrize("name", [*LLMResponse.__struct_fields__, "total_tokens"])
def test_every_field_of_the_answer_is_an_attribute_of_the_call(sent: Sent, name: str) -> None:
    call = sent.chat()

    assert getattr(call, name) == getattr(call.result(), name)


def test_a_call_that_was_read_can_be_awaited_and_is_not_sent_again(sent: Sent) -> None:
    call = sent.chat()
    read = call.result()

    assert asyncio.run(call) is read
    assert len(sent.attempts) == 1


def test_a_call_that_was_awaited_can_be_read_and_is_not_sent_again(sent: Sent) -> None:
    call = sent.chat()
    awaited = asyncio.run(call)

    assert call.result() is awaited
    assert len(sent.attempts) == 1


def test_an_alias_in_synchronous_code_is_sent_at_once(sent: Sent) -> None:
    sent.ring.chat("mock:echo", "Hello")

    assert len(sent.attempts) == 1


def test_an_alias_in_synchronous_code_fails_on_its_own_line(sent: Sent) -> None:
    with pytest.raises(ProviderRateLimitError):
        sent.ring.chat("mock:fail?status=429", "Hello")


def test_an_alias_in_a_running_loop_is_not_sent_before_it_is_awaited(sent: Sent) -> None:
    async def call() -> int:
        pending = sent.ring.chat("mock:echo", "Hello")
        await asyncio.sleep(0.01)
        before = len(sent.attempts)
        await pending
        return before

    assert asyncio.run(call()) == 0


def test_a_request_in_synchronous_code_is_not_sent_before_it_is_read(sent: Sent) -> None:
    call = sent.chat()

    assert sent.attempts == []
    call.close()


def test_an_error_is_raised_again_by_the_next_reading(sent: Sent) -> None:
    call = sent.chat(FAILING)
    errors = []
    for _ in range(2):
        with pytest.raises(ProviderRateLimitError) as caught:
            call.result()
        errors.append(caught.value)

    assert errors[0] is errors[1]
    assert len(sent.attempts) == 1


def test_an_error_is_raised_again_by_an_await_after_the_reading(sent: Sent) -> None:
    call = sent.chat(FAILING)
    with pytest.raises(ProviderRateLimitError):
        call.result()

    with pytest.raises(ProviderRateLimitError):
        asyncio.run(call)


# --- giving up ---------------------------------------------------------------------------------


def test_the_next_awaiter_of_a_cancelled_call_gets_an_error_that_explains_it(sent: Sent) -> None:
    async def call() -> None:
        pending = sent.chat(SLOW)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pending, 0.05)
        with pytest.raises(RuntimeError, match="cancelled"):
            await pending

    asyncio.run(call())


def test_a_call_under_way_can_t_be_awaited_from_elsewhere(sent: Sent) -> None:
    async def call() -> None:
        pending = sent.chat(SLOW)
        task = asyncio.create_task(pending)
        await asyncio.sleep(0.01)
        with pytest.raises(RuntimeError, match="awaited elsewhere"):
            await pending
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(call())


def test_a_reading_that_comes_too_early_does_not_disturb_the_awaiter(sent: Sent) -> None:
    request = LLMRequest(model="mock:slow?ms=100&text=Hi", messages="Hello")

    async def call() -> str:
        pending = sent.chat(request)
        task = asyncio.create_task(pending)
        await asyncio.sleep(0.01)
        with pytest.raises(RuntimeError, match="awaited elsewhere"):
            pending.result()
        return (await task).content

    assert asyncio.run(call()) == "Hi"


def test_a_closed_call_is_never_sent(sent: Sent) -> None:
    call = sent.chat()
    call.close()

    with pytest.raises(RuntimeError, match="cancelled"):
        call.result()
    assert sent.attempts == []


def test_a_call_that_is_dropped_unsent_warns(sent: Sent) -> None:
    call = [sent.chat()]

    with pytest.warns(RuntimeWarning, match="never sent"):
        call.clear()


@pytest.mark.parametrize(
    "finish",
    [lambda call: call.result(), lambda call: call.close(), asyncio.run],
    ids=["read", "closed", "awaited"],
)
def test_a_call_that_was_dealt_with_is_dropped_in_silence(
    sent: Sent, finish: Callable[[PendingChat], Any]
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        finish(sent.chat())
        gc.collect()

    assert caught == []


# --- looking at a call sends nothing -----------------------------------------------------------

LOOKS: dict[str, Callable[[PendingChat], Any]] = {
    "repr": repr,
    "str": str,
    "hasattr": lambda call: hasattr(call, "foo"),
    "dir": dir,
    "bool": bool,
    "isinstance": lambda call: isinstance(call, LLMResponse),
    "equality": lambda call: call == call,  # noqa: PLR0124
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_inspecting_a_call_sends_nothing(sent: Sent, look: Callable[[PendingChat], Any]) -> None:
    call = sent.chat()
    look(call)

    assert sent.attempts == []
    call.close()


def test_dir_offers_the_fields_of_the_answer_and_the_methods_of_the_call(sent: Sent) -> None:
    call = sent.chat()

    assert {*LLMResponse.__struct_fields__, "total_tokens", "to_dict", "result"} <= set(dir(call))
    assert sent.attempts == []
    call.close()


def test_each_kind_of_call_offers_the_fields_of_its_own_answer() -> None:
    with LLMRing() as ring:
        offered = [
            dir(ring.count_tokens("mock:echo", "Hi")),
            dir(ring.status()),
            dir(ring.run_tools("mock:echo", "Hi")),
        ]

    for names, name in zip(offered, ("exact", "circuits", "turns"), strict=True):
        assert {name, "to_json"} <= set(names)


def test_the_answer_turns_into_plain_data_without_leaving_the_call(sent: Sent) -> None:
    call = sent.chat()

    assert call.to_dict() == call.result().to_dict()
    assert json.loads(call.to_json()) == call.to_dict()
    assert len(sent.attempts) == 1


def test_an_unknown_attribute_is_an_attribute_error(sent: Sent) -> None:
    call = sent.chat()

    with pytest.raises(AttributeError, match="has no attribute 'contnet'"):
        call.contnet  # noqa: B018
    call.close()


def test_the_repr_shows_the_state_of_the_call(sent: Sent) -> None:
    call, failing = sent.chat(), sent.chat(FAILING)
    before = repr(call)
    call.result()
    with pytest.raises(ProviderRateLimitError):
        failing.result()

    assert (before, repr(call), repr(failing)) == (
        "<PendingChat unsent>",
        "<PendingChat answered by mock:echo>",
        "<PendingChat failed: ProviderRateLimitError>",
    )


# --- reading inside a running loop -------------------------------------------------------------


@pytest.fixture
def all_warnings() -> Iterator[list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def test_reading_inside_a_running_loop_works_and_warns_once(
    sent: Sent, all_warnings: list[warnings.WarningMessage]
) -> None:
    async def call() -> str:
        pending = sent.ring.chat("mock:echo", "Hello")
        return pending.content + pending.model

    assert asyncio.run(call()) == "Hellomock:echo"
    assert [warning.category for warning in all_warnings] == [RuntimeWarning]
    assert "blocks the event loop" in str(all_warnings[0].message)
    assert all_warnings[0].filename == __file__


def test_result_inside_a_running_loop_does_not_warn(
    sent: Sent, all_warnings: list[warnings.WarningMessage]
) -> None:
    async def call() -> str:
        return sent.chat().result().content

    assert asyncio.run(call()) == "Hello"
    assert all_warnings == []


def test_a_for_over_a_stream_inside_a_running_loop_works_and_warns_once(
    sent: Sent, all_warnings: list[warnings.WarningMessage]
) -> None:
    async def call() -> str:
        return "".join(chunk.delta for chunk in sent.ring.chat_stream("mock:echo", "Hello"))

    assert asyncio.run(call()) == "Hello"
    assert [warning.category for warning in all_warnings] == [RuntimeWarning]
    assert all_warnings[0].filename == __file__


def test_reading_inside_a_loop_that_has_calls_under_way_does_not_wait_for_them(sent: Sent) -> None:
    async def call() -> str:
        slow = asyncio.create_task(sent.chat(SLOW))
        await asyncio.sleep(0.01)
        content = sent.chat().result().content
        slow.cancel()
        return content

    assert asyncio.run(call()) == "Hello"


# --- streams -----------------------------------------------------------------------------------


def hello(ring: LLMRing) -> PendingStream:
    return ring.chat_stream("mock:fixed?text=one two three", "Hello")


def test_a_stream_can_be_read_once(sent: Sent) -> None:
    stream = hello(sent.ring)
    list(stream)

    with pytest.raises(RuntimeError, match="read once"):
        list(stream)


def test_a_stream_can_t_be_read_by_for_and_async_for(sent: Sent) -> None:
    stream = hello(sent.ring)
    list(stream)

    with pytest.raises(RuntimeError, match="read once"):
        aiter(stream)


def test_a_stream_is_not_sent_before_it_is_read(sent: Sent) -> None:
    stream = hello(sent.ring)
    iter(stream)

    assert sent.attempts == []


def test_a_stream_that_was_closed_before_its_start_is_never_sent(sent: Sent) -> None:
    async def call() -> None:
        stream = hello(sent.ring)
        await stream.aclose()
        with pytest.raises(RuntimeError, match="read once"):
            aiter(stream)

    asyncio.run(call())
    assert sent.attempts == []


def test_a_stream_that_was_closed_by_synchronous_code_is_never_sent(sent: Sent) -> None:
    with hello(sent.ring) as stream:
        pass

    with pytest.raises(RuntimeError, match="read once"):
        iter(stream)


def test_a_stream_can_be_closed_twice(sent: Sent) -> None:
    async def call() -> None:
        async with hello(sent.ring) as stream:
            async for _ in stream:
                break
            await stream.aclose()

    asyncio.run(call())


def test_a_stream_that_began_in_synchronous_code_can_be_closed_in_a_loop(serve: Serve) -> None:
    server = serve(as_stream(answers.ROLE, answers.openai_event(content="a"), Pause(30)))
    stream = ring_at(server).chat_stream(MODEL, "Hello")
    next(iter(stream))

    asyncio.run(stream.aclose())

    assert server.hung_up.wait(5)


def test_an_error_of_a_stream_comes_from_its_iterator(sent: Sent) -> None:
    chunks = iter(sent.ring.chat_stream("mock:fail", "Hello"))

    with pytest.raises(ProviderResponseError):
        next(chunks)


def test_a_call_made_in_one_loop_can_be_awaited_in_another(serve: Serve) -> None:
    ring = ring_at(serve(answers.openai("Hi")))

    async def make() -> PendingChat:
        return ring.chat(MODEL, "Hello")

    assert asyncio.run(asyncio.run(make())).content == "Hi"


def test_threads_that_read_one_call_send_it_once(serve: Serve) -> None:
    server = serve(Answer([Pause(0.1), *answers.openai("Hi").steps], 200, {}))
    call = ring_at(server).chat(LLMRequest(model=MODEL, messages="Hello"))
    threads = [threading.Thread(target=_read, args=(call,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(server.requests) == 1


def _read(call: PendingChat) -> None:
    # The first one gets the answer; to the others the call is under way.
    try:
        call.result()
    except RuntimeError:
        return
