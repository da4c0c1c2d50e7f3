"""The guard that keeps requests on this machine while tests run."""

from collections.abc import Iterator

import pytest

import answers
from llmring import ConfigurationError, LLMRing
from llmring.transport import network_guard
from llmring.transport.network_guard import admit
from loopback import Loopback
from rings import MODEL, environ_of


@pytest.fixture
def may_leave() -> Iterator[list[bool]]:
    """Set the guard; requests may leave if the list is not empty."""
    before, open_ = network_guard.may_leave, list[bool]()
    network_guard.may_leave = lambda: bool(open_)
    yield open_
    network_guard.may_leave = before


@pytest.mark.usefixtures("may_leave")
@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "api.localhost", "[::1]:80"])
def test_requests_to_this_machine_are_admitted(host: str) -> None:
    admit(f"http://{host}/v1")


@pytest.mark.usefixtures("may_leave")
@pytest.mark.parametrize("host", ["api.openai.com", "10.0.0.1", "localhost.example", ""])
def test_requests_to_other_machines_are_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="may not reach other machines"):
        admit(f"https://{host}/v1")


@pytest.mark.usefixtures("may_leave")
def test_the_refusal_names_the_host_and_the_ways_out_but_no_secret() -> None:
    with pytest.raises(ConfigurationError) as caught:
        admit("https://me:hunter2@h.example/v1?key=hunter2")

    message = caught.value.message
    assert "a request to h.example" in message
    assert "llmring_replies" in message
    assert "--llmring-network" in message
    assert "hunter2" not in message


def test_the_guard_is_asked_again_for_each_request(may_leave: list[bool]) -> None:
    may_leave.append(True)
    admit("https://api.openai.com")
    may_leave.clear()

    with pytest.raises(ConfigurationError):
        admit("https://api.openai.com")


def test_outside_of_tests_every_address_is_admitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_guard, "may_leave", None)

    admit("https://api.openai.com")


@pytest.mark.usefixtures("may_leave")
def test_a_call_to_another_machine_is_an_error_and_one_to_this_machine_is_sent() -> None:
    with Loopback(answers.openai("Hi")) as server:
        near = LLMRing(environ=environ_of(server))
        far = LLMRing(
            environ={**environ_of(server), "OPENAI_BASE_URL": "https://api.example.test/v1"}
        )

        assert near.chat(MODEL, "Hello").content == "Hi"
        with pytest.raises(ConfigurationError, match=r"a request to api\.example\.test"):
            far.chat(MODEL, "Hello")
