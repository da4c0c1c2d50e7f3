"""llmring status --url."""

from __future__ import annotations

import json

from cli.terminal import Call
from watched_gateway import watched


def test_g142_the_status_of_a_running_gateway_is_printed(call: Call) -> None:
    with watched("mock:echo") as gateway:
        outcome = call("status", "--url", f"http://127.0.0.1:{gateway.port}")

    assert outcome.code == 0
    assert "profile: default\n" in outcome.out
    assert "digest: sha256:" in outcome.out
    assert "fast  mock:echo" in outcome.out
    assert "all closed" in outcome.out


def test_g142_the_status_of_a_running_gateway_as_json(call: Call) -> None:
    with watched("mock:echo") as gateway:
        outcome = call("status", "--json", "--url", f"http://127.0.0.1:{gateway.port}")

    assert json.loads(outcome.out)["aliases"] == {"fast": "mock:echo"}


def test_g142_a_gateway_that_is_not_there_is_a_plain_error(call: Call) -> None:
    outcome = call("status", "--url", "http://127.0.0.1:1")

    assert (outcome.code, outcome.out) == (1, "")
    assert "http://127.0.0.1:1" in outcome.err
