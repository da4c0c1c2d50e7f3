"""What tests put in the place of providers, for all rings that are made while they run.

A ring looks for it when it is made; nothing is there unless a test runner has set it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmring.exceptions import ConfigurationError

if TYPE_CHECKING:
    from llmring.client.replies import Replies
    from llmring.client.tape import Tape
    from llmring.routing.faults import FaultScript
    from llmring.routing.policy import Policy


class Stage:
    """What is played while it is the current one.

    Attributes:
        network: Whether servers beyond this machine may be reached.
        recording: Whether what has no recording is sent and recorded, where it would only be
            played back otherwise.
        tape: The recordings in use, whatever the lockfile says.
        faults: Failures that come before those of the lockfile.
        replies: Answers in place of all others.
    """

    __slots__ = ("faults", "network", "recording", "replies", "tape")

    def __init__(self, *, network: bool = True, recording: bool = False) -> None:
        self.network = network
        self.recording = recording
        self.tape: Tape | None = None
        self.faults: FaultScript | None = None
        self.replies: Replies | None = None


current: Stage | None = None


def needs_no_keys(policy: Policy, overrides: Stage | None) -> bool:
    """Check that no provider is asked, so that models without a key can be called too.

    Args:
        policy: The policy of the alias.
        overrides: What tests put in the place of providers, if they run.
    """
    if overrides is None:
        return policy.mode == "replay"
    if overrides.replies is not None:
        return True
    return not overrides.recording and (overrides.tape is not None or policy.mode == "replay")


def admit(url: str) -> None:
    """Let a request go to this address.

    Raises:
        ConfigurationError: It is beyond this machine, and a test must not go there.
    """
    if current is None or current.network:
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
