"""What tests put in the place of providers, for all rings of the process.

Nothing is there unless a test runner sets it, and looking for it costs next to nothing.
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


def takes_part(policy: Policy) -> bool:
    """Whether a call of this policy is to go through `Playback`."""
    if policy.faults or policy.mode:
        return True
    now = current
    return now is not None and bool(now.tape or now.faults or now.replies)


def needs_no_keys(policy: Policy) -> bool:
    """Whether no provider is asked, so that models without a key can be called too."""
    now = current
    if now is None:
        return policy.mode == "replay"
    if now.replies is not None:
        return True
    return not now.recording and (now.tape is not None or policy.mode == "replay")


def admit(url: str) -> None:
    """Let a request go to this address.

    Raises:
        ConfigurationError: It is beyond this machine, and a test has to do without.
    """
    now = current
    if now is None or now.network:
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
