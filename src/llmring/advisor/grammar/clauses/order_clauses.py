"""Clauses about the order of models, and their removal: "put haiku first in fast"."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.clauses.fallback_clauses import subject
from llmring.advisor.grammar.intent_parts import PlacedModel
from llmring.advisor.grammar.intents import Edit, MoveModel, OrderModels, RemoveModels

Clause = tuple[Edit, ...]

REMOVE = (
    "(remove|delete|drop|kill|scrap|unbind|get rid of|throw away|throw out|take out|take "
    "away|kick out|erase|discard|eliminate)"
)
_FRONT = (
    "(first|first one|first model|top choice|at front|to front|at top|on top|to top|"
    "primary|first choice|main model|in front|"
    "at beginning|as first choice|as primary|first in line|up front|as first model|as main model|"
    "to first place|in first place|as first|ahead)"
)
_WANT = "(i want|we want|i would like|we would like|i need|use|set|take|make)"
_IS = "(:|=|to|to be|should be|is to be|of)"
_END = (
    "(last|last one|last model|last choice|last option|final choice|final one|"
    "at end|to end|at bottom|to bottom|at back|to back|last resort|as last resort|as "
    "last fallback|to last place)"
)


def _to_front(v: Values) -> Clause:
    return (MoveModel(subject(v), v["model"], "first"),)


def _to_end(v: Values) -> Clause:
    return (MoveModel(subject(v), v["model"], "last"),)


def _ordered(v: Values) -> Clause:
    return (OrderModels(subject(v), (v["one"], v["two"])),)


def _inserted(v: Values) -> Clause:
    return (OrderModels(subject(v), (v["one"], v["two"]), inserts=True),)


def _placed_first(v: Values) -> Clause:
    return (MoveModel(subject(v), v["placed"], "first"),)


def _unplaced(v: Values) -> Clause:
    return (RemoveModels(v["who"], (v["placed"],)),)


def _listed(v: Values) -> Clause | None:
    models = v["sequence"]
    return (OrderModels(subject(v), models),) if len(models) > 1 else None


def _reversed(v: Values) -> Clause:
    return (OrderModels(subject(v), ()),)


def _by_price(v: Values) -> Clause:
    return (OrderModels(v["who"], (), by_price=True),)


def _without(v: Values) -> Clause:
    return (RemoveModels(subject(v), v.get("sequence", ())),)


def _swap(v: Values) -> Clause | None:
    return (OrderModels(subject(v), (v["one"], v["two"])),) if v["one"] != v["two"] else None


RULES: dict[str, tuple[Rule, ...]] = {
    "placed": rules(
        ("(first|primary|main) (model|one)", lambda _: PlacedModel(0)),
        ("(primary|first)", lambda _: PlacedModel(0)),
        ("(second|2nd) [model|one]", lambda _: PlacedModel(1)),
        ("(third|3rd) [model|one]", lambda _: PlacedModel(2)),
        ("(last|final) (model|fallback|one)", lambda _: PlacedModel(-1)),
        ("first fallback", lambda _: PlacedModel(1)),
        ("second fallback", lambda _: PlacedModel(2)),
        ("fallback", lambda _: PlacedModel(1)),
    ),
    "ranked_place": rules(
        (
            "(cheapest|least expensive) [model|one|fallback]",
            lambda _: PlacedModel(0, by_price=True),
        ),
        (
            "(most expensive|priciest|dearest) [model|one|fallback]",
            lambda _: PlacedModel(-1, by_price=True),
        ),
    ),
    "order": rules(
        (
            "(make|put|set|insert|add|use|let|place|move) <model> [be|as] (first fallback|second|"
            "second model|second choice|second in line|at second place|in second place) (of|in|"
            "for|to) <who>",
            lambda v: (MoveModel(v["who"], v["model"], "second"),),
        ),
        (
            "(change|set|update) order (of|in|for) <who> [:|,|to] <model> first",
            _to_front,
        ),
        (
            f"(put|move|make|place|list|try) <placed:ranked_place> (of|in|from) <who> {_FRONT}",
            _placed_first,
        ),
        (
            f"(put|move|make|place|list|try) <model:ranked_place> (of|in|from) <who> {_END}",
            _to_end,
        ),
        (
            "<one:model> first (in|for|of) <who> (,|and|, and|then|, then) <two:model> (after it|"
            "second|behind it|after that|next|afterwards)",
            _ordered,
        ),
        (
            "(make|let|have) <one:model> (come|be|go|be tried) (before|ahead of|in front "
            "of) <two:model> [<who:of>]",
            _ordered,
        ),
        (
            "(order|sort|arrange|set|change) (models|model order|order|order of models|"
            "list|fallback order) (of|in|for) <who> [to|as|:|like this :|to :] <sequence>",
            _listed,
        ),
        ("(order|reorder|arrange) <who> (as|to|:|like this :) <sequence>", _listed),
        (f"(for|in) <who> [,|:] [{_WANT}] order [{_IS}] <sequence>", _listed),
        (f"[{_WANT}] order (of|for|in) <who> {_IS} <sequence>", _listed),
        (f"{_WANT} order [{_IS}] <sequence> (of|for|in) <who>", _listed),
        (
            f"(put|move|make|list|place|use|set|bring) <model> {_FRONT} <who:of> and "
            "(keep|leave) (rest|others|other ones|rest of them) [as fallbacks|as they "
            "are|as is|behind it|after it]",
            _to_front,
        ),
        (
            "(put|bring|set) (models|order|order of models) (of|in|for) <who> (in|into) "
            "(reverse|reversed|opposite) order",
            _reversed,
        ),
        ("(start|begin|lead) with <model> (in|for|on) <who>", _to_front),
        ("<who> (should) (start|begin|lead) with <model>", _to_front),
        ("(make|let|have) <who> (start|begin|lead) with <model>", _to_front),
        ("(make|let|have) <model> (come|be|go) first (in|for|of) <who>", _to_front),
        ("(make|let|have) <model> (come|be|go) last (in|for|of) <who>", _to_end),
        (
            "(make|use|set) <model> <who> 's (primary|primary model|first model|first "
            "choice|main model|default)",
            _to_front,
        ),
        ("(demote) <model> [<who:of>]", _to_end),
        (
            "(put|add|place|insert|try) <one:model> (before|ahead of|in front of|above) "
            "<two:model> [<who:of>]",
            _inserted,
        ),
        (
            "(make|promote|move|turn|put|set) <placed> [of <who>] [to] [be|as] "
            "(first|main model|main|primary|front|first place|top|to front|to top|to "
            "first place|first choice|first model|primary model) [(in|of|for) <who>]",
            _placed_first,
        ),
        ("promote <placed> (of|in|for) <who>", _placed_first),
        ("(swap|switch|exchange|flip) <two:placed> (and|with) <one:placed> <who:of>", _ordered),
        (
            "(swap|switch|exchange|flip) (first and second model|first two|first two "
            "models|first and second|two models|models around|first model and second|"
            "primary and fallback|primary model and fallback) <who:of>",
            lambda v: (OrderModels(v["who"], (PlacedModel(1), PlacedModel(0))),),
        ),
        (
            "(swap|switch|exchange|flip) <who> 's (models|two models|first two models|"
            "order|model order)",
            _reversed,
        ),
        (
            "(put|move|make|list|place|try|bring|have|set|use|call|add|rank|promote) "
            f"<model> {_FRONT} [<who:of>]",
            _to_front,
        ),
        (
            "(make|set|use) <model> [as] [new] (default|default model|model to use|"
            "default choice|main one) (for|of|in) <who:use>",
            _to_front,
        ),
        (
            "(make|set|use) <model> [as] [new] (primary|first|first choice|main|main "
            "model|primary model|first model|default model|preferred model) [model] "
            "[<who:of>]",
            _to_front,
        ),
        ("(promote) <model> [<who:of>]", _to_front),
        (f"<who> (should) (try|use|ask|call|prefer) <model> {_FRONT}", _to_front),
        (f"(make|have|let) <who> (try|use|ask|call|prefer) <model> {_FRONT}", _to_front),
        ("(make|have|let) <who> prefer <model>", _to_front),
        ("prefer <model> <who:of>", _to_front),
        (f"(put|move|make|list|place|use|try|demote) <model> {_END} [<who:of>]", _to_end),
        (
            "(add|put|insert|place|append) <one:model> (behind|after|below) <two:model> <who:of>",
            lambda v: (OrderModels(v["who"], (v["two"], v["one"]), inserts=True),),
        ),
        (
            "<who> should (try|use|ask|call|prefer|have) <one:model> (before|over|ahead of|in "
            "front of|rather than) <two:model>",
            _inserted,
        ),
        (
            "(i|we) [would] prefer <one:model> (over|to|before) <two:model> <who:of>",
            _inserted,
        ),
        (
            "(put|move|place|try|list|use|prefer) <one:model> (before|over|ahead of|in "
            "front of|above) <two:model> [<who:of>]",
            _ordered,
        ),
        (
            "(put|move|place|try|list|use) <two:model> (after|behind|below) <one:model> [<who:of>]",
            _ordered,
        ),
        ("(swap|switch|exchange) [order of] <two:model> and <one:model> [<who:of>]", _swap),
        (
            "(swap|switch|reverse|flip|invert|turn around) (order|models|order of models|"
            "model order|two models|fallback order) [<who:of>]",
            _reversed,
        ),
        (
            "(swap|reverse|flip|invert) (order of|models of|order of models of|order of "
            "models in|order in|models in|two models of|two models in|model order of) "
            "<who>",
            _reversed,
        ),
        ("reverse <who>", _reversed),
        (
            "(sort|order|reorder|rank|arrange) [(models|fallbacks) (of|in|for)] <who> ['s models] "
            "by (price|cost|prices|costs) [,] [cheapest first|ascending]",
            _by_price,
        ),
        (
            "(sort|order|reorder|rank|arrange) [(models|fallbacks) (of|in|for)] <who> ['s models] "
            "[,|that] [from] (cheapest first|cheapest to most expensive|cheapest model first)",
            _by_price,
        ),
        (
            "(reorder|change order of|change order in|change order for|sort|rearrange) <who> [,] "
            "[that] <model> (comes|is|"
            "goes|is tried|is called|gets called) first",
            _to_front,
        ),
        (
            "<model> (should) (come|be|go|be tried|be called|be used) first (in|for|of|on) <who>",
            _to_front,
        ),
        (
            "<model> (should) (come|be|go|be tried|be called|be used) (before|"
            "ahead of|in front of) <other:model> (in|for|of|on) <who>",
            lambda v: (OrderModels(v["who"], (v["model"], v["other"])),),
        ),
        (
            "(reorder|order|sort|arrange) <who> (to|as|:|like this :) <one:model> (,|"
            "then|and then|, then|before) <two:model>",
            _ordered,
        ),
    ),
    "drop": rules(
        (
            "<who> (should not|may not|need not|does not need to) (have|use) "
            "[any] (fallback|fallbacks)",
            _without,
        ),
        ("<who> does not need [any] (fallback|fallbacks) [anymore]", _without),
        ("<who> (does not need|no longer needs) <sequence> [as] <fallback> [anymore]", _without),
        ("no (fallback|fallbacks) (for|in|on|behind|of) <who> [anymore]", _without),
        ("<who> without [any] (fallback|fallbacks)", _without),
        ("(fallback|fallbacks) (for|of|in) <who> (:|=) (none|no|nothing)", _without),
        ("set (fallback|fallbacks) (for|of|in) <who> to (none|nothing)", _without),
        (
            f"{REMOVE} <sequence> <fallback> (of|from|in|for|on|behind) <who>",
            _without,
        ),
        (f"{REMOVE} <who> 's <sequence> [<fallback>]", _without),
        (f"{REMOVE} <placed> (of|from|in|for) <who>", _unplaced),
        (f"{REMOVE} <placed:ranked_place> (of|from|in) <who>", _unplaced),
        (f"{REMOVE} <who> 's <placed>", _unplaced),
        ("(take|pull|cut|leave|kick) <sequence> (out of|off|out from|off of) <who>", _without),
        ("(take|pull|cut|kick) <sequence> out (of|from) <who>", _without),
        (f"{REMOVE} <sequence> from <who>", _without),
        (
            "(stop using|no longer use) <sequence> (in|for|on|from|as "
            "fallback for|as fallback of) <who> [anymore]",
            _without,
        ),
        (
            f"({REMOVE}|clear|reset) [all|every|any] (fallback|fallbacks) (of|from|for|in|on) "
            "<who>",
            _without,
        ),
        (f"{REMOVE} <who> 's (fallback|fallbacks)", _without),
        (
            "<who> (needs|should have|should get|gets|should use) no (fallback|fallbacks)",
            _without,
        ),
        (f"{REMOVE} <sequence> as <fallback> (of|from|for|in|on) <who>", _without),
        (f"{REMOVE} [fallback|model] <sequence> (of|from|for|in|on) <who>", _without),
        ("unbind <sequence> from <who>", _without),
    ),
}
