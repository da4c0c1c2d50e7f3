"""The state of a gateway, and its root."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.terminal import lockfile_of, write
from llmring.gateway.endpoints.health import (
    answer_health,
    answer_ready,
    answer_root,
    usable_aliases,
)
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server_state import Gateway
from llmring.lockfile.gateway_table import GatewayTable
from rings import KEY


def gateway(text: str, **options: Any) -> Gateway:
    write(text)
    ring = ServedRing(environ=options.pop("environ", {}))
    return Gateway(ring=ring, table=GatewayTable(), secret=b"x" * 32, **options)


def ready(served: Gateway, **query: str) -> GatewayAnswer:
    request = GatewayRequest(method="GET", path="/readyz", query=query)
    return asyncio.run(answer_ready(served, request))


TWO = lockfile_of(default={"fast": ["openai:a"], "free": ["mock:a"]}, dev={"fast": ["openai:a"]})
ONE = lockfile_of(default={"fast": ["openai:a"]})


def test_g180_a_gateway_is_ready_once_a_model_has_its_key() -> None:
    assert ready(gateway(ONE)).status == 503
    assert ready(gateway(ONE, environ={"OPENAI_API_KEY": KEY})).status == 200
    assert ready(gateway(TWO)).status == 200


def test_g180_the_profile_of_the_gateway_counts() -> None:
    assert ready(gateway(TWO, profile="dev")).status == 503
    assert ready(gateway(TWO, profile="no-such-profile")).status == 503


def test_g180_a_broken_lockfile_leaves_a_gateway_ready_with_the_last_good_one() -> None:
    served = gateway(TWO)
    Path("llmring.lock").write_text("version = ")

    assert ready(served).status == 200


def test_g180_people_see_the_first_model_of_each_alias_if_the_gateway_is_open() -> None:
    body = ready(gateway(TWO), deep="").body
    closed = ready(gateway(TWO, is_open=False), deep="").body

    assert isinstance(body, bytes)
    assert msgspec.json.decode(body)["aliases"] == {"fast": None, "free": "mock:a"}
    assert closed == b'{"status":"ready"}'


def test_g180_the_aliases_that_can_be_called_are_found() -> None:
    assert usable_aliases(gateway(TWO)) == {"fast": None, "free": "mock:a"}


def test_g180_a_process_that_runs_is_healthy_whatever_its_lockfile_holds() -> None:
    served = gateway(ONE)

    assert asyncio.run(answer_health(served, GatewayRequest(method="GET", path="/"))).status == 200


@pytest.mark.parametrize(
    ("accept", "is_empty"), [("", True), ("application/json", True), ("text/html,*/*", False)]
)
def test_g015_the_root_is_empty_for_programs_and_a_line_for_browsers(
    accept: str, is_empty: bool
) -> None:
    request = GatewayRequest(method="GET", path="/", headers={"accept": accept})
    answer = asyncio.run(answer_root(gateway(ONE), request))

    assert answer.status == 200
    assert (answer.body == b"") is is_empty
    assert isinstance(answer.body, bytes)
    assert b"0." not in answer.body
