"""Clauses that bind aliases to models: "use haiku for fast, with gpt-4o-mini as fallback"."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from llmring.advisor.grammar.alias_phrases import in_profile
from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import (
    LEFT_OUT,
    AliasPhrase,
    DescribedModel,
    ModelList,
    ModelsOfAlias,
    RecommendedModel,
)
from llmring.advisor.grammar.intents import (
    BindAliases,
    Edit,
    ReplaceModels,
    Topic,
    UseInProfile,
    WantedModels,
)
from llmring.advisor.grammar.need_phrases import Feature, described
from llmring.advisor.ranking import Need

Clause = tuple[Edit, ...]

_BIND = "(bind|rebind|map|assign|connect|hook up|link|attach|wire|wire up|alias|associate|tie)"
_CHANGE = (
    "(set|change|switch|update|move|migrate|point|repoint|redirect|route|direct|shift|turn|convert|"
    "set up|configure|swap)"
)
_USE = (
    "(use|take|pick|choose|put|have|select|try|run|go with|let us use|let us go with|only use|"
    "exclusively use|stick with|stick to)"
)
_DEFINE = "(create|add|define|register|set up|introduce)"
_CREATE = (
    "(create|add|make|define|register|set up|introduce|new|give me|build|need|i need|i want|"
    "i would like|we need|have)"
)
_THAT_USES = (
    "(that|which) [should|will] (uses|use|goes to|go to|goes|runs on|run on|runs|points to|"
    "points at|point to|is bound to|be bound to|calls|tries|try|is on|has|maps to|resolves to|"
    "is served by|is)"
)


def bound(v: Values) -> Clause | None:
    """Build a binding of the aliases and models of a clause."""
    aliases: AliasPhrase = v.get("target") or v.get("who") or v.get("use") or LEFT_OUT
    placed = in_profile(aliases, v.get("where"))
    return None if placed is None else (BindAliases(placed, v["models"]),)


def _needed(v: Values) -> Clause | None:
    """Read "support needs a model that reads images", which it may have already."""
    return bound({**v, "models": replace(v["models"], if_lacking=True)})


def _upgraded(v: Values) -> Clause | None:
    """Leave "upgrade X to the newest models" to the clauses that keep the lines of models."""
    newest = DescribedModel(Need(order="newest"))
    return None if v["models"].models == (newest,) else bound(v)


def _first_then(v: Values) -> Clause:
    models = ModelList(models=(v["one"], *v["more"]))
    return (BindAliases(v.get("who") or LEFT_OUT, models),)


def _counted(v: Values) -> Clause | None:
    """Read "three models for X: A, B and C", whose number must be right."""
    if v["number"] != len(v["sequence"]):
        return None
    return (BindAliases(v["use"], ModelList(models=v["sequence"])),)


def _wanted_there(v: Values) -> tuple[Any, ...] | None:
    need = described((*v.get("qualities", ()), *v.get("near", ()), *v["tails"]))
    if need is None:
        return None
    return _wanted({"models": ModelList(models=(need,)), "use": v["use"]})


def _bound_everywhere(v: Values) -> Clause:
    return (UseInProfile(v.get("where"), v["models"]),)


def _for_profile(v: Values) -> Clause | None:
    placed = in_profile(v["who"], v["p"])
    if placed is None:
        return None
    # The clauses that follow are about the profile, too.
    topic = Topic(AliasPhrase(scope="left out", profile=v["p"]))
    return (topic, BindAliases(placed, v["models"]))


def _created(v: Values) -> Clause:
    return (BindAliases(replace(v["new_alias"], new="explicit"), v["models"]),)


def _recommended(v: Values) -> Clause:
    return (BindAliases(v["target"], ModelList(models=(RecommendedModel(),))),)


def _wanted(v: Values) -> tuple[Any, ...]:
    """Make "I want M for A" a change, unless A may be a purpose and M is only described."""
    models: ModelList = v["models"]
    aliases: AliasPhrase = v["use"]
    described_ = any(isinstance(each, DescribedModel) for each in models.models)
    if described_ and aliases.new == "implied":
        return (WantedModels(aliases, models),)
    return (BindAliases(aliases, models),)


def _backed(v: Values) -> Clause | None:
    """Add fallbacks that follow the aliases: "use M for A with fallbacks"."""
    more: ModelList = v["more"]
    intents: Clause = v["bind_core"]
    backed = []
    for each in intents:
        if not isinstance(each, BindAliases) or each.models.fallbacks is not None:
            return None
        models = ModelList(
            models=(*each.models.models, *more.models),
            fallbacks=more.fallbacks,
            vendors=max(more.vendors, each.models.vendors),
            backup=more.backup,
        )
        backed.append(BindAliases(each.aliases, models))
    return tuple(backed)


def _instead(v: Values) -> tuple[ReplaceModels, ...] | None:
    """Read "use A for X instead of B" as a replacement."""
    found = []
    for each in v["bind_core"]:
        if not isinstance(each, BindAliases) or each.aliases.scope == "all":
            return None
        models = each.models
        if len(models.models) != 1 or models.fallbacks is not None:
            return None
        found.append(ReplaceModels(v["old"], models.models[0], each.aliases))
    return tuple(found)


def _able(v: Values) -> ModelList:
    able = tuple(Feature("capability", each) for each in v["abilities"])
    need = described((*able, *v.get("tails", ())))
    return ModelList(models=(need,) if need is not None else ())


def _able_alias(v: Values) -> Clause | None:
    models = _able(v)
    return (BindAliases(v["new_alias"], models),) if models.models else None


RULES: dict[str, tuple[Rule, ...]] = {
    "bind": rules(
        ("<bind_core> [only]", lambda v: v["bind_core"]),
        ("<bind_core> <more:backup>", _backed),
        ("<bind_core> (instead of|in place of|rather than|not) <old:model>", _instead),
    ),
    "bind_core": rules(
        (
            "(use|take|put) <models> (everywhere|for everything|for all aliases) [<where>]",
            _bound_everywhere,
        ),
        (
            "(use|have|put) (same model|same models) (for|in|on) <who> as (for|in|on) <alias>",
            lambda v: (BindAliases(v["who"], ModelList(models=(ModelsOfAlias(v["alias"]),))),),
        ),
        (
            "(for|in|on) <who> [,] (i would prefer|i would rather have|i would rather "
            "use|i want|i would like|we want|we would like|we prefer|give me|let us "
            "have) <models>",
            bound,
        ),
        (
            "(make|let|have) (profile <p:profile_name>|<p:profile_name> profile|<p:place_only>) "
            "(use|have|run) <models> (for|as|behind) <who>",
            _for_profile,
        ),
        (
            "give (profile <p:profile_name>|<p:profile_name> profile|<p:place_only>) <models> "
            "(for|as|behind) <who>",
            _for_profile,
        ),
        (
            "give (profile <p:profile_name>|<p:profile_name> profile|<p:place_only>) <who:target> "
            "[,] (with|on|using|bound to) <models>",
            _for_profile,
        ),
        ("make <models> model (behind|of|for|in) <use>", bound),
        (
            "(use|take|have|put|give) (<number> models (for|in|on) <use>|<use> <number> models) "
            "[:|,] <sequence>",
            _counted,
        ),
        ("(bind|set|point) <use> to <number> models [:|,] <sequence>", _counted),
        ("<use> should (have|use|try) <number> models [:|,] <sequence>", _counted),
        (
            "(i want|we want|i would like|i need|we need|find|find me|pick|choose|get "
            "me) [<qualities>] <noun> [<near:tails>] for <use> [,] <tails>",
            _wanted_there,
        ),
        ("(hook|wire|link) <target> up (to|with) <models>", bound),
        (
            f"{_USE} <models> as [primary|main|first|default|preferred] [model|choice|"
            "option] (for|of|in|on) <use>",
            bound,
        ),
        ("(make|let|have) <models> (serve|power|back|drive|run|handle|answer) <who>", bound),
        (
            "(i want|we want|i would like|we would like|i need|we need) <models> (behind|"
            "under|as|on) <target>",
            bound,
        ),
        (
            "(i want|we want|i would like|we would like|i need|we need|get|put|have|"
            "keep) <who> [to be] (on|running on|using|powered by|backed by|served by|"
            "bound to|set to|switched to|moved to|pointed at|pointing at) <models>",
            bound,
        ),
        (
            "(start using|begin using|go for|settle on|opt for|let us use|go with) "
            "<models> (for|in|on|behind) <use>",
            bound,
        ),
        ("(define|declare|register|create) <target> (as|to be|=) <models>", bound),
        ("<target:use> (gets|wants) <models>", bound),
        ("<target:use> needs <models>", _needed),
        (
            "(try|use|ask|call|take) <one:model> first [(in|for|on) <who>] [,] [and|and "
            "then|then] <more:sequence> [after that|next|second|afterwards]",
            _first_then,
        ),
        (
            "(in|for|on) <who> [,] (try|use|ask|call|take) <one:model> first [,] [and|"
            "and then|then] <more:sequence>",
            _first_then,
        ),
        (
            "<who> (should) (try|use|ask|call|take) <one:model> first [,] "
            "[and|and then|then] [try|use|fall back to] <more:sequence>",
            _first_then,
        ),
        (
            "(make|let|have) <who> (try|use|ask|call|take) <one:model> first [,] [and|"
            "and then|then] <more:sequence>",
            _first_then,
        ),
        (
            "(profile <p:profile_name>|<p:profile_name> profile|<p:place_only>) (should) "
            "(use|have|get|bind) <models> (for|as|behind) <who>",
            _for_profile,
        ),
        (
            f"{_CREATE} [new] alias (that|which) [can|could] <abilities> [,] (called|"
            "named|and call it|call it|and name it) <name>",
            lambda v: (BindAliases(AliasPhrase(names=(v["name"],), new="explicit"), _able(v)),),
        ),
        (
            f"{_USE} <models> [,] [and|then|and then] (set|make|bind|save|keep|register|put) "
            "(it|that|this|them) [as|to] [model (for|of)] <target>",
            bound,
        ),
        (f"{_BIND} <target> (to|with|onto|->|=) <models>", bound),
        (f"{_BIND} <models> (to|as|under|behind|for) <target>", bound),
        (f"{_CHANGE} <who> [over] (to|at|onto|->|=) [use] <models>", bound),
        ("(set|set up|point|route) <target:use> (to|at) [use] <models>", bound),
        (
            "(change|switch|replace|update|swap) (model|models) (of|for|in|behind|on|"
            "used by) <who> (to|with|by|for) <models>",
            bound,
        ),
        ("(change|set|switch|update) <who> 's (model|models) to <models>", bound),
        (f"{_USE} <models> (for|behind|on|under) <use>", bound),
        (
            "(use|set|set up|save|store|register|keep|take|put|add) <models> as [model (for|of)] "
            "<target>",
            bound,
        ),
        ("(set|make) <models> model (for|of|in) <use>", bound),
        ("(set|put) <models> (for|in|on) <use>", bound),
        ("put <models> (behind|under) <target>", bound),
        (
            "<target:use> (should|will|needs to|has to|is to|ought to|can) "
            "(use|be|run on|run|point to|point at|go to|call|be bound to|be set to|"
            "resolve to|map to|switch to|"
            "be using|be on|go with|be served by|be answered by|be handled by) <models>",
            bound,
        ),
        ("<target:use> (=|->|:) <models>", bound),
        (
            "(make|let|have|get|show|force|ask|allow) <target:use> [to] (use|run on|run|"
            "point to|point at|call|be|"
            "go to|try|go with|switch to|start using|resolve to) <models>",
            bound,
        ),
        ("make <who> <models>", bound),
        ("make <models> <who>", lambda _: None),
        (
            f"({_CREATE} <new_alias:explicit_alias>|{_DEFINE} <new_alias>) "
            f"(for|with|to|using|pointing to|pointing at|bound to|=|->|on|as|:|running|backed by|"
            f"mapped to|and bind it to|and point it at|and set it to|,|{_THAT_USES}) <models>",
            _created,
        ),
        (
            f"{_CREATE} [new] alias for <name> (using|with|bound to|"
            f"on|pointing to|pointing at|backed by|running on|->|:|{_THAT_USES}) <models>",
            lambda v: (BindAliases(AliasPhrase(names=(v["name"],), new="explicit"), v["models"]),),
        ),
        (
            f"{_CREATE} [new] alias for <models> (called|named) <name>",
            lambda v: (BindAliases(AliasPhrase(names=(v["name"],), new="explicit"), v["models"]),),
        ),
        ("(create|add|define|register|set up) <models> as <target>", bound),
        (
            f"{_CREATE} <new_alias:explicit_alias> (that|which|for|, it|; it|. it) [can|could|"
            "should|needs to] [be able to] <abilities> [<tails>]",
            _able_alias,
        ),
        ("(call|name) (it|that|this|that one|that model|this one) <target>", _recommended),
        (
            "(save|store|keep|bind|set|use|add|register|make) (it|that|this|that one|"
            "this one|that model) as <target>",
            _recommended,
        ),
        (
            "(i want|i would like|we want|i need|we need|i would prefer) <who> to (use|"
            "run on|run|call|be|point to|point at|go to) <models>",
            bound,
        ),
        (
            "(i want|i would like|we want|i need|we need|give me|find me|i am looking "
            "for|get me) <models> for <use>",
            _wanted,
        ),
        ("replace <who> with <models>", bound),
        ("(switch|change|go|move) [over] to <models> [for|in|on] <who>", bound),
        ("(use|take|go with|switch to|change to) <models>", bound),
        ("(upgrade|downgrade) <who> to <models>", _upgraded),
        (
            "(make|get) <who> (cheaper|faster|smarter|better|less expensive) by (moving|switching|"
            "binding|changing|pointing) it [over] to <models>",
            bound,
        ),
        (
            "(make|get) <who> (cheaper|faster|smarter|better|less expensive) (with|using|by using) "
            "<models>",
            bound,
        ),
        ("(give|assign|hand) <target:use> <models>", bound),
        ("let <models> (handle|answer|serve|do|run|take over) <who>", bound),
        (
            "(let|have|make) <models> (answer|serve|handle) (for|requests for|requests "
            "to|calls to) <who>",
            bound,
        ),
        (
            "<models> (should) (be used for|be used by|serve|handle|answer|be behind) <who>",
            bound,
        ),
        ("(bind|map|assign|set|point|switch|change) <pairs>", lambda v: v["pairs"]),
    ),
    "topic": rules(
        ("(for|in|on|regarding|about) <who> [,|:]", lambda v: (Topic(v["who"]),)),
        ("[for|in|on] <who> (:|,)", lambda v: (Topic(v["who"]),)),
    ),
}
