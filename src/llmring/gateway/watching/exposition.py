"""The text in which Prometheus reads metrics.

https://prometheus.io/docs/instrumenting/exposition_formats/
https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator

from llmring.gateway.watching.metric_families import Family
from llmring.gateway.watching.metric_store import SeriesRow

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def media_type(accept: str) -> str:
    """Return the media type to answer with.

    Args:
        accept: The header of this name.
    """
    return OPEN if "application/openmetrics-text" in accept else PLAIN


def exposition(rows: Iterable[SeriesRow], media: str) -> bytes:
    """Format metrics.

    Args:
        rows: Their sets of labels, in the order of the metrics.
        media: `PLAIN` or `OPEN`.
    """
    is_open = media == OPEN
    lines: list[str] = []
    for _, group in itertools.groupby(rows, lambda row: row.family.name):
        found = list(group)
        family = found[0].family
        ending = "_total" if family.kind == "counter" else ""
        named = family.name if is_open else f"{family.name}{ending}"
        lines.append(f"# HELP {named} {family.help}")
        lines.append(f"# TYPE {named} {family.kind}")
        for row in found:
            if family.kind == "histogram":
                lines += _histogram(row)
            else:
                shown = _labels(family, row.labels)
                lines.append(f"{family.name}{ending}{shown} {_number(row.numbers[0])}")
    if is_open:
        lines.append("# EOF")
    return "".join(f"{line}\n" for line in lines).encode()


def _histogram(row: SeriesRow) -> Iterator[str]:
    family = row.family
    *counts, total = row.numbers
    for bound, count in zip((*family.buckets, math.inf), itertools.accumulate(counts), strict=True):
        end = "+Inf" if bound == math.inf else repr(float(bound))
        shown = _labels(family, row.labels, le=end)
        yield f"{family.name}_bucket{shown} {_number(count)}"
    shown = _labels(family, row.labels)
    yield f"{family.name}_sum{shown} {_number(total)}"
    yield f"{family.name}_count{shown} {_number(sum(counts))}"


def _labels(family: Family, values: Iterable[str], **more: str) -> str:
    pairs = [*zip(family.labels, values, strict=True), *more.items()]
    shown = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in pairs if value)
    return f"{{{shown}}}" if shown else ""


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
