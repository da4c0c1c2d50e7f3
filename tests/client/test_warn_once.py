"""Warnings that a process logs once."""

import logging
from pathlib import Path

import pytest

from llmring.client import warn_once
from llmring.lockfile.file import LockfileSource, find


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


def test_a_warning_with_the_same_key_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    for text in ("one", "two"):
        warn_once.warn("key", lambda text=text: text)  # type: ignore[misc]

    assert logged(caplog) == ["one"]


def test_a_warning_with_another_key_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    for key in ("one", "two"):
        warn_once.warn(key, lambda: "the same text")

    assert logged(caplog) == ["the same text"] * 2


def test_the_text_of_a_warning_that_is_not_logged_is_not_made() -> None:
    made: list[str] = []

    def text() -> str:
        made.append("text")
        return made[-1]

    for _ in range(3):
        warn_once.warn("key", text)

    assert made == ["text"]


def test_signs_for_formatting_in_a_warning_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    warn_once.warn("key", lambda: "100 %s of %d")

    assert logged(caplog) == ["100 %s of %d"]


def test_after_all_are_forgotten_warnings_are_logged_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    warn_once.warn("key", lambda: "one")
    record = warn_once.served_models()
    warn_once.forget()
    warn_once.warn("key", lambda: "two")

    assert logged(caplog) == ["one", "two"]
    assert warn_once.served_models() is not record


def test_all_rings_of_a_process_share_the_record_of_served_models() -> None:
    assert warn_once.served_models() is warn_once.served_models()


def test_a_warning_that_the_user_has_had_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    warn_once.skip("key")

    warn_once.warn("key", lambda: "text")

    assert logged(caplog) == []


@pytest.mark.parametrize(("alias", "count"), [("fast", 1), (None, 0)])
def test_calls_by_llmring_s_own_lockfile_are_warned_of_if_they_need_one(
    alias: str | None, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        warn_once.warn_of_fallback(find(None, None, Path.cwd()), alias)

    assert len(logged(caplog)) == count


def test_calls_by_another_lockfile_are_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    warn_once.warn_of_fallback(LockfileSource(Path("a"), "folder", writable=True), "fast")

    assert logged(caplog) == []
