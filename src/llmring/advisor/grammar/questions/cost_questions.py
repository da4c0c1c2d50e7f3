"""Questions of cost: "what do 1,000 calls to fast cost?"."""

from __future__ import annotations

from typing import Any

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import LEFT_OUT, AliasPhrase, ModelPhrase
from llmring.advisor.grammar.intents import Ask, AskAlternatives, AskCheaper, AskCost

Clause = tuple[Ask, ...]

ALL = AliasPhrase(scope="all")
_COST = "(cost|costs|charge|come to|amount to)"
SHOW = "(show|list|print|display|show me|give me|see|view|describe|get)"


def subject(v: Values) -> AliasPhrase:
    """Return the aliases of a question, which may leave them out."""
    return v.get("who") or LEFT_OUT


def named_models(v: Values) -> tuple[ModelPhrase, ...]:
    """Return the models that a question names."""
    found: tuple[ModelPhrase, ...] = v.get("named", ())
    return found


def _cost(v: Values) -> Clause:
    volume: tuple[tuple[str, Any], ...] = v.get("volume", ())
    return (AskCost(aliases=subject(v), models=named_models(v), **dict(volume)),)


def _volume(v: Values) -> Any:
    found: list[tuple[str, Any]] = [
        (key, int(v[key])) for key in ("calls", "input_tokens", "output_tokens") if key in v
    ]
    if "per" in v:
        found.append(("per", v["per"]))
    return tuple(found)


def _cheaper(v: Values) -> Clause:
    return (AskCheaper(subject(v)),)


