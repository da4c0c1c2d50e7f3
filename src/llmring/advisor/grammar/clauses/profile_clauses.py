"""Clauses about profiles: "set up profiles for dev and prod", "create a cheap profile"."""

from __future__ import annotations

from typing import Any

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import DescribedModel
from llmring.advisor.grammar.intents import (
    CannotDo,
    DropProfile,
    DuplicateProfile,
    Edit,
    NewProfiles,
    UseInProfile,
)
from llmring.advisor.grammar.need_phrases import OWN_MACHINE, described
from llmring.advisor.ranking import Need

Clause = tuple[Edit, ...]

_SAME = (
    "[that is|which is|that should be|should be] (with same (aliases|models|bindings) as|same as|"
    "identical to|equal to|exactly as|exactly like|copy of|clone of|duplicate of)|"
    "mirroring|that mirrors|which mirrors|that matches"
)
_NEW = (
    "(create|add|make|new|set up|define|start|introduce|build|give me|i need|i want|we "
    "need|generate|prepare|"
    "i would like|need|want|open|have) [me|us] [new] [separate|different|own|two|three|four|some]"
)
_BASED = (
    "(extending|that extends|which extends|based on|from|like|that inherits from|inheriting from|"
    "on top of|on basis of|that inherits|which inherits from|and extend|as extension of|"
    "derived from|that is based on)"
)


def _created(v: Values) -> Clause | None:
    names = v.get("names") or (v["style"][1],)
    models: Need | None = None
    if "style" in v:
        models = v["style"][0]
    if "kind" in v:
        if models is not None and models != v["kind"]:
            return None
        models = v["kind"]
    return (NewProfiles(names=names, extends=v.get("base"), empty="empty" in v, models=models),)


def _variant(v: Values) -> Clause | None:
    """Read "a cheap version of profile default"."""
    return _created({**v, "base": v["base_name"]})


def _variant_named(v: Values) -> Clause | None:
    """Read "dev should be a cheap copy of prod"."""
    need, _ = v["style"]
    return (NewProfiles(names=v["names"], extends=v["base_name"], models=need),)


def _offline(v: Values) -> Clause | None:
    """Read "a profile so I can work offline", which may be called local already."""
    need = _word(local=True)
    if "style" in v and v["style"][0] != need:
        return None
    return (NewProfiles(names=v.get("names", ("local",)), models=need),)


def _of_vendors(v: Values) -> Clause | None:
    """Read "a profile named eu that only uses mistral"."""
    need = described(v["vendors"])
    return None if need is None else (NewProfiles(names=v["names"], models=need.need),)


def _all_on(v: Values) -> Clause:
    """Read "a profile eu where everything uses mistral large"."""
    return (NewProfiles(names=(v["one"],)), UseInProfile(v["one"], v["models"]))


def _two_styles(v: Values) -> Clause:
    return tuple(
        NewProfiles(names=(name,), models=models) for models, name in (v["style"], v["other"])
    )


def _same_style(v: Values) -> Clause | None:
    """Read "a local profile for working offline", whose kind is given twice."""
    return _created({"style": v["style"]}) if v["same_kind"] == v["style"][0] else None


def _plainly_named(v: Values) -> Clause | None:
    """Leave "a cheap profile" to the rule for the kinds of profiles."""
    return None if _STYLES.intersection(v["names"]) and "kind" not in v else _created(v)


def _kind(v: Values) -> Need | None:
    need: DescribedModel | None = next(iter(v.values()))
    if need is None:
        return None
    is_local = bool(need.need.providers) and set(need.need.providers) <= set(OWN_MACHINE)
    return need.need if need.is_precise or is_local else None


def _style(name: str) -> Any:
    return lambda v: (v["word"], name)


def _word(order: Any = None, *, local: bool = False) -> Need:
    return Need(providers=("local", "ollama")) if local else Need(order=order)


_STYLES = frozenset(
    {"cheap", "low-cost", "budget", "cheapest", "local", "offline", "best", "premium"}
)

