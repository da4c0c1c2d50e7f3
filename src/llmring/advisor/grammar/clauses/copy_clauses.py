"""Clauses that copy aliases: "copy fast to quick", "create an alias like fast but with haiku"."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import AliasPhrase
from llmring.advisor.grammar.intents import BindAliases, CopyAlias, Edit

Clause = tuple[Edit, ...]


def _copied_with(v: Values) -> Clause:
    copied = AliasPhrase(names=(v["name"],), profile=v["who"].profile, new="explicit")
    return (CopyAlias(v["who"], v["name"]), BindAliases(copied, v["models"]))


RULES: dict[str, tuple[Rule, ...]] = {
    "copy": rules(
        (
            "(create|add|make|set up|define) [new] (alias [called|named] <name>|<name> alias) "
            "(like|as copy of|same as|based on|that is like) <who> (but with|but on|but using|with|"
            "but) <models>",
            _copied_with,
        ),
        (
            "(create|add|make|set up|define) [new] (alias [called|named] <name>|<name> alias) "
            "(like|as copy of|same as|based on|that is like|with same models as|with same settings "
            "as) <who>",
            lambda v: (CopyAlias(v["who"], v["name"]),),
        ),
        (
            "(copy|duplicate|clone) <who> (to|as|into) [new] [alias|profile] [called|named] <name>",
            lambda v: (CopyAlias(v["who"], v["name"]),),
        ),
    ),
}
