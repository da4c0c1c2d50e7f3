"""The clock of a ring, and the date that LLMRING_TODAY fixes."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import answers
from conftest import Way
from llmring import ConfigurationError, LLMRing
from llmring.clock import Clock
from llmring.config.settings import read_clock
from loopback import Loopback
from rings import environ_of

MODELS = """
version = "1.0"
[registry.models."openai:old"]
retires = 2026-06-01
[registry.models."openai:new"]
[profiles.default]
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:old", "openai:new"]
"""


def test_the_time_is_that_of_the_system_in_utc() -> None:
    before = time.time_ns()
    clock = read_clock({})

    assert before <= clock.time_ns() <= time.time_ns()
    assert clock.now().tzinfo is UTC
    assert before // 10**9 <= clock.now().timestamp() <= time.time()


def test_the_date_can_be_fixed_and_the_time_goes_on() -> None:
    clock = read_clock({"LLMRING_TODAY": "2020-02-29"})

    assert clock == Clock(date(2020, 2, 29))
    assert clock.today() == date(2020, 2, 29)
    assert clock.now() > datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("written", ["tomorrow", "2026-13-01", "1.11.2026"])
def test_a_date_that_cannot_be_read_is_refused(written: str) -> None:
    with pytest.raises(ConfigurationError, match=r"LLMRING_TODAY is '.*', not a date; write one"):
        read_clock({"LLMRING_TODAY": written})


@pytest.mark.parametrize(
    ("today", "first"), [("2026-05-31", "openai:old"), ("2026-06-01", "openai:new")]
)
def test_a_model_is_asked_last_from_the_day_of_its_retirement(
    way: Way, serve: Callable[..., Loopback], tmp_path: Path, today: str, first: str
) -> None:
    path = tmp_path / "llmring.lock"
    path.write_text(MODELS)
    server = serve(answers.openai("Hi"))
    ring = LLMRing(path, environ=environ_of(server) | {"LLMRING_TODAY": today})

    assert way.chat(ring, "fast", "Hello").model == first
