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
    vendors = 2 if "other_vendor" in v else 1
    return ModelList(models=(), fallbacks=count, vendors=vendors, without=v.get("without", ()))


def _set_fallbacks(v: Values) -> Clause:
    return (SetFallbacks(subject(v), v["sequence"]),)


def _backed_up(v: Values) -> Clause | None:
    models = backup_of(v)
    return None if models is None else (AddModels(subject(v), models),)


def _one_of_each(v: Values) -> Clause | None:
    """Read "two backups, one from google and one from openai"."""
    if v.get("number", 2) != 2:
        return None
    found = []
    for key in ("one", "two"):
        models = backup_of({"vendors_of": (v[key],)})
        if models is None:
            return None
        found.append(AddModels(subject(v), models))
    return tuple(found)


def _ensured(v: Values) -> Clause:
    count = v.get("fallback", 1) + 1
    return (SpreadVendors(subject(v), 2 if "other_vendor" in v else 1, count),)


def _spread(v: Values) -> Clause | None:
    count = int(v["number"]) if "number" in v else 2
    return (SpreadVendors(subject(v), count),) if 2 <= count <= 5 else None


RULES: dict[str, tuple[Rule, ...]] = {
    "of": rules(
        ("(of|for|in|on|to|from|behind|under) <who>", lambda v: v["who"]),
        ("there", lambda _: AliasPhrase(scope="back")),
    ),
    "outage": rules(
        (
            "(if|when|in case|whenever) (<provider>|it|that|first one|that one|first "
            f"model) {_FAILS}",
            lambda _: True,
        ),
    ),
    # A model that fails, which the alias must have for the request to make sense.
    "outage_of_model": rules(
        (f"(if|when|in case|whenever) (<spoken>|<provider> [models|api]) {_FAILS}", lambda _: True),
        ("in case of [<provider>] (outage|outages|failure|failures|downtime)", lambda _: True),
    ),
    "add": rules(
        (
            "(set|use|add|make|put|have) <sequence> as <who> 's [second|next|new] <fallback>",
            _added,
        ),
        (
            "(set|use|add|make|put|have) <sequence> [as] <fallback> (everywhere|for everything|for "
            "every alias|for all aliases)",
            lambda v: _added({**v, "who": AliasPhrase(scope="all")}),
        ),
        ("<who> : (fall back to|falls back to|fallback to|fail over to) <sequence>", _added),
        (
            "(if|when|in case|whenever) <who> 's (first model|primary|primary model|main model) "
            + _FAILS
            + " [,] [then] (use|try|call|it should (try|use|go to)) <sequence>",
            _added,
        ),
        (
            "(give|get|add|set up) [<who>] <number> <fallback> [<who:of>] [,|:] one (from|of|by) "
            "<one:vendor> (and|,|, and) one (from|of|by) <two:vendor> [<who:of>]",
            _one_of_each,
        ),
        (
            "(give|get|add|set up) [<who>] [<who:of>] <fallback> (from|of|by) <one:vendor> and "
            "<fallback> (from|of|by) <two:vendor> [<who:of>]",
            _one_of_each,
        ),
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
        ("<who> 's <fallback> (should be|is to be) <sequence>", _set_fallbacks),
        ("<fallback> (of|for) <who> (should be|=|:) <sequence>", _set_fallbacks),
        (
            "(make sure|ensure|see to it) [that] <who> (has|have|gets) "
            "[another|at least] <fallback> [<other_vendor>]",
            _ensured,
        ),
        (
            "<who> (should not) (depend|rely|be dependent) [only] on (single|"
            "one|only one) (vendor|provider)",
            _spread,
        ),
        (
            "<who> should (survive|withstand|work without|work despite|tolerate) (<provider>|"
            "single vendor|single provider) [outage|outages|downtime|failure|failures]",
            _spread,
        ),
        (
            "(make|let|have|keep) <who> (survive|withstand|independent of|working without) "
            "(<provider>|single vendor|single provider) [outage|outages|downtime|failure|failures]",
            _spread,
        ),
        (
            "<who> should (keep working|still work|work|continue|go on|keep answering) "
            f"(if|when|whenever) <provider> {_FAILS}",
            _spread,
        ),
        (
            "(make sure|ensure|see to it) [that] no (alias|binding) (relies|depends|is dependent|"
            "is) [only] on [only] (single|one|only one) (vendor|provider|company)",
            lambda _: (SpreadVendors(AliasPhrase(scope="all"), 2),),
        ),
        (
            "no (alias|binding) should (rely|depend|be|be dependent) [only] on [only] (single|one|"
            "only one) (vendor|provider|company)",
            lambda _: (SpreadVendors(AliasPhrase(scope="all"), 2),),
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
            "(add|append|put|use|set|include|attach|have|keep|leave|make|take|give it) <sequence> "
            "(as|to be) [another|additional|extra|new|second|third|last|only] <fallback> "
            "[<who:of>] [<in_turn>]",
            _added,
        ),
        (
            "(add|append|include|attach|put) <sequence> (to|behind|in|into|onto) <who> as "
            "[another|additional|extra|new|second|third|last] <fallback> [<in_turn>]",
            _added,
        ),
        ("(add|append|include|attach) <sequence> (to|behind) <who> <in_turn>", _added),
        (
            "<outage_of_model> [,] [then] (use|try|fall back to|go to|call) <sequence> <who:of>",
            _added,
        ),
        ("(use|try|call|fall back to) <sequence> <who:of> <outage_of_model>", _added),
        ("<outage_of_model> [,] <who> should (use|try|fall back to|go to) <sequence>", _added),
        (
            "(add|append|attach|set|put|configure|include) [another|additional|extra|"
            "new] <fallback> [:|to] <sequence> [<who:of>]",
            _added,
        ),
        (
            "(add|append|attach) [another|additional|extra|new|second|third] <fallback> <who:of> "
            "[:|,] "
            "<sequence>",
            _added,
        ),
        ("(set|configure) (another|additional|extra) <fallback> <who:of> [:|,] <sequence>", _added),
        ("(set|configure) <fallback> <who:of> (:|,|=) <sequence>", _set_fallbacks),
        ("(turn|make|change) <who> 's [only] <fallback> into <sequence>", _set_fallbacks),
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
            "<who> (should|can) (fall back to|fall back on|fallback to|"
            "fail over to|have) <sequence> [as <fallback>] [<outage>]",
            _added,
        ),
        (
            "<who> (should|needs|can) [have] [another|extra|as] <fallback> <sequence>",
            _added,
        ),
        ("fall back to <sequence> [<who:of>]", _added),
        (
            "(if|when|in case|whenever) <who> "
            + _FAILS
            + " [,] [then] [it should] (use|try|fall back to|go to|switch to|call|ask) <sequence> "
            "[[as] (last|last one|last resort|last model|<fallback>)]",
            _added,
        ),
        (
            "(use|try|fall back to|switch to|call) <sequence> (if|when|in case|whenever) <who> "
            + _FAILS,
            _added,
        ),
        ("<sequence> (should) be [another] <fallback> (of|for|in) <who>", _added),
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
            "<who> (should have|needs|should get|needs to have) [another] "
            "[<number>] <fallback> (from|of|by|at) <vendors_of:vendors>",
            _backed_up,
        ),
        (
            "<who> (should have|needs|should get|needs to have) [<number>] "
            "<fallback> , (pick|choose|take|use) (one|some|ones|something) (from|of|by|"
            "at) <vendors_of:vendors>",
            _backed_up,
        ),
        (
            "<who> (should have|needs|should get|needs to have) [another] "
            "(<vendors_of:vendors>|<qualities>) <fallback>",
            _backed_up,
        ),
        (
            "<who> (should have|needs|should get|needs to have) [another] <fallback> <without>",
            _added,
        ),
        ("(give|get) <who> [another] <fallback> <without>", _added),
        (
            "(add|set up|configure|choose|find) [another] <fallback> (<without> <who:of>|<who:of> "
            "<without>)",
            _added,
        ),
        (
            "<who> (should have|needs|should get|needs to have) another "
            "<fallback> [<other_vendor>]",
            _added,
        ),
        (
            "<who> (should have|needs|should get|needs to have) [at least] [one] <fallback> "
            "[<other_vendor>]",
            _ensured,
        ),
        (
            "<who> should not (depend|rely|be dependent|hang) (on <provider> (alone|only)|only on "
            "<provider>|solely on <provider>|on only <provider>)",
            _spread,
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
            "<who> (should|needs to|has to) (have|use|span|include|run on) [models] "
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
