"""The log of calls and of changes of state."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from cli.terminal import lockfile_of, write
from gateway_process import started
from llmring.clock import SYSTEM
from llmring.exceptions import ConfigurationError
from llmring.gateway.watching.access_log import STDERR, AccessLog
from watched_gateway import QUESTION, entries, watched

SECRET_TEXT = "the prompt of nobody else"


def calls(log: Path) -> list[dict[str, object]]:
    return [each for each in entries(log) if "event" not in each]


def test_g141_a_call_is_one_line_at_its_end(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    with watched("mock:fail?status=503", "mock:echo", log=log) as gateway:
        body = {"model": "fast", "messages": [{"role": "user", "content": SECRET_TEXT}]}
        gateway.ask(
            body=body, x_request_id="abc-1", user_agent="opencode/1.2 (x)", cookie="a=header-value"
        )
        gateway.calls()
    (entry,) = calls(log)

    assert entry["id"] == "abc-1"
    assert (entry["wire"], entry["alias"], entry["model"]) == ("chat", "fast", "mock:echo")
    assert (entry["status"], entry["outcome"], entry["client"]) == (200, "ok", "opencode/1.2")
    assert {"time", "ms", "first_ms", "input_tokens", "output_tokens", "relay"} <= entry.keys()
    attempts = entry["attempts"]
    assert isinstance(attempts, list)
    assert attempts[-1]["outcome"] == "ok"
    text = log.read_text()
    assert SECRET_TEXT not in text
    assert "header-value" not in text


def test_g141_changes_of_state_are_lines_too(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    with watched("mock:fail?status=401", "mock:echo", log=log) as gateway:
        gateway.chat()
        gateway.calls()
        watching = gateway.gateway.watching
        assert watching is not None
    events = [each["event"] for each in entries(log) if "event" in each]

    assert events == ["started", "circuit_opened", "draining", "ended"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_g141_a_gateway_that_is_started_with_a_log_writes_it(tmp_path: Path, workers: str) -> None:
    write(lockfile_of(default={"fast": ["mock:echo"]}))
    log = tmp_path / "calls.log"
    with started("--access-log", str(log), "--workers", workers) as gateway:
        assert gateway.ask(body={"model": "fast", "messages": QUESTION}).status == 200
        assert gateway.ask("GET", "/metrics").body.count(b"llmring_build_info{") == 1
        assert gateway.end(signal.SIGINT) == 0
    (call,) = calls(log)

    assert (call["alias"], call["outcome"]) == ("fast", "ok")
    events = [each["event"] for each in entries(log) if "event" in each]
    assert events.count("started") == events.count("ended") == int(workers)


def test_g166_a_name_of_a_model_can_t_add_a_line(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    with watched(log=log) as gateway:
        for name in ('x"}\n{"outcome":"ok"', "x\r\n\x1b[31m", "mock:x\u202e\n"):
            gateway.chat(name)
        gateway.ask("GET", "/a%0d%0a%1b[31m")
        gateway.calls(4)

    assert len(calls(log)) == 4
    assert all(each.isprintable() for each in log.read_text().splitlines())


def test_g141_a_log_that_is_moved_away_is_created_again(tmp_path: Path) -> None:
    place = tmp_path / "calls.log"
    log = AccessLog(str(place), SYSTEM)
    log.report("first", {})
    place.rename(tmp_path / "calls.log.1")
    log.reopen()
    log.report("second", {})
    log.reopen()
    log.report("third", {})
    log.close()

    found = [json.loads(line)["event"] for line in place.read_text().splitlines()]
    assert found == ["second", "third"]


def test_g141_two_processes_write_to_one_file(tmp_path: Path) -> None:
    place = str(tmp_path / "calls.log")
    logs = [AccessLog(place, SYSTEM) for _ in range(2)]
    for nth in range(10):
        logs[nth % 2].report("event", {"nth": nth})
    for each in logs:
        each.close()

    assert [each["nth"] for each in entries(Path(place))] == list(range(10))


def test_g141_the_log_may_go_to_the_standard_error_stream(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log = AccessLog(STDERR, SYSTEM)
    log.report("started", {})
    log.close()

    assert json.loads(capfd.readouterr().err)["event"] == "started"


def test_a_log_that_can_t_be_written_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no/such"):
        AccessLog(str(tmp_path / "no" / "such" / "calls.log"), SYSTEM)


def test_a_full_disk_ends_no_call() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("the system has no /dev/full")
    log = AccessLog("/dev/full", SYSTEM)
    log.report("started", {})
    log.close()
