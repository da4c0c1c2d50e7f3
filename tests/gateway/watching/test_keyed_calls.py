"""What is recorded of the calls of keys, and who sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_keys import OPS, UNKNOWN, WEB, MemoryKeyStore, access_key, stored
from cli.terminal import lockfile_of, run, write
from llmring.access.access_records import AccessTeam
from llmring.access.live_access import LiveAccess
from llmring.lockfile.gateway_table import GatewayTable
from watched_gateway import QUESTION, WatchedGateway, entries

ASKED = {"model": "fast", "messages": QUESTION}


def keyed(log: Path, *, metrics_keys: bool = False) -> WatchedGateway:
    write(lockfile_of(default={"fast": ["mock:echo"]}))
    keys = (access_key(team="shop", headers="min"), access_key("ops", OPS, role="admin"))
    return WatchedGateway(
        log,
        access=LiveAccess(MemoryKeyStore(stored(*keys, teams=(AccessTeam(name="shop"),)))),
        table=GatewayTable(metrics_keys=metrics_keys),
    )


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[WatchedGateway]:
    with keyed(tmp_path / "calls.log") as served:
        yield served


def bearer(key: str) -> str:
    return f"Bearer {key}"


def test_g141_a_call_has_the_names_of_its_key_and_team_and_never_the_key(
    gateway: WatchedGateway, tmp_path: Path
) -> None:
    assert gateway.ask(body=ASKED, authorization=bearer(WEB)).status == 200
    assert gateway.ask(body=ASKED, authorization=bearer(UNKNOWN)).status == 401
    good, bad = gateway.calls(2)

    assert (good.key, good.team, good.outcome) == ("web", "shop", "ok")
    # Although the answers of this key do not show it.
    assert good.relay is not None
    assert (bad.key, bad.outcome, bad.status, bad.alias) == (None, "refused", 401, None)
    text = (tmp_path / "calls.log").read_text()
    assert WEB not in text
    assert UNKNOWN not in text


@pytest.mark.parametrize("path", ["/metrics", "/ui/api/status", "/ui/api/calls"])
def test_g119_the_state_is_for_keys_of_the_role_admin(gateway: WatchedGateway, path: str) -> None:
    assert gateway.ask("GET", path).status == 401
    assert gateway.ask("GET", path, authorization=bearer(WEB)).status == 403
    shown = gateway.ask("GET", path, authorization=bearer(OPS))

    assert shown.status == 200
    assert OPS.encode() not in shown.body


@pytest.mark.parametrize("metrics_keys", [False, True])
def test_g138_the_names_of_keys_are_in_metrics_if_the_lockfile_asks_for_them(
    tmp_path: Path, metrics_keys: bool
) -> None:
    with keyed(tmp_path / "calls.log", metrics_keys=metrics_keys) as gateway:
        gateway.ask(body=ASKED, authorization=bearer(WEB))
        text = gateway.ask("GET", "/metrics", authorization=bearer(OPS)).body.decode()

    assert ('key="web"' in text) == metrics_keys
    assert "llmring_requests_total{" in text


def test_g142_commands_send_the_key_of_the_environment(gateway: WatchedGateway) -> None:
    gateway.ask(body=ASKED, authorization=bearer(WEB))
    url = f"http://127.0.0.1:{gateway.port}"
    refused = run("status", "--url", url)
    shown = run("logs", "--json", "--key", "web", "--url", url, LLMRING_GATEWAY_KEY=OPS)

    assert refused.code == 1
    assert "LLMRING_GATEWAY_KEY" in refused.err
    assert [each["team"] for each in json.loads(shown.out)] == ["shop"]
    assert OPS not in shown.out + shown.err + refused.err


def test_g118_one_who_guesses_keys_can_fill_neither_metrics_nor_log_with_names(
    gateway: WatchedGateway, tmp_path: Path
) -> None:
    for nth in range(15):
        gateway.ask(body={"model": f"made-up-{nth}"}, authorization=bearer(f"lr_made-up-{nth}"))
    gateway.calls(15)
    text = gateway.ask("GET", "/metrics", authorization=bearer(OPS)).body.decode()

    assert "made-up" not in text
    assert "made-up" not in repr(entries(tmp_path / "calls.log"))
