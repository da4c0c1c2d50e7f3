"""Limits and budgets of keys and teams, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import answers
from access_keys import OPS, WEB, MemoryKeyStore, access_key, stored
from cli.terminal import lockfile_of
from llmring.access.access_records import AccessKey, AccessTeam
from llmring.access.live_access import LiveAccess
from llmring.gateway.served_ring import ServedRing
from loopback import Answer, Loopback, Pause
from rings import TODAY
from served_gateway import Reply, ServedGateway

HELLO = [{"role": "user", "content": "Hi"}]
# By the API, with the status of a budget that is used up.
CALLS: dict[str, tuple[str, dict[str, Any], int]] = {
    "chat": ("/v1/chat/completions", {"messages": HELLO, "max_tokens": 100}, 402),
    "responses": ("/v1/responses", {"input": "Hi", "max_output_tokens": 100}, 429),
    "messages": ("/v1/messages", {"messages": HELLO, "max_tokens": 100}, 402),
    "gemini": (
        "/v1beta/models/fast:generateContent",
        {"contents": [{"parts": [{"text": "Hi"}]}]},
        402,
    ),
    "ollama": ("/api/chat", {"messages": HELLO, "stream": False}, 402),
}
# A call of 100 tokens may cost 10 cents.
PRICES = """
[registry.models."groq:a"]
max_output = 100
prices = { input = 1, output = 1000 }
"""


class Limited:
    """A gateway with keys that have limits, whose model costs money."""

    def __init__(self, stack: ExitStack, folder: Path, answer: Answer, *keys: AccessKey) -> None:
        self.vendor = Loopback(answer)
        stack.callback(self.vendor.close)
        lockfile = folder / "llmring.lock"
        lockfile.write_text(f"{lockfile_of(default={'fast': ['groq:a']})}\n{PRICES}")
        environ = {
            "LLMRING_LOCKFILE_PATH": str(lockfile),
            "LLMRING_LEDGER": "0",
            "LLMRING_RETRIES": "0",
            "LLMRING_TODAY": TODAY,
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "GROQ_BASE_URL": f"{self.vendor.url}/v1",
            "GROQ_API_KEY": "gsk_0123456789abcdef",
        }
        team = AccessTeam(name="search", rpm=3)
        store = MemoryKeyStore(stored(*keys, teams=(team,)))
        self.gateway = ServedGateway(ring=ServedRing(environ=environ), access=LiveAccess(store))
        stack.callback(self.gateway.close)

    def ask(self, api: str = "chat", key: str = WEB) -> Reply:
        path, body, _ = CALLS[api]
        return self.gateway.ask("POST", path, {"model": "fast", **body}, x_api_key=key)


@contextmanager
def limited(folder: Path, *keys: AccessKey, answer: Answer | None = None) -> Iterator[Limited]:
    with ExitStack() as stack:
        yield Limited(stack, folder, answer or answers.openai("Fine"), *keys)


def test_g111_g116_over_the_rate_of_a_key_a_call_is_refused_at_once(tmp_path: Path) -> None:
    with limited(tmp_path, access_key(rpm=2), access_key("ops", OPS)) as here:
        found = [here.ask().status for _ in range(3)]
        refused = here.ask()

        assert found == [200, 200, 429]
        assert int(refused.headers["retry-after"]) > 0
        # Another key has its own.
        assert here.ask(key=OPS).status == 200
        assert len(here.vendor.requests) == 3


def test_g111_the_limits_of_a_team_hold_for_its_keys_together(tmp_path: Path) -> None:
    keys = [access_key(team="search"), access_key("ops", OPS, team="search")]
    with limited(tmp_path, *keys) as here:
        assert [here.ask(key=key).status for key in (WEB, OPS, WEB, OPS)] == [200, 200, 200, 429]


def test_g111_a_key_has_no_more_calls_in_progress_than_it_may(tmp_path: Path) -> None:
    fine = answers.openai("Fine")
    slow = replace(fine, steps=[Pause(1.0), *fine.steps])
    with (
        limited(tmp_path, access_key(max_concurrency=1), answer=slow) as here,
        ThreadPoolExecutor(3) as pool,
    ):
        found = sorted(each.status for each in pool.map(lambda _: here.ask(), range(3)))

        assert found == [200, 429, 429]


@pytest.mark.parametrize("api", CALLS)
def test_g097_g111_a_call_over_the_budget_of_its_key_has_the_status_of_its_api(
    tmp_path: Path, api: str
) -> None:
    # Less than a call may cost.
    key = access_key(daily_budget=Decimal("0.001"))
    with limited(tmp_path, key, access_key("ops", OPS)) as here:
        reply = here.ask(api)

        assert reply.status == CALLS[api][2]
        assert reply.headers["x-should-retry"] == "false"
        assert here.vendor.requests == []
        assert here.ask(api, key=OPS).status == 200


@pytest.mark.parametrize("path", ["/v1/embeddings", "/api/embed"])
def test_g111_embeddings_count_for_a_key_like_other_calls(tmp_path: Path, path: str) -> None:
    with limited(tmp_path, access_key(rpm=1), answer=answers.openai("Fine")) as here:
        found = [
            here.gateway.ask("POST", path, {"model": "fast", "input": "Hi"}, x_api_key=WEB).status
            for _ in range(2)
        ]

        # This model answers no vectors, but was asked once.
        assert found[1] == 429
        assert here.ask().status == 429
        assert len(here.vendor.requests) == 1


def test_g111_a_call_that_may_cost_more_than_its_key_allows_is_refused(tmp_path: Path) -> None:
    with limited(tmp_path, access_key(max_cost_per_request=Decimal("0.01"))) as here:
        assert here.ask().status == 402
        assert here.vendor.requests == []
