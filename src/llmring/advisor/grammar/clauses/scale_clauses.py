"""Clauses that scale a limit: "double the rpm of fast", "cut coder's daily budget by 20 %"."""

from __future__ import annotations

from decimal import Decimal

from llmring.advisor.grammar.chart import Build, Rule, Values, rules
from llmring.advisor.grammar.intents import ScaleLimit

_RAISE = "(raise|increase|bump|bump up|extend|lift)"
_LOWER = "(lower|decrease|reduce|cut|shrink)"
_BY = "by <number> (percent|%)"


def _scaled(v: Values) -> tuple[ScaleLimit, ...]:
    factor: Decimal = v["factor"]
    return (ScaleLimit(v["who"], v["key"], factor),)


def _by(sign: int) -> Build:
    def build(v: Values) -> tuple[ScaleLimit, ...] | None:
        factor = 1 + sign * v["number"] / 100
        return (ScaleLimit(v["who"], v["key"], factor),) if factor > 0 else None

    return build


_WHOSE = "(<key:scaled_key> [limit] (of|for|on|in) <who>|<who> 's <key:scaled_key> [limit])"

RULES: dict[str, tuple[Rule, ...]] = {
    "factor": rules(
        ("double", lambda _: Decimal(2)),
        ("triple", lambda _: Decimal(3)),
        ("quadruple", lambda _: Decimal(4)),
        ("(halve|cut in half|cut by half)", lambda _: Decimal("0.5")),
    ),
    "scaled_key": rules(
        ("<key>", lambda v: v["key"]),
        ("(budget|spending limit|cost limit)", lambda _: "daily_budget"),
    ),
    "scale": rules(
        (f"<factor> {_WHOSE}", _scaled),
        (
            f"{_LOWER} {_WHOSE} (by half|in half|to half)",
            lambda v: _scaled({**v, "factor": Decimal("0.5")}),
        ),
        (f"{_RAISE} {_WHOSE} {_BY}", _by(1)),
        (f"{_LOWER} {_WHOSE} {_BY}", _by(-1)),
    ),
}
