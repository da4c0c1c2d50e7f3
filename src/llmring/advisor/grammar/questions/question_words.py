"""The recognition of questions by their words, where the grammar has no clause for them.

A question changes nothing, so some of its words may remain without a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from llmring.advisor.grammar.chart import Chart
from llmring.advisor.grammar.intent_parts import LEFT_OUT, THERE, AliasPhrase, ModelList
from llmring.advisor.grammar.intents import (
    Ask,
    AskAbilities,
    AskAliases,
    AskAlternatives,
    AskCheaper,
    AskComparison,
    AskCost,
    AskRetirement,
    AskUsers,
    Recommend,
)
from llmring.advisor.grammar.need_phrases import Feature, described
from llmring.advisor.grammar.spoken_models import SpokenModel

_BEGINNINGS = frozenset(
    """
    what which how when who why where is are does do did will would can could should shall compare
    show explain list estimate any has until
    """.split()  # noqa: SIM905 -- as a list, one word a line
)
_NO_QUESTION = re.compile(r"(?:(?:can|could|will|would) you|do not|can not|have not)\b")
# "When it fails, …" is a condition, and "where X is used, use Y" a place.
_CONDITION = re.compile(
    r"(?:(?:by )?when|where|until)\b(?! (?:does|do|did|will|would|is|are|was|were|can|could|should|"
    r"shall|has|have|must|when)\b)"
)
_RETIREMENT = re.compile(
    r"\b(?:retir\w*|deprecat\w*|discontinued?|sunset\w*|shut (?:down|off)|go(?:es|ing)? away|"
    r"end of life|gone|disappear\w*|phased out|obsolete|outdated|supported|expir\w*|"
    r"(?:need|have) to (?:replace|migrate|change|upgrade|update))\b"
)
_CHEAPER = re.compile(r"\b(?:cheaper|save|saves|saving|less expensive|cut costs|reduce costs?)\b")
_ALTERNATIVES = re.compile(r"\b(?:alternatives?|similar|replacements?|substitutes?|instead of)\b")
_RECOMMENDATION = re.compile(r"(?:which|what) models? (?:should|would|could|do|is|are)\b")
_USE = re.compile(
    r"\b(?:everything|aliases|anything|bindings|where)\b.*\b(?:uses?|using|bound|on)\b"
)
_COST = re.compile(
    r"\b(?:how much (?:is|are)|costs?|prices?|pricing|pay|paying|spend|spending|expensive|bill|"
    r"charge|charged|money)\b"
)


def spotted(chart: Chart) -> tuple[Ask, ...] | None:
    """Recognize a question by its words; None for other requests.

    Args:
        chart: The tokens of the request.
    """
    words = [token.word for token in chart.tokens]
    text = " ".join(words)
    if not words or _NO_QUESTION.match(text):
        return None
    if words[0] not in _BEGINNINGS and words[-1] != "?":
        return None
    if words[-1] != "?" and _CONDITION.match(text):
        return None
    question = _question(chart, text)
    return None if question is None else (question,)


def _question(chart: Chart, text: str) -> Ask | None:
    models, taken = _models(chart)
    names = tuple(
        dict.fromkeys(
            alias
            for at, token in enumerate(chart.tokens)
            if at not in taken and (alias := chart.names.alias(token.text)) is not None
        )
    )
    if _RECOMMENDATION.match(text):
        wish = _recommendation(chart, taken)
        if wish is not None:
            return wish
    place = next((each for each in _values(chart, "where", taken) if each != THERE), None)
    place = place or _profile_named(chart, taken)
    if _RETIREMENT.search(text):
        named = AliasPhrase(names=names, profile=place)
        return AskRetirement(named if names else AliasPhrase(scope="all", profile=place), models)
    if models:
        return _about_models(chart, text, models, names, taken)
    if names:
        return _about_aliases(chart, text, AliasPhrase(names=names, profile=place), taken)
    return _about_none(chart, text, taken)


def _profile_named(chart: Chart, taken: set[int]) -> str | None:
    """Find the only profile that a question names, unless an alias has its name."""
    found = {
        profile
        for at, token in enumerate(chart.tokens)
        if at not in taken
        and chart.names.alias(token.text) is None
        and (profile := chart.names.profile(token.text)) is not None
    }
    return found.pop() if len(found) == 1 else None


def _about_none(chart: Chart, text: str, taken: set[int]) -> Ask | None:
    """Read a question that names neither a model nor an alias."""
    if re.search(r"\balias(?:es)?\b|\bprofiles?\b", text):
        able = tuple(dict.fromkeys(_values(chart, "ability", taken)))
        is_able = able and re.search(r"\balias(?:es)?\b", text)
        return AskAbilities(AliasPhrase(scope="all"), (), able) if is_able else None
    return _recommendation(chart, taken) if re.search(r"\bmodels?\b", text) else None


def _about_models(
    chart: Chart,
    text: str,
    models: tuple[SpokenModel, ...],
    names: tuple[str, ...],
    taken: set[int],
) -> Ask | None:
    if len(models) > 1 or names:
        return AskComparison(models, AliasPhrase(names=names) if names else None)
    if _USE.search(text):
        return AskUsers(models[0])
    if _CHEAPER.search(text):
        return AskCheaper(LEFT_OUT, models[0])
    if _ALTERNATIVES.search(text):
        return AskAlternatives(models[0])
    if _COST.search(text):
        return _cost(chart, taken, models=models)
    return AskAbilities(LEFT_OUT, models)


def _about_aliases(chart: Chart, text: str, aliases: AliasPhrase, taken: set[int]) -> Ask | None:
    if _CHEAPER.search(text):
        return AskCheaper(aliases)
    if _COST.search(text):
        return _cost(chart, taken, aliases=aliases)
    able = tuple(dict.fromkeys(_values(chart, "ability", set())))
    return AskAbilities(aliases, (), able) if able else AskAliases(aliases)


def _cost(chart: Chart, taken: set[int], **subject: Any) -> AskCost | None:
    """Read the volume of a question of cost; None if a number of it has no meaning."""
    volume: dict[str, Any] = {}
    read = set(taken)
    for value, begin, end in _spans(chart, "volume", taken):
        if not volume.keys().isdisjoint(dict(value)):
            return None
        volume |= dict(value)
        read.update(range(begin, end))
    if any(at not in read and [*chart.at("number", at)] for at in range(len(chart.tokens))):
        return None
    return AskCost(**subject, **volume)


def _recommendation(chart: Chart, taken: set[int]) -> Recommend | None:
    features: list[Feature] = [*_values(chart, "quality", taken)]
    for tail in _values(chart, "tail", taken):
        features += tail
    features += [Feature("capability", each) for each in _values(chart, "ability", taken)]
    need = described(tuple(features))
    return None if need is None or not need.is_precise else Recommend(ModelList(models=(need,)))


def _models(chart: Chart) -> tuple[tuple[SpokenModel, ...], set[int]]:
    """Find the models that a question names, and the places of their words."""
    found: list[SpokenModel] = []
    taken: set[int] = set()
    at = 0
    while at < len(chart.tokens):
        named = [each for each in chart.at("spoken", at) if len(each[0].models) == 1]
        if named and chart.names.alias(chart.tokens[at].text) is None:
            model, end = named[0]
            taken.update(range(at, end))
            found.append(model)
            at = end
        else:
            at += 1
    return tuple(dict.fromkeys(found)), taken


def _values(chart: Chart, symbol: str, taken: set[int]) -> list[Any]:
    """Find the longest phrases of a symbol, one behind the other."""
    return [value for value, _, _ in _spans(chart, symbol, taken)]


def _spans(chart: Chart, symbol: str, taken: set[int]) -> Iterator[tuple[Any, int, int]]:
    """Yield the longest phrases of a symbol, with their first and last places."""
    at = 0
    while at < len(chart.tokens):
        here = [] if at in taken else [*chart.at(symbol, at)]
        if here:
            value, end = max(here, key=lambda each: each[1])
            yield value, at, end
            at = end
        else:
            at += 1
