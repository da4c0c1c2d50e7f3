"""Clauses that require capabilities: "summarizer must read PDFs and call tools"."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intents import AddNeeds
from llmring.advisor.ranking import Need


def _need(v: Values) -> Need:
    return Need(capabilities=tuple(sorted(set(v["abilities"]))), min_context=v.get("up_to"))


def _models_must(v: Values) -> tuple[AddNeeds, ...]:
    return (AddNeeds(v["who"], _need(v)),)


RULES: dict[str, tuple[Rule, ...]] = {
    "up_to": rules(
        (
            "[and|with] (up to|of up to|of|with up to|with|in|at) <number> tokens [of context|"
            "each]",
            lambda v: int(v["number"]) if v["number"] >= 1000 else None,
        ),
    ),
    "require": rules(
        # This could also ask for another model.
        (
            "[use|have|pick|allow] only [use] models (that|which) [can] <abilities> (for|in|on) "
            "<who>",
            _models_must,
        ),
        (
            "(all|every|each) (models|model) (of|in|for) <who> (should|has to|have to) [be "
            "able to] <abilities>",
            _models_must,
        ),
        (
            "(i need|i want|we need|we want|need) <abilities> (for|in|on|from) <who>",
            lambda v: (AddNeeds(v["who"], _need(v)),),
        ),
        (
            "<who> (should|has to|needs to|have to|need to) [be able to] <abilities> [<up_to>]",
            lambda v: (AddNeeds(v["who"], _need(v)),),
        ),
        (
            "(make sure|ensure|see to it) [that] <who> (can|is able to|are able to|"
            "supports|has) <abilities>",
            lambda v: (AddNeeds(v["who"], _need(v)),),
        ),
        (
            "(make sure|ensure|see to it) [that] <who> <abilities>",
            lambda v: (AddNeeds(v["who"], _need(v)),),
        ),
        (
            "require <abilities> (for|of|from|on|in) <who>",
            lambda v: (AddNeeds(v["who"], _need(v)),),
        ),
        (
            "(make|let|have) <who> [require|need|support|be able to|able to] <abilities>",
            lambda v: (AddNeeds(v["who"], _need(v)),),
        ),
        (
            "<who> (requires|needs|require|need) <abilities>",
            lambda v: (AddNeeds(v["who"], _need(v)),),
        ),
        (
            "(require|need|demand) at least <number> [tokens] [of] context [window] (for|"
            "in|of|on) <who>",
            lambda v: (AddNeeds(v["who"], Need(min_context=int(v["number"]))),),
        ),
        (
            "<who> (needs|should have|requires|should take|should handle) [at least] <number> "
            "[tokens] [of] context [window]",
            lambda v: (AddNeeds(v["who"], Need(min_context=int(v["number"]))),),
        ),
    ),
}
