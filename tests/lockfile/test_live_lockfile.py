"""Lockfiles that are read again when their files change."""

import logging
import os
import threading
from pathlib import Path

import pytest

from llmring.exceptions import LockfileNotFoundError
from llmring.lockfile.document import Lockfile
from llmring.lockfile.edit.bindings import bind
from llmring.lockfile.live_lockfile import LARGE, THREAD, LiveLockfile
from lockfile.texts import EXAMPLE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "llmring.lock"
    found.write_text(EXAMPLE)
    return found


def bound(alias: str) -> str:
    return bind(EXAMPLE, alias, "mock:echo", "default")


def as_read(lockfile: Lockfile) -> Lockfile:
    return lockfile


def ended(live: LiveLockfile[Lockfile]) -> None:
    """Wait until the thread that reads the file has ended."""
    while live.reader is not None:
        live.reader.join()


def live_at(path: Path) -> LiveLockfile[Lockfile]:
    return LiveLockfile(path, as_read)


def test_S086_an_edit_on_disk_is_seen_by_the_next_call(path: Path) -> None:
    live = live_at(path)
    live.current()
    path.write_text(bound("quick"))

    assert "quick" in live.current().profiles["default"].bindings


def test_an_edit_of_the_same_size_in_the_same_tick_is_seen(path: Path) -> None:
    live = live_at(path)
    for number in range(30):
        path.write_text(bound(f"quick-{number:02}"))
        assert f"quick-{number:02}" in live.current().profiles["default"].bindings


def test_a_file_that_has_not_changed_is_not_read_again(path: Path) -> None:
    os.utime(path, (1, 1))
    live = live_at(path)

    assert live.current() is live.current()


def test_S085_forgetting_reads_the_file_again(path: Path) -> None:
    os.utime(path, (1, 1))
    live = live_at(path)
    before = live.current()

    live.forget()

    assert live.current() is not before


def test_an_invalid_edit_keeps_the_last_good_version_and_warns_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = live_at(path)
    before = live.current()
    path.write_text("a = ")

    found = [live.current() for _ in range(3)]

    assert found == [before] * 3
    (record,) = caplog.records
    assert record.name == "llmring"
    assert "llmring.lock:1:5" in record.getMessage()


def test_a_deleted_file_keeps_the_last_good_version(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = live_at(path)
    before = live.current()
    path.unlink()

    assert [live.current(), live.current()] == [before, before]
    assert len(caplog.records) == 1


def test_a_repaired_file_is_used_and_the_next_error_warns_again(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = live_at(path)
    live.current()
    for text in ("a = ", bound("quick"), "b = "):
        path.write_text(text)
        live.current()

    assert "quick" in live.current().profiles["default"].bindings
    assert len(caplog.records) == 2


def test_a_file_without_an_earlier_good_version_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LockfileNotFoundError):
        live_at(tmp_path / "no.lock").current()


def test_unknown_keys_are_logged_as_warnings_with_their_place(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text("profile = {}\n")

    with caplog.at_level(logging.WARNING, "llmring"):
        live_at(path).current()

    assert "llmring.lock:1:1: warning: profile: a lockfile has no such key" in caplog.text


def test_an_error_while_a_large_file_is_formed_is_raised_by_the_next_call_once(path: Path) -> None:
    def form(lockfile: Lockfile) -> Lockfile:
        if lockfile.name == "bad":
            raise ZeroDivisionError
        return lockfile

    live = LiveLockfile(path, form)
    before = live.current()
    path.write_text('name = "bad"\n' + EXAMPLE + "#" * LARGE)

    assert live.current() is before
    ended(live)
    with pytest.raises(ZeroDivisionError):
        live.current()
    assert live.current() is before


def test_what_a_large_file_is_completed_with_is_done_in_the_thread_before_it_is_used(
    path: Path,
) -> None:
    completed: list[tuple[Lockfile, str]] = []
    live = LiveLockfile(
        path, as_read, lambda form: completed.append((form, threading.current_thread().name))
    )
    live.current()
    path.write_text(bound("quick") + "#" * LARGE)

    live.current()
    ended(live)

    assert completed == [(live.latest(), THREAD)]
    assert "quick" in live.latest().profiles["default"].bindings


def test_a_large_file_that_was_touched_keeps_its_version(path: Path) -> None:
    path.write_text(EXAMPLE + "#" * LARGE)
    os.utime(path, (1, 1))
    live = live_at(path)
    before = live.current()

    os.utime(path, (2, 2))
    live.current()
    ended(live)

    assert live.current() is before
    assert live.reader is None


def test_the_latest_version_is_taken_without_a_look_at_the_file(path: Path) -> None:
    live = live_at(path)
    before = live.latest()
    path.write_text(bound("quick"))

    assert live.latest() is before
    assert live.current() is not before
