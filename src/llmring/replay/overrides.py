"""The overrides of tests, for all rings created while the tests run.

A ring reads them when it is created; outside a test run they are None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmring.transport import network_guard

if TYPE_CHECKING:
    from llmring.replay.cassette import Cassette
    from llmring.replay.scripted_replies import Replies
    from llmring.routing.fault_script import FaultScript
    from llmring.routing.policy import Policy


class Overrides:
    """The overrides that tests have set.

    Attributes:
        network: True if other machines may be reached.
        recording: True to send and record requests that have no recording, even in mode "replay".
        cassette: Recordings to replay, whatever the lockfile sets.
        faults: Faults that come before those of the lockfile.
        replies: Scripted answers to all requests.
    """

    __slots__ = ("cassette", "faults", "network", "recording", "replies")

    def __init__(self, *, network: bool = True, recording: bool = False) -> None:
        self.network = network
        self.recording = recording
        self.cassette: Cassette | None = None
        self.faults: FaultScript | None = None
        self.replies: Replies | None = None


current: Overrides | None = None


def install(overrides: Overrides | None) -> None:
    """Make these the overrides of all rings created from now on; None for no overrides."""
    global current  # noqa: PLW0603 -- one test runner in a process
    current = overrides
    network_guard.may_leave = None if overrides is None else lambda: overrides.network


def needs_no_keys(policy: Policy, overrides: Overrides | None) -> bool:
    """Check that no provider is asked, so that models without a key can be called too.

    Args:
        policy: The policy of the alias.
        overrides: The overrides of tests; None outside of tests.
    """
    if overrides is None:
        return policy.mode == "replay"
    if overrides.replies is not None:
        return True
    return not overrides.recording and (overrides.cassette is not None or policy.mode == "replay")
