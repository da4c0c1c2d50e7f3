"""Synchronous calls: threads, Ctrl-C, forks, and the end of the interpreter."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import answers
from llmring import Attempt, LLMRing
from llmring.bridge import portal
from loopback import Answer, Loopback, Pause, as_stream
from rings import MODEL, ring_at, run_program, start_program

Serve = Callable[..., Loopback]

STALLED = as_stream(answers.ROLE, answers.openai_event(content="a"), Pause(30))


async def numbers(closed: threading.Event) -> AsyncGenerator[int, None]:
    try:
        for number in range(3):
            await asyncio.sleep(0)
            yield number
    finally:
        closed.set()


def test_a_coroutine_gives_its_result() -> None:
    async def answer() -> int:
        return 42

    assert portal.run(answer()) == 42


def test_an_error_of_the_coroutine_is_raised() -> None:
    async def fail() -> None:
        raise KeyError("nothing")

    with pytest.raises(KeyError, match="nothing"):
        portal.run(fail())


def test_a_generator_gives_its_items() -> None:
    assert list(portal.iterate(numbers(threading.Event()))) == [0, 1, 2]


def test_a_generator_that_is_left_early_is_closed() -> None:
    closed = threading.Event()

    for _ in portal.iterate(numbers(closed)):
        break

    assert closed.is_set()


def test_a_generator_that_the_garbage_collector_finds_in_the_loop_s_thread_is_closed() -> None:
    closed = threading.Event()

    class Knot:
        pass

    knot = Knot()
    knot.itself = knot  # type: ignore[attr-defined]
    knot.items = portal.iterate(numbers(closed))  # type: ignore[attr-defined]
    next(knot.items)  # type: ignore[attr-defined]
    del knot

    async def collect() -> None:
        gc.collect()

    portal.run(collect())

    assert closed.wait(5)


def test_eight_threads_share_one_ring(serve: Serve) -> None:
    ring = ring_at(serve(answers.openai("Hi")))

    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(lambda: ring.chat(MODEL, "Hello").content) for _ in range(40)]

    assert {call.result() for call in calls} == {"Hi"}


def test_all_synchronous_calls_run_in_one_thread() -> None:
    ring = LLMRing()
    ring.chat("mock:echo", "Hello").result()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: ring.chat("mock:echo", "Hello").content, range(20)))

    assert [thread.name for thread in threading.enumerate()].count("llmring") == 1


def test_an_observer_of_attempts_may_itself_make_a_synchronous_call() -> None:
    seen: list[str] = []
    inner = LLMRing()

    def call(_: Attempt) -> None:
        seen.append(inner.chat("mock:echo", "in").result().content)

    outer = LLMRing(on_attempt=call)
    outer.chat("mock:echo", "out").result()

    assert seen == ["in"]


def test_a_loop_over_a_stream_that_is_left_early_closes_its_connection(serve: Serve) -> None:
    server = serve(STALLED)

    for _ in ring_at(server).chat_stream(MODEL, "Hello"):
        break

    assert server.hung_up.wait(5)


def test_leaving_the_context_of_a_stream_closes_its_connection(serve: Serve) -> None:
    server = serve(STALLED)

    with ring_at(server).chat_stream(MODEL, "Hello") as stream:
        next(iter(stream))

    assert server.hung_up.wait(5)


# --- processes of their own --------------------------------------------------------------------

CTRL_C = {
    "a call": (Answer([Pause(30)]), 'ring.chat(MODEL, "Hello")'),
    "a stream": (STALLED, 'list(ring.chat_stream(MODEL, "Hello"))'),
}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process")
@pytest.mark.parametrize(("answer", "call"), CTRL_C.values(), ids=CTRL_C.keys())
def test_ctrl_c_ends_the_call_and_closes_its_connection(
    serve: Serve, answer: Answer, call: str
) -> None:
    server = serve(answer)
    code = f"""
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
    input()
"""
    with start_program(code, server) as process:
        assert server.received()
        process.send_signal(signal.SIGINT)
        # The process is still alive: the call closes the connection, not the exit.
        assert server.hung_up.wait(10)
        out, err = process.communicate("\n", timeout=30)

    assert (out, err, process.returncode) == ("interrupted\n", "", 0)


QUIET_ENDS = {
    "an open ring": "",
    "a stream in the middle": 'chunks = iter(ring.chat_stream(MODEL, "Hello")); next(chunks)',
    "a stream in a cycle": """
class Knot: pass
knot = Knot(); knot.itself = knot
knot.chunks = iter(ring.chat_stream(MODEL, "Hello")); next(knot.chunks)
del knot
""",
    "a daemon thread that waits": """
call = lambda: list(ring.chat_stream(MODEL, "Hello"))
threading.Thread(target=call, daemon=True).start()
sys.stdin.readline()
""",
    "a stream begun by asyncio.run": """
async def begin():
    global chunks
    chunks = aiter(ring.chat_stream(MODEL, "Hello"))
    await anext(chunks)
asyncio.run(begin())
""",
}


@pytest.mark.parametrize("code", QUIET_ENDS.values(), ids=QUIET_ENDS.keys())
def test_the_interpreter_exits_at_once_without_output(serve: Serve, code: str) -> None:
    server = serve(answers.openai("Hi"), STALLED)

    with start_program('ring.chat(MODEL, "Hello")\n' + code, server) as process:
        assert server.received(2 if code else 1)
        out, err = process.communicate("\n", timeout=20)

    assert (out, err, process.returncode) == ("", "", 0)


def test_at_the_exit_of_python_a_call_is_made_unless_it_needs_an_event_loop(serve: Serve) -> None:
    code = """
import atexit
def late():
    print(ring.chat(MODEL, "Hello").content)
    try:
        ring.run_tools(MODEL, "Hello", tools=[]).result()
    except RuntimeError as error:
        print(error)
atexit.register(late)
print(ring.run_tools(MODEL, "Hello", tools=[]).content)
"""
    out, err, _ = run_program(code, serve(answers.openai("Hi")))

    late = "Python is exiting; llmring can make no more calls"
    assert (out.splitlines(), err) == (["Hi", "Hi", late], "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("child", ['ring.chat(MODEL, "Hello").content', "None"])
def test_a_forked_child_leaves_the_parent_s_connections_alone(serve: Serve, child: str) -> None:
    server = serve(answers.openai("Hi"))
    code = f"""
ring.chat(MODEL, "Hello")
pid = os.fork()
if pid == 0:
    print("child", {child}, flush=True)
    sys.exit(0)
print(os.waitpid(pid, 0)[1], flush=True)
print(ring.chat(MODEL, "Hello", timeout=10).content)
"""
    out, err, exit_code = run_program(code, server)

    message = "Hi" if "chat" in child else "None"
    assert (out, err, exit_code) == (f"child {message}\n0\nHi\n", "", 0)
    # The parent still uses its connection from before the fork.
    assert server.connections == (2 if "chat" in child else 1)
