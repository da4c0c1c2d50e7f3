"""A fake advisor model."""

import pytest

from advisor.fakes import Serve, key_at
from loopback import Answer, Loopback


@pytest.fixture
def model(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Return a function that starts a fake advisor model with given answers."""

    def start(*given: Answer) -> Loopback:
        server = serve(*given)
        for name, value in key_at(server).items():
            monkeypatch.setenv(name, value)
        return server

    return start
