"""Lists of models: "haiku, then gpt-4o", "two cheap models of different vendors"."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import DescribedModel, ModelList, ModelPhrase
from llmring.advisor.grammar.need_phrases import described
from llmring.advisor.ranking import Need

_ANOTHER = (
    "(another|other|different|second|separate|one other|distinct|various|several|some other|"
    "any other)"
)
_VENDOR = "(vendor|vendors|provider|providers|company|companies)"
# The beginning of a part that adds fallbacks.
_PLUS = (
    "[,] (with|and|using|plus|then|,|keep|keeping|have|having|take|use|leave|put|set|add) "
    "[have|keep|keeping|use|using|take|leave|put|set|add|with]"
)


def models_of(v: Values) -> ModelList:
    """Combine models with the fallbacks that follow them."""
    first: tuple[ModelPhrase, ...] = v["sequence"]
    more: ModelList = v.get("more") or ModelList(models=())
    return ModelList(
        models=(*first, *more.models),
        fallbacks=more.fallbacks,
        vendors=max(more.vendors, v.get("vendors") or 1),
        backup=more.backup,
    )


def _only(v: Values) -> ModelList | None:
    """Leave "only openai" to the clauses that keep the models of a vendor."""
    vague = (isinstance(each, DescribedModel) and not each.is_precise for each in v["sequence"])
    return None if any(vague) else models_of(v)


def _sequence(v: Values) -> tuple[ModelPhrase, ...]:
    return (v["model"], *v.get("more", ()))


def _numbered(v: Values) -> tuple[ModelPhrase, ...]:
    return tuple(v[each] for each in ("one", "two", "three") if each in v)


def _automatic(v: Values) -> ModelList:
    count = int(v["number"]) if "number" in v else v.get("fallback", 1)
    return ModelList(models=(), fallbacks=count, vendors=2 if "vendor" in v else 1)


def backup_of(v: Values) -> ModelList | None:
    """Read "a fallback from google" as fallbacks that are to be chosen among its models."""
    need = described((*v.get("vendors_of", ()), *v.get("qualities", ())))
    if need is None:
        return None
    count = int(v["number"]) if "number" in v else v.get("fallback", 1)
    ranked = any(each.kind == "order" for each in v.get("qualities", ()))
    return ModelList(models=(), fallbacks=count, backup=need.need, by_rank=ranked)


def _given(v: Values) -> ModelList:
    return ModelList(models=v["sequence"])


def _vendors(v: Values) -> ModelList | None:
    count = int(v["number"]) if "number" in v else 2
    if not 2 <= count <= 5:
        return None
    return ModelList(models=(), fallbacks=count - 1, vendors=count)


def _any_of_vendors(v: Values) -> ModelList | None:
    count = int(v["vendors"])
    if not 2 <= count <= 5:
        return None
    any_model = DescribedModel(Need(), is_precise=False)
    return ModelList(models=(any_model,), fallbacks=count - 1, vendors=count)


def _several(v: Values) -> ModelList | None:
    """Read "two cheap models of different vendors"."""
    count = int(v["number"])
    if not 2 <= count <= 5:
        return None
    vendors = int(v["vendors"]) if "vendors" in v else count if "vendor" in v else 1
    need: DescribedModel = v["need"]
    return ModelList(models=(need,), fallbacks=count - 1, vendors=vendors)


RULES: dict[str, tuple[Rule, ...]] = {
    "fallback": rules(
        (
            "(plan b|secondary|secondary model|second choice|standby|reserve|spare|alternative|"
            "safety net|insurance|emergency option|substitute|second option|stand-in|last resort|"
            "last option|last line of defense)",
            lambda _: 1,
        ),
        ("fallback", lambda _: 1),
        ("fallbacks", lambda _: 2),
        ("fallback (model|option)", lambda _: 1),
        ("fallback models", lambda _: 2),
    ),
    "nth": rules(("(first|second|only|last|extra|additional|another)", lambda _: True)),
    "in_turn": rules(("(in that order|in this order|in order)", lambda _: True)),
    "other_vendor": rules(
        (f"(from|of|at|by|with) {_ANOTHER} {_VENDOR}", lambda _: True),
    ),
    "without": rules(
        (
            "(that is not|other than|from anyone but|from somebody other than|that is from anyone "
            "but) [from|of|by|one of] <vendor> [model|one]",
            lambda v: v["vendor"].value if v["vendor"].kind == "provider" else None,
        ),
    ),
    "sequence": rules(
        ("<model>", _sequence),
        (
            "<model> (and|,|then|, then|, and|and then|, and then|followed by|, followed by|"
            "and finally|, finally|, and finally|finally|and last|, and last|then finally|and "
            "lastly|"
            "and as last resort|, and as last resort|"
            "first , then|first then|first and|first and then|as primary and|"
            "plus) <more:sequence>",
            _sequence,
        ),
        ("first <model> [,] [and] then <more:sequence>", _sequence),
        (
            "<one:model> first (,|and|, and|then|, then|and then) <two:model> (second|after that|"
            "next|afterwards|then|later|last)",
            _numbered,
        ),
        (
            "<one:model> [as] (primary|primary model|main model|first choice|main|default) (,|and|"
            ", and|with) <two:model> [as] <fallback>",
            _numbered,
        ),
        (
            "<one:model> first [,] <two:model> second (,|and|, and) <three:model> (third|last)",
            _numbered,
        ),
    ),
    "backup": rules(
        (
            "[,] [with|and] <one:model> as [first] fallback (and|,|, and) <two:model> as "
            "second [fallback|one]",
            lambda v: ModelList(models=(v["one"], v["two"])),
        ),
        (
            "[,] (with|and|keep|keeping) <sequence> (in reserve|on standby|as safety net|"
            "as insurance|in case it fails|for when it fails|in case|to fall back "
            "on|to fall back to)",
            _given,
        ),
        ("[,] (with|and|plus|using|have) [automatic|some] <fallback> [in place]", _automatic),
        ("[,] (with|and|plus) <number> <fallback>", _automatic),
        (
            "[,] (with|and|plus) [some] [<number>] <fallback> (from|of|by|at) <vendors_of:vendors>",
            backup_of,
        ),
        ("[,] (with|and|plus) [<number>] <vendors_of:vendors> <fallback>", backup_of),
        ("[,] (with|and|plus) [<number>] <qualities> <fallback>", backup_of),
        ("[,] (with|and|plus) <fallback> <vendor:other_vendor>", _automatic),
        ("[,] (with|and|plus) <number> <fallback> <vendor:other_vendor>", _automatic),
        (
            "[,] (with|and|plus) <number> <fallback> (from|of) <n:number> [other|"
            f"different] {_VENDOR}",
            _automatic,
        ),
        (
            f"{_PLUS} <sequence> (as|for) [<nth>] <fallback> [<in_turn>]",
            _given,
        ),
        (f"{_PLUS} <sequence> (second|behind it|after it|after that|next|in second place)", _given),
        (
            "[,|.] [with|and|using|plus|has|have|has as] <fallback> [to|:|=|is|being|on|onto] "
            "<sequence>",
            _given,
        ),
        (
            "[,] [and|then] (fall back to|falling back to|falls back to|falling back on|"
            "fall back on|fallback to|fails over to|failing over to|fail over to|backed by|"
            "backed up by|followed by|with fallback to|and otherwise|otherwise|or else|else) "
            "<sequence> [<outage_of_model>]",
            _given,
        ),
        (
            "[,] [and|then|or|but] [use|try|switch to|go to|take] <sequence> <outage_of_model>",
            _given,
        ),
        (
            "[,] [and|then|or|but] <outage_of_model> [,] [use|try|switch to|go to|take] <sequence>",
            _given,
        ),
        (
            "[,] [and|then|or] [use|try] <sequence> (if|when|in case) [that|it|this|"
            "first one|that one] "
            "(fails|is down|breaks|is unavailable|does not work|goes down|is not available)",
            _given,
        ),
        (
            "[,] [and] (if|when|in case) (that|it|this|first one|that one) (fails|is down|breaks|"
            "is unavailable|does not work|goes down|is not available) [,] [use|try|then|"
            "fall back to] <sequence>",
            _given,
        ),
        (
            "[,] (from|of|by|across) [at least|minimum] <number> [different|distinct|"
            f"separate] {_VENDOR}",
            _vendors,
        ),
        (f"(from|of|by|across) (different|several|multiple|various) {_VENDOR}", _vendors),
        (f"[,] with [at least] <number> [different|distinct|separate] {_VENDOR}", _vendors),
    ),
    "models": rules(
        (
            "(models|model) (from|of|by) [at least|minimum] <vendors:number> [different|"
            f"distinct|separate] {_VENDOR}",
            _any_of_vendors,
        ),
        ("<sequence> [<more:backup>]", models_of),
        ("only <sequence>", _only),
        ("<number> <need>", _several),
        (
            "<number> <need> (from|of|by) (different|separate|distinct) <vendor:vendor_noun>",
            _several,
        ),
        (f"<number> <need> (from|of|by) <vendors:number> [different] {_VENDOR}", _several),
    ),
    "vendor_noun": rules((_VENDOR, lambda _: True)),
}
