"""Clauses that add fallbacks: "add haiku as a fallback to fast"."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import LEFT_OUT, AliasPhrase, ModelList
from llmring.advisor.grammar.intents import AddModels, Edit, SetFallbacks, SpreadVendors
from llmring.advisor.grammar.model_lists import backup_of, models_of

Clause = tuple[Edit, ...]

_FAILS = (
    "(fails|is down|breaks|goes down|is unavailable|does not answer|is not available|can not "
    "answer|errors|has outage)"
)


def subject(v: Values) -> AliasPhrase:
    """Return the aliases of a clause, which may leave them out."""
    return v.get("who") or LEFT_OUT


def _added(v: Values) -> Clause:
    models = models_of({"sequence": v["sequence"]}) if "sequence" in v else _chosen(v)
    return (AddModels(subject(v), models),)


def _chosen(v: Values) -> ModelList:
    count = int(v["number"]) if "number" in v else v.get("fallback", 1)
    return ModelList(models=(), fallbacks=count, vendors=2 if "other_vendor" in v else 1)


def _set_fallbacks(v: Values) -> Clause:
    return (SetFallbacks(v["who"], v["sequence"]),)


def _backed_up(v: Values) -> Clause | None:
    models = backup_of(v)
    return None if models is None else (AddModels(subject(v), models),)


def _ensured(v: Values) -> Clause:
    return (SpreadVendors(subject(v), 2 if "other_vendor" in v else 1),)


def _spread(v: Values) -> Clause | None:
    count = int(v["number"]) if "number" in v else 2
    return (SpreadVendors(subject(v), count),) if 2 <= count <= 5 else None


RULES: dict[str, tuple[Rule, ...]] = {
    "of": rules(("(of|for|in|on|to|from|behind|under) <who>", lambda v: v["who"])),
    "outage": rules(
        (
            "(if|when|in case|whenever) (<provider>|it|that|first one|that one|first "
            f"model) {_FAILS}",
            lambda _: True,
        ),
    ),
    "add": rules(
        (
            "(add|append|put|place|attach) <sequence> (to|at) end of (<who> ['s] [list|"
            "models|fallbacks|chain]|list of <who>|models of <who>|fallbacks of <who>)",
            _added,
        ),
        (
            "(add|append|attach) <sequence> ((to|at) end|at bottom|last|as last "
            "[fallback|model|one|option|resort]) (of|for|in|on) <who>",
            _added,
        ),
        ("(add|append|put) <sequence> to (list|models|fallbacks|chain) of <who>", _added),
        ("(add|append|put) <sequence> to <who> 's (list|models|fallbacks|chain)", _added),
        (
            "(have|keep) <sequence> (ready|on standby|in reserve|standing by|as reserve) "
            "(for|in case of|behind) <who>",
            _added,
        ),
        (
            "(extend|complement|supplement|back|back up) <who> with <sequence> [as <fallback>]",
            _added,
        ),
        ("(make|use|set|have) <sequence> <who> 's [second|next|new] <fallback>", _added),
        (
            "(put|add|keep|list|place|try) <sequence> (behind|after) (first model|first "
            "one|primary|primary model|others|rest) (in|of|for) <who>",
            _added,
        ),
        ("<sequence> as [another|second|additional] <fallback> (for|of|in|on) <who>", _added),
        ("plus <sequence> as [another|second|additional] <fallback> [<who:of>]", _added),
        (
            "(set|change|switch|make|update|replace|swap) [second|only] <fallback> (of|"
            "for|in) <who> (to|be|with|by|into) <sequence>",
            _set_fallbacks,
        ),
        (
            "(set|change|switch|make|update|replace|swap) <who> 's [only] <fallback> (to|"
            "be|with|by) <sequence>",
            _set_fallbacks,
        ),
        ("<who> 's <fallback> (should be|must be|is to be|shall be) <sequence>", _set_fallbacks),
        ("<fallback> (of|for) <who> (should be|must be|shall be|=|:) <sequence>", _set_fallbacks),
        (
            "(make sure|ensure|see to it) [that] <who> (has|have|gets) "
            "[another|at least] <fallback> [<other_vendor>]",
            _ensured,
        ),
        (
            "<who> (should not|must not) (depend|rely|be dependent) [only] on (single|"
            "one|only one) (vendor|provider)",
            _spread,
        ),
        (
            "(make|let|have) <who> (use|have|span) [at least] <number> [different] "
            "(vendors|providers)",
            _spread,
        ),
        (
            "(use|have) [models of|models from] [at least] <number> [different] (vendors|"
            "providers) (for|in|behind) <who>",
            _spread,
        ),
        (
            "(i want|i would like|we want|we need|i need) [at least] <number> "
            "[different] (vendors|providers) (for|in|behind) <who>",
            _spread,
        ),
        (
            "(i want|i would like|we want|we need|i need) <fallback> (of|from|with) [at "
            "least] <number> [different] (vendors|providers) (for|in|behind) <who>",
            _spread,
        ),
        (
            "(i want|i would like|we want|we need|i need) <fallback> [<other_vendor>] "
            "(for|in|behind|on) <who>",
            _added,
        ),
        (
            "(i want|i would like|we want|we need|i need) <sequence> as <fallback> (for|"
            "of|in) <who>",
            _added,
        ),
        (
            "(if|when|in case|whenever) <who> "
            + _FAILS
            + " [,] <sequence> should (answer|take over|be used|be tried|step in)",
            _added,
        ),
        ("<sequence> should (take over|step in|answer) (if|when|whenever) <who> " + _FAILS, _added),
        (
            "(if|when|in case|whenever) <old:model> "
            + _FAILS
            + " [,] <who> should (use|try|fall back to|go to|switch to) <sequence>",
            _added,
        ),
        (
            "(add|append|put|use|set|include|attach) <sequence> as [another|additional|"
            "extra|new|second|third|last] <fallback> [<who:of>]",
            _added,
        ),
        (
            "(add|append|attach|set|put|configure|include) [another|additional|extra|"
            "new] <fallback> [:|to] <sequence> [<who:of>]",
            _added,
        ),
        (
            "(add|append|attach|set|configure) [another|additional|extra|new] <fallback> "
            "<who:of> [:|,] <sequence>",
            _added,
        ),
        ("(add|append|include|attach) <sequence> (to|behind) <who>", _added),
        (
            "(give|get|hand|offer) <who> [another|additional|extra] <fallback> [:|to] <sequence>",
            _added,
        ),
        ("(give|get|hand) <who> <sequence> as [another|additional|second] <fallback>", _added),
        (
            "(let|make|have) <who> (fall back to|fall back on|fallback to|fail over to|"
            "then try) <sequence> [<outage>]",
            _added,
        ),
        (
            "<who> (should|must|shall|can) (fall back to|fall back on|fallback to|"
            "fail over to|have) <sequence> [as <fallback>] [<outage>]",
            _added,
        ),
        (
            "<who> (should|must|shall|needs|can) [have] [another|extra|as] <fallback> <sequence>",
            _added,
        ),
        ("fall back to <sequence> [<who:of>]", _added),
        (
            "(if|when|in case|whenever) <who> "
            + _FAILS
            + " [,] [then] (use|try|fall back to|go to|switch to|call|ask) <sequence>",
            _added,
        ),
        (
            "(use|try|fall back to|switch to|call) <sequence> (if|when|in case|whenever) <who> "
            + _FAILS,
            _added,
        ),
        ("<sequence> (should|shall|must) be [another] <fallback> (of|for|in) <who>", _added),
        ("back up <who> with <sequence>", _added),
        (
            "(add|give|get|set up|put|configure|find|choose) [another|additional|extra|"
            "automatic|suitable] <fallback> [<other_vendor>] <who:of> [<other_vendor>]",
            _added,
        ),
        (
            "(add|set up|configure|choose) <number> [more|additional|extra] <fallback> "
            "[<other_vendor>] <who:of> [<other_vendor>]",
            _added,
        ),
        ("(give|get) <who> [another|extra|some] <fallback> [<other_vendor>]", _added),
        ("(give|get) <who> <number> [more] <fallback> [<other_vendor>]", _added),
        (
            "(give|get) <who> [another] [<number>] <fallback> (from|of|by|at) <vendors_of:vendors>",
            _backed_up,
        ),
        (
            "(give|get|add|set up|choose) [<who>] [another] [<number>] "
            "(<vendors_of:vendors>|<qualities>) <fallback> [<who:of>]",
            _backed_up,
        ),
        (
            "(add|set up|configure|choose) [another] [<number>] <fallback> (from|of|by|"
            "at) <vendors_of:vendors> <who:of>",
            _backed_up,
        ),
        (
            "(add|set up|configure|choose) [another] [<number>] <fallback> <who:of> "
            "(from|of|by|at) <vendors_of:vendors>",
            _backed_up,
        ),
        (
            "<who> (should have|needs|must have|should get|needs to have) [another] "
            "[<number>] <fallback> (from|of|by|at) <vendors_of:vendors>",
            _backed_up,
        ),
        (
            "<who> (should have|needs|must have|should get|needs to have) [<number>] "
            "<fallback> , (pick|choose|take|use) (one|some|ones|something) (from|of|by|"
            "at) <vendors_of:vendors>",
            _backed_up,
        ),
        (
            "<who> (should have|needs|must have|should get|needs to have) [another] "
            "(<vendors_of:vendors>|<qualities>) <fallback>",
            _backed_up,
        ),
        (
            "<who> (should have|needs|must have|should get|needs to have) [another] "
            "<fallback> [<other_vendor>]",
            _added,
        ),
        (
            "(add|include) [another] [model] <other_vendor> (to|for|in) <who>",
            lambda v: _added({**v, "fallback": 1}),
        ),
        (
            "(spread|distribute|diversify) <who> [over|across|among] [at least] <number> "
            "[different] (vendors|providers)",
            _spread,
        ),
        (
            "(make sure|ensure|see to it) [that] <who> (has|have|uses|use|is on|runs on|"
            "spans|includes) [models] [of|from|on|by] [at least|minimum] <number> "
            "[different] (vendors|providers)",
            _spread,
        ),
        (
            "<who> (should|must|needs to|has to) (have|use|span|include|run on) [models] "
            "[of|from|on|by] [at least|minimum] <number> [different] (vendors|providers)",
            _spread,
        ),
        (
            "(make sure|ensure) [that] <who> (does not depend|do not depend|is not "
            "dependent) on (one|single) (vendor|provider)",
            _spread,
        ),
        ("(make|have|put|add) <sequence> (as|to be) <fallback> (of|for|in) <who>", _added),
        ("make <sequence> <fallback> (of|for|in) <who>", _added),
    ),
}
