"""Clauses that require capabilities: "summarizer must read PDFs and call tools"."""

from __future__ import annotations

from llmring.advisor.grammar.alias_phrases import in_profile
from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.frames import FramePart, frame
from llmring.advisor.grammar.intents import AddNeeds
from llmring.advisor.grammar.need_phrases import Feature, described
from llmring.advisor.ranking import Need


def _need(v: Values) -> Need:
    return Need(capabilities=tuple(sorted(set(v["abilities"]))), min_context=v.get("up_to"))


def _models_must(v: Values) -> tuple[AddNeeds, ...]:
    return (AddNeeds(v["who"], _need(v)),)


def _demanded(v: Values) -> tuple[AddNeeds, ...] | None:
    who = in_profile(v["who"], v.get("where"))
    found = described(v["demands"])
    if who is None or found is None:
        return None
    need = Need(capabilities=found.need.capabilities, min_context=found.need.min_context)
    return (AddNeeds(who, need),)


def _room(v: Values) -> tuple[Feature, ...] | None:
    return (Feature("context", int(v["number"])),) if v["number"] >= 1000 else None


RULES: dict[str, tuple[Rule, ...]] = {
    "obliges": rules(
        (
            "(should|needs|need|requires|require|i want|i need|we need|we want|i would like|make "
            "sure|ensure|demand|want|see to it)",
            lambda _: True,
        ),
    ),
    "demand": rules(
        ("<ability>", lambda v: (Feature("capability", v["ability"]),)),
        (
            "[at least|minimum|minimum of|over|more than|up to] <number> [tokens|token] [of] "
            "(context|context window|window|input context)",
            _room,
        ),
        ("context [window] of [at least|minimum|over|more than] <number> [tokens]", _room),
    ),
    "demands": rules(
        ("<one:demand>", lambda v: v["one"]),
        (
            "[both] <one:demand> (and|,|, and|plus|with|and with|, plus) <more:demands>",
            lambda v: (*v["one"], *v["more"]),
        ),
    ),
    "up_to": rules(
        (
            "[and|with|,|, and] (up to|of up to|of|with up to|with|in|at|at least|with at least) "
            "<number> tokens [of context|each|context]",
            lambda v: int(v["number"]) if v["number"] >= 1000 else None,
        ),
    ),
    "require": rules(
        # This could also ask for another model.
        (
            "[only] [use|have|pick|allow|accept] [only] models (that|which|with|supporting) [can|"
            "have|support] <abilities> (for|in|on) "
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
LEXEMES = {
    "need_frame": frame(
        (
            FramePart("who"),
            FramePart("obliges"),
            FramePart("demands"),
            FramePart("where", required=False),
        ),
        "that to be able_to capable_of support supports handle take have has require requires need "
        "needs for in on of with at_least understand deal_with do work_with "
        "offer offers provide include",
        _demanded,
    ),
}
