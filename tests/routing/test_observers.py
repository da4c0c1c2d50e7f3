"""The application's hooks, and their exceptions."""

import logging

import pytest

from llmring.chat.response import Attempt
from llmring.exceptions import ProviderConnectionError, ProviderError
from llmring.routing.observers import AttemptHook, FailoverHook

ATTEMPT = Attempt(model="openai:a", outcome="ok")
ERROR = ProviderConnectionError("reset")


def test_each_hook_is_called_with_what_has_happened() -> None:
    attempts: list[Attempt] = []
    failovers: list[tuple[str, str, ProviderError]] = []

    AttemptHook(attempts.append).on_attempt_outcome(ATTEMPT)
    FailoverHook(lambda *what: failovers.append(what)).on_failover("openai:a", "openai:b", ERROR)

    assert attempts == [ATTEMPT]
    assert failovers == [("openai:a", "openai:b", ERROR)]


def test_an_exception_of_a_hook_is_logged_and_not_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the application's own")

    AttemptHook(broken).on_attempt_outcome(ATTEMPT)
    FailoverHook(broken).on_failover("openai:a", "openai:b", ERROR)

    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "on_failover" in caplog.text
    assert "ZeroDivisionError: the application's own" in caplog.text


def test_a_hook_that_ends_the_process_ends_it() -> None:
    def leave(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        AttemptHook(leave).on_attempt_outcome(ATTEMPT)
