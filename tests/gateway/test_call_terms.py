"""The terms that a client's call brings to the ring."""

from __future__ import annotations

import pytest

from gateways import post
from llmring.gateway.call_terms import call_tags, call_wishes
from llmring.gateway.caller import ANYONE, Caller
from llmring.gateway.http import GatewayRequest
from llmring.gateway.naming import ClientWishes
from llmring.gateway.wires import MESSAGES
from llmring.ledger.call_origin import CallOrigin
from llmring.lockfile.gateway_table import GatewayTable
from llmring.routing.account import Account

ACCOUNT = Account(key="key:1", name="key 'web'", rpm=1, waits=False)


def request_of(caller: Caller, **headers: str) -> GatewayRequest:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return post("/v1/messages", b"", headers=named, caller=caller)


@pytest.mark.parametrize(
    ("of_key", "of_client", "most"),
    [(None, None, None), (0.1, None, 0.1), (None, 0.2, 0.2), (0.1, 0.2, 0.1), (0.3, 0.2, 0.2)],
)
def test_g111_the_stricter_limit_of_a_call_s_cost_counts(
    of_key: float | None, of_client: float | None, most: float | None
) -> None:
    asked = request_of(Caller(max_cost=of_key))

    assert (
        call_wishes(MESSAGES, asked, ClientWishes(max_cost=of_client), GatewayTable()).max_cost
        == most
    )


def test_g132_the_origin_of_a_call_is_its_key_its_program_and_its_session() -> None:
    caller = Caller(key_id="1", key="web", team="search", accounts=(ACCOUNT,))
    asked = request_of(caller, user_agent="claude-cli/2.1.197 (external)")

    found = call_wishes(
        MESSAGES, asked, ClientWishes(), GatewayTable(), session="s\n1" + "x" * 500, prefer="a:b"
    )

    assert found.accounts == (ACCOUNT,)
    assert found.prefer == "a:b"
    assert found.origin == CallOrigin(
        key="web",
        team="search",
        wire="messages",
        client="claude-cli/2.1",
        session="s 1" + "x" * 197,
    )


def test_g111_the_tags_of_a_key_come_before_those_of_a_request() -> None:
    wishes = ClientWishes(tags=("b", "a"))

    assert call_tags(request_of(Caller(tags=("a", "c"))), wishes) == ["a", "c", "b"]
    assert call_tags(request_of(ANYONE), ClientWishes()) == []
