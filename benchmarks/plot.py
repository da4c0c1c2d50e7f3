"""A plot with logarithmic axes, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTH, HEIGHT = 360, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 28, 40
INK, PALE, LINE = "#444", "#ddd", "#0a66c2"

Points = Sequence[tuple[float, float]]


def slope(points: Points) -> float:
    """Return the exponent of the growth: the slope of a line through the logarithms."""
    x = [math.log(count) for count, _ in points]
    y = [math.log(cost) for _, cost in points]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    rise = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return rise / sum((a - middle_x) ** 2 for a in x)


def log_log(title: str, along: str, points: Points) -> str:
    """Draw a plot of positive values.

    Args:
        title: The title.
        along: Label of the horizontal axis.
        points: Pairs of a number and milliseconds.
    """
    x_from, x_to = _decades([count for count, _ in points])
    y_from, y_to = _decades([cost for _, cost in points])

    def across(decade: float) -> float:
        return LEFT + (decade - x_from) / (x_to - x_from) * (WIDTH - LEFT - RIGHT)

    def down(decade: float) -> float:
        return HEIGHT - BOTTOM - (decade - y_from) / (y_to - y_from) * (HEIGHT - TOP - BOTTOM)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="11" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{WIDTH / 2:.0f}" y="16" text-anchor="middle" font-size="13">{title}</text>',
    ]
    for decade in range(x_from, x_to + 1):
        lines += [
            _line(across(decade), TOP, across(decade), HEIGHT - BOTTOM),
            _text(across(decade), HEIGHT - BOTTOM + 14, f"{10**decade:,}", "middle"),
        ]
    for decade in range(y_from, y_to + 1):
        lines += [
            _line(LEFT, down(decade), WIDTH - RIGHT, down(decade)),
            _text(LEFT - 6, down(decade) + 4, f"{10.0**decade:,g}", "end"),
        ]
    places = [(across(math.log10(count)), down(math.log10(cost))) for count, cost in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    lines.append(f'<polyline points="{path}" fill="none" stroke="{LINE}" stroke-width="2"/>')
    lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{LINE}"/>' for x, y in places]
    lines += [_text(WIDTH / 2, HEIGHT - 8, along, "middle"), _text(6, TOP - 8, "ms", "start")]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _line(x: float, y: float, x_end: float, y_end: float) -> str:
    ends = f'x1="{x:.1f}" y1="{y:.1f}" x2="{x_end:.1f}" y2="{y_end:.1f}"'
    return f'<line {ends} stroke="{PALE}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'
