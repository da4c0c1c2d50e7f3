"""Clauses that remove, rename and upgrade aliases."""

from __future__ import annotations

from msgspec.structs import replace

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.clauses.order_clauses import REMOVE
from llmring.advisor.grammar.intent_parts import AliasPhrase
from llmring.advisor.grammar.intents import (
    CannotDo,
    Edit,
    RemoveAliases,
    RenameAlias,
    UpgradeModels,
)

Clause = tuple[Edit, ...]
# Models that are retired, or about to be.
_LEAVING = (
    "((anything|everything|whatever|models|model|all) [that] (is|are) [about to be|being|going to "
    "be|getting|soon to be] (retired|retiring|deprecated|obsolete|outdated|going away)|"
    "(anything|everything|whatever|models|model|all) (that retires|that retire|retiring|about to "
    "retire|about to be retired|with retirement date|going away)|"
    "(retired|retiring|deprecated|old|outdated|obsolete) (models|model|ones|stuff))"
)


def _everywhere(named: tuple[RenameAlias, ...]) -> Clause | None:
    if any(each.old.profile is not None for each in named):
        return None
    return tuple(replace(each, everywhere=True) for each in named)


def _renamed(v: Values) -> tuple[RenameAlias, ...] | None:
    new: AliasPhrase = v["new_alias"]
    old: AliasPhrase = v["who"]
    if old.scope == "all" or len(old.names) > 1 or new.profile not in (None, old.profile):
        return None
    return (RenameAlias(old, new.names[0]),)


