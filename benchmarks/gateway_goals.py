"""The goals for the gateway, next to what was measured."""

from __future__ import annotations

from typing import NamedTuple

from figures import median, number, ratio, table
from gateway_bodies import CHAT, MESSAGES, small
from gateway_figures import (
    LARGE_RELAYED,
    LARGE_TRANSLATED,
    SMALL_RELAYED,
    SMALL_TRANSLATED,
    STREAMED,
    added,
    of_chunk,
)
from gateway_measures import AT_SPEED, FAULTS, Question
from gateway_peers import LITELLM, OURS, PORTKEY, TENSORZERO, UNRECORDED
from measures import Results


class Goal(NamedTuple):
    """A goal: the value in its unit, and its bound."""

    what: str
    value: float | None
    bound: float
    unit: str = ""
    least: bool = False

    def row(self) -> list[str]:
        """Return the cells of its row."""
        wanted = f"{'≥' if self.least else '≤'} {self.bound:g}{self.unit}"
        if self.value is None:
            return [self.what, wanted, "-", ""]
        met = self.value >= self.bound if self.least else self.value <= self.bound
        return [
            self.what,
            wanted,
            f"{number(self.value)}{self.unit}",
            "reached" if met else "missed",
        ]


def gateway_goals(results: Results) -> list[str]:
    """Format the section of the goals; peers keep no ledger, so ours is compared without."""

    def of(name: str, measure: str) -> float | None:
        return median(results, name, measure)

    def cpu(name: str, to: str) -> float | None:
        return of(name, f"cpu {Question(small(CHAT), to, stream=False).measure}")

    def rate(to: str, peer: str) -> float | None:
        # On one core, requests a second are as many as their CPU allows.
        return ratio(cpu(peer, to), cpu(UNRECORDED, to))

    def chunk(name: str, to: str) -> float | None:
        return of_chunk(results, name, small(CHAT), to, AT_SPEED)

    def more(question: Question, what: str = "whole") -> float | None:
        return added(results, UNRECORDED, question, what)

    big = [of(UNRECORDED, f"cpu {each.measure}") for each in (LARGE_RELAYED, LARGE_TRANSLATED)]
    before = [of(UNRECORDED, f"failover {fault}") for fault in FAULTS if "cut" not in fault]
    within = [of(UNRECORDED, f"failover {fault}") for fault in FAULTS if "cut" in fault]
    tz = TENSORZERO
    goals = [
        Goal(f"relayed: CPU by {tz}", ratio(cpu(UNRECORDED, CHAT), cpu(tz, CHAT)), 1.0),
        Goal(f"relayed: requests by {PORTKEY}", rate(CHAT, PORTKEY), 8, least=True),
        Goal(f"relayed: requests by {LITELLM}", rate(CHAT, LITELLM), 60, least=True),
        Goal(f"translated: CPU by {tz}", ratio(cpu(UNRECORDED, MESSAGES), cpu(tz, MESSAGES)), 2.0),
        Goal(f"translated: requests by {LITELLM}", rate(MESSAGES, LITELLM), 30, least=True),
        Goal(f"relayed chunk by {tz}", ratio(chunk(UNRECORDED, CHAT), chunk(tz, CHAT)), 0.25),
        Goal(
            f"translated chunk by {tz}",
            ratio(chunk(UNRECORDED, MESSAGES), chunk(tz, MESSAGES)),
            0.5,
        ),
        Goal("added to a relayed request", more(SMALL_RELAYED), 0.3, " ms"),
        Goal("added to a translated request", more(SMALL_TRANSLATED), 0.6, " ms"),
        Goal("added to the first byte of a stream", more(STREAMED, "first"), 1.0, " ms"),
        Goal("85 KB relayed by translated: CPU", ratio(*big), 1.0),
        Goal("failover before a stream", _most(before), 0.5, " ms"),
        Goal("failover within a stream", _most(within), 1.0, " ms"),
        Goal("ready", of(OURS, "ready"), 0.8, " s"),
        Goal("memory", of(OURS, "memory"), 60, " MB"),
        Goal("memory of a running stream", of(OURS, "held"), 30, " KB"),
    ]
    return [
        "### Goals",
        "",
        *table(("", "wanted", "measured", ""), [goal.row() for goal in goals]),
    ]


def _most(figures: list[float | None]) -> float | None:
    return max((each for each in figures if each is not None), default=None)
