"""A guard that blocks requests to other machines while tests run."""

from __future__ import annotations

from collections.abc import Callable

from llmring.exceptions import ConfigurationError

# Set while tests run: True if requests may leave this machine.
may_leave: Callable[[], bool] | None = None


def admit(url: str) -> None:
    """Allow a request to this address, or raise.

    Raises:
        ConfigurationError: The address is on another machine, which tests may not reach.
    """
    if may_leave is None or may_leave():
        return
    from urllib.parse import urlsplit

    from llmring.address import is_loopback

    host = urlsplit(url).hostname or ""
    if not is_loopback(host):
        raise ConfigurationError(
            f"a test would have sent a request to {host}, but tests may not reach other "
            "machines; script the answer with the fixture llmring_replies, replay one with "
            "llmring_recordings, or allow it with @pytest.mark.llmring_network or "
            "--llmring-network"
        )
