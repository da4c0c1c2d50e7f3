"""The frames of edits: limits, fallbacks, vendors and plain bindings, in any order of words."""

from __future__ import annotations

from llmring.advisor.grammar.alias_phrases import in_profile
from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.frames import FramePart, frame
from llmring.advisor.grammar.intent_parts import (
    AliasPhrase,
    DescribedModel,
    ModelList,
    RecommendedModel,
)
from llmring.advisor.grammar.intents import (
    AddModels,
    BindAliases,
    Edit,
    SetLimits,
    SpreadVendors,
    UseInProfile,
)
from llmring.advisor.grammar.model_lists import backup_of, models_of
from llmring.advisor.grammar.need_phrases import OWN_MACHINE, described
from llmring.advisor.ranking import Need

Clause = tuple[Edit, ...]

_SHOULD = "should must shall may can could needs_to has_to have_to need_to is_to ought_to will"
_WISH = "i_want i_would_like we_want we_would_like i_need we_need want need"
_AIM = "make_sure ensure see_to_it that to for of on in at with be"

_USED_IN = (
    f"{_SHOULD} {_WISH} use uses using run runs running on be is are set set_up configure choose "
    f"pick for give want wants need needs switch point put move "
    f"bind "
    "make let have to only exclusively entirely with bound_to based_on rely_on"
)


def _who(v: Values) -> AliasPhrase | None:
    phrase: AliasPhrase = v["owner"]
    return in_profile(phrase, v.get("where"))


def _limited(v: Values) -> Clause | None:
    who = _who(v)
    return None if who is None else (SetLimits(who, v["bounds"]),)


def _bound(v: Values) -> Clause | None:
    who = _who(v)
    models: ModelList = v["models"]
    if who is None or who.scope == "all":
        return None
    if any(isinstance(each, RecommendedModel) for each in models.models):
        return None
    return (BindAliases(who, models),)


def _backed(v: Values) -> Clause | None:
    who = _who(v)
    if who is None or any(
        isinstance(each, RecommendedModel) or (isinstance(each, DescribedModel) and each.is_precise)
        for each in v["sequence"]
    ):
        return None
    return (AddModels(who, models_of({"sequence": v["sequence"]})),)


def _chosen(v: Values) -> Clause | None:
    who = _who(v)
    if who is None or who.scope == "all":
        return None
    if "from_vendors" in v:
        models = backup_of({"vendors_of": v["from_vendors"], "fallback": v["count"]})
        return None if models is None else (AddModels(who, models),)
    vendors = 2 if "other_vendor" in v else 1
    return (AddModels(who, ModelList(models=(), fallbacks=v["count"], vendors=vendors)),)


def _used_in(v: Values) -> Clause | None:
    """Read "in dev, use local models", which means every alias of the profile."""
    models: ModelList = v.get("plural_models") or v["models"]
    if any(isinstance(each, RecommendedModel) for each in models.models):
        return None
    return (UseInProfile(v["in_place"], models),)


def _any_of(v: Values) -> ModelList | None:
    need = described(tuple(each for features in v.values() for each in features))
    return None if need is None else ModelList(models=(need,))


def _spread(v: Values) -> Clause | None:
    who = _who(v)
    return None if who is None else (SpreadVendors(who, v["vendor_count"]),)


