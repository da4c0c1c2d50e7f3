"""A few questions about what is wanted, and the aliases that follow from the answers by rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import msgspec

from llmring.advisor.desk import Desk
from llmring.advisor.ranking import Need, across_vendors, mixed_price, ranked
from llmring.advisor.wish import Vocabulary, read
from llmring.lockfile.starter import Suggestion
from llmring.registry.catalog import ModelFacts
from llmring.registry.price import price_tag

PURPOSE = "What for? The names of aliases [fast]: "
NEEDS = "What must {alias} be able to do (images, tools, json, 200k; cheap or best) [cheap]: "
BUDGET = "USD per million tokens of the prompt at most [no limit]: "
PROVIDERS = "Of which providers [those whose keys are set, else all]: "
FALLBACKS = "How many fallbacks, of other vendors [2]: "

_MOST_FALLBACKS = 5


def suggested(desk: Desk, ask: Callable[[str], str]) -> list[Suggestion]:
    """The aliases that follow from a person's answers; those that no model meets are left out.

    Args:
        desk: What is known of models and keys.
        ask: Puts a question, and gives the answer; an empty one leaves it to the rules.
    """
    purposes = re.findall(r"[^\s,]+", ask(PURPOSE)) or ["fast"]
    needs = {alias: _need(desk, ask(NEEDS.format(alias=alias))) for alias in purposes}
    limit = _amount(ask(BUDGET))
    named = re.findall(r"[\w.-]+", ask(PROVIDERS).lower())
    providers = tuple(each for each in named if each in desk.endpoints)
    count = re.search(r"\d+", ask(FALLBACKS))
    fallbacks = min(int(count[0]), _MOST_FALLBACKS) if count else 2
    chosen = []
    for alias, need in needs.items():
        whole = msgspec.structs.replace(
            need, max_input_price=limit, providers=providers or need.providers
        )
        models = across_vendors(_ranked(desk, whole), 1 + fallbacks)
        if models:
            refs = tuple(str(each) for each in models)
            chosen.append(Suggestion(alias, refs, _reason(desk, whole, models[0])))
    return chosen


def _need(desk: Desk, answer: str) -> Need:
    return read(answer, Vocabulary(providers=[*desk.endpoints])).need


def _amount(answer: str) -> Decimal | None:
    found = re.search(r"\d+(?:\.\d+)?", answer)
    return Decimal(found[0]) if found else None


def _ranked(desk: Desk, need: Need) -> list[ModelFacts]:
    """The models for a need: of the providers whose keys are set, where there are such."""
    found = ranked(desk.models, need, desk.standing, desk.day)
    at_hand = [each for each in found if desk.usable(each.provider)]
    return at_hand or found


def _reason(desk: Desk, need: Need, first: ModelFacts) -> str:
    prices = first.prices_on(desk.day)
    free = mixed_price(first, desk.day) == 0
    cost = "no cost per token" if free else price_tag(prices) if prices else "price unknown"
    return ", ".join([need.order, *need.capabilities, cost])
