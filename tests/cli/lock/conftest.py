"""A fake advisor model."""

from collections.abc import Callable

import pytest

from advisor.fakes import key_at
from loopback import Answer, Loopback

Serve = Callable[..., Loopback]


@pytest.fixture
def model(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Loopback]:
    """Return a function that starts a fake model for --model openai:gpt-4o-mini."""

    def start(*given: Answer) -> Loopback:
        server = serve(*given)
        for name, value in key_at(server).items():
            monkeypatch.setenv(name, value)
        return server

    return start