RULES: dict[str, tuple[Rule, ...]] = {
    "profile_names": rules(
        ("[both] <one:profile_name>", lambda v: (v["one"],)),
        ("<pair:profile_pair>", lambda v: v["pair"]),
        (
            "<one:listed_profile> (,|, one for) <more:profile_list>",
            lambda v: (v["one"], *v["more"]),
        ),
        ("<places>", lambda v: v["places"]),
    ),
    "profile_pair": rules(
        (
            "[both] <one:listed_profile> (and|, and|and one for|and one called|, and one for|"
            "and another for|and another one for|and another called|and another one called) "
            "<two:listed_profile>",
            lambda v: (v["one"], v["two"]),
        ),
    ),
    # A list without a last "and" could be a name and a remark.
    "profile_list": rules(
        ("<pair:profile_pair>", lambda v: v["pair"]),
        (
            "<one:listed_profile> (,|, one for) <more:profile_list>",
            lambda v: (v["one"], *v["more"]),
        ),
    ),
    "places": rules(
        ("[both] <one:environment> (and|, and) <two:environment>", lambda v: (v["one"], v["two"])),
        ("<one:environment> , <two:environment>", lambda v: (v["one"], v["two"])),
        ("<one:environment> , <more:places>", lambda v: (v["one"], *v["more"])),
    ),
    "style": rules(
        ("(inexpensive|economical|cheaper)", lambda _: (_word("cheapest"), "cheap")),
        ("(cheap|low cost|low-cost|budget|cheapest)", lambda _: (_word("cheapest"), "cheap")),
        (
            "(local|offline|local-only|local only|offline-only|on-device)",
            lambda _: (_word(local=True), "local"),
        ),
        ("(best|premium|high quality|high-quality)", lambda _: (_word("best"), "best")),
    ),
    "kind": rules(
        (
            "(for) (working|running|development|work|testing) (offline|locally)",
            lambda _: _word(local=True),
        ),
        (
            "[both|all|each] [with|using|that uses|which uses|where everything uses|that only uses|"
            "that "
            "uses only|which only uses|only with|with only|"
            "using only|only|for|of|where all aliases use|where "
            "every alias uses|in which every alias uses|running|that runs|and bind every "
            "alias to|for use with|on] <need>",
            _kind,
        ),
        (
            "(where|in which|that) (everything|every alias|all aliases) (uses|use|is "
            "bound to|runs on|run on|is|are) <need>",
            _kind,
        ),
        (
            "(where|in which|that) (everything|every alias|all aliases|all models) "
            "(is|are) (cheap|cheapest|as cheap as possible)",
            lambda _: _word("cheapest"),
        ),
        (
            "(where|in which|that|which) [everything|every alias|all aliases|all "
            "models] (runs|run|is|are|running) (locally|local|offline|on own machine|on "
            "this machine|on own computer)",
            lambda _: _word(local=True),
        ),
        ("(that|which) is cheap", lambda _: _word("cheapest")),
        ("(that|which) is (local|offline)", lambda _: _word(local=True)),
        (
            "(that|which|where (everything|all aliases|every alias)) (does not cost anything|costs "
            "nothing|cost nothing|is free|are free|does not cost money)",
            lambda _: _word(local=True),
        ),
        ("(for|with) (offline|local) (use|work|models|development)", lambda _: _word(local=True)),
        (
            "(with|of|using|that uses|that only uses|only) [only] (cheap|cheapest|"
            "cheaper) (ones|models|aliases|stuff|things)",
            lambda _: _word("cheapest"),
        ),
    ),
    "profile_noun": rules(("(profile|profiles|environment|environments)", lambda _: True)),
    "base": rules(
        (f"[,] {_BASED} [profile] <profile_name> [profile|one]", lambda v: v["profile_name"]),
    ),
    "profile": rules(
        (f"{_NEW} <style> profile and <other:style> profile", _two_styles),
        (
            f"{_NEW} <style> (version|variant|copy) of [profile] <base_name:profile_name> "
            "[profile] [(called|named) <names:profile_names>]",
            _variant,
        ),
        (
            "for <two:place> [,] (copy|duplicate|clone) [profile] <one:profile_name> [profile]",
            lambda v: (DuplicateProfile(v["one"], v["two"]),),
        ),
        (
            f"{_NEW} profile [called|named|for] <two:profile_name> [,] (that copies|which "
            "copies|copied from|as copy "
            f"of|that is copy of|{_SAME}) [profile] <one:profile_name> "
            "[profile]",
            lambda v: (DuplicateProfile(v["one"], v["two"]),),
        ),
        (
            f"{_NEW} <two:profile_name> profile [,] (that copies|which copies|copied from|as copy "
            f"of|that is copy of|{_SAME}) [profile] <one:profile_name> [profile]",
            lambda v: (DuplicateProfile(v["one"], v["two"]),),
        ),
        (
            f"{_NEW} <two:place> [,] ({_SAME}) [profile] <one:profile_name> [profile]",
            lambda v: (DuplicateProfile(v["one"], v["two"]),),
        ),
        (
            f"{_NEW} <style> <one:environment> (profile|environment)",
            lambda v: _plainly_named({"style": v["style"], "names": (v["one"],)}),
        ),
        (f"{_NEW} <style> profile <same_kind:kind>", _same_style),
        (f"{_NEW} <style> profile <away>", _created),
        (
            "(create|add|make|set up|define|new) <names:profile_names> (extending|that "
            "extends|which extends|inheriting from|based on|that inherits from) "
            "[profile] <base_name:profile_name> [profile]",
            lambda v: _created({"names": v["names"], "base": v["base_name"]}),
        ),
        (f"{_NEW} <names:places>", _created),
        ("(profiles|profile) for <names:profile_names>", _created),
        (f"{_NEW} [one] profile for (each|every one|all) of <names:profile_names>", _created),
        (
            f"{_NEW} [one] (profile|profiles) (per|for each|for every) environment [:|,|for] "
            "<names:profile_names>",
            _created,
        ),
        (
            f"{_NEW} one profile for <one:profile_name> (and|,) [another] [one] for "
            "<two:profile_name>",
            lambda v: _created({"names": (v["one"], v["two"])}),
        ),
        (
            f"{_NEW} (configurations|configuration|configs|config|setups|setup|sets of "
            "aliases) for <names:places>",
            _created,
        ),
        (
            f"{_NEW} [<empty:empty>] (profile|profiles|environments|environment) [for|"
            "called|named|:|,|with names|as|with name] <names:profile_names> "
            "[environment|environments] [<base>] [<kind>]",
            _created,
        ),
        (
            f"{_NEW} [<empty:empty>] (profile|profiles) [for|called|named|:] "
            "<names:profile_names> [<base>] [,] [<kind>]",
            _created,
        ),
        (
            f"{_NEW} [<empty:empty>] (profile|profiles) for (each|every|per) "
            "(environment|stage) [:|,] <names:profile_names>",
            _created,
        ),
        (f"{_NEW} (profile|profiles) per environment [:|,|for] <names:profile_names>", _created),
        (f"{_NEW} (profile|profiles) for environments [:|,] <names:profile_names>", _created),
        (
            f"{_NEW} [<empty:empty>] <names:profile_names> <profile_noun> [<base>] [,] [<kind>]",
            _plainly_named,
        ),
        (
            f"{_NEW} (profile [called|named|for] <names:profile_names>|<names:profile_names> "
            "profile) <empty:bare>",
            _created,
        ),
        (
            "<names:profile_names> should be <style> (copy|version|variant) of [profile] "
            "<base_name:profile_name> [profile]",
            _variant_named,
        ),
        (
            f"{_NEW} [<style>] profile [called|named] [<names:profile_names>] [,] [that] "
            "(i|we) can (work|run|develop|test|be) (offline|locally)",
            _offline,
        ),
        (f"{_NEW} <style> profile [<base>]", _created),
        (
            f"{_NEW} profile for (offline|local) (use|work|development) [[,] <kind> [only]]",
            lambda v: (NewProfiles(names=("local",), models=v.get("kind", _word(local=True))),),
        ),
        (f"{_NEW} <style> profile (called|named) <names:profile_names> [<base>]", _created),
        (f"{_NEW} profile (for|with|of) <style> models", _created),
        (
            f"{_NEW} <style> profile for <one:place_only> [tests|test|runs|jobs|pipeline]",
            lambda v: (NewProfiles(names=(v["one"],), models=v["style"][0]),),
        ),
        (
            f"{_NEW} (profile [called|named] <one:profile_name>|<one:profile_name> profile) [,] "
            "(where|in which) (everything|every alias|all aliases) (uses|use|is bound to|are bound "
            "to|runs on|run on|is|are|is on|are on) <models>",
            _all_on,
        ),
        (
            f"{_NEW} profile <kind> [,] (called|named|and call it|call it|and name it) "
            "<names:profile_names>",
            _created,
        ),
        (f"{_NEW} profile <base> (called|named|and call it) <names:profile_names>", _created),
        ("(split|separate) <names:profile_names> into [separate] profiles", _created),
        (
            "(let|have|make) <names:profile_names> (extend|inherit from) <base:profile_name>",
            _created,
        ),
        (
            "<names:profile_names> (should|can) (extend|inherit from|be based on|"
            "build on) [profile] <base:profile_name>",
            _created,
        ),
        (
            f"{_NEW} (profile [called|named|for] <names:profile_names>|<names:profile_names> "
            "profile) [,] (that|which|with|using|where everything) [only] [uses|use|has|runs "
            "on|run on|is on] [only|models of|models from|only models from] <vendors> [models] "
            "[only]",
            _of_vendors,
        ),
        (
            f"{_NEW} (profile|profiles|environments) for (each|every) (environment|stage)",
            lambda _: (
                CannotDo("Which environments? Name them, as in: create profiles for dev and prod."),
            ),
        ),
        (
            f"{_NEW} (profile|profiles|separate profiles|environments|profiles per "
            "environment|profile per environment|environment specific profiles|"
            "environment-specific profiles)",
            lambda _: (
                CannotDo("Which profiles? Name them, as in: create profiles for dev and prod."),
            ),
        ),
        (
            "(copy|duplicate|clone) [profile] <one:profile_name> [profile] (to|as|into) "
            "[new] [profile] [called|named] <two:profile_name> [profile]",
            lambda v: (DuplicateProfile(v["one"], v["two"]),),
        ),
        (
            "(create|make|add|set up) [new] [profile] <two:profile_name> [profile] as "
            "(copy|duplicate|clone) of [profile] <one:profile_name> [profile]",
            lambda v: (DuplicateProfile(v["one"], v["two"]),),
        ),
        (
            "(create|make) (copy|duplicate|clone) of [profile] <one:profile_name> "
            "[profile] (called|named|as) <two:profile_name>",
            lambda v: (DuplicateProfile(v["one"], v["two"]),),
        ),
        (
            "(remove|delete|drop|get rid of|throw away) profile [called|named] <one:profile_name>",
            lambda v: (DropProfile(v["one"]),),
        ),
        (
            "(remove|delete|drop|get rid of|throw away) <one:profile_name> (profile|environment)",
            lambda v: (DropProfile(v["one"]),),
        ),
        (
            "(make|set) <one:profile_name> [as] default [profile]",
            lambda _: (
                CannotDo(
                    "I do not change default_profile: edit it at the top of the file, or "
                    "set LLMRING_PROFILE."
                ),
            ),
        ),
        (
            "rename profile <one:profile_name> to <two:profile_name>",
            lambda _: (
                CannotDo("I do not rename profiles: copy it, as in: copy profile dev to test."),
            ),
        ),
    ),
    "empty": rules(("(empty|blank)", lambda _: True)),
    "bare": rules(
        (
            "(without any|without|with no|that has no|that is) (aliases|bindings|alias|empty)",
            lambda _: True,
        ),
    ),
}
