"""The metrics of a gateway, of one process and of several."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from served_gateway import ServedGateway, eventually, parsed, read_all
from supervised_gateway import question, supervised
from watched_gateway import Series, WatchedGateway, entries, series, watched

PROMTOOL = shutil.which("promtool")
OK = {"wire": "chat", "alias": "fast", "profile": "default", "outcome": "ok"}


def test_g138_metrics_are_offered_to_prometheus() -> None:
    with watched() as gateway:
        gateway.chat()
        gateway.calls()
        reply = gateway.ask("GET", "/metrics")
        open_metrics = gateway.ask("GET", "/metrics", accept="application/openmetrics-text")

        assert gateway.value("llmring_requests_total", **OK) == 1
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.body.endswith(b"# EOF\n")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool (Debian: prometheus) is not installed")
def test_g138_promtool_takes_the_metrics_of_a_gateway() -> None:
    assert PROMTOOL is not None
    with watched("mock:fail?status=500", "mock:echo") as gateway:
        gateway.chat(stream=True)
        gateway.chat("no-such-name")
        gateway.calls(2)
        body = gateway.ask("GET", "/metrics").body
    found = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=body, capture_output=True, check=False
    )

    assert (found.stdout, found.stderr, found.returncode) == (b"", b"", 0)


def test_g138_calls_in_progress_are_shown_until_they_end() -> None:
    with watched("mock:slow?ms=700") as gateway:
        with gateway.connect() as opened:
            opened.sendall(question())
            assert eventually(lambda: gateway.value("llmring_inflight", alias="fast") == 1)
            assert parsed(read_all(opened)).status == 200
        gateway.calls()

        assert gateway.value("llmring_inflight") == 0


def test_g171_a_thousand_made_up_names_add_no_series() -> None:
    with watched() as gateway:
        gateway.chat("first-unknown")
        gateway.calls()
        before = len(gateway.series)
        for nth in range(50):
            gateway.chat(f"made-up-{nth}")
            gateway.ask("GET", f"/made-up-{nth}", user_agent=f"made-up-{nth}")
            gateway.ask("GET", "/v1/models", x_llmring_profile=f"made-up-{nth}")
        gateway.calls(151)
        text = gateway.ask("GET", "/metrics").body.decode()

    assert "made-up" not in text
    assert len(series(text)) <= before + 4


def test_g138_metrics_are_refused_to_others_than_this_machine_without_a_key() -> None:
    with WatchedGateway(is_open=False) as gateway:
        assert gateway.ask("GET", "/metrics").status == 403


def test_g138_a_gateway_without_records_has_no_metrics() -> None:
    with ServedGateway() as gateway:
        assert gateway.ask("GET", "/metrics").status == 501


@pytest.mark.skipif(os.name == "nt", reason="one process on Windows")
def test_g138_any_worker_answers_for_all_and_a_replaced_one_stays_counted(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    with supervised(count=2, access_log=str(log)) as gateway:

        def requests() -> list[float]:
            found = [_requests(series(_metrics(gateway))) for _ in range(8)]
            return sorted(set(found))

        for nth in range(24):
            assert gateway.raw(question()).startswith(b"HTTP/1.1 200")
            if nth == 11:
                assert eventually(lambda: requests() == [12])
                before = gateway.pids
                os.kill(min(before), signal.SIGKILL)
                assert gateway.has(2, without={min(before)})
        assert eventually(lambda: requests() == [24])
        workers = [each for each in series(_metrics(gateway)).items() if each[0][0].endswith("ers")]
        assert [value for (name, _), value in workers if name == "llmring_workers"] == [2]
    events = [each["event"] for each in entries(log) if "event" in each]

    assert events.count("started") == 3
    assert events.count("worker_replaced") == 1
    assert events.count("ended") == 2
    assert sum("event" not in each for each in entries(log)) == 24


def _metrics(gateway: ServedGateway) -> str:
    return gateway.ask("GET", "/metrics").body.decode()


def _requests(found: Series) -> float:
    wanted: set[Any] = set(OK.items())
    return sum(
        value
        for (name, labels), value in found.items()
        if name == "llmring_requests_total" and wanted <= labels
    )
