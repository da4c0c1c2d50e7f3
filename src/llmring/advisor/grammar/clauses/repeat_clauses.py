"""Clauses that repeat or undo changes: "the same for prod", "undo that"."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, rules
from llmring.advisor.grammar.intents import SameAgain, UndoLast

RULES: dict[str, tuple[Rule, ...]] = {
    "again": rules(
        (
            "[do|make|apply|use|set|repeat|and] (same|that|same thing|it) [again] (for|"
            "in|on|to|with) <names:again_names>",
            lambda v: (SameAgain(v["names"]),),
        ),
        ("same (for|in|on|with) <names:again_names>", lambda v: (SameAgain(v["names"]),)),
        (
            "[do|apply] same [thing] (for|in|on|to) (profile <one:profile_name>|"
            "<one:profile_name> profile)",
            lambda v: (SameAgain((v["one"],)),),
        ),
        (
            "[do|apply] same [thing] (for|in|on|to) (alias <one:name>|<one:name> alias)",
            lambda v: (SameAgain((v["one"],)),),
        ),
    ),
    "again_names": rules(
        ("<one:again_name>", lambda v: (v["one"],)),
        ("<one:again_name> (and|, and) <two:again_name>", lambda v: (v["one"], v["two"])),
    ),
    "again_name": rules(
        ("<profile_name>", lambda v: v["profile_name"]), ("<name>", lambda v: v["name"])
    ),
    "undo": rules(
        (
            "(undo|revert|roll back|take back) [that|it|this|last change|change|last one|"
            "last edit|change you made]",
            lambda _: (UndoLast(),),
        ),
        ("(undo|revert) what you did", lambda _: (UndoLast(),)),
    ),
}
