"""The questions of `lock init --guided`, and the rules that turn answers into aliases."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec

from llmring.advisor.editor import LockfileEditor
from llmring.advisor.grammar.sentence import need_of
from llmring.advisor.grammar.spoken_models import ModelNames
from llmring.advisor.grammar.vocabulary import Vocabulary
from llmring.advisor.ranking import Need, across_vendors, mixed_price, ranked
from llmring.lockfile.edit.starter import Suggestion
from llmring.registry.catalog import ModelFacts
from llmring.registry.price import price_tag

PURPOSE = "For which purposes? Names of aliases [fast]: "
NEEDS = "Needs of {alias} (images, tools, json, 200k; cheap or best) [cheap]: "
BUDGET = "Maximum price in USD per million prompt tokens [no limit]: "
PROVIDERS = "Providers [those whose keys are set, else all]: "
FALLBACKS = "Number of fallbacks, from other vendors [2]: "

_MOST_FALLBACKS = 5
_USUAL_FALLBACKS = 2

# Words between the names of providers, or for all of them.
_FILLING = frozenset({"and", "or", "all", "any"})

_T = TypeVar("_T")


class _UnclearError(Exception):
    """An answer that does not fit the question; its message explains why."""


def interview(
    editor: LockfileEditor, ask: Callable[[str], str], object_to: Callable[[str], None]
) -> list[Suggestion]:
    """Ask the questions, and suggest aliases; those that no model meets are left out.

    Args:
        editor: The known models and keys.
        ask: Asks a question and returns the answer; an empty one selects the default.
        object_to: Called with the reason why an answer was not understood, before the question is
            repeated; raises if repeating is useless.
    """

    def understood(question: str, meaning: Callable[[str], _T]) -> _T:
        while True:
            try:
                return meaning(ask(question).strip())
            except _UnclearError as error:
                object_to(str(error))

    purposes = re.findall(r"[^\s,]+", ask(PURPOSE)) or ["fast"]
    needs = {
        alias: understood(NEEDS.format(alias=alias), lambda answer: _need(editor, answer))
        for alias in purposes
    }
    limit = understood(BUDGET, _amount)
    providers = understood(PROVIDERS, lambda answer: _providers(editor, answer))
    fallbacks = understood(FALLBACKS, _fallbacks)
    chosen = []
    for alias, need in needs.items():
        whole = msgspec.structs.replace(
            need, max_input_price=limit, providers=providers or need.providers
        )
        models = across_vendors(_ranked(editor, whole), 1 + fallbacks)
        if models:
            refs = tuple(str(each) for each in models)
            chosen.append(Suggestion(alias, refs, _reason(editor, whole, models[0])))
    return chosen


def _need(editor: LockfileEditor, answer: str) -> Need:
    if not answer or _is_none(answer):
        return Need()
    models = ModelNames(editor.models, editor.availability, editor.day)
    found = need_of(answer, Vocabulary({}, frozenset(editor.endpoints), models))
    if found is None:
        raise _UnclearError(
            f"unknown needs {answer!r}; write such as images, tools, json, 200k, cheap"
        )
    return found.need


def _amount(answer: str) -> Decimal | None:
    found = re.search(r"\d+(?:\.\d+)?|\.\d+", answer)
    if found is None and answer and not _is_none(answer):
        raise _UnclearError(f"{answer!r} is not an amount in USD; write a number")
    return Decimal(found[0]) if found else None


def _providers(editor: LockfileEditor, answer: str) -> tuple[str, ...]:
    named = [each for each in re.findall(r"[\w.-]+", answer.lower()) if each not in _FILLING]
    for each in named:
        if each not in editor.endpoints:
            raise _UnclearError(f"unknown provider {each!r}; list them: llmring providers")
    return tuple(named)


def _fallbacks(answer: str) -> int:
    count = re.search(r"\d+", answer)
    if count is not None:
        return min(int(count[0]), _MOST_FALLBACKS)
    if answer and not _is_none(answer):
        raise _UnclearError(f"{answer!r} is not a number")
    return 0 if answer else _USUAL_FALLBACKS


def _is_none(answer: str) -> bool:
    return re.match(r"(?:no|none|nothing|any|anything|all|-)\b|-\Z", answer.lower()) is not None


def _ranked(editor: LockfileEditor, need: Need) -> list[ModelFacts]:
    """Rank the models for a need, only those with a key set if there are any."""
    found = ranked(editor.models, need, editor.availability, editor.day)
    at_hand = [each for each in found if editor.usable(each.provider)]
    return at_hand or found


def _reason(editor: LockfileEditor, need: Need, first: ModelFacts) -> str:
    prices = first.prices_on(editor.day)
    free = mixed_price(first, editor.day) == 0
    cost = "no cost per token" if free else price_tag(prices) if prices else "price unknown"
    return ", ".join([need.order, *need.capabilities, cost])