RULES: dict[str, tuple[Rule, ...]] = {
    "remove": rules(
        ("<who> can go [away]", lambda v: (RemoveAliases(v["who"]),)),
        (
            "<who> is (no longer needed|no longer used|not needed "
            "anymore|obsolete) , (remove|delete|drop) it",
            lambda v: (RemoveAliases(v["who"]),),
        ),
        (
            "(we|i) have no (use|need) for <who> [anymore]",
            lambda v: (RemoveAliases(v["who"]),),
        ),
        (
            f"{REMOVE} <who> [,] [because|since|as] (we|i) (do not|no longer) (use|need) "
            "(it|that) [anymore]",
            lambda v: (RemoveAliases(v["who"]),),
        ),
        (
            "(we|i) (do not|no longer) (use|need) <who> [anymore] , (remove|delete|drop) it",
            lambda v: (RemoveAliases(v["who"]),),
        ),
        ("(throw|take|clear) <who> (away|out)", lambda v: (RemoveAliases(v["who"]),)),
        (f"{REMOVE} <who>", lambda v: (RemoveAliases(v["who"]),)),
        (
            f"{REMOVE} <who> <everywhere>",
            lambda v: None if v["who"].profile else (RemoveAliases(v["who"], everywhere=True),),
        ),
        (
            f"{REMOVE} <who> from (all|every|each) (profiles|profile)",
            lambda v: None if v["who"].profile else (RemoveAliases(v["who"], everywhere=True),),
        ),
        (
            f"{REMOVE} <who> (completely|from lockfile|altogether|for good|entirely|from file|"
            "from config|from configuration)",
            lambda v: (RemoveAliases(v["who"]),),
        ),
        (
            f"({REMOVE}|clear|wipe|reset|purge|empty|nuke) (everything|all|all aliases|it "
            "all|all bindings|lockfile|all of it|everything in lockfile|whole lockfile|"
            "every alias|everything else|entire lockfile|whole file|file|"
            "all profiles|every profile|everything you have)",
            lambda _: (CannotDo("I remove one alias at a time: name it, as in: remove {alias}."),),
        ),
        (
            "(start over|start from scratch|wipe everything out|clean everything up|"
            "reset everything)",
            lambda _: (CannotDo("I remove one alias at a time: name it, as in: remove {alias}."),),
        ),
        (
            "(we|i) (do not|no longer) need <who> anymore",
            lambda v: (RemoveAliases(v["who"]),),
        ),
        ("(we|i) no longer need <who>", lambda v: (RemoveAliases(v["who"]),)),
    ),
    "rename": rules(
        ("<naming> <everywhere>", lambda v: _everywhere(v["naming"])),
        ("<everywhere> [,] <naming>", lambda v: _everywhere(v["naming"])),
        ("<naming>", lambda v: v["naming"]),
    ),
    "naming": rules(
        ("(change|turn) <who> into <new_alias>", _renamed),
        (
            "(name of <who>|name <who>|<who> 's name|<who>) (is|sounds) [bit] (vague|confusing|"
            "misleading|unclear|ugly|long|wrong|bad|bad name|misleading name|wrong name|odd|"
            "generic|old name) (,|;|.) (call|name|rename) it [to] <new_alias> [instead]",
            _renamed,
        ),
        (
            "<who> (should be called|should be named|will be called) <new_alias>",
            _renamed,
        ),
        ("<who> should (have|get|carry) name <new_alias>", _renamed),
        ("rename <who> [to|as|into|->] <new_alias>", _renamed),
        ("(change|update|set) name of <who> to <new_alias>", _renamed),
        ("(change|update) <who> 's name to <new_alias>", _renamed),
        ("(call|name) <who> <new_alias> [instead]", _renamed),
        ("<who> should be (called|named|renamed to|renamed) <new_alias> [instead]", _renamed),
        ("(let|have) <who> be (called|named) <new_alias> [instead]", _renamed),
        ("give <who> [new] name <new_alias>", _renamed),
    ),
    # A clause without a verb that continues: "rename fast to quick and deep to slow".
    "more_rename": rules(("<who> (to|as|into|->) <new_alias>", _renamed)),
    # Behind a question for the models that retire.
    "more_upgrade": rules(
        (
            "(replace|upgrade|update|migrate|swap) (them|those|these|all of them|those models) "
            "[(with|by|to) (successors|newer ones|replacements|newest ones|newest versions)]",
            lambda _: (UpgradeModels(AliasPhrase(scope="all"), retiring=True),),
        ),
    ),
    "upgrade": rules(
        (
            "(upgrade|update|bring|move|switch|migrate) <who> [to] (newest|latest|up to "
            "date|current|most recent) [version|versions|model|models|release|releases|"
            "generation] [of their lines|of line]",
            lambda v: (UpgradeModels(v["who"]),),
        ),
        ("upgrade <who>", lambda v: (UpgradeModels(v["who"]),)),
        (
            "(upgrade|update|replace|refresh|bring up to date) (everything|all|all models|whatever|"
            "anything|any model|every model|models) (that|which) [is|are|has become|will be|will|"
            "gets|get] (outdated|old|deprecated|retired|retiring|obsolete|out of date|retire|"
            "retires|going away|about to retire) [soon]",
            lambda _: (UpgradeModels(AliasPhrase(scope="all"), retiring=True),),
        ),
        (
            "(upgrade|update|move|switch|migrate) <who> to (successor|successors) [of models|of "
            "model]",
            lambda v: (UpgradeModels(v["who"]),),
        ),
        (
            f"(get rid of|move off|move away from|replace|stop using|{REMOVE}) [all|every|any] "
            f"{_LEAVING} [(of|in|for|on|from) <who>]",
            lambda v: (UpgradeModels(v.get("who") or AliasPhrase(scope="all"), retiring=True),),
        ),
        (
            f"(move|switch|migrate|get|take) <who> (off|away from|from) [all|any|every] {_LEAVING}",
            lambda v: (UpgradeModels(v["who"], retiring=True),),
        ),
        (
            "(upgrade|update) (models|model) (of|in|for|on) <who>",
            lambda v: (UpgradeModels(v["who"]),),
        ),
        (
            "(replace|update|upgrade|swap|change|swap out) [all|every|any] (retired|"
            "retiring|deprecated|old|outdated|obsolete) (models|model|ones) [(of|in|for|"
            "on) <who>] [with successors|with newer ones|with newest ones|by newer ones|"
            "with their successors|with replacements]",
            lambda v: (UpgradeModels(v.get("who") or AliasPhrase(scope="all"), retiring=True),),
        ),
    ),
}
