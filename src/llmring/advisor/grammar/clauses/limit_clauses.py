"""Clauses about limits and other policies: "limit fast to 60 requests a minute and $5 a day"."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import LEFT_OUT, SAME_KEY, AliasPhrase, Setting
from llmring.advisor.grammar.intents import Edit, SetLimits
from llmring.advisor.grammar.limit_phrases import DOLLARS, MOST, keyed
from llmring.advisor.grammar.quantities import plain

Clause = tuple[Edit, ...]

_SHOULD = "(should|may|can|is allowed to|has to|needs to|could|will)"
_MUST_NOT = "(should not|may not|can not|should never|may never)"


def _who(v: Values) -> AliasPhrase:
    return v.get("who") or LEFT_OUT


def _set(v: Values) -> Clause:
    return (SetLimits(_who(v), v["settings"]),)


def _removed(v: Values) -> Clause:
    keys: tuple[str, ...] = v["keys"]
    return (SetLimits(_who(v), tuple(Setting(key, None) for key in keys)),)


def _key_of(v: Values) -> Clause | None:
    setting = keyed(v)
    return None if setting is None else (SetLimits(_who(v), (setting,)),)


def _budget(v: Values) -> Clause | None:
    setting: Setting = v["rate"]
    return (SetLimits(_who(v), (setting,)),) if setting.key in DOLLARS else None


def _amount(v: Values) -> int | float:
    return plain(next(v[key] for key in ("number", "money", "duration") if key in v))


def _same_key(v: Values) -> Clause | None:
    """Accept "the rate limit … to 200 requests per minute" if both mean the same limit."""
    setting: Setting = v["rate"]
    return (SetLimits(_who(v), (setting,)),) if setting.key == v["key"] else None


RULES: dict[str, tuple[Rule, ...]] = {
    "limit": rules(
        (
            "<who> is (allowed|permitted|limited to|restricted to|capped at) [at most] "
            "<settings:bounds> [,] [and] [not more|no more|max|tops|at most]",
            _set,
        ),
        ("slow <who> down to <settings:bounds>", _set),
        ("slow down <who> to <settings:bounds>", _set),
        (
            "[let|allow] no (call|request) (to|of) <who> [to|should|may] cost (more "
            "than|over) <money>",
            lambda v: (SetLimits(_who(v), (Setting("max_cost_per_request", plain(v["money"])),)),),
        ),
        (
            "(let|allow) no (call|request|calls|requests) (to|of) <who> [to] (cost|take|"
            "run|use) (more than|longer than|over) <settings:bounds>",
            _set,
        ),
        (
            "no (call|request) (to|of) <who> (should|may) (cost|take|run|use) (more "
            "than|longer than|over) <settings:bounds>",
            _set,
        ),
        ("(take|lift) [all] limits off <who>", lambda v: (SetLimits(v["who"], ()),)),
        (
            "(i|we) do not want <who> to (cost|spend|take|use|run|exceed|make|send|wait|"
            "go over) [more than|longer than|over|for more than|for longer than] "
            "<settings:bounds>",
            _set,
        ),
        ("(i|we) do not want to (spend|pay|use) more than <settings:bounds> (on|for) <who>", _set),
        (
            "(set|change|raise|lower|increase|decrease|reduce|bump|update|adjust|cut|put|"
            "make) (budget|spending limit|daily budget|cost limit) (of|for|on) <who> (to|"
            "at|=) <rate>",
            _budget,
        ),
        (
            "(set|change|raise|lower|increase|decrease|reduce|bump|update|adjust|cut|put|"
            "make) <who> 's (budget|spending limit|daily budget|cost limit) (to|at|=) "
            "<rate>",
            _budget,
        ),
        (
            "(stop|keep|prevent) <who> from (costing|spending|using|taking|making|"
            "sending|running|exceeding) [more than|longer than|over] <settings:bounds>",
            _set,
        ),
        (
            "(cap|limit|keep) (cost|price) of (each|every) <who> (call|request) (to|at|"
            "below|under) <money>",
            lambda v: (SetLimits(v["who"], (Setting("max_cost_per_request", plain(v["money"])),)),),
        ),
        (
            "(each|every) <who> (call|request) (should|may) (cost|not cost) [at "
            "most|no more than|more than|less than] <money>",
            lambda v: (SetLimits(v["who"], (Setting("max_cost_per_request", plain(v["money"])),)),),
        ),
        ("<settings> (for|on) <who>", _set),
        (f"{MOST} <settings> (for|on) <who>", _set),
        (
            "(set|change|raise|lower|increase|decrease|reduce|bump|update|adjust|put|"
            "make|cut) <who> 's <key> (to|at) <rate>",
            _same_key,
        ),
        (
            "(budget|limit|cap|limits) (for|of|on) <who> (:|=|is|should be|should "
            "be) <settings:bounds>",
            _set,
        ),
        (
            "<key> (for|on) <who> (=|:|should be|to|is to be) "
            "(<duration>|<money>|<number>|<times>)",
            _key_of,
        ),
        (
            "(make sure|ensure|see to it) [that] <who> (never exceeds|does not exceed|"
            "never costs|does not cost|never goes over|does not go over|stays under|"
            "stays below|stays within|never spends|does not spend|never uses|does not "
            "use|never takes|does not take|costs|uses|spends|takes|gets|does not get) "
            "[more than|longer than|over|at most|no more than|less than] "
            "<settings:bounds>",
            _set,
        ),
        (
            "<who> (should|has to|needs to) (stay|remain|be kept|be) (under|"
            "below|within|at) <settings:bounds>",
            _set,
        ),
        (
            "(spending|spend|cost|costs|usage|traffic) (on|of|for|to) <who> (should not"
            "|may not|can not) (exceed|go over|go above|be more than|"
            "be over) <settings:bounds>",
            _set,
        ),
        (
            "(spending|spend|cost|costs|usage|traffic) (on|of|for|to) <who> (should"
            ") (be|stay|remain) (under|below|within|at most|limited to|capped at|no "
            "more than) <settings:bounds>",
            _set,
        ),
        (
            "<who> has <duration> to (answer|respond|finish|reply)",
            lambda v: (SetLimits(v["who"], (Setting("timeout", plain(v["duration"])),)),),
        ),
        (
            "(answers|replies|responses) (of|from) <who> (should|have to) (come|"
            "arrive|be there) (within|in) <duration>",
            lambda v: (SetLimits(v["who"], (Setting("timeout", plain(v["duration"])),)),),
        ),
        (
            "<who> (should|has to|needs to) (answer|respond|reply|finish|"
            "return) (within|in|in at most|after at most) <duration>",
            lambda v: (SetLimits(v["who"], (Setting("timeout", plain(v["duration"])),)),),
        ),
        (
            "(abort|cancel|stop|end|kill) (calls|requests) (to|of) <who> (after|that "
            "take longer than|longer than|taking longer than|over) <duration>",
            lambda v: (SetLimits(v["who"], (Setting("timeout", plain(v["duration"])),)),),
        ),
        (
            "(turn off|disable|no|switch off|without) (retries|retrying) [(for|of|on|in) <who>]",
            lambda v: (SetLimits(_who(v), (Setting("retries", 0),)),),
        ),
        ("(set|give|put) <who> (to|at) <settings>", _set),
        ("<who> <settings>", _set),
        (
            "(limit|cap|restrict|throttle|hold|keep|rate limit|rate-limit|constrain|"
            "reduce|lower|raise|increase) <who> (to|at|below|under|within) "
            "<settings:bounds>",
            _set,
        ),
        (
            "(limit|cap|restrict|throttle|rate limit|keep) (requests|calls|usage|traffic|"
            "rate|spending|spend|cost|costs) (of|to|for|on|in) <who> (to|at|below|under) "
            "<settings:bounds>",
            _set,
        ),
        (
            "(limit|cap|restrict|throttle|rate limit) (requests|calls|usage|traffic|rate|"
            "spending|spend|cost|costs) to <settings:bounds> [(on|for|of|in) <who>]",
            _set,
        ),
        (
            "(limit|cap|restrict) (spending|spend|cost|costs) (on|of|for) <who> to "
            "<settings:bounds>",
            _set,
        ),
        (
            "(set|give|put|add|apply|impose|assign|use|configure|change|raise|lower|"
            "increase|decrease|reduce|bump|allow|enforce|introduce|make|want|have|adjust|"
            "update) [limit of|maximum of|cap of] <settings> [(of|on|for|to|in|with) "
            "<who>]",
            _set,
        ),
        (
            "(give|set|allow|assign|grant|put|configure) <who> [to] [with|limit of|"
            "maximum of|max of|cap of|up to|at most|only] <settings>",
            _set,
        ),
        (
            "(set|change|raise|lower|increase|decrease|reduce|bump|update|adjust|put|"
            "make|cut) <key> [limit] (of|for|on|in) <who> [up|down] (to|=|at|:) [{MOST}] "
            "(<duration>|<money>|<number>|<times>)".replace("{MOST}", MOST),
            _key_of,
        ),
        (
            "(set|change|raise|lower|increase|decrease|reduce|bump|update|adjust|put|"
            "make) <key> (of|for|on|in) <who> (to|at) <rate>",
            _same_key,
        ),
        ("(set|put|make) (limit|cap|maximum) (of|for|on|in) <who> (to|at) <settings:bounds>", _set),
        ("<who> : <settings:bounds>", _set),
        (
            "(i want|i would like|we want|keep|have|get) <who> [to be] (capped at|"
            "limited to|restricted to|throttled to|kept under|kept below|below|under|"
            "within) <settings:bounds>",
            _set,
        ),
        (
            "(cap|limit|restrict) <key> [limit] (of|for|on|in) <who> (to|at) (<duration>|"
            "<money>|<number>|<times>)",
            _key_of,
        ),
        (
            "(cap|limit|restrict) <who> 's <key> [limit] (to|at) (<duration>|<money>|"
            "<number>|<times>)",
            _key_of,
        ),
        (
            "(set|change|raise|lower|increase|decrease|reduce|bump|update|adjust|cut|"
            "make) <who> 's <key> [limit] [up|down] (to|=|at) (<duration>|<money>|"
            "<number>|<times>)",
            _key_of,
        ),
        ("(set|change) <who> <key> [to|=|at] (<duration>|<money>|<number>|<times>)", _key_of),
        (
            "<who> ['s] <key> (=|:|should be|to) (<duration>|<money>|<number>|<times>)",
            _key_of,
        ),
        (
            "<key> of <who> (=|:|should be|to) (<duration>|<money>|<number>|<times>)",
            _key_of,
        ),
        (
            "(set|change|switch) strategy (of|for|in|on) <who> to <strategy>",
            lambda v: (SetLimits(_who(v), (Setting("strategy", v["strategy"]),)),),
        ),
        (
            "(use|choose) <strategy> strategy [(for|on|in) <who>]",
            lambda v: (SetLimits(_who(v), (Setting("strategy", v["strategy"]),)),),
        ),
        (
            f"<who> {_SHOULD} [only] [never] (cost|spend|take|run|handle|get|have|use|"
            "make|send|allow|receive|do|process|not exceed|stay under|stay below|be "
            "limited to|be capped at|need|respond within|answer within|answer in|finish "
            "within|finish in|respond in|be allowed|wait|be) <settings:bounds>",
            _set,
        ),
        (
            f"<who> {_MUST_NOT} (cost|spend|take|run|handle|get|use|make|send|exceed|do|"
            "process|go over|go above|receive|wait|need|have) [more than|longer than|over] "
            "<settings:bounds>",
            _set,
        ),
        (
            "(do not|never) (let|allow) <who> [to] (cost|spend|take|run|handle|use|make|"
            "send|exceed|wait) [more than|longer than|over] <settings:bounds>",
            _set,
        ),
        ("(do not|never) (spend|use|pay) more than <settings:bounds> (on|for) <who>", _set),
        (
            "(let|have|make) <who> (cost|spend|take|run|handle|use|make|send|wait|answer "
            "within|answer in|respond within) <settings:bounds>",
            _set,
        ),
        (
            f"[allow|let] {MOST} <one:rate> (for|on|to|of|in|from|through) <who>",
            lambda v: (SetLimits(v["who"], (v["one"],)),),
        ),
        (
            f"(spend|use|allow|pay|make|send|run) {MOST} <one:rate> [(on|for|to|in|with|"
            "through) <who>]",
            lambda v: (SetLimits(_who(v), (v["one"],)),),
        ),
        ("<one:rate> (for|on) <who>", lambda v: (SetLimits(v["who"], (v["one"],)),)),
        ("(budget) <one:rate> (for|on) <who>", lambda v: (SetLimits(v["who"], (v["one"],)),)),
        (
            "(allow|permit) [only] <one:rate> (for|on|to|in) <who>",
            lambda v: (SetLimits(v["who"], (v["one"],)),),
        ),
        (
            "retry <who> [up to|at most|max] <times>",
            lambda v: (SetLimits(v["who"], (Setting("retries", int(v["times"])),)),),
        ),
        (
            "retry [up to|at most|max] <times> [(for|on|in) <who>]",
            lambda v: (SetLimits(_who(v), (Setting("retries", int(v["times"])),)),),
        ),
        (
            "(do not|never|stop|no longer) (retry|retrying) <who>",
            lambda v: (SetLimits(v["who"], (Setting("retries", 0),)),),
        ),
        (
            "<who> should [be] (retry|retried) <times>",
            lambda v: (SetLimits(v["who"], (Setting("retries", int(v["times"])),)),),
        ),
        (
            "(timeout|time out|abort|cancel|give up on|stop) <who> after <duration>",
            lambda v: (SetLimits(v["who"], (Setting("timeout", plain(v["duration"])),)),),
        ),
        (
            "<who> should (timeout|time out|give up|be aborted|fail|stop) after <duration>",
            lambda v: (SetLimits(v["who"], (Setting("timeout", plain(v["duration"])),)),),
        ),
        (
            "(timeout|time out|give up) after <duration> [(for|on|in) <who>]",
            lambda v: (SetLimits(_who(v), (Setting("timeout", plain(v["duration"])),)),),
        ),
        (
            "(wait|allow) [at most|up to|max|no longer than|only] <duration> (for|on) <who>",
            lambda v: (SetLimits(v["who"], (Setting("timeout", plain(v["duration"])),)),),
        ),
        (
            "hedge <who> after <duration>",
            lambda v: (SetLimits(v["who"], (Setting("hedge_after", plain(v["duration"])),)),),
        ),
        (
            "(remove|delete|drop|lift|clear|unset|disable|cancel|take off|get rid of|"
            "turn off|reset|forget|erase) [any|all] <keys> (of|from|on|for|in|to) <who>",
            _removed,
        ),
        (
            "(remove|delete|drop|lift|clear|unset|disable|reset|get rid of) <who> 's <keys>",
            _removed,
        ),
        ("(remove|delete|drop|lift|clear|unset|disable|reset) <who> <keys>", _removed),
        (
            "(stop limiting|stop capping|uncap|no longer limit|no longer cap|do not limit|do not "
            "cap) (<who> 's <keys>|<keys> (of|for|on|in) <who>) [anymore]",
            _removed,
        ),
        (
            "(take|get) <keys> off [of] <who>",
            _removed,
        ),
        (
            "(remove|delete|drop|lift|clear|unset|disable|get rid of) [all] limits (of|"
            "from|on|for|in) <who>",
            lambda v: (SetLimits(v["who"], ()),),
        ),
        ("(no|unlimited) <keys> (for|on) <who>", _removed),
        ("no limits (for|on|in) <who>", lambda v: (SetLimits(v["who"], ()),)),
        ("(remove|delete|drop|lift|clear|unset|disable|cancel) [any|all] <keys>", _removed),
        (
            "<settings> (everywhere|for everything|on everything)",
            lambda v: (SetLimits(AliasPhrase(scope="all"), v["settings"]),),
        ),
    ),
    # A clause without a verb that continues another: "... and retries to 2".
    "more_limits": rules(
        ("[with|to|at|give it|use] <settings>", _set),
        ("(with|to|at|and) <settings:bounds>", _set),
        ("[with] [no|maximum of|limit of|max] <settings>", _set),
        # The limit of the clause before, with another value.
        (
            "(<number>|<money>|<duration>) (for|on|to) <who>",
            lambda v: (SetLimits(v["who"], (Setting(SAME_KEY, _amount(v)),)),),
        ),
        (
            "<who> to (<number>|<money>|<duration>)",
            lambda v: (SetLimits(v["who"], (Setting(SAME_KEY, _amount(v)),)),),
        ),
    ),
}
