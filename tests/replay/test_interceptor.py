"""When answers are played, whose they are, and that they need no key."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from answers import openai
from llmring import ProviderError
from llmring.config.settings import read_settings, recordings_folder
from llmring.replay import overrides
from llmring.replay.cassette import Cassette
from llmring.replay.interceptor import keyless
from llmring.replay.overrides import Overrides
from llmring.replay.scripted_replies import Replies
from llmring.routing.fault_script import FaultScript, ScriptedFault
from llmring.routing.policy import Policy, policy_of
from loopback import Loopback
from replay.interceptor_calls import asking, interceptor_in, played, target_at

FAULT = ScriptedFault(status=503)


@pytest.fixture
def here() -> Iterator[Overrides]:
    """Install the overrides of all rings of the test."""
    before, found = overrides.current, Overrides()
    overrides.install(found)
    yield found
    overrides.install(before)


def status_of(policy: Policy, folder: Path) -> int:
    """Return the status of the answer to a request; the provider itself answers 200."""
    with Loopback(openai()) as server:
        target = target_at(server)
        return played(interceptor_in(folder), policy, target, asking(target))[0].status


def test_a_policy_without_faults_and_mode_is_left_to_the_provider(
    here: Overrides, tmp_path: Path
) -> None:
    assert status_of(Policy(retries=2), tmp_path) == 200
    here.faults = FaultScript()
    assert status_of(Policy(), tmp_path) == 200


def test_a_policy_with_faults_is_played(tmp_path: Path) -> None:
    assert status_of(Policy(faults=(FAULT,)), tmp_path) == 503


def test_a_policy_with_a_mode_is_recorded_and_played_back(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="recording"):
        status_of(Policy(mode="replay"), tmp_path)
    assert status_of(Policy(mode="record"), tmp_path) == 200
    assert status_of(Policy(mode="replay"), tmp_path) == 200


def test_replies_that_a_test_has_set_up_are_given_whatever_the_policy(
    here: Overrides, tmp_path: Path
) -> None:
    here.replies = Replies()
    here.replies.add("Scripted.")

    with Loopback(openai()) as server:
        target = target_at(server)
        _, pieces = played(interceptor_in(tmp_path), Policy(), target, asking(target))

    assert b"Scripted." in b"".join(pieces)


def test_faults_that_a_test_has_set_up_are_met_whatever_the_policy(
    here: Overrides, tmp_path: Path
) -> None:
    here.faults = FaultScript([FAULT])

    assert status_of(Policy(), tmp_path) == 503


def test_a_cassette_that_a_test_has_set_up_is_played_whatever_the_policy(
    here: Overrides, tmp_path: Path
) -> None:
    here.cassette = Cassette(tmp_path / "nowhere", "replay")

    with pytest.raises(ProviderError, match="recording"):
        status_of(Policy(), tmp_path)


def test_every_provider_can_be_called_without_its_key_if_answers_are_scripted() -> None:
    endpoints = read_settings({"OPENAI_API_KEY": "sk-mine"}).endpoints
    assert any(not endpoint.usable for endpoint in endpoints.values())

    found = keyless(endpoints)

    assert [name for name, endpoint in found.items() if not endpoint.usable] == []
    assert found["openai"].key == "sk-mine"


def test_the_faults_of_a_test_come_before_those_of_the_lockfile(
    here: Overrides, tmp_path: Path
) -> None:
    with Loopback(openai()) as server:
        target = target_at(server)
        here.faults = FaultScript([ScriptedFault(status=500, times=1)])
        interceptor, policy = interceptor_in(tmp_path), Policy(faults=(FAULT,))

        found = [played(interceptor, policy, target, asking(target))[0].status for _ in range(2)]

    assert found == [500, 503]


def test_replay_mode_records_if_the_run_records(here: Overrides, tmp_path: Path) -> None:
    here.recording = True
    with Loopback(openai()) as server:
        target = target_at(server)

        played(interceptor_in(tmp_path), Policy(mode="replay"), target, asking(target))

    assert len(list((tmp_path / "recordings").iterdir())) == 1


@pytest.mark.parametrize(
    ("setting", "own_folder", "folder"),
    [
        ("/else/where", "answers", "/else/where"),
        ("", "answers", "/app/answers"),
        (None, "/abs", "/abs"),
        (None, None, "/app/tests/recordings"),
    ],
)
def test_recordings_are_in_the_folder_of_the_environment_or_the_lockfile_or_next_to_the_tests(
    setting: str | None, own_folder: str | None, folder: str
) -> None:
    environ = {} if setting is None else {"LLMRING_RECORDINGS": setting}

    assert recordings_folder(own_folder, Path("/app/llmring.lock"), environ) == Path(folder)


def test_faults_of_a_lockfile_are_read_with_keys_of_a_newer_one_passed_over() -> None:
    table = {"faults": [{"model": "openai:*", "cut": 3, "x-why": 1, "newer": True}]}

    assert policy_of(table).faults == (ScriptedFault(model="openai:*", cut=3),)
