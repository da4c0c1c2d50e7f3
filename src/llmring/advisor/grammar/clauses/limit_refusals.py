"""Clauses about limits that no policy can hold: a rate per hour, a budget without a period."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Build, Rule, rules
from llmring.advisor.grammar.intents import CannotDo
from llmring.advisor.grammar.limit_phrases import CALLS, MOST, PER

_PER_SECOND = (
    "Limits are per minute: state the requests per minute, as in: limit {alias} to 60 rpm."
)
_OTHER_PERIOD = "Budgets are per day or per request, as in: limit {alias} to $5 a day."
_NO_PERIOD = "Is that per day, or per request? Write, as in: limit {alias} to $5 a day."
_NO_UNIT = (
    "Of what? Write the unit, as in: limit {alias} to 60 requests a minute; to 5 calls at a time; "
    "to $5 a day; to 20 seconds."
)
_IN_TOTAL = (
    "Each alias has its limits for itself; several can't share one. Limit each, as in: limit "
    "{alias} to $5 a day."
)
_TOGETHER = (
    "(in total|altogether|together|combined|overall|across all aliases|across aliases|across "
    "everything|over all aliases|for all aliases together|for everything together|for all aliases "
    "combined|for everything combined|for all of them together)"
)


def _cannot(why: str) -> Build:
    return lambda _: (CannotDo(why),)


RULES: dict[str, tuple[Rule, ...]] = {
    "limit_refused": rules(
        (f"(spend|use|pay) {MOST} <money> (on|for) <who>", _cannot(_NO_PERIOD)),
        # Understood, but without a unit or with one that no policy has.
        ("(limit|cap|restrict|throttle) <who> (to|at) <number>", _cannot(_NO_UNIT)),
        (
            f"(limit|cap|restrict|throttle|rate limit) <who> (to|at) [{MOST}] <number> "
            f"[{CALLS}] {PER} (second|s|sec|hour|h|day|month|week)",
            _cannot(_PER_SECOND),
        ),
        (
            f"(limit|cap|restrict|throttle|rate limit) <who> (to|at) [{MOST}] <number> "
            f"{CALLS} [second|hour|day|month]",
            _cannot(_NO_UNIT),
        ),
        (
            "(limit|cap|restrict) [spending|spend|costs] [on|of|for] <who> (to|at) "
            f"[{MOST}] <money>",
            _cannot(_NO_PERIOD),
        ),
        (
            "(limit|cap|restrict) [spending|spend|costs] [on|of|for] <who> (to|at) "
            f"[{MOST}] <money> [{PER}] (month|week|year|hour|monthly|weekly)",
            _cannot(_OTHER_PERIOD),
        ),
        (
            "(give|set|put|add|assign) [<who>] [monthly|weekly|hourly|total] budget of "
            "<money> [(on|for|to) <who>]",
            _cannot(_NO_PERIOD),
        ),
        (
            "(set|put|change) [monthly|weekly] budget (of|for|on) <who> to <money>",
            _cannot(_NO_PERIOD),
        ),
        (
            "(give|set|put|add|assign) [<who>] [monthly|weekly|hourly] budget [of] "
            f"<money> [{PER}] (month|week|year|hour) [(on|for|to) <who>]",
            _cannot(_OTHER_PERIOD),
        ),
        (
            "(limit|cap|restrict|set|keep|put|throttle) [<who>|total|spending|spend|cost|costs|"
            f"requests|calls|usage|budget|limit] [of|to|at|under|below] <bounds> {_TOGETHER}",
            _cannot(_IN_TOTAL),
        ),
        (
            f"(spend|use|pay|allow) <bounds> {_TOGETHER}",
            _cannot(_IN_TOTAL),
        ),
        (f"<bounds> {_TOGETHER}", _cannot(_IN_TOTAL)),
        (
            "<who> (together|combined|in total) should [not] (cost|spend|use|exceed) <bounds>",
            _cannot(_IN_TOTAL),
        ),
    ),
}
