"""The last calls of a gateway, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from watched_gateway import WatchedGateway, watched


def calls(gateway: WatchedGateway, query: str = "") -> list[dict[str, Any]]:
    reply = gateway.ask("GET", f"/ui/api/calls{query}")
    assert reply.status == 200, reply
    found: list[dict[str, Any]] = reply.json["calls"]
    return found


def test_g142_the_last_calls_are_shown_the_newest_last() -> None:
    with watched() as gateway:
        for nth in range(3):
            gateway.chat(x_request_id=f"call-{nth}")
        gateway.calls(3)

        assert [each["id"] for each in calls(gateway)] == ["call-0", "call-1", "call-2"]
        assert [each["id"] for each in calls(gateway, "?limit=1")] == ["call-2"]


def test_g142_calls_that_ended_before_a_time_are_left_out() -> None:
    with watched() as gateway:
        gateway.chat(x_request_id="old")
        (old,) = gateway.calls()
        gateway.chat(x_request_id="new")
        new = gateway.calls(2)[1]
        since = new.ended.isoformat()

        assert [each["id"] for each in calls(gateway, f"?since={since}")] == ["new"]
        assert len(calls(gateway, f"?since={old.time.isoformat()}")) == 2
        assert datetime.fromisoformat(calls(gateway)[0]["time"]) == old.time


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=x", "?limit=99999", "?since=now", "?since=2026-11-30T00:00:00"]
)
def test_g142_a_query_that_can_t_be_used_is_refused(query: str) -> None:
    with watched() as gateway:
        assert gateway.ask("GET", f"/ui/api/calls{query}").status == 400


def test_g142_calls_are_not_shown_to_others_than_this_machine_without_a_key() -> None:
    with WatchedGateway(is_open=False) as gateway:
        assert gateway.ask("GET", "/ui/api/calls").status == 403
