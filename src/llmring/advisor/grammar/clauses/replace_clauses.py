"""Clauses that replace a model by another: "replace gpt-4o with haiku everywhere"."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import (
    LEFT_OUT,
    AliasPhrase,
    DescribedModel,
    PlacedModel,
    Successor,
)
from llmring.advisor.grammar.intents import Edit, ReplaceModels
from llmring.advisor.grammar.need_phrases import described

Clause = tuple[Edit, ...]
_TURN = (
    "(move to|switch to|go to|change to|be moved to|be switched to|be on|be bound to|use|"
    "run on|migrate to|point to|be migrated to|move over to|go over to|be changed to)"
)
_PUT = "(put|use|take|switch to|have|go with|replace it with|replace it by|put in)"


def _of_vendors(v: Values) -> tuple[DescribedModel, bool] | None:
    need = described(v["vendors"])
    return None if need is None else (need, True)


def _replaced(v: Values, *, scope: Any) -> Clause | None:
    aliases: AliasPhrase = v.get("who") or (
        AliasPhrase(scope="all") if scope == "all" else LEFT_OUT
    )
    if "where" in v:
        aliases = replace(aliases, profile=v["where"])
    old, every = v["old"]
    if isinstance(v["new"], Successor) and every:
        return None
    return (ReplaceModels(old, v["new"], aliases, every),)


RULES: dict[str, tuple[Rule, ...]] = {
    "replace": rules(
        (
            "(replace|swap|exchange|change|swap out|substitute|switch) <old:old_models> <where> "
            "(with|by|to|->) <new:model>",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(switch|move|migrate|change|go|upgrade) from <old:old_models> to <new:model> "
            "<everywhere>",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(swap|put) <new:model> in for <old:old_models> [everywhere]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(i|we) (no longer want|do not want|do not want to use|no longer want to use|want to "
            "stop using) <old:old_models> [anymore] (,|;|.) (replace it with|replace it by|use|"
            "take|switch to) <new:model> [instead]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(stop using|no longer use|do not use) <old:old_models> [<everywhere>|anywhere] "
            f"[anymore] (,|;|and|, and) {_PUT} <new:model> instead",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(replace|swap|exchange|change|swap out|substitute|switch) <old:old_models> (in|of|"
            "for|on) <who> (with|by|to|->) <new:model>",
            lambda v: _replaced(v, scope="named"),
        ),
        # To substitute A for B is to replace B.
        (
            "substitute <new:model> for [all|every|each] <old:old_models> [(in|of|on) <who>]",
            lambda v: _replaced(v, scope="named"),
        ),
        (
            "substitute <new:model> for [all|every|each] <old:old_models> <everywhere>",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "substitute <old:old_models> (with|by) <new:model> [(in|for|of|on) <who>]",
            lambda v: _replaced(v, scope="named"),
        ),
        (
            "substitute <old:old_models> (with|by) <new:model> <everywhere>",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            f"<old:users_of> (should|needs to|need to|has to|have to|can|will) {_TURN} "
            "<new:model> [instead]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(switch|move|migrate|change|update|point|set|rebind|bind|convert|put|bring|get|shift) "
            "<old:users_of> [over] (to|onto|to use|on) <new:model> [instead]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(let|make|have) <old:users_of> (use|run on|go to|point to|switch to|move to) "
            "<new:model> [instead]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(let|have|make) <new:model> (take over|take over from|replace|step in for|stand in "
            "for|take place of) <old:old_models> [(in|for|of|on) <who>]",
            lambda v: _replaced(v, scope="named"),
        ),
        (
            "<old:old_models> (has to|should|needs to) go , (put|use|take|set) <new:model> (in "
            "place|instead|in place of it)",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "use <new:model> [instead] (wherever|everywhere|anywhere|where|whenever) [we use|i use|"
            "you see|you find] <old:old_models> [(is|was) (used|in use|bound|mentioned|needed)|"
            "occurs|appears]",
            lambda v: _replaced(v, scope="all"),
        ),
        ("<new:model> for <old:users_of> [instead]", lambda v: _replaced(v, scope="all")),
        ("use <new:model> for <old:users_of> [instead]", lambda v: _replaced(v, scope="all")),
        (
            "(throw|take|kick|pull) <old:old_models> out <everywhere> [,] (and|and then|then) "
            f"{_PUT} <new:model> [instead|there]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(remove|drop|get rid of|throw out|take out|ditch|kick out|delete) <old:old_models> "
            f"[<everywhere>] [,] (and|and then|then|,|;|.) {_PUT} <new:model> "
            "(instead|in place|in place of it) [<everywhere>]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(remove|drop|get rid of|throw out|take out|ditch|kick out|delete) <old:old_models> "
            f"<everywhere> [,] (and|and then|then|,|;|.) {_PUT} <new:model> [there]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(remove|drop|get rid of|throw out|take out|ditch|kick out|delete) <old:old_models> "
            f"from <who> [,] (and|and then|then|,|;|.) {_PUT} <new:model> instead",
            lambda v: _replaced(v, scope="named"),
        ),
        (
            "(switch|change|set|replace|update|swap) (primary model|first model|main "
            "model|primary|top model) (of|in|for) <who> (to|with|by) <model>",
            lambda v: (ReplaceModels(PlacedModel(0), v["model"], v["who"]),),
        ),
        (
            "(switch|change|move|migrate|convert) <who> from <old:old_models> to <new:model>",
            lambda v: _replaced(v, scope="named"),
        ),
        (
            "(switch|change|set|replace|update|swap) <who> 's (primary model|first model|main "
            "model|primary|top model|first choice) (to|with|by) <model>",
            lambda v: (ReplaceModels(PlacedModel(0), v["model"], v["who"]),),
        ),
        (
            "<old:old_models> (should be|has to be|needs to be) replaced (by|with) "
            "<new:model> (in|for|of|on) <who>",
            lambda v: _replaced(v, scope="named"),
        ),
        (
            "(everywhere|wherever|anywhere) [that] (we|i|you|it|lockfile) (have|use|see|"
            "find|uses|has|still use|still have) <old:old_models> [,] (put|use|take|switch to|"
            "replace it with|replace it by|make it|have|change it to|i want|we want) "
            "<new:model> [instead]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(update|change|switch|move|migrate|convert|set|rebind|bind|point) (all "
            "aliases|every alias|everything|aliases|all|all of them|all bindings) (that "
            "use|that uses|using|on|with|bound to|that are on|that have|which use|which "
            "uses|that is on|that are bound to|pointing to) <old:old_models> (to use|to|onto|"
            "over to) <new:model> [instead]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "<old:old_models> (should be|has to be|needs to be) replaced (by|with) "
            "<new:model> [everywhere]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(phase out|retire|get rid of|ditch|drop|stop using|move away from|move off|"
            "migrate off|migrate away from) <old:old_models> [everywhere] [,] (in favor of|in "
            "favour of|and use|use|for|and switch to|and move to|and replace it with|and "
            "replace it by) <new:model> [instead|everywhere]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(put|take|have) <new:model> (instead of|in place of|where you see) "
            "<old:old_models> [(in|for|of|on) <who>]",
            lambda v: _replaced(v, scope="named"),
        ),
        (
            "<everywhere> [,] use <new:model> (instead of|in place of) <old:old_models>",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "<everywhere> [,] (replace|swap|change|exchange|switch|upgrade|move) [from] "
            "<old:old_models> (with|by|for|to|->) <new:model>",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(replace|swap|exchange|change|swap out) <old:old_models> (with|by|for|"
            "to|->) <new:model> "
            "[(in|for|of|on) <who>] [<where>]",
            lambda v: _replaced(v, scope="named"),
        ),
        (
            "(replace|swap|exchange|change|swap out|migrate|move|switch|"
            "upgrade) [all|every|each] [uses of|use of|occurrences of|occurrence of|"
            "references to] "
            "<old:old_models> (with|by|for|to|->) <new:model> <everywhere>",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(replace|swap|exchange|change|swap out|migrate|move|switch) (all|"
            "every|each) [uses of|use of|occurrences of|occurrence of|references to] "
            "<old:old_models> (with|by|for|to|->) <new:model>",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "<everywhere> [,] (replace|swap|change|exchange|switch) <old:old_models> (with|by|"
            "for|to) <new:model>",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "use <new:model> instead of <old:old_models> [(in|for|of|on) <who>]",
            lambda v: _replaced(v, scope="named"),
        ),
        (
            "use <new:model> instead of <old:old_models> <everywhere>",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "use <new:model> (everywhere|anywhere) [instead of|that uses|that used|in "
            "place of|you see|where] <old:old_models> [is used|was used]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(wherever|everywhere) [we use|i use|it uses|that uses] <old:old_models> [is "
            "used] [,] use <new:model> [instead]",
            lambda v: _replaced(v, scope="all"),
        ),
        (
            "(switch|move|migrate|change|upgrade) from <old:old_models> to <new:model> [(in|"
            "for|of|on) <who>]",
            lambda v: _replaced(v, scope="named"),
        ),
        (
            "(switch|move|migrate|change) (everything|all aliases|every alias|everything "
            "on|everything that uses|aliases|all aliases on|all aliases that use|every "
            "alias that uses|everything using) [from|away from|that uses|on|using] "
            "<old:old_models> to "
            "[use] <new:model>",
            lambda v: _replaced(v, scope="all"),
        ),
    ),
    "users_of": rules(
        (
            "(everything|anything|whatever|all aliases|every alias|any alias|aliases|all|"
            "all bindings|every binding|all of aliases|all calls) [that|which] [still] "
            "(uses|use|on|is on|are on|using|runs on|run on|is bound to|are bound to|bound to|has|"
            "have|with|points to|point to|pointing to|relies on|rely on) <model>",
            lambda v: (v["model"], False),
        ),
    ),
    # A model, and True for every model with its name.
    "old_models": rules(
        ("<model>", lambda v: (v["model"], False)),
        (
            "(all|every|any|all of) [of] <vendors_only>",
            lambda v: (v["vendors_only"][0], True) if len(v["vendors_only"]) == 1 else None,
        ),
        ("<vendors> models", _of_vendors),
        ("models (of|from|by) <vendors>", _of_vendors),
    ),
    "everywhere": rules(
        (
            "(wherever|everywhere|anywhere) [that] (we|i|you|it|they) (use|used|uses|have|has|see|"
            "find|need|is|are) [it|that|them|used|bound|in use]",
            lambda _: True,
        ),
        (
            "(wherever you find it|wherever it occurs|wherever it is|wherever used|"
            "wherever possible|anywhere|in every single alias|for everything|across lockfile|"
            "in entire lockfile|across (whole|entire) (file|lockfile)|in whole file|"
            "in entire file)",
            lambda _: True,
        ),
        (
            "(everywhere|in all aliases|in every alias|for all aliases|for every alias|"
            "throughout|in everything|in all of them|across board|in all bindings|"
            "wherever it is used|wherever it appears|across all aliases|in all places|in "
            "whole lockfile|in lockfile|in all profiles|in every profile|across all "
            "profiles|across profiles)",
            lambda _: True,
        ),
    ),
}
