"""Clauses that ask for models of two vendors by their purpose: "make coder redundant"."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intents import Edit, SpreadVendors

Clause = tuple[Edit, ...]

_SAFE = "(redundant|resilient|fault tolerant|fault-tolerant|highly available|failsafe|fail-safe)"
_POINT = "single point of failure"


def _spread(v: Values) -> Clause:
    return (SpreadVendors(v["who"], 2),)


RULES: dict[str, tuple[Rule, ...]] = {
    "resilience": rules(
        (f"(make|keep|get) <who> [more] {_SAFE}", _spread),
        (f"<who> should be [more] {_SAFE}", _spread),
        (f"(i want|we want|i need|we need|i would like) <who> [to be] [more] {_SAFE}", _spread),
        (
            "<who> (should have|needs|should get) [another] <fallback> (if|when|in case|for when|"
            "because) <provider> (fails|is down|goes down|has outage|has outages|is unavailable|is "
            "often down|is not available)",
            _spread,
        ),
        (f"no {_POINT} (for|in|behind|with) <who>", _spread),
        (f"<who> should (not|never) (have|be|become) {_POINT}", _spread),
        (f"(i|we) do not want <who> to (have|be|become) {_POINT}", _spread),
        (f"(avoid|remove|eliminate|prevent) {_POINT} (for|in|of|behind) <who>", _spread),
    ),
}
