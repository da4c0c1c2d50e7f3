"""The text that Prometheus reads, checked by its own tool where that is installed."""

from __future__ import annotations

import mmap
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.gateway.watching import metric_families as families
from llmring.gateway.watching.call_metrics import CallMetrics
from llmring.gateway.watching.exposition import OPEN, PLAIN, exposition, media_type
from llmring.gateway.watching.metric_families import FAMILIES
from llmring.gateway.watching.metric_store import MetricStore, size_of
from watched_gateway import series

PROMTOOL = shutil.which("promtool")


def filled() -> MetricStore:
    """Return a store with a number for each metric."""
    store = MetricStore(mmap.mmap(-1, size_of(1)))
    metrics = CallMetrics(store)
    for each in FAMILIES:
        labels = [f'{label}\\of"a\nmodel' for label in each.labels]
        if each.kind == "histogram":
            metrics.observe(0.3, each, *labels)
        else:
            metrics.add(1.5, each, *labels)
    return store


@pytest.mark.skipif(PROMTOOL is None, reason="promtool (Debian: prometheus) is not installed")
def test_g138_promtool_has_no_objection() -> None:
    assert PROMTOOL is not None
    found = subprocess.run(
        [PROMTOOL, "check", "metrics"],
        input=exposition(filled().rows(), PLAIN),
        capture_output=True,
        check=False,
    )

    assert (found.stdout, found.stderr, found.returncode) == (b"", b"", 0)


def test_g138_each_metric_has_its_description_type_and_value() -> None:
    text = exposition(filled().rows(), PLAIN).decode()

    for each in FAMILIES:
        ending = "_total" if each.kind == "counter" else ""
        assert f"# HELP {each.name}{ending} {each.help}\n" in text
        assert f"# TYPE {each.name}{ending} {each.kind}\n" in text
    names = {name for name, _ in series(text)}
    assert {"llmring_requests_total", "gen_ai_server_request_duration_seconds_sum"} <= names


def test_g138_openmetrics_names_a_counter_without_its_ending_and_has_an_end() -> None:
    text = exposition(filled().rows(), OPEN).decode()

    assert "# TYPE llmring_requests counter\n" in text
    assert "\nllmring_requests_total{" in text
    assert text.endswith("\n# EOF\n")
    assert text.count("# EOF") == 1


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("", PLAIN),
        ("text/plain;version=0.0.4", PLAIN),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", OPEN),
    ],
)
def test_g138_openmetrics_is_sent_to_those_who_ask_for_it(accept: str, found: str) -> None:
    assert media_type(accept) == found


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True))
def test_g166_a_label_of_any_text_stays_in_its_line_and_can_be_read_back(texts: list[str]) -> None:
    store = MetricStore(mmap.mmap(-1, size_of(1)))
    metrics = CallMetrics(store)
    for each in texts:
        metrics.add(1, families.INFLIGHT, each.encode("utf-8", "replace").decode()[:100])
    text = exposition(store.rows(), PLAIN).decode()

    found = [
        value.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
        for line in text.split("\n")
        if not line.startswith("#")
        for value in [line.partition('alias="')[2].rpartition('"')[0]]
        if value
    ]
    unescaped = {each.encode("utf-8", "replace").decode()[:100] for each in texts}
    if not any("\\" in each for each in unescaped):
        assert set(found) == unescaped
    assert len(text.split("\n")) == 2 + len(unescaped) + 1


def test_g138_a_histogram_counts_up_to_each_bound() -> None:
    store = MetricStore(mmap.mmap(-1, size_of(1)))
    metrics = CallMetrics(store)
    for value in (0.0001, 0.0003, 0.02, 99.0):
        metrics.observe(value, families.OVERHEAD)
    found = series(exposition(store.rows(), PLAIN).decode())
    counts = {
        dict(labels)["le"]: value
        for (name, labels), value in found.items()
        if name == "llmring_overhead_seconds_bucket"
    }

    assert counts["0.0001"] == 1
    assert counts["0.0005"] == 2
    assert counts["0.025"] == 3
    assert counts["1.0"] == 3
    assert counts["+Inf"] == 4
    assert found["llmring_overhead_seconds_count", frozenset()] == 4
    assert found["llmring_overhead_seconds_sum", frozenset()] == pytest.approx(99.0204)
