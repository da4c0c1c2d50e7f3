"""The selection of models for the phrases of a request that name or describe them."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from llmring.advisor.grammar.intent_parts import (
    DescribedModel,
    ModelList,
    ModelPhrase,
    ModelsOfAlias,
    PlacedModel,
    RecommendedModel,
    Successor,
)
from llmring.advisor.grammar.need_phrases import OWN_MACHINE
from llmring.advisor.grammar.spoken_models import SpokenModel
from llmring.advisor.planning.context import Context
from llmring.advisor.planning.unclear import Option, UnclearRequestError
from llmring.advisor.ranking import Availability, Need, Order, across_vendors, mixed_price, ranked
from llmring.lockfile.problem import nearest
from llmring.registry.catalog import Capability, ModelFacts
from llmring.registry.price import price_tag
from llmring.registry.successors import is_preview

# Capabilities that a fallback must share with the first model.
_SHARED: frozenset[Capability] = frozenset({"vision", "documents", "audio", "tools", "json_schema"})
_RARE: frozenset[Capability] = frozenset({"audio"})
_MOST_CHOICES = 5
_NO_MODELS = ModelList(models=())
_ORDERS: tuple[Order, ...] = ("cheapest", "best", "newest")


def candidates(context: Context, need: Need) -> list[ModelFacts]:
    """Find the models that meet a need, best first."""
    editor = context.editor
    return ranked(editor.models, need, editor.availability, editor.day)


def selected(context: Context, models: ModelList, keep: tuple[str, ...] = ()) -> list[str]:
    """Select the models of a list, with the fallbacks it asks for.

    Args:
        context: The context of the request.
        models: The list.
        keep: Models that the alias has already, which are not selected again.

    Raises:
        UnclearRequestError: No model is meant, or several could be.
    """
    found: list[str] = []
    for phrase in models.models:
        found += [each for each in chosen(context, phrase) if each not in found]
    count = models.fallbacks
    if count is None:
        return found
    need = next((each.need for each in models.models if isinstance(each, DescribedModel)), None)
    others = fallbacks(context, [*keep, *found], need, count, models)
    if not (found or others) and models.backup is not None and models.backup.providers:
        raise UnclearRequestError(
            f"{' and '.join(models.backup.providers)} has no model with the capabilities of the "
            "first one. Name a model to add it anyway. Nothing was changed."
        )
    if len(others) < count:
        raise UnclearRequestError(
            f"Only {len(found) + len(others)} vendors have a model that meets this; relax "
            "the needs. "
            "Nothing was changed."
        )
    return [*found, *others]


def one(context: Context, phrase: ModelPhrase) -> str:
    """Select the model of a phrase that means exactly one.

    Raises:
        UnclearRequestError: No model is meant, or several could be.
    """
    found = chosen(context, phrase)
    if len(found) != 1:
        raise UnclearRequestError("Name one model; nothing was changed.")
    return found[0]


def chosen(context: Context, phrase: ModelPhrase) -> list[str]:
    """Select the models of a phrase.

    Raises:
        UnclearRequestError: No model is meant, or several could be.
    """
    match phrase:
        case SpokenModel():
            return [_spoken(context, phrase)]
        case DescribedModel(need, is_precise):
            return [_described(context, need, is_precise=is_precise)]
        case RecommendedModel(index):
            if len(context.recommended) <= index:
                raise UnclearRequestError(
                    "Which model? Name one (provider:model), or describe what it should do; "
                    "nothing was changed."
                )
            return [context.recommended[index]]
        case PlacedModel():
            raise UnclearRequestError(context.which_alias())
        case Successor(model):
            if model is None:
                raise UnclearRequestError("The successor of which model? Nothing was changed.")
            return [successor_of(context, _spoken(context, model))]
        case ModelsOfAlias(alias):
            profile = context.profile or context.editor.profile
            models = context.copy.models(alias, profile)
            if not models:
                raise UnclearRequestError(
                    f"Profile {profile} has no alias {alias}. Nothing was changed."
                )
            return models


def successor_of(context: Context, model: str) -> str:
    """Return the model that the vendor of another names as its successor.

    Raises:
        UnclearRequestError: It names none.
    """
    facts = context.editor.facts(model)
    if facts is None or facts.successor is None:
        raise UnclearRequestError(
            f"The registry names no successor of {model}. Name a model. Nothing was changed."
        )
    return f"{facts.provider}:{facts.successor}"


def fallbacks(
    context: Context,
    models: list[str],
    need: Need | None,
    count: int,
    asked_for: ModelList = _NO_MODELS,
) -> list[str]:
    """Choose fallbacks from other vendors: those that meet the need, or are like the first model.

    Args:
        context: The context of the request.
        models: The models to back up.
        need: The need that the models meet, if the request describes them.
        count: The number of fallbacks.
        asked_for: What the request asks of the fallbacks.
    """
    backup = asked_for.backup
    vendors = {*asked_for.without, *(model.partition(":")[0] for model in models)}
    first = context.editor.facts(models[0]) if models else None
    is_like_first = need is None
    if need is None:
        shared = tuple(sorted(first.capabilities & _SHARED)) if first else ()
        need = Need(capabilities=shared)
    wanted = backup or Need()
    whole = replace(
        wanted,
        capabilities=tuple({*need.capabilities, *wanted.capabilities}),
        order=wanted.order if asked_for.by_rank else need.order,
    )
    asked = bool(wanted.providers or wanted.lines)
    found = [
        facts
        for facts in candidates(context, replace(whole, min_context=need.min_context))
        if str(facts) not in models and (asked or facts.provider not in vendors)
    ]
    if not found and is_like_first:
        found = _less_able(context, whole, wanted, models, () if asked else tuple(vendors))
    if first is not None and not asked_for.by_rank:
        found = _like(context, first, found)
    if asked:
        own = local_in_use(context, replace(wanted, order="cheapest"), found)
        names = [str(each) for each in found]
        return [*dict.fromkeys([own, *names] if own else names)][:count]
    return [str(each) for each in across_vendors(found, count)]


def _less_able(
    context: Context, whole: Need, wanted: Need, models: list[str], vendors: tuple[str, ...]
) -> list[ModelFacts]:
    """Find fallbacks that lack something the first model has, and note what.

    Args:
        context: The context of the request.
        whole: The need that no model meets.
        wanted: What the request asks of the fallbacks.
        models: The models to back up.
        vendors: The providers that the fallbacks must not be of.
    """
    without_rare = tuple(each for each in whole.capabilities if each not in _RARE)
    steps = [without_rare, wanted.capabilities] if wanted.providers else [without_rare]
    for capabilities in steps:
        # What the request asks for itself is never given up.
        kept = tuple({*capabilities, *wanted.capabilities})
        lost = sorted({*whole.capabilities}.difference(kept))
        found = [
            facts
            for facts in candidates(context, replace(whole, capabilities=kept))
            if str(facts) not in models and facts.provider not in vendors
        ]
        if found and lost:
            able = max(len(each.capabilities.intersection(lost)) for each in found)
            found = [each for each in found if len(each.capabilities.intersection(lost)) == able]
            missing = sorted({*lost}.difference(found[0].capabilities))
            context.notes.append(
                f"The fallback can't do all that {models[0]} can: no {', '.join(missing)}."
            )
            return found
    return []


def _like(context: Context, first: ModelFacts, found: list[ModelFacts]) -> list[ModelFacts]:
    """Order models by how near their price is to that of another, reachable ones first."""
    editor = context.editor
    price = mixed_price(first, editor.day)
    if not price:
        return found

    def distance(facts: ModelFacts) -> tuple[Availability, bool, Decimal]:
        other = mixed_price(facts, editor.day)
        ratio = max(other / price, price / other) if other else Decimal("Infinity")
        return editor.availability(facts.provider), is_preview(facts.name), ratio

    return sorted(found, key=distance)


def _spoken(context: Context, phrase: SpokenModel) -> str:
    models = phrase.models
    if phrase.text in context.meant:
        return context.meant[phrase.text]
    if len(models) == 1:
        return models[0]
    if not models:
        names: dict[str, str] = {}
        for facts in context.editor.models:
            names.setdefault(facts.name, str(facts))
        meant = nearest(phrase.text.replace(" ", "-"), names)
        hint = f" Did you mean {names[meant]}?" if meant else ""
        raise UnclearRequestError(
            f"The registry has no model {phrase.text!r}.{hint} Nothing was changed."
        )
    raise UnclearRequestError(
        f"Which {phrase.text}? Several models have this name:",
        tuple(Option(each, None, {phrase.text: each}) for each in models),
    )


def _described(context: Context, need: Need, *, is_precise: bool) -> str:
    described = described_as(need)
    if described in context.meant:
        return context.meant[described]
    found = candidates(context, need)
    if not found:
        raise UnclearRequestError(
            "No model in the registry meets these needs; relax them, or name other providers. "
            "Nothing was changed."
        )
    own = local_in_use(context, need, found)
    if own is not None:
        return own
    if is_precise or (len(found) == 1 and (need.providers or need.lines)):
        return str(found[0])
    if not (need.providers or need.lines):
        raise UnclearRequestError(
            "Which models? Describe them, such as: cheap models that read images. Nothing was "
            "changed."
        )
    options: dict[str, tuple[Order, ModelFacts]] = {}
    for order in _ORDERS:
        best = candidates(context, replace(need, order=order))[0]
        options.setdefault(str(best), (order, best))
    if len(options) == 1:
        options = {str(each): ("cheapest", each) for each in found[:_MOST_CHOICES]}
    raise UnclearRequestError(
        f"Which {described}? Name it, or choose:",
        tuple(
            Option(f"{name} ({order}, {_price(context, facts)})", None, {described: name})
            for name, (order, facts) in options.items()
        ),
    )


def local_in_use(context: Context, need: Need, found: list[ModelFacts]) -> str | None:
    """Find the only model of the user's machine that the lockfile has, for "a local model"."""
    if set(need.providers) != set(OWN_MACHINE) or need.order != "cheapest":
        return None
    profiles = context.copy.lockfile.profiles.values()
    bound = {str(ref) for each in profiles for b in each.bindings.values() for ref in b.models}
    used = [str(each) for each in found if str(each) in bound]
    return used[0] if len(used) == 1 else None


def described_as(need: Need) -> str:
    """Describe the models of a vendor in words."""
    return " ".join((*need.providers, *need.lines, "model"))


def _price(context: Context, facts: ModelFacts) -> str:
    prices = facts.prices_on(context.editor.day)
    return price_tag(prices) if prices else "price unknown"
