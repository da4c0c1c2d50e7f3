"""The origin of a client's call."""

from __future__ import annotations

import pytest

from gateways import post
from llmring.gateway.caller import Caller
from llmring.gateway.chats.call_origins import origin_of
from llmring.gateway.wires import CHAT, MESSAGES
from llmring.ledger.call_origin import CallOrigin


def origin(**headers: str) -> CallOrigin:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return origin_of(CHAT, post("/any", b"", headers=named))


@pytest.mark.parametrize(
    ("agent", "client"),
    [
        ("claude-cli/2.1.3 (external, cli)", "claude-cli/2.1.3"),
        ("OpenAI/Python 1.0", "OpenAI/Python"),
        ("curl/8.5", "curl/8.5"),
        ("Mozilla", "Mozilla"),
        ("x" * 100, "x" * 48),
        ("", None),
        ("(no product)", None),
        ("Zürich/1", "Z"),
    ],
)
def test_the_client_is_the_first_product_of_its_name(agent: str, client: str | None) -> None:
    assert origin(user_agent=agent).client == client


def test_the_session_is_that_of_a_header_or_else_of_the_body() -> None:
    request = post("/any", b"", headers={"session-id": "s" * 500})

    assert origin_of(CHAT, request, "body").session == "s" * 128
    assert origin_of(CHAT, post("/any", b""), "body").session == "body"
    assert origin().session is None


def test_key_and_team_are_those_of_the_caller() -> None:
    request = post("/any", b"", caller=Caller(key_id="1", key="ci", team="blue"))

    assert origin_of(MESSAGES, request, renames=True) == CallOrigin(
        key="ci", team="blue", wire="messages", renames=True
    )


def test_the_id_of_the_request_is_kept() -> None:
    assert origin(x_request_id="r1").request_id == "r1"
    assert origin().request_id is None
