"""Questions about models: their trade-offs and abilities."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intents import Ask, AskAbilities, AskComparison
from llmring.advisor.grammar.questions.cost_questions import ALL, named_models, subject

Clause = tuple[Ask, ...]


def _abilities(v: Values) -> Clause:
    return (AskAbilities(subject(v), named_models(v), tuple(v.get("abilities", ()))),)


def _room(v: Values) -> Clause | None:
    tokens = int(v["number"])
    return (AskAbilities(subject(v), named_models(v), (), tokens),) if tokens >= 1000 else None


def _comparison(v: Values) -> Clause | None:
    models = tuple(v[key] for key in ("one", "two", "three") if key in v)
    if len(models) + ("who" in v) < 2:
        return None
    return (AskComparison(models, v.get("who")),)


RULES: dict[str, tuple[Rule, ...]] = {
    "comparison": rules(
        (
            "(should) (i|we) (upgrade|switch|move|migrate|change|go) from "
            "<one:spoken> to <two:spoken> [(for|in|on) <who>]",
            _comparison,
        ),
        (
            "(should|does it make sense to|is it worth it to|would it make sense "
            "to|is it good idea to|would it be better to) [i|we] (replace|swap|exchange) "
            "<one:spoken> (by|with|for) <two:spoken> [(for|in|on) <who>]",
            _comparison,
        ),
        (
            "(is it worth|is it worth it|does it pay off) (moving|upgrading|switching|"
            "changing) [<who>] [from <one:spoken>] to <two:spoken>",
            _comparison,
        ),
        (
            "(trade-off|trade-offs|tradeoff|tradeoffs|pros and cons|consequences|"
            "downsides|downside|advantage|advantages) of (using|binding|having|taking|"
            "choosing) <one:spoken> (for|in|as|behind) <who>",
            _comparison,
        ),
        (
            "(what is|what are|explain|show me) (trade-off|trade-offs|tradeoff|"
            "tradeoffs|pros and cons|consequences|downsides|downside|advantage|"
            "advantages) (of|if) [i|we] (using|use|binding|having|taking|choosing) "
            "<one:spoken> (for|in|as|behind|instead of|over) (<who>|<two:spoken>)",
            _comparison,
        ),
        (
            "(what|how much) (would|could|will|does) (switching|moving|changing|binding|"
            "upgrading) <who> to <one:spoken> (save|save us|save me|cost|cost us|change)",
            _comparison,
        ),
        (
            "(what|how much) (would|could|will|does) (switching|moving|changing) from "
            "<one:spoken> to <two:spoken> (save|save us|save me|cost|change) [(in|for) "
            "<who>]",
            _comparison,
        ),
        ("why <one:spoken> (over|instead of|rather than|and not) <two:spoken>", _comparison),
        (
            "(i am|we are) (torn|undecided|choosing|deciding) between <one:spoken> and "
            "<two:spoken> [for <who>]",
            _comparison,
        ),
        (
            "(pros and cons|advantages|advantages and disadvantages|strengths and "
            "weaknesses) [of|between] <one:spoken> (and|vs|versus|or|,|against|over) "
            "<two:spoken>",
            _comparison,
        ),
        ("<one:spoken> (compared to|compared with|against) <two:spoken>", _comparison),
        (
            "(why|when) (should|would) (i|we) (use|choose|prefer|take) <one:spoken> "
            "(over|instead of|rather than) <two:spoken>",
            _comparison,
        ),
        (
            "(what do i|what would i|what do we|what would we) (lose|gain|give up|get) "
            "(by moving|by switching|if i move|if i switch|if we switch|by changing|"
            "switching|moving) [<who>] (from) <one:spoken> to <two:spoken>",
            _comparison,
        ),
        (
            "(what do i|what would i|what do we|what would we) (lose|gain|give up|get) "
            "(by moving|by switching|if i move|if i switch|if we switch|by changing|"
            "switching|moving) <who> to <one:spoken>",
            _comparison,
        ),
        (
            "(what is|what are|explain|show|describe) (trade-off|trade-offs|tradeoff|"
            "tradeoffs|cost|difference) of (moving|switching|changing|binding) <who> to "
            "<one:spoken>",
            _comparison,
        ),
        (
            "compare [prices of|costs of|cost of|price of] <one:spoken> (and|with|to|vs|"
            "versus|against|,) <two:spoken> [(and|, and|,) <three:spoken>]",
            _comparison,
        ),
        (
            "(what is|what are|explain|show|show me|describe) (difference|"
            "differences|trade-off|trade-offs|tradeoff|tradeoffs|trade offs|trade off|"
            "comparison|pros and cons) [between|of|among] <one:spoken> (and|vs|versus|or|"
            ",) <two:spoken> [(and|, and|,) <three:spoken>]",
            _comparison,
        ),
        (
            "(difference|differences|trade-off|trade-offs|tradeoff|tradeoffs|comparison) "
            "(between|of) <one:spoken> (and|vs|versus) <two:spoken>",
            _comparison,
        ),
        (
            "(how does|how do|how is|how would) <one:spoken> (compare|compare to|compare "
            "with|differ from|different from|do against|fare against|stack up against) "
            "[to|with] <two:spoken>",
            _comparison,
        ),
        ("(how do|how does) <one:spoken> and <two:spoken> (compare|differ)", _comparison),
        (
            "(is|would|are) <one:spoken> [be] (better|cheaper|faster|smarter|stronger|"
            "newer|more expensive|worse|more capable|slower|as good as|as cheap as) "
            "[than] [<two:spoken>] [or <three:spoken>] [for <who>]",
            _comparison,
        ),
        (
            "(which is|which one is|which would be|what is) (better|cheaper|faster|"
            "smarter|stronger|newer|best|cheapest|more expensive|more capable) [for "
            "<who>] [,|:] <one:spoken> (or|,) <two:spoken> [(or|, or) <three:spoken>]",
            _comparison,
        ),
        (
            "(should) (i|we) (use|take|choose|pick|prefer|go with|switch to|have|"
            "run) <one:spoken> (or|over|instead of|rather than|vs) <two:spoken> [for "
            "<who>]",
            _comparison,
        ),
        (
            "(should|would it be better to|would it make sense to|does it make "
            "sense to|is it better to|is it worth it to|is it worth|is it good idea to|"
            "would it be good idea to) [i|we] (use|take|choose|pick|move|switch|bind|set|"
            "change|put|using|switching|moving|upgrade) <who> [over] [to|onto] "
            "<one:spoken>",
            _comparison,
        ),
        (
            "(should) (i|we) [use|take|choose|pick|put|switch to] <one:spoken> "
            "(for|in|on|as) <who>",
            _comparison,
        ),
        ("(should) <who> (use|be|run on|point to) <one:spoken>", _comparison),
        (
            "(would|will|is) <one:spoken> [be] (better|cheaper|faster|good|good enough|"
            "enough|suitable|good fit|good choice) for <who>",
            _comparison,
        ),
        (
            "(what if|what happens if|what would happen if|how much would i save if|how "
            "much would we save if|how much do i save if|would it be cheaper if|would it "
            "cost less if|what would change if|how much could i save if) [i|we] [use|"
            "used|move|moved|switch|switched|bind|bound|change|changed|put|set|let|did "
            "bind] <who> [use|used|to use|uses|using|were|was] [to|on|over to] "
            "<one:spoken>",
            _comparison,
        ),
        (
            "(what if|what happens if|what would happen if|how much would i save if|how "
            "much would we save if|how much do i save if|would it be cheaper if|how much "
            "could i save if) (i|we) (use|used|take|took|put) <one:spoken> (for|in|on|"
            "as) <who>",
            _comparison,
        ),
        (
            "(how much|what) (would|could|do|will) (i|we) save (by|with|if i|if we) "
            "(moving|switching|binding|changing|move|switch|switched|moved) <who> to "
            "<one:spoken>",
            _comparison,
        ),
        (
            "(how much|what) (would|could|do|will) (i|we) save (by using|using|with|if "
            "we used|if i used) <one:spoken> (for|in) <who>",
            _comparison,
        ),
        ("<one:spoken> (or|vs|versus) <two:spoken>", _comparison),
        ("<one:spoken> or <two:spoken> for <who>", _comparison),
    ),
    "abilities_question": rules(
        (
            "(pros and cons|advantages|disadvantages|strengths|weaknesses|strengths and "
            "weaknesses|downsides) of <named>",
            _abilities,
        ),
        (
            "(which|what) of (models|aliases|bindings) [in use|in lockfile] (can|could|"
            "support|supports|is able to|are able to) <abilities>",
            lambda v: (AskAbilities(ALL, (), tuple(v["abilities"])),),
        ),
        (
            "which of models (can|support|supports) <abilities>",
            lambda v: (AskAbilities(ALL, (), tuple(v["abilities"])),),
        ),
        (
            "(can|could|does|do|will) (<who>|<named>) (handle|take|support|accept|read|"
            "fit|have) <number> [tokens] [of] [context]",
            _room,
        ),
        ("(can|could) <number> tokens fit (in|into) (<who>|<named>)", _room),
        ("is <number> tokens (much|many|long) for (<who>|<named>)", _room),
        ("(can|could|does|do|will) <named> <abilities>", _abilities),
        ("(can|could|does|do|will) <who> <abilities>", _abilities),
        ("(is|are) <named> able to <abilities>", _abilities),
        ("(is|are) <who> able to <abilities>", _abilities),
        ("(what can|what does|what do) <named> (do|support|offer|read|handle|accept)", _abilities),
        ("(what can|what does|what do) <who> (support|offer|read|handle|accept)", _abilities),
        (
            "(what are|what is|show|show me|list|show me) (abilities|capabilities|"
            "features|context|context window|context length|limits|max output|details|"
            "facts|specs|context size) of <named>",
            _abilities,
        ),
        (
            "(how large|how big|how long) is (context|context window|context length) of <named>",
            _abilities,
        ),
        (
            "(how large|how big|how long) is <named> 's (context|context window|context length)",
            _abilities,
        ),
        ("how much context (does|do|can) <named> (have|take|handle|support|accept)", _abilities),
        (
            "how many tokens (does|do|can) <named> (have|take|handle|support|accept|read)",
            _abilities,
        ),
        ("how many tokens (does|do|can) <who> (have|take|handle|support|accept|read)", _abilities),
        (
            "(what is|what are) <named> 's (capabilities|context window|context|"
            "abilities|context length|features)",
            _abilities,
        ),
        (
            "(which|what) [of] [aliases|alias|bindings|them] (can|could|support|supports|"
            "is able to|are able to) <abilities>",
            lambda v: (AskAbilities(ALL, (), tuple(v["abilities"])),),
        ),
        (
            "(which|what) of aliases <abilities>",
            lambda v: (AskAbilities(ALL, (), tuple(v["abilities"])),),
        ),
        (
            "(which|what) aliases <abilities>",
            lambda v: (AskAbilities(ALL, (), tuple(v["abilities"])),),
        ),
        (
            "(do|can) all aliases <abilities>",
            lambda v: (AskAbilities(ALL, (), tuple(v["abilities"])),),
        ),
        (
            "(show me about|what about|what do you know about|what is|describe|info on|"
            "information about|details of|show me more about|show) <named>",
            _abilities,
        ),
    ),
}