RULES: dict[str, tuple[Rule, ...]] = {
    # The aliases of a frame; also all of a profile.
    "owner": rules(
        ("<who>", lambda v: v["who"]),
        (
            "[whole|entire|complete] (profile <profile_name>|<profile_name> profile|"
            "<profile_name:place_only>)",
            lambda v: AliasPhrase(scope="all", profile=v["profile_name"]),
        ),
        (
            "(all|every|each) (aliases|alias) (in|of) (profile <profile_name>|<profile_name> "
            "profile|<profile_name:place>)",
            lambda v: AliasPhrase(scope="all", profile=v["profile_name"]),
        ),
    ),
    "in_place": rules(
        ("<where>", lambda v: v["where"]),
        ("(profile <place>|<place> profile)", lambda v: v["place"]),
        ("<place_only>", lambda v: v["place_only"]),
    ),
    "plural_models": rules(
        ("[only] <qualities> (models|ones) [<tails>]", _any_of),
        ("[only] models <tails>", _any_of),
        (
            "[as] (cheap|inexpensive|cheapest) [as possible]",
            lambda _: ModelList(models=(DescribedModel(Need()),)),
        ),
        (
            "<provider>",
            lambda v: (
                ModelList(models=(DescribedModel(Need(providers=OWN_MACHINE)),))
                if v["provider"] in OWN_MACHINE
                else None
            ),
        ),
        (
            "(locally|on (own|this) (machine|computer|hardware|laptop)|on laptop|on premises|"
            "on-premises|on-prem) [[,] [and] (no|not in|without|without any|never in|nothing in|"
            "outside) cloud]",
            lambda _: ModelList(models=(DescribedModel(Need(providers=OWN_MACHINE)),)),
        ),
        (
            "(no cloud|no cloud models|without cloud|without cloud models|only local)",
            lambda _: ModelList(models=(DescribedModel(Need(providers=OWN_MACHINE)),)),
        ),
        (
            "(local|offline)",
            lambda _: ModelList(models=(DescribedModel(Need(providers=OWN_MACHINE)),)),
        ),
    ),
    # What continues "use cheap models in dev".
    # A word behind "profile" could be a remark here.
    "next_place": rules(
        ("<where>", lambda v: v["where"]),
        ("<place_only>", lambda v: v["place_only"]),
    ),
    "more_use": rules(
        (
            "<plural_models> <next_place>",
            lambda v: (UseInProfile(v["next_place"], v["plural_models"]),),
        ),
        (
            "<qualities> [models|ones] <next_place>",
            lambda v: (
                (UseInProfile(v["next_place"], models),)
                if (models := _any_of({"qualities": v["qualities"]}))
                else None
            ),
        ),
    ),
    "everything": rules(
        (
            "[for|in] (everything|all aliases|every alias|all of aliases|everywhere)",
            lambda _: True,
        ),
    ),
    "count": rules(
        ("<fallback>", lambda v: v["fallback"]),
        ("<number> [more|additional|extra] <fallback>", lambda v: int(v["number"])),
        ("(second|another|additional|extra|one more|third|new) (<fallback>|model)", lambda _: 1),
    ),
    "from_vendors": rules(
        ("(from|of|by|at) <vendors>", lambda v: v["vendors"]),
    ),
    "vendor_count": rules(
        (
            "[at least|minimum] <number> [different|distinct|separate] "
            "(vendors|providers|companies)",
            lambda v: int(v["number"]) if 2 <= v["number"] <= 5 else None,
        ),
        ("(several|different|multiple|various) (vendors|providers|companies)", lambda _: 2),
        ("more than one (vendor|provider|company)", lambda _: 2),
        ("[models] (from|of|by) [at least] <two:vendor_count>", lambda v: v["two"]),
    ),
}

LEXEMES = {
    "limit_frame": frame(
        (FramePart("owner"), FramePart("bounds"), FramePart("where", required=False)),
        f"{_SHOULD} {_WISH} {_AIM} limit limits limited cap caps capped restrict restricted "
        "throttle throttled set put give get gets have has allow allowed let lets use using keep "
        "kept run runs running handle handles serve serves make makes do does cost costs spend "
        "spends spending take takes wait waits pay only at_most up_to no_more_than not_more_than "
        "max maximum under below within less_than not_exceed never_exceed calls requests call "
        "request traffic usage each every per_alias rate should_be must_be apply enforce impose "
        "configure want wants to_have answer answers respond responds finish finishes stay stays "
        "not_cost_more_than not_take_longer_than not_take_more_than not_spend_more_than "
        "not_use_more_than not_run_longer_than never_cost_more_than never_take_longer_than",
        _limited,
    ),
    "bind_frame": frame(
        (FramePart("owner"), FramePart("models"), FramePart("where", required=False)),
        f"{_SHOULD} {_WISH} {_AIM} bind bound rebind use uses using set put point points run runs "
        "running switch switched change changed move moved make have give assign map let get "
        "over onto it_to model behind go going route served powered backed_by "
        "behind by served_by powered_by answered_by handled_by done_by driven_by run_by "
        "covered_by taken_care_of_by",
        _bound,
    ),
    "backup_frame": frame(
        (
            FramePart("owner"),
            FramePart("fallback"),
            FramePart("sequence"),
            FramePart("where", required=False),
        ),
        f"{_SHOULD} {_WISH} {_AIM} add append use set set_up configure attach behind put "
        "give get have keep has as another second "
        "third additional extra new use_as include let make want",
        _backed,
    ),
    "chosen_frame": frame(
        (
            FramePart("owner"),
            FramePart("count"),
            FramePart("other_vendor", required=False),
            FramePart("from_vendors", required=False),
            FramePart("where", required=False),
        ),
        f"{_SHOULD} {_WISH} to for of on in with put place behind add set_up give get "
        "have has configure choose "
        "pick find some automatic suitable good want wants",
        _chosen,
    ),
    "profile_kind_frame": frame(
        (
            FramePart("in_place"),
            FramePart("plural_models"),
            FramePart("everything", required=False),
        ),
        _USED_IN,
        _used_in,
    ),
    "profile_frame": frame(
        (FramePart("in_place"), FramePart("models"), FramePart("everything")), _USED_IN, _used_in
    ),
    "vendors_frame": frame(
        (FramePart("owner"), FramePart("vendor_count"), FramePart("where", required=False)),
        f"{_SHOULD} {_WISH} {_AIM} needs wants requires is_covered_by is_backed_by "
        "is_served_by is_spread_over give have has use uses using models model from "
        "spread span "
        "spans across over include includes cover covers covered_by backed_by served_by "
        "spread_over depend_on rely_on run runs get",
        _spread,
    ),
}
