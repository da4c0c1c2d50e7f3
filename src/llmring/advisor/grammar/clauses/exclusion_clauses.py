"""Clauses that exclude models, or all but some: "no openai in fast", "only anthropic in deep"."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.clauses.order_clauses import REMOVE
from llmring.advisor.grammar.intent_parts import AliasPhrase, DescribedModel
from llmring.advisor.grammar.intents import Edit, KeepModels, RemoveModels
from llmring.advisor.grammar.need_phrases import described

Clause = tuple[Edit, ...]

_IN = "(in|for|on|from|behind|under|of)"
_MUST_NOT = "(should not|may not|can not|should never|may never|should no longer|may no longer)"
_RUN = "(use|have|call|run on|contain|include|go to|fall back to|be on|depend on|rely on)"
_EVERYWHERE = AliasPhrase(scope="everywhere")


def _excluded(v: Values) -> Clause:
    aliases: AliasPhrase = v.get("who") or _EVERYWHERE
    return (RemoveModels(aliases, v["excluded"], every=True),)


def _excluded_there(v: Values) -> Clause:
    """Read "no openai in prod", which means every alias of the profile."""
    return _excluded({**v, "who": AliasPhrase(scope="all", profile=v["where"])})


def _of_all(v: Values) -> Clause:
    return _excluded({**v, "who": AliasPhrase(scope="all")})


def _kept(v: Values) -> Clause | None:
    need = described(v["vendors"])
    return None if need is None else (KeepModels(v["who"], need),)


def _any_of(v: Values) -> tuple[DescribedModel, ...] | None:
    """Read vendors as any of their models."""
    need = described(v["vendors"])
    return None if need is None else (need,)


RULES: dict[str, tuple[Rule, ...]] = {
    "excluded": rules(
        ("<vendors_only>", lambda v: v["vendors_only"]),
        ("<sequence>", lambda v: v["sequence"]),
    ),
    "vendors_only": rules(
        ("<vendors> [model|models]", _any_of),
        ("(anything|everything|models|model) (from|by|of) <vendors>", _any_of),
    ),
    "exclude": rules(
        (f"no <excluded> {_IN} <who> [anymore]", _excluded),
        ("<who> without <excluded>", _excluded),
        (f"(i|we) do not want [any] <excluded> {_IN} <who> [anymore]", _excluded),
        (f"(i|we) do not want <who> to {_RUN} [any] <excluded> [anymore]", _excluded),
        (f"<who> {_MUST_NOT} {_RUN} [any] <excluded> [anymore]", _excluded),
        (f"(do not|never) use [any] <excluded> {_IN} <who> [anymore]", _excluded),
        ("(do not|never) use [any] <excluded> <where> [anymore]", _excluded_there),
        ("no <excluded> <where> [anymore]", _excluded_there),
        (
            "(avoid|exclude|ban|stop using|remove|drop|get rid of) [any|all|every] "
            "<excluded:vendors_only> <where>",
            _excluded_there,
        ),
        (f"(avoid|exclude|ban|stop using) [any] <excluded> {_IN} <who>", _excluded),
        (f"{REMOVE} (all|every|any) <excluded:vendors_only> {_IN} <who>", _excluded),
        (f"{REMOVE} (all|every|any) <excluded:vendors_only>", _of_all),
        (f"{REMOVE} <excluded:vendors_only> <everywhere>", _excluded),
        (f"{REMOVE} <excluded:sequence> <everywhere>", _excluded),
        (f"<everywhere> [,] {REMOVE} <excluded>", _excluded),
        ("no <excluded> (<everywhere>|anywhere)", _excluded),
        ("(stop using|no longer use) <excluded> <everywhere>", _excluded),
        ("(take|throw|kick|pull) <excluded> out <everywhere>", _excluded),
    ),
    "keep_only": rules(
        (
            f"[keep|use|have|leave] only <vendors> [models] {_IN} <who>",
            _kept,
        ),
        (
            f"only (keep|use|have|leave|allow) <vendors> [models] {_IN} <who>",
            _kept,
        ),
        ("keep <who> (on|with) <vendors> [models] only", _kept),
        ("keep <who> (on|with) only <vendors> [models]", _kept),
        (
            "<who> (should|may|can) only (use|have|run on|be on) <vendors> [models]",
            _kept,
        ),
        (
            "<who> (should|may|can) (use|have|run on|be on) only <vendors> [models]",
            _kept,
        ),
        (
            "<who> (should|may|can) (use|have|run on|be on) <vendors> [models] only",
            _kept,
        ),
    ),
}
