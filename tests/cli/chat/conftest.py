"""Conversations on a terminal."""

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def person() -> Iterator[Callable[..., Any]]:
    """Return a function that starts `llmring chat` on a terminal."""
    pexpect = pytest.importorskip("pexpect")
    started = []

    def start(*options: str, **variables: str) -> Any:
        env = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", **variables}
        words = ["-m", "llmring", "chat", *options]
        child = pexpect.spawn(
            sys.executable, words, env=env, encoding="utf-8", timeout=30, dimensions=(50, 200)
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.close(force=True)
