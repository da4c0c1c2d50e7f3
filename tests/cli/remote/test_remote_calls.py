"""llmring logs --url."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from cli.terminal import PYTHON, Call
from watched_gateway import WatchedGateway, watched


@pytest.fixture
def gateway() -> Iterator[WatchedGateway]:
    with watched("mock:echo") as served:
        yield served


def url(gateway: WatchedGateway) -> str:
    return f"http://127.0.0.1:{gateway.port}"


def test_g142_the_last_calls_of_a_running_gateway_are_printed(
    call: Call, gateway: WatchedGateway
) -> None:
    gateway.chat(user_agent="tool/1.0 more")
    gateway.chat("no-such-name")
    gateway.calls(2)
    outcome = call("logs", "--url", url(gateway))
    first, second = outcome.out.splitlines()

    assert outcome.code == 0
    assert "fast → mock:echo  ok  200" in first
    assert first.endswith("chat  tool/1.0")
    assert "refused: UnknownModelError  404" in second
    assert "no-such-name" not in outcome.out


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--alias", "fast"], 2),
        (["--model", "mock:echo"], 2),
        (["--model", "mock:other"], 0),
        (["--failed"], 0),
        (["--limit", "1"], 1),
        (["--wire", "chat"], 3),
        (["--client", "tool"], 3),
        (["--client", "tool/2"], 0),
        (["--key", "web"], 0),
        (["--request", "call-1"], 1),
        (["--since", "1h"], 3),
    ],
)
def test_g142_the_calls_can_be_chosen(
    call: Call, gateway: WatchedGateway, options: list[str], count: int
) -> None:
    for nth, model in enumerate(("fast", "fast", "no-such-name")):
        gateway.chat(model, x_request_id=f"call-{nth}", user_agent="tool/1.0")
    gateway.calls(3)
    outcome = call("logs", "--json", "--url", url(gateway), *options)

    assert len(json.loads(outcome.out)) == count


def test_g142_new_calls_are_followed(gateway: WatchedGateway) -> None:
    gateway.chat(x_request_id="before")
    gateway.calls()
    process = subprocess.Popen(
        [*PYTHON, "logs", "--follow", "--json", "--url", url(gateway)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ.copy(),
    )
    assert process.stdout is not None
    try:
        found = [json.loads(process.stdout.readline())["id"]]
        for name in ("first", "second"):
            gateway.chat(x_request_id=name)
            found.append(json.loads(process.stdout.readline())["id"])
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()

    assert found == ["before", "first", "second"]
