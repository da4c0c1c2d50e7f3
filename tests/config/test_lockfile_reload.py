"""A changed lockfile, while calls go on: through the public object, with files and threads."""

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from llmring import AllModelsFailedError, FrozenLockfileError, LLMRing
from llmring.lockfile.document import ModelRef
from llmring.lockfile.edit.pins import pinned
from llmring.lockfile.live_lockfile import LARGE, THREAD
from llmring.lockfile.pins import Pin

OLD, NEW = "mock:echo", "mock:fixed"
DEADLINE_SECONDS = 30.0


def text_of(model: str, *, size: int = 3 * LARGE, more: str = "") -> str:
    """Return a lockfile of about this size, in which this model answers to `fast`."""
    first = f'[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["{model}"]\n'
    others = (
        f'[[profiles.default.bindings]]\nalias = "a{n}"\nmodels = ["mock:echo", "mock:fixed"]\n'
        for n in range(size // 80)
    )
    return more + first + "".join(others)


def replace(path: Path, text: str) -> None:
    """Write a file as editors do: a new one takes the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def readers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == THREAD]


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "llmring.lock"
    found.write_text(text_of(OLD))
    os.utime(found, (1, 1))
    return found


# Large files


def test_calls_go_by_the_old_lockfile_until_a_large_one_is_read(path: Path) -> None:
    async def use() -> list[str]:
        async with LLMRing(path) as ring:
            found = [(await ring.chat("fast", "Hi")).model]
            replace(path, text_of(NEW))
            end = time.monotonic() + DEADLINE_SECONDS
            while found[-1] == OLD and time.monotonic() < end:
                found.append((await ring.chat("fast", "Hi")).model)
                await asyncio.sleep(0)
            return [*found, (await ring.chat("fast", "Hi")).model]

    found = asyncio.run(use())

    # The call that sees the change is among those that go by the old one.
    assert found == [OLD] * (len(found) - 2) + [NEW] * 2
    assert len(found) >= 4
    assert readers() == []


def test_synchronous_calls_go_by_the_old_lockfile_until_a_large_one_is_read(path: Path) -> None:
    with LLMRing(path) as ring:
        replace(path, text_of(NEW))

        assert ring.chat("fast", "Hi").model == OLD
        until(lambda: ring.chat("fast", "Hi").model == NEW)
    assert readers() == []


def test_a_small_file_is_read_by_the_next_call_whatever_was_read_before(path: Path) -> None:
    with LLMRing(path) as ring:
        replace(path, text_of(OLD, more="# another\n"))
        ring.chat("fast", "Hi")
        replace(path, text_of(NEW, size=0))

        assert [ring.chat("fast", "Hi").model for _ in range(200)] == [NEW] * 200
    assert readers() == []


def test_a_large_file_is_read_once_for_all_threads_and_event_loops(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ring = LLMRing(path)

    async def call() -> None:
        calls = [ring.chat("fast", "Hi") for _ in range(20)]
        assert {each.model for each in await asyncio.gather(*calls)} <= {OLD, NEW}

    # Every reading of this file warns of the key that is unknown.
    replace(path, text_of(NEW, more='unknown = "key"\n'))
    os.utime(path, (2, 2))
    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(asyncio.run, call()) for _ in range(8)]:
            each.result()
    until(lambda: ring.resolve_alias("fast") == NEW)
    until(lambda: not readers())

    assert len([each for each in caplog.records if "unknown" in each.getMessage()]) == 1


def test_a_large_file_that_is_broken_leaves_the_old_one_in_use_and_is_warned_of_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with LLMRing(path) as ring:
        replace(path, text_of(NEW) + "[")
        until(lambda: ring.chat("fast", "Hi").model == OLD and bool(caplog.records))
        for _ in range(50):
            assert ring.chat("fast", "Hi").model == OLD
        assert len([each for each in caplog.records if each.levelno == logging.WARNING]) == 1
        assert f"{path}:" in caplog.records[-1].getMessage()

        replace(path, text_of(NEW))
        until(lambda: ring.chat("fast", "Hi").model == NEW)


def test_an_edit_by_the_ring_itself_is_there_at_once_even_while_the_file_is_read(
    path: Path,
) -> None:
    with LLMRing(path) as ring:
        for number in range(5):
            replace(path, text_of(OLD, more=f"# {number}\n"))
            assert ring.resolve_alias("fast") == (OLD if number == 0 else NEW)
            ring.bind_alias("fast", NEW)
            assert ring.resolve_alias("fast") == NEW
            until(lambda: not readers())
            assert ring.resolve_alias("fast") == NEW


def test_clearing_the_cache_reads_a_large_file_at_once(path: Path) -> None:
    with LLMRing(path) as ring:
        replace(path, text_of(NEW))
        ring.clear_alias_cache()

        assert ring.resolve_alias("fast") == NEW


def test_closing_waits_for_the_reading(path: Path) -> None:
    async def use(text: str) -> None:
        async with LLMRing(path) as ring:
            replace(path, text)
            ring.resolve_alias("fast")

    for number in range(3):
        asyncio.run(use(text_of(NEW, size=20 * LARGE, more=f"# {number}\n")))
        assert readers() == []
    ring = LLMRing(path)
    replace(path, text_of(OLD, size=20 * LARGE))
    ring.resolve_alias("fast")
    ring.close()
    assert readers() == []
    assert ring.resolve_alias("fast") == OLD


def test_a_log_handler_may_close_the_ring_in_the_thread_that_reads(path: Path) -> None:
    ring = LLMRing(path)
    closed = []

    class Closing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            ring.close()
            closed.append(threading.current_thread().name)

    log, handler = logging.getLogger("llmring"), Closing(logging.WARNING)
    log.addHandler(handler)
    try:
        replace(path, text_of(NEW) + "[")
        assert ring.chat("fast", "Hi").model == OLD
        until(lambda: not readers())
    finally:
        log.removeHandler(handler)

    assert closed == [THREAD]


FORK = """
import os, sys, time
from pathlib import Path
from llmring import LLMRing
path = Path(sys.argv[1])
ring = LLMRing(path)
new = path.with_suffix(".new")
new.write_text(path.read_text().replace('["mock:echo"]', '["mock:fixed"]'))
os.replace(new, path)
ring.resolve_alias("fast")
child = os.fork()
end = time.monotonic() + 30
while ring.resolve_alias("fast") != "mock:fixed" and time.monotonic() < end:
    time.sleep(0.001)
if child == 0:
    sys.exit(0 if ring.resolve_alias("fast") == "mock:fixed" else 1)
print(ring.resolve_alias("fast"), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_process_forked_during_the_reading_reads_the_file_itself(path: Path) -> None:
    path.write_text(text_of(OLD, size=20 * LARGE))

    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.stdout.split() == ["mock:fixed", "0"], done.stderr


# Frozen lockfiles


def test_a_large_frozen_lockfile_that_was_changed_is_never_called_by(path: Path) -> None:
    pins = {ModelRef.parse(each): Pin(ref=ModelRef.parse(each), model=each) for each in (OLD, NEW)}
    frozen = pinned(text_of(OLD), pins, date(2026, 11, 23))
    path.write_text(frozen)
    os.utime(path, (1, 1))

    with LLMRing(path, environ={"LLMRING_FROZEN": "1"}) as ring:
        assert ring.chat("fast", "Hi").model == OLD
        replace(path, frozen.replace(f'["{OLD}"]', f'["{NEW}"]'))
        found: list[str] = []
        end = time.monotonic() + DEADLINE_SECONDS

        def call_on() -> None:
            while time.monotonic() < end:
                found.append(ring.chat("fast", "Hi").model)

        with pytest.raises(FrozenLockfileError):
            call_on()
        assert set(found) == {OLD}
        with pytest.raises(FrozenLockfileError):
            ring.chat("fast", "Hi")


# Many changes


@contextmanager
def rewriting(path: Path, texts: list[str]) -> Iterator[threading.Event]:
    """Replace a file by these texts, one after the other, in a thread; give the end's event."""
    done = threading.Event()

    def work() -> None:
        for text in texts:
            replace(path, text)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        thread.join()


def test_no_call_fails_while_a_file_is_rewritten_1000_times_half_of_them_broken(
    path: Path,
) -> None:
    good = [
        text_of(model, size=size, more=f"# {size}\n")
        for model in (OLD, NEW)
        for size in (0, 2 * LARGE)
    ]
    broken = ["[", *(text[: len(text) - 20] for text in good), text_of(NEW) + "=", "a = 1\na = 2\n"]
    texts = [
        (broken[n // 2 % len(broken)] if n % 2 else good[n // 2 % len(good)]) for n in range(1000)
    ]
    found: list[str] = []

    async def use() -> None:
        async with LLMRing(path) as ring:
            with rewriting(path, [*texts, text_of("mock:tool")]) as done:
                while not done.is_set():
                    found.append((await ring.chat("fast", "Hi")).model)
                    await asyncio.sleep(0)
            end = time.monotonic() + DEADLINE_SECONDS
            while found[-1] != "mock:tool" and time.monotonic() < end:
                found.append((await ring.chat("fast", "Hi")).model)

    asyncio.run(use())

    assert set(found) <= {OLD, NEW, "mock:tool"}
    assert found[-1] == "mock:tool"
    assert readers() == []


# Looks at the file


def looks(act: Callable[[], object]) -> int:
    """Count the calls of `os.stat` by this thread."""
    count = 0

    def watch(_: FrameType, event: str, called: Any) -> None:
        nonlocal count
        count += event == "c_call" and called is os.stat

    sys.setprofile(watch)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def fail(ring: LLMRing) -> None:
    with pytest.raises(AllModelsFailedError):
        ring.chat("bad", "Hi")


@pytest.mark.parametrize(
    "act",
    [
        lambda ring: ring.chat("fast", "Hi"),
        lambda ring: ring.chat("a1", "Hi"),
        lambda ring: list(ring.chat_stream("fast", "Hi")),
        lambda ring: ring.embed("vectors", "Hi"),
        lambda ring: ring.resolve_alias("fast"),
        lambda ring: ring.has_alias("fast"),
        lambda ring: ring.require_aliases(["fast", "a1", "a2"]),
        fail,
    ],
    ids=["chat", "first chat", "stream", "embed", "resolve", "has", "require", "failure"],
)
def test_a_call_looks_at_the_file_once(path: Path, act: Callable[[LLMRing], object]) -> None:
    more = "".join(
        f'[[profiles.default.bindings]]\nalias = "{alias}"\nmodels = ["{model}"]\n'
        for alias, model in (("vectors", "mock:embed"), ("bad", "mock:fail"))
    )
    path.write_text(text_of(OLD, size=1000, more=more))
    os.utime(path, (1, 1))

    counts = []
    # Meanwhile, the first runs import modules, and the catalog is looked at now and then.
    for _ in range(4):
        with LLMRing(path) as ring:
            ring.chat("fast", "Hi")
            counts.append(looks(lambda ring=ring: act(ring)))  # type: ignore[misc]

    assert min(counts) == 1
