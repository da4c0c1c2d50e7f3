"""Numbers, durations and amounts of money in a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from llmring.advisor.grammar.chart import Chart, Rule, Values, rules

_WORDS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
} | {
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
    "hundred": 100,
    "thousand": 1000,
    "million": 1_000_000,
    "dozen": 12,
}
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000}
_NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?|\.\d+)([km]?)", re.IGNORECASE | re.ASCII)
_AMOUNT = re.compile(r"\$(\d[\d,]*(?:\.\d+)?|\.\d+)", re.ASCII)
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "k": 1_000}


def number(chart: Chart, at: int) -> Iterator[tuple[Decimal, int]]:
    """Yield a number, in digits or in words."""
    token = chart.tokens[at] if at < len(chart.tokens) else None
    if token is None:
        return
    found = _NUMBER.fullmatch(token.text)
    value: Decimal | None = None
    if found is not None and not token.quoted:
        value = Decimal(found[1].replace(",", "")) * _SCALE[found[2].lower()]
    elif token.word in _WORDS:
        value = Decimal(_WORDS[token.word])
    if value is None:
        return
    yield value, at + 1
    after = chart.tokens[at + 1].word if at + 1 < len(chart.tokens) else ""
    if after in _SCALES:
        yield value * _SCALES[after], at + 2


def amount(chart: Chart, at: int) -> Iterator[tuple[Decimal, int]]:
    """Yield an amount with a dollar sign."""
    token = chart.tokens[at] if at < len(chart.tokens) else None
    found = _AMOUNT.fullmatch(token.word) if token is not None else None
    if found is not None:
        yield Decimal(found[1].replace(",", "")), at + 1


def plain(value: Decimal) -> int | float:
    """Return a number as an integer if it is whole."""
    return int(value) if value == value.to_integral_value() else float(value)


def _scaled(factor: str) -> Any:
    return lambda v: v["number"] * Decimal(factor)


def _same(v: Values) -> Any:
    return next(iter(v.values()))


RULES: dict[str, tuple[Rule, ...]] = {
    "duration": rules(
        ("<number> (seconds|second|s)", _same),
        ("<number> (minutes|minute|min|mins)", _scaled("60")),
        ("<number> (hours|hour|h)", _scaled("3600")),
        ("<number> (ms|milliseconds)", _scaled("0.001")),
        ("half minute", lambda _: Decimal(30)),
        ("minute", lambda _: Decimal(60)),
    ),
    "money": rules(
        ("<amount>", _same),
        ("<number> (dollars|bucks)", _same),
        ("<number> (cents|cent)", _scaled("0.01")),
        ("half cent", lambda _: Decimal("0.005")),
        ("half dollars", lambda _: Decimal("0.5")),
    ),
    # "under a dollar": without a number, it is one.
    "price": rules(("<money>", _same), ("[one] dollars", lambda _: Decimal(1))),
    "times": rules(
        ("<number> (times|time|x)", _same),
        ("once", lambda _: Decimal(1)),
        ("twice", lambda _: Decimal(2)),
    ),
}
LEXEMES = {"number": number, "amount": amount}
