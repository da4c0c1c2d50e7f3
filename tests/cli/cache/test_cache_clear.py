"""llmring cache clear: the answers that gateways keep are removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from cached_gateway import CachedModels, ask
from cli.terminal import is_plain_error, run
from gateway_process import started
from llmring.gateway.wires import CHAT
from llmring.limits import redis_connection
from loopback import Loopback
from redis_server import RedisServer


def test_g137_a_running_gateway_has_no_kept_answers_any_more(
    serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = CachedModels(serve, tmp_path / "llmring.lock", monkeypatch)
    server = models.start(answers.openai_stream("Hi"))

    with started() as gateway:
        before = [ask(gateway, CHAT).headers["x-llmring-cache"] for _ in range(2)]
        result = run("cache", "clear")
        after = ask(gateway, CHAT).headers["x-llmring-cache"]

    assert (before, after) == (["miss", "hit"], "miss")
    assert result.code == 0
    assert result.out == "removed the answers that gateways on this machine kept in memory\n"
    assert len(server.requests) == 2


def test_g137_the_answers_in_redis_are_removed_and_counted(
    redis_url: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_connection, "BUDGET_SECONDS", 5.0)
    monkeypatch.setenv("LLMRING_REDIS_URL", redis_url)
    redis_server.ask("SET {llmring}:answer:a x")

    assert run("cache", "clear").out == "1 kept answer removed\n"
    assert json.loads(run("cache", "clear", "--json").out) == {"removed": 0}


def test_g137_a_redis_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMRING_REDIS_URL", "redis://127.0.0.1:1/0")

    result = run("cache", "clear")

    assert result.code == 1
    assert is_plain_error(result.err.splitlines(keepends=True)[-1])
    assert "127.0.0.1:1" in result.err
