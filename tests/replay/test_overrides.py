"""The overrides of tests, for the rings that are made while they run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmring import ConfigurationError, LLMRing
from llmring.replay import overrides
from llmring.replay.cassette import Cassette
from llmring.replay.overrides import Overrides, needs_no_keys
from llmring.replay.scripted_replies import Replies
from llmring.routing.fault_script import FaultScript, ScriptedFault
from llmring.routing.policy import Policy
from llmring.transport import network_guard

REPLAY, RECORD, FAULTY = (
    Policy(mode="replay"),
    Policy(mode="record"),
    Policy(faults=(ScriptedFault(status=503),)),
)


@pytest.fixture
def here() -> Iterator[Overrides]:
    """Install the overrides of all rings of the test."""
    before, found = overrides.current, Overrides()
    overrides.install(found)
    yield found
    overrides.install(before)


def replies() -> Replies:
    found = Replies()
    found.add("Scripted.")
    return found


def test_a_ring_has_the_overrides_that_were_installed_when_it_was_made(here: Overrides) -> None:
    here.replies = replies()
    ring = LLMRing()
    overrides.install(None)

    assert ring.chat("openai:gpt-4o-mini", "Hello").content == "Scripted."
    assert [each.model for each in LLMRing().explain("openai:gpt-4o-mini").skipped] == [
        "openai:gpt-4o-mini"
    ]


def test_overrides_that_are_set_later_count_for_rings_that_are_there(here: Overrides) -> None:
    ring = LLMRing()
    assert ring.chat("mock:echo", "Hello").content == "Hello"

    here.faults = FaultScript([ScriptedFault(status=503)])

    with pytest.raises(Exception, match="503"):
        ring.chat("mock:echo", "Hello")


def test_the_network_is_closed_and_opened_with_the_overrides(here: Overrides) -> None:
    here.network = False
    with pytest.raises(ConfigurationError):
        network_guard.admit("https://api.openai.com")

    here.network = True
    network_guard.admit("https://api.openai.com")

    here.network = False
    overrides.install(None)
    network_guard.admit("https://api.openai.com")


@pytest.mark.parametrize(
    ("policy", "free"), [(REPLAY, True), (RECORD, False), (FAULTY, False), (Policy(), False)]
)
def test_without_overrides_only_a_replay_needs_no_keys(policy: Policy, free: bool) -> None:
    assert needs_no_keys(policy, None) is free
    assert needs_no_keys(policy, Overrides()) is free


def with_replies(overrides_: Overrides, _: Path) -> None:
    overrides_.replies = Replies()


def with_cassette(overrides_: Overrides, folder: Path) -> None:
    overrides_.cassette = Cassette(folder, "replay")


@pytest.mark.parametrize("put", [with_replies, with_cassette])
@pytest.mark.parametrize("policy", [REPLAY, RECORD, FAULTY, Policy()])
def test_answers_of_a_test_s_own_need_no_keys_whatever_the_policy(
    put: Callable[[Overrides, Path], None], policy: Policy, tmp_path: Path
) -> None:
    overrides_ = Overrides()
    put(overrides_, tmp_path)

    assert needs_no_keys(policy, overrides_)


def test_a_run_that_records_needs_keys_for_all_but_scripted_replies(tmp_path: Path) -> None:
    recording = Overrides(recording=True)
    with_cassette(recording, tmp_path)
    assert not needs_no_keys(REPLAY, recording)
    assert not needs_no_keys(Policy(), recording)

    with_replies(recording, tmp_path)
    assert needs_no_keys(REPLAY, recording)