RULES: dict[str, tuple[Rule, ...]] = {
    "named": rules(
        ("<spoken> [model]", lambda v: (v["spoken"],)),
        ("(newest|latest) <spoken>", lambda v: (v["spoken"],)),
        ("<spoken> (and|or|,|, and|vs|versus) <more:named>", lambda v: (v["spoken"], *v["more"])),
        ("(that|that model|it|that one)", lambda _: ()),
    ),
    "period": rules(
        ("(per day|day|daily|each day|every day|in day)", lambda _: "day"),
        ("(per month|month|monthly|each month|every month|in month)", lambda _: "month"),
    ),
    "volume": rules(
        (
            "(with|for|at|of) [about] <input_tokens:number> (input|prompt) tokens [each]",
            _volume,
        ),
        (
            "(with|for|at|of) [about] <output_tokens:number> (output|completion|answer) tokens "
            "[each]",
            _volume,
        ),
        (
            "<calls:number> <known> (calls|requests) [<per:period>] "
            "[(with|of|at) <input_tokens:number> (input|prompt) [tokens] (and|,) "
            "<output_tokens:number> (output|completion) [tokens]]",
            _volume,
        ),
        (
            "(per|for|for each) [1 000] <calls:number> (calls|requests|messages|call|request) [(to|"
            "of|"
            "on|with) it] [<per:period>]",
            _volume,
        ),
        (
            "<calls:number> (calls|requests|messages|call|request) [(to|of|on|with) it] "
            "[<per:period>]",
            _volume,
        ),
        ("(per|for each|each|for one) (call|request|message)", lambda _: (("calls", 1),)),
        # Prices are those of a million tokens.
        (
            "(per|for|for each) <number> tokens",
            lambda v: () if v["number"] == 1_000_000 else None,
        ),
        ("(per|each|for) (day|month)", lambda _: ()),
        (
            "[(per|for|at|with)] <calls:number> (calls|requests|messages|call|request) [(to|of|on|"
            "with) it] [<per:period>] (with|of|at|,) [about] "
            "<input_tokens:number> "
            "(input tokens|tokens in|tokens of input|prompt tokens|tokens input|tokens "
            "each|input|tokens of prompt|tokens) [and|,] [<output_tokens:number> "
            "(output tokens|tokens out|tokens of output|completion tokens|tokens output|"
            "output|tokens of answer|out)] [each]",
            _volume,
        ),
        (
            "(with|for|at|of) [about] <input_tokens:number> (input tokens|tokens in|prompt tokens|"
            "input|tokens of input|tokens prompt|in|tokens input) [and|,] "
            "<output_tokens:number> (output tokens|tokens out|completion tokens|output|"
            "tokens of output|out|tokens output|tokens answer) [each|per call|per request]",
            _volume,
        ),
    ),
    "cost": rules(
        (
            "(how much|what) (am i|are we|do i|do we|would i|would we|will i|will we|did "
            "i) (pay|paying|spend|spending) [<volume>] (on|for|with|to use) <who> "
            "[<volume>]",
            _cost,
        ),
        (
            "(how much|what) (am i|are we|do i|do we|would i|would we|will i|will we) "
            "(pay|paying|spend|spending) [<volume>] (on|for|with|to use) <named> "
            "[<volume>]",
            _cost,
        ),
        (
            "(estimate|calculate|compute|what is|work out|give me|show me) [monthly|"
            "daily|expected|estimated|total|average] (cost|costs|price|spend|bill) (of|"
            "for|with) <who> [(at|for|with|of|given)] [<volume>]",
            _cost,
        ),
        (
            "(estimate|calculate|compute|what is|work out|give me|show me) [monthly|"
            "daily|expected|estimated|total] (cost|costs|price|bill) (of|for) <volume> "
            "(to|on|with|of|through|using|for) <who>",
            _cost,
        ),
        (
            "(estimate|calculate|compute|what is|work out|give me|show me) [monthly|"
            "daily|expected|estimated|total] (cost|costs|price|bill) (of|for) <volume> "
            "(to|on|with|of|through|using|for) <named>",
            _cost,
        ),
        (
            "[total|monthly|daily|expected] (cost|costs) of <volume> (to|on|with|of|through|using|"
            "for) <who>",
            _cost,
        ),
        ("(cost|price) of <volume> (to|on|with|of|through|using|for) (<who>|<named>)", _cost),
        ("is <who> (expensive|cheap|costly|pricey)", _cost),
        ("is <named> (expensive|cheap|costly|pricey)", _cost),
        ("(what|how much) is <who> costing [us|me]", _cost),
        (f"(how much|what) (does|do|will|would|is|did) <who> {_COST} [us|me] [<volume>]", _cost),
        (f"(how much|what) (does|do|will|would) <named> {_COST} [us|me] [<volume>]", _cost),
        (
            "(how much|what) (will|would|do|does) <volume> [with|on|of|using|to|through] "
            f"<who> {_COST} [us|me]",
            _cost,
        ),
        (
            "(how much|what) (will|would|do|does) <volume> [with|on|of|using|to|through] "
            f"<named> {_COST} [us|me]",
            _cost,
        ),
        (
            f"(how much|what) (will|would|do|does) <volume> {_COST} [us|me] (with|on|"
            "using|for|in) <who>",
            _cost,
        ),
        (
            f"(how much|what) (will|would|do|does) <volume> {_COST} [us|me] (with|on|"
            "using|for) <named>",
            _cost,
        ),
        (f"(how much|what) (will|would|do|does) (it|that|this) {_COST} [us|me] [<volume>]", _cost),
        (
            f"(how much|what) (will|would|do|does) (it|that) {_COST} to (call|run|use|"
            "make|send) [<volume> (with|on|to|through)] <who>",
            _cost,
        ),
        (
            f"(how much|what) (will|would|do|does) (it|that) {_COST} to (call|run|use|"
            "make|send) [<volume> (with|on|to|through)] <named>",
            _cost,
        ),
        ("(how expensive|how cheap|how pricey) (is|are) <who> [<volume>]", _cost),
        ("(how expensive|how cheap|how pricey|how much) (is|are) <named> [<volume>]", _cost),
        ("how much is <who> [<volume>]", _cost),
        (
            f"(what is|what are|{SHOW}|estimate|calculate|compute|work out) (price|prices|"
            "cost|costs|pricing|rates) (of|for) <who> [<volume>]",
            _cost,
        ),
        (
            f"(what is|what are|{SHOW}|estimate|calculate|compute|work out) (price|prices|"
            "cost|costs|pricing|rates) (of|for) <named> [<volume>]",
            _cost,
        ),
        ("(what is|what are) <named> 's (price|pricing|cost)", _cost),
        ("(price|cost|prices|pricing|costs) of <named>", _cost),
        ("(price|cost|prices|pricing|costs) of <who>", _cost),
        ("(what|how much) (am i|are we) (paying|spending) (for|on) <who>", _cost),
        (
            "(how much|what) (does|do|would|will) (all|everything|all aliases|lockfile|"
            f"whole thing) {_COST}",
            lambda _: (AskCost(aliases=ALL),),
        ),
        ("what (do|does) aliases cost", lambda _: (AskCost(aliases=ALL),)),
        (f"{SHOW} [me] (price|prices|cost|costs)", lambda _: (AskCost(aliases=ALL),)),
        (
            "(which|what) [one|alias|of aliases|of them] is [most expensive|cheapest|"
            "priciest|costliest] [alias|one]",
            lambda _: (AskCost(aliases=ALL),),
        ),
        (
            "(which|what) (alias|of aliases) (uses|has|is on|runs on) (most expensive|cheapest|"
            "priciest|costliest) (model|one)",
            lambda _: (AskCost(aliases=ALL),),
        ),
        (
            "(which|what) (is|are) (cheapest|most expensive|priciest|costliest) [and|or] "
            "[cheapest|most expensive] (alias|aliases|of aliases)",
            lambda _: (AskCost(aliases=ALL),),
        ),
        (
            "(which|what) (alias|of aliases) (costs|is costing) [us|me] (most|least)",
            lambda _: (AskCost(aliases=ALL),),
        ),
    ),
    "cheaper": rules(
        (
            "what is cheapest (way to run|way to do|option for|model for|way for|choice for) <who>",
            _cheaper,
        ),
        (
            "(what is|what are|is there|are there|suggest|find|find me|give me|show me|"
            "recommend|what would be|name|do you know) [good|some|any|best] (alternative|"
            "alternatives|replacement|substitute|alternatives there are|something "
            "similar|similar models|something like) [to|for] <spoken>",
            lambda v: (AskAlternatives(v["spoken"]),),
        ),
        (
            "(what|which model|which) (should|could|can|would|do) (i|we|you) (use|take|"
            "choose|pick|recommend|suggest) instead of <spoken>",
            lambda v: (AskAlternatives(v["spoken"]),),
        ),
        (
            "(alternative|alternatives|replacement) (to|for) <spoken>",
            lambda v: (AskAlternatives(v["spoken"]),),
        ),
        (
            "(what is|which model is|which models are) (similar to|comparable to|like|"
            "closest to) <spoken>",
            lambda v: (AskAlternatives(v["spoken"]),),
        ),
        (
            "(is there|are there|do you know) [any] [something|anything] (better|newer|"
            "smarter) [model|models] than <spoken> [for same price|at same price]",
            lambda v: (AskAlternatives(v["spoken"]),),
        ),
        (
            "(what is|is there|are there|do you know|do we have|find|find me|suggest|"
            "give me|show me|recommend|i need|i want|i would like) [something|anything|"
            "any|some] (cheaper|less expensive|more affordable) [alternative|"
            "alternatives|option|options|model|models|one] [to|than|for] <who>",
            _cheaper,
        ),
        (
            "(what is|is there|are there|do you know|do we have|find|find me|suggest|"
            "give me|show me|recommend|i need|i want|i would like) [something|anything|"
            "any|some] (cheaper|less expensive|more affordable) [alternative|"
            "alternatives|option|options|model|models|one] [to|than|for] <spoken>",
            lambda v: (AskCheaper(LEFT_OUT, v["spoken"]),),
        ),
        (
            "(which|what) (model|models|alternatives|one) (is|are|would be) (cheaper|"
            "less expensive) than <spoken>",
            lambda v: (AskCheaper(LEFT_OUT, v["spoken"]),),
        ),
        (
            "(which|what) (model|models|alternatives|one) (is|are|would be) (cheaper|"
            "less expensive) than <who>",
            _cheaper,
        ),
        ("(how can|how could|how do|can|could) (i|we) (make|get|run) <who> cheaper", _cheaper),
        (
            "(how can|how could|how do|can|could) (i|we) (save money|save|reduce cost|"
            "reduce costs|cut costs|lower costs|lower cost|spend less) (on|with|of|for) "
            "<who>",
            _cheaper,
        ),
        ("(make|get) <who> cheaper", _cheaper),
        (
            "(use|find|get|pick|choose|take|try) [something|anything] (cheaper|less expensive) "
            "[model|models|one|option] for <who> [[,] [but] (with same capabilities|that can do "
            "same|without losing capabilities)]",
            _cheaper,
        ),
        ("(i want|i would like) <who> [to be] cheaper", _cheaper),
        ("<who> is expensive", _cheaper),
        ("<spoken> is expensive", lambda v: (AskCheaper(LEFT_OUT, v["spoken"]),)),
        (
            "(cheaper|less expensive) (alternative|alternatives|option|options) (to|for) <who>",
            _cheaper,
        ),
        (
            "(cheaper|less expensive) (alternative|alternatives|option|options) (to|for) <spoken>",
            lambda v: (AskCheaper(LEFT_OUT, v["spoken"]),),
        ),
        (
            "(which|what) (alias|aliases|of aliases) (should|could|can|would) (i|we|be) (make|made|"
            "get|run) [to be] cheaper",
            lambda _: (AskCheaper(ALL),),
        ),
        (
            "(can|could) (i|we) (save money|save|reduce costs|cut costs|spend less) "
            "[somewhere|anywhere]",
            lambda _: (AskCheaper(ALL),),
        ),
        (
            "how (can|could|do) (i|we) (save money|reduce costs|cut costs|spend less|lower costs)",
            lambda _: (AskCheaper(ALL),),
        ),
        (
            "(bind|switch|move|change|set) <who> to (something|model|anything) (cheaper|"
            "less expensive)",
            _cheaper,
        ),
        ("use (cheaper|less expensive) model for <who>", _cheaper),
    ),
}
