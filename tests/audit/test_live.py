"""The checks that call providers, played by a loopback server."""

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import pytest

import answers
from audit import checkup
from audit.checkup import KEY, SOUND
from cli.terminal import lockfile_of, write
from llmring.audit.live import LIVE, MOST_SECONDS_OFF
from llmring.audit.machine import CheckResult
from loopback import Loopback, as_json

Vendor = Callable[..., Loopback]


@pytest.fixture
def vendor(serve: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """Return a function that starts a provider with a clock."""

    def start(date: str = "", *, status: int = 200) -> Loopback:
        first = (
            answers.openai("H") if status == 200 else answers.openai_error(status, "no such key")
        )
        server = serve(first, as_json({}, 404, date=date))
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        write(SOUND)
        return server

    return start


def findings(name: str) -> list[CheckResult]:
    return checkup.findings(LIVE, name)


def test_each_provider_is_called_for_one_token_and_the_cost_is_reported(vendor: Vendor) -> None:
    server = vendor()

    answered, total = findings("calls")

    assert answered.state == total.state == "ok"
    assert answered.message.startswith("openai:gpt-4o-mini answered, ")
    assert total.message == "total cost: $0.0000027"
    request = server.requests[0].json
    assert 1 in (request.get("max_tokens"), request.get("max_completion_tokens"))


def test_only_the_first_model_of_a_provider_is_called(vendor: Vendor) -> None:
    server = vendor()
    models = ["openai:gpt-4o-mini", "openai:gpt-4o", "anthropic:claude-sonnet-4-5"]
    write(lockfile_of(default={"fast": models}))

    findings("calls")

    assert [request.json["model"] for request in server.requests] == ["gpt-4o-mini"]


def test_a_call_of_unknown_cost_is_left_out_of_the_total(vendor: Vendor) -> None:
    vendor()
    write(lockfile_of(default={"fast": ["openai:some-model"]}))

    answered, total = findings("calls")

    assert answered.message.endswith("cost unknown")
    assert total.message.endswith(", without calls of unknown cost")


def test_an_error_of_a_provider_is_reported_without_the_key(vendor: Vendor) -> None:
    vendor(status=401)

    failed, _ = findings("calls")

    assert failed.state == "fail"
    assert "no such key" in failed.message
    assert KEY not in failed.message
    assert failed.fix == "see its configuration: llmring explain openai:gpt-4o-mini"


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("more", "state"), [(-60, "ok"), (60, "fail")])
def test_a_clock_that_is_further_off_than_the_limit_fails(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, sign: int, more: int, state: str
) -> None:
    server = vendor()
    moment = checkup.setup().settings.clock.now()
    off = timedelta(seconds=sign * (MOST_SECONDS_OFF + more))
    server.answers[:] = [as_json({}, 404, date=format_datetime(moment + off, usegmt=True))]

    [result] = findings("clock")

    assert result.state == state


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_server_that_sends_no_time_is_a_warning(vendor: Vendor, date: str) -> None:
    server = vendor()
    server.answers[:] = [as_json({}, 404, date=date)]

    [result] = findings("clock")

    assert (result.state, result.message) == ("warn", "no server sent its time")
