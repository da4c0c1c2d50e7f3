"""The metrics of a gateway."""

import re

from llmring.gateway.watching.metric_families import FAMILIES, OTHER, REQUESTS, Kind, most_lines

NAME = re.compile(r"[a-z][a-z0-9_]*")


def test_g138_names_and_labels_are_those_that_prometheus_takes() -> None:
    names = [each.name for each in FAMILIES]

    assert len(set(names)) == len(names)
    for each in FAMILIES:
        assert NAME.fullmatch(each.name)
        assert all(NAME.fullmatch(label) for label in each.labels)
        assert not each.name.endswith(("_total", "_count", "_sum", "_bucket"))
        assert list(each.buckets) == sorted(each.buckets)
        assert (each.kind == "histogram") == bool(each.buckets)


def test_g138_of_a_set_of_labels_beyond_the_limit_only_names_are_replaced() -> None:
    found = REQUESTS.other(("chat", "fast", "default", "ok", ""))

    assert found == ("chat", OTHER, OTHER, "ok", "")


def test_g138_all_metrics_together_stay_within_the_limit() -> None:
    kinds: tuple[Kind, ...] = ("histogram", "counter")

    assert sum(most_lines(kind, reserved=True) for kind in kinds) == 2000
    assert all(most_lines(each, reserved=False) < most_lines(each, reserved=True) for each in kinds)
