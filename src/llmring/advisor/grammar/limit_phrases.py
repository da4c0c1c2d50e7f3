"""Phrases of limits: "60 requests a minute", "$5 a day", "a timeout of 20 seconds"."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import Setting
from llmring.advisor.grammar.quantities import plain

PER = "(per|each|every|in|within)"
_MINUTE = "(minute|min|m)"
CALLS = "(requests|request|calls|call|queries|rpcs)"
MOST = (
    "(at most|no more than|not more than|up to|max|maximum|maximum of|max of|only|within|"
    "below|under|"
    "less than|limit of|cap of|not exceed|as many as)"
)
_ALSO = (
    "(and|,|, and|plus|and to|and with) "
    "[cost|costs|spend|spends|use|take|takes|run|handle|make|send|have|allow|pay|get|retry|to]"
)
SECONDS = {"timeout", "stall_timeout", "first_content_timeout", "hedge_after"}
DOLLARS = {"daily_budget", "max_cost_per_request"}


def _one(v: Values) -> tuple[Setting, ...]:
    return (v["one"],)


def _more(v: Values) -> tuple[Setting, ...]:
    return (v["one"], *v["more"])


def _whole(key: str, name: str = "number") -> Any:
    """Return a function that builds a setting with a whole number."""

    def build(v: Values) -> Setting | None:
        value: Decimal = v[name]
        return Setting(key, int(value)) if value == value.to_integral_value() else None

    return build


def _of(key: str, name: str) -> Any:
    return lambda v: Setting(key, plain(v[name]))


def keyed(v: Values) -> Setting | None:
    """Build a setting of a key and a bare number; a budget needs a period, a rate a unit."""
    key: str = v["key"]
    if key in SECONDS:
        value = v.get("duration") or v.get("number")
    elif key in DOLLARS:
        value = v.get("money") or v.get("number")
    else:
        value = v.get("number") or v.get("times")
        if value is not None and value != value.to_integral_value():
            return None
    return None if value is None else Setting(key, plain(value))


def _word(word: str) -> Any:
    return lambda _: word


RULES: dict[str, tuple[Rule, ...]] = {
    "key": rules(
        (
            "(timeout|time limit|time out|deadline|call timeout|request timeout)",
            lambda _: "timeout",
        ),
        ("(stall_timeout|stall timeout)", lambda _: "stall_timeout"),
        ("(first_content_timeout|first content timeout)", lambda _: "first_content_timeout"),
        (
            "(rpm|rpm limit|request limit|request rate|requests per minute|rate limit|"
            "calls per minute)",
            lambda _: "rpm",
        ),
        ("(tpm|tpm limit|token limit|token rate|tokens per minute)", lambda _: "tpm"),
        (
            "(daily_budget|daily budget|budget per day|daily limit|daily spend|daily "
            "spending limit|daily cost limit|spending limit per day|daily spending)",
            lambda _: "daily_budget",
        ),
        (
            "(max_cost_per_request|cost per request|cost per call|max cost per request|"
            "maximum cost per request|cost limit per request|price per request|price per "
            "call)",
            lambda _: "max_cost_per_request",
        ),
        (
            "(max_concurrency|concurrency|max concurrency|maximum concurrency|"
            "concurrency limit|parallelism)",
            lambda _: "max_concurrency",
        ),
        (
            "(retries|number of retries|retry count|max retries|maximum retries|retry|retry limit)",
            lambda _: "retries",
        ),
        ("(hedge_after|hedge after|hedging|hedging delay)", lambda _: "hedge_after"),
        ("(min_context|minimum context|min context)", lambda _: "min_context"),
        ("(strategy)", lambda _: "strategy"),
    ),
    "keys": rules(
        ("<one:limit_key>", lambda v: v["one"]),
        ("<one:limit_key> (and|,|, and|or) <more:keys>", lambda v: (*v["one"], *v["more"])),
    ),
    "limit_key": rules(
        (
            "(limit on requests|limit on calls|request rate limit|limit of requests)",
            lambda _: ("rpm",),
        ),
        ("(limit on tokens|limit of tokens)", lambda _: ("tpm",)),
        (
            "(limit on spending|limit on spend|limit on costs|spending cap)",
            lambda _: ("daily_budget",),
        ),
        ("<key> [limit|limits|setting|policy|cap]", lambda v: (v["key"],)),
        ("(budget|spending limit|cost limit)", lambda _: ("daily_budget",)),
        ("(needs|capability requirements|required capabilities)", lambda _: ("needs",)),
    ),
    "rate": rules(
        (f"<number> {CALLS} {PER} {_MINUTE}", _whole("rpm")),
        (f"<number> {CALLS} {_MINUTE}", _whole("rpm")),
        ("<number> rpm", _whole("rpm")),
        (f"<number> {PER} {_MINUTE}", _whole("rpm")),
        (f"<number> (tokens|token) {PER} {_MINUTE}", _whole("tpm")),
        (f"<number> (tokens|token) {_MINUTE}", _whole("tpm")),
        ("<number> tpm", _whole("tpm")),
        (f"<money> {PER} day", _of("daily_budget", "money")),
        ("<money> (day|daily)", _of("daily_budget", "money")),
        (f"<money> {PER} day (budget|limit|cap|max|maximum|spend)", _of("daily_budget", "money")),
        ("daily budget of <money>", _of("daily_budget", "money")),
        ("budget of <money> (day|daily|per day|each day|every day)", _of("daily_budget", "money")),
        ("<money> (daily budget|budget per day|budget day)", _of("daily_budget", "money")),
        (
            f"<money> (per|each|every|for each|for every|for one|for) {CALLS}",
            _of("max_cost_per_request", "money"),
        ),
        (f"<money> {CALLS}", _of("max_cost_per_request", "money")),
        (
            f"<number> (concurrent|parallel|simultaneous) [{CALLS}|connections]",
            _whole("max_concurrency"),
        ),
        (
            f"<number> {CALLS} (at once|at time|at same time|in parallel|concurrently|"
            "simultaneously|in flight|in progress|at any time|at one time|running)",
            _whole("max_concurrency"),
        ),
        (
            "<number> (at once|at time|at same time|in parallel|concurrently|simultaneously)",
            _whole("max_concurrency"),
        ),
        ("<number> retries", _whole("retries")),
        ("no retries", lambda _: Setting("retries", 0)),
    ),
    "setting": rules(
        (
            "(time out|times out|give up|gives up|timing out|stop|stops|stop waiting|abort|aborts|"
            "cancel|cancels|be aborted|be cancelled) after [at most|no more "
            "than] <duration>",
            _of("timeout", "duration"),
        ),
        ("retry [up to|at most|max] <times>", lambda v: Setting("retries", int(v["times"]))),
        ("[up to|at most] <times> retry", lambda v: Setting("retries", int(v["times"]))),
        ("<rate>", lambda v: v["rate"]),
        (f"{MOST} <rate>", lambda v: v["rate"]),
        (
            "<key> [limit] [of|to|=|at|:|is] [{MOST}] (<duration>|<money>|<number>|"
            "<times>)".replace("{MOST}", MOST),
            keyed,
        ),
        ("<duration> (timeout|time limit)", _of("timeout", "duration")),
        ("timeout after <duration>", _of("timeout", "duration")),
        (
            "budget [of|to|=|at|:] <rate>",
            lambda v: v["rate"] if v["rate"].key in DOLLARS else None,
        ),
        ("(limit|cap|rate limit|rate) of <rate>", lambda v: v["rate"]),
        ("hedge after <duration>", _of("hedge_after", "duration")),
        ("strategy [of|to|=|:] <strategy>", lambda v: Setting("strategy", v["strategy"])),
        ("<strategy> strategy", lambda v: Setting("strategy", v["strategy"])),
        ("<rate> limit", lambda v: v["rate"]),
        ("context of [at least] <number> [tokens]", _whole("min_context")),
    ),
    "settings": rules(
        ("<one:setting>", _one),
        (f"<one:setting> {_ALSO} <more:settings>", _more),
    ),
    "bound": rules(
        ("<setting>", lambda v: v["setting"]),
        (f"[{MOST}] <duration> [per call|per request|each|max]", _of("timeout", "duration")),
        ("<rate> (max|maximum|tops|at most)", lambda v: v["rate"]),
    ),
    "bounds": rules(
        ("<one:bound>", _one),
        (f"<one:bound> {_ALSO} <more:bounds>", _more),
    ),
    "strategy": rules(
        *((word, _word(word)) for word in ("ordered", "weighted", "cheapest", "fastest"))
    ),
}
