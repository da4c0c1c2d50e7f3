"""Clauses that require capabilities: "summarizer must read PDFs and call tools"."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intents import AddNeeds
from llmring.advisor.ranking import Need


def _need(v: Values) -> Need:
    return Need(capabilities=tuple(sorted(set(v["abilities"]))))


RULES: dict[str, tuple[Rule, ...]] = {
    "require": rules(
        (
            "(i need|i want|we need|we want|need) <abilities> (for|in|on|from) <who>",
            lambda v: (AddNeeds(v["who"], _need(v)),),
        ),
        (
            "<who> (must|should|has to|needs to|have to|need to|shall) [be able to] <abilities>",
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
            "(make|let|have) <who> (require|need|support) <abilities>",
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
            "<who> (needs|must have|should have|requires) [at least] <number> [tokens] "
            "[of] context [window]",
            lambda v: (AddNeeds(v["who"], Need(min_context=int(v["number"]))),),
        ),
    ),
}
