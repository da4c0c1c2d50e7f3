"""The guard that keeps requests on this machine while tests run."""

from __future__ import annotations

from collections.abc import Callable

from llmring.exceptions import ConfigurationError

# Set while tests run: True if requests may leave this machine.
may_leave: Callable[[], bool] | None = None


def admit(url: str) -> None:
    """Let a request go to this address.

    Raises:
        ConfigurationError: The address is beyond this machine, and the test must not go there.
    """
    if may_leave is None or may_leave():
        return
    from urllib.parse import urlsplit

    from llmring.address import is_loopback

    host = urlsplit(url).hostname or ""
    if not is_loopback(host):
        raise ConfigurationError(
            f"a test would have sent a request to {host}, and nothing leaves this machine in "
            "tests; script the answer with the fixture llmring_replies, play one back with "
            "llmring_recordings, or allow it with @pytest.mark.llmring_network or "
            "--llmring-network"
        )
