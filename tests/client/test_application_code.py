"""Code of the application that leaves with an exception that is not an `Exception`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

import answers
from llmring import LLMRing, tool
from loopback import Answer, Loopback, Pause, as_json
from rings import MODEL, environ_of, ring_at

Serve = Callable[..., Loopback]


class OwnExit(BaseException):
    """An exception of the application's own."""


LEAVING: list[Callable[[], BaseException]] = [
    lambda: SystemExit(3),
    KeyboardInterrupt,
    GeneratorExit,
    asyncio.CancelledError,
    OwnExit,
]
each_exit = pytest.mark.parametrize(
    "leaving", LEAVING, ids=["SystemExit", "KeyboardInterrupt", "GeneratorExit", "cancel", "own"]
)
each_way = pytest.mark.parametrize("way", ["sync", "async"])


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Fail a test that takes long: nothing here waits for anything but a loopback server."""
    before = time.monotonic()
    yield
    assert time.monotonic() - before < 10


def outcome_of(
    way: str, ring: LLMRing, start: Callable[[LLMRing], Any], seconds: float = 8
) -> BaseException | str:
    """Return what the caller gets: an exception or the text of the answer."""
    found: list[BaseException | str] = []

    def sync() -> None:
        try:
            found.append(start(ring).result().content)
        except BaseException as error:  # noqa: BLE001 -- any exception is the point here
            found.append(error)

    async def call() -> BaseException | str:
        try:
            return str((await start(ring)).content)
        except BaseException as error:  # noqa: BLE001
            return error

    def run() -> None:
        found.append(asyncio.run(call()))

    # In a thread, so that a call that hangs fails the test.
    thread = threading.Thread(target=sync if way == "sync" else run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert found, "the call hangs"
    return found[0]


def asks_for(name: str, arguments: str = "{}", calls: int = 1) -> Answer:
    made = [
        {"id": f"c{at}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for at in range(calls)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": made}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    return as_json({"id": "c", "model": "m", "choices": [choice]})


def sync_tool(leaving: Callable[[], BaseException]) -> Any:
    @tool
    def pay() -> str:
        """Pay."""
        raise leaving()

    return pay


def async_tool(leaving: Callable[[], BaseException]) -> Any:
    @tool
    async def pay() -> str:
        """Pay."""
        await asyncio.sleep(0)
        raise leaving()

    return pay


def tool_with_a_validator(leaving: Callable[[], BaseException]) -> Any:
    class Sum(BaseModel):
        amount: int

        @field_validator("amount")
        @classmethod
        def check(cls, _: int) -> int:
            raise leaving()

    def pay(total: Sum) -> str:
        """Pay."""
        return str(total)

    pay.__annotations__["total"] = Sum
    return tool(pay)


def tool_with_a_result(leaving: Callable[[], BaseException]) -> Any:
    class Receipt:
        def model_dump(self, mode: str) -> Any:
            raise leaving()

    def pay() -> Any:
        """Pay."""
        return Receipt()

    return tool(pay)


TOOLS = [sync_tool, async_tool, tool_with_a_validator, tool_with_a_result]


@each_way
@each_exit
@pytest.mark.parametrize("make", TOOLS, ids=lambda make: make.__name__)
def test_a_tool_that_leaves_ends_its_own_call_only(
    serve: Serve, way: str, leaving: Callable[[], BaseException], make: Callable[..., Any]
) -> None:
    pay = make(leaving)
    given = '{"total": {"amount": 1}}' if make is tool_with_a_validator else "{}"
    ring = ring_at(serve(asks_for("pay", given), answers.openai("fine")))

    caught = outcome_of(way, ring, lambda ring: ring.run_tools(MODEL, "Pay", tools=[pay]))

    assert type(caught) is type(leaving())
    assert outcome_of("sync", ring, lambda ring: ring.chat(MODEL, "Hello")) == "fine"


@each_way
def test_a_tool_that_leaves_does_not_wait_for_the_other_tools_of_its_turn(
    serve: Serve, way: str
) -> None:
    entered = threading.Event()
    freed = threading.Event()

    @tool
    def pay() -> str:
        """Pay."""
        if entered.is_set():
            raise SystemExit(3)
        entered.set()
        freed.wait(20)
        return "late"

    ring = ring_at(serve(asks_for("pay", calls=2)))
    found: list[BaseException | str] = []

    def start(ring: LLMRing) -> Any:
        return ring.run_tools(MODEL, "Pay", tools=[pay])

    if way == "sync":
        found.append(outcome_of(way, ring, start))
    else:
        # asyncio.run itself waits for threads, so the time is taken before it ends.
        async def call() -> None:
            try:
                await start(ring)
            except SystemExit as error:
                found.append(error)
            finally:
                freed.set()

        asyncio.run(call())
    freed.set()

    assert isinstance(found[0], SystemExit)


@each_way
@each_exit
@pytest.mark.parametrize("hook", ["on_attempt", "on_failover"])
@pytest.mark.parametrize("hedged", [False, True], ids=["in turn", "hedged"])
def test_a_hook_that_leaves_ends_its_own_call_only(
    serve: Serve,
    tmp_path: Path,
    way: str,
    leaving: Callable[[], BaseException],
    hook: str,
    hedged: bool,
) -> None:
    failing, fine = serve(answers.openai_error(500)), serve(answers.anthropic("fine"))
    path = tmp_path / "llmring.lock"
    hedge = "hedge_after = 5\n" if hedged else ""
    path.write_text(
        f'[[profiles.default.bindings]]\nalias = "fast"\nretries = 0\n{hedge}'
        f'models = ["{MODEL}", "anthropic:claude-sonnet-4-5"]\n'
    )
    environ = {
        **environ_of(failing),
        "ANTHROPIC_BASE_URL": fine.url,
        "ANTHROPIC_API_KEY": "sk-ant-second-0123456789",
    }

    def leave(*_: object) -> None:
        raise leaving()

    hooks: dict[str, Any] = {hook: leave}
    hooked = LLMRing(path, environ=environ, **hooks)

    caught = outcome_of(way, hooked, lambda ring: ring.chat("fast", "Hello"))

    assert type(caught) is type(leaving())
    ring = LLMRing(path, environ=environ)
    assert outcome_of("sync", ring, lambda ring: ring.chat("fast", "Hello")) == "fine"


@each_way
@each_exit
def test_a_schema_that_leaves_ends_its_own_call_only(
    serve: Serve, way: str, leaving: Callable[[], BaseException]
) -> None:
    class Town(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def check(cls, _: str) -> str:
            raise leaving()

    ring = ring_at(serve(answers.openai('{"name": "Oslo"}')))

    caught = outcome_of(way, ring, lambda ring: ring.chat(MODEL, "Hi", response_format=Town))

    assert type(caught) is type(leaving())
    assert "Oslo" in str(outcome_of("sync", ring, lambda ring: ring.chat(MODEL, "Hello")))


@each_exit
def test_a_hook_that_leaves_a_stream_ends_that_stream_only(
    serve: Serve, leaving: Callable[[], BaseException]
) -> None:
    def leave(_: object) -> None:
        raise leaving()

    server = serve(answers.openai_stream("a", "b"))
    hooked = ring_at(server, on_attempt=leave)
    texts: list[str] = []

    with pytest.raises(type(leaving())):
        texts += [chunk.delta for chunk in hooked.chat_stream(MODEL, "Hello")]

    ring = ring_at(server)
    assert "".join(chunk.delta for chunk in ring.chat_stream(MODEL, "Hello")) == "ab"


@each_exit
def test_the_calls_of_other_threads_go_on(
    serve: Serve, leaving: Callable[[], BaseException]
) -> None:
    slow = ring_at(serve(Answer([Pause(0.5), *answers.openai("slow").steps])))
    texts: list[str] = []
    other = threading.Thread(
        target=lambda: texts.append(slow.chat(MODEL, "Hello").content), daemon=True
    )
    other.start()

    def leave(_: object) -> None:
        raise leaving()

    hooked = ring_at(serve(answers.openai("fine")), on_attempt=leave)
    outcome_of("sync", hooked, lambda ring: ring.chat(MODEL, "Hello"))
    other.join(8)

    assert texts == ["slow"]


def test_a_callback_of_the_loop_that_leaves_ends_no_call(serve: Serve) -> None:
    class Leaving:
        def __call__(self) -> None:
            raise SystemExit(3)

    def leave(_: object) -> None:
        # A callback of the loop, outside of every call.
        asyncio.get_running_loop().call_soon(Leaving())

    server = serve(answers.openai("fine"))
    ring = ring_at(server, on_attempt=leave)

    for _ in range(3):
        assert outcome_of("sync", ring, lambda ring: ring.chat(MODEL, "Hello")) == "fine"
