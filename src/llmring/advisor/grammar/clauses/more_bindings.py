"""Bindings without a verb: pairs, "haiku for fast", and what continues a binding."""

from __future__ import annotations

from msgspec.structs import replace

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.clauses.bind_clauses import bound
from llmring.advisor.grammar.intent_parts import LEFT_OUT, DescribedModel, ModelList
from llmring.advisor.grammar.intents import BindAliases, Edit

Clause = tuple[Edit, ...]


def _verbless(v: Values) -> Clause | None:
    """Read "haiku for fast"; a description needs a verb."""
    if any(isinstance(each, DescribedModel) for each in v["sequence"]):
        return None
    return (BindAliases(v["who"], ModelList(models=v["sequence"])),)


RULES: dict[str, tuple[Rule, ...]] = {
    "pair": rules(("<who> (to|->|=|at|:) <models> [<where>]", bound)),
    "pairs": rules(
        ("<one:pair> (,|and|, and) <two:pair>", lambda v: (*v["one"], *v["two"])),
        ("<one:pair> (,|and|, and) <more:pairs>", lambda v: (*v["one"], *v["more"])),
    ),
    # A clause without a verb, at the beginning of a request: "haiku for fast".
    "verbless": rules(("<sequence> for <who>", _verbless)),
    # A clause without a verb that continues a binding: "... and opus for deep".
    "more_bind": rules(
        (
            "to <models> <where>",
            lambda v: (BindAliases(replace(LEFT_OUT, profile=v["where"]), v["models"]),),
        ),
        ("<models> (for|behind) <use>", bound),
        ("<models> <where> (for|behind) <use>", bound),
        (
            "(keep|leave|use|have|take) <models> <where>",
            lambda v: (BindAliases(replace(LEFT_OUT, profile=v["where"]), v["models"]),),
        ),
        ("<who> (to|->|=|:|at) <models> [<where>]", bound),
        (
            "<models> <where>",
            lambda v: (BindAliases(replace(LEFT_OUT, profile=v["where"]), v["models"]),),
        ),
        (
            "<where> [,] <models>",
            lambda v: (BindAliases(replace(LEFT_OUT, profile=v["where"]), v["models"]),),
        ),
        (
            "<where> [,] to <models>",
            lambda v: (BindAliases(replace(LEFT_OUT, profile=v["where"]), v["models"]),),
        ),
    ),
}
