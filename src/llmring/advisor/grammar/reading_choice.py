"""The choice among the readings of a request, by its words alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from llmring.advisor.grammar.intent_parts import AliasPhrase
from llmring.advisor.grammar.intents import (
    BindAliases,
    Intent,
    RemoveModels,
    ReplaceModels,
    UseInProfile,
)
from llmring.advisor.grammar.lexer import Token
from llmring.advisor.grammar.words import ENVIRONMENTS


def contradicts(tokens: tuple[Token, ...]) -> bool:
    """Return True if a negation meets an upper limit: "may not use at most 5" means neither."""
    text = f" {' '.join(token.word for token in tokens)} "
    return any(map(_clause_contradicts, re.split(r" (?:and|,|;|\.|then) ", text)))


def _clause_contradicts(clause: str) -> bool:
    text = f" {clause.strip()} "
    limits = (" at most ", " up to ", " no more than ", " not more than ")
    is_limited = [limit for limit in limits if limit in text]
    if re.search(r" (?:stop|keep|prevent) .* from .* not ", text):
        return True
    rest = text.replace(" not more than ", " ")
    return bool(is_limited) and (" not " in rest or " never " in rest)


def explicit(found: Iterable[tuple[Intent, ...]]) -> list[tuple[Intent, ...]]:
    """Drop the readings that take a name for a purpose, if it is called an alias."""
    kept = _in_one(_plural([*found]))
    if any(isinstance(each, UseInProfile) for intents in kept for each in intents):
        kept = [intents for intents in kept if not _means_environment(intents)] or kept
    aliases = {
        phrase.names for intents in kept for phrase in _phrases(intents) if phrase.new == "explicit"
    }
    return [
        intents
        for intents in kept
        if not any(
            phrase.new == "implied" and phrase.names in aliases for phrase in _phrases(intents)
        )
    ] or kept


def _means_environment(intents: tuple[Intent, ...]) -> bool:
    """Return True if a reading takes "for development" for a new alias."""
    return any(
        phrase.new == "implied" and any(each.lower() in ENVIRONMENTS for each in phrase.names)
        for phrase in _phrases(intents)
    )


def _in_one(found: list[tuple[Intent, ...]]) -> list[tuple[Intent, ...]]:
    """Drop the readings of "drop A everywhere, use B" that remove A, and bind B to the rest."""
    if not any(isinstance(each, ReplaceModels) for intents in found for each in intents):
        return found
    return [
        intents
        for intents in found
        if not any(
            isinstance(one, RemoveModels)
            and isinstance(two, BindAliases)
            and two.aliases.scope == "left out"
            for one, two in pairwise(intents)
        )
    ]


def _plural(found: list[tuple[Intent, ...]]) -> list[tuple[Intent, ...]]:
    """Drop the readings of "all openai models" that take them for one model."""
    is_plural = [
        any(isinstance(each, ReplaceModels) and each.every for each in intents) for intents in found
    ]
    return [each for each, plural in zip(found, is_plural, strict=True) if plural] or found


def _phrases(intents: tuple[Intent, ...]) -> Iterator[AliasPhrase]:
    for intent in intents:
        phrase = getattr(intent, "aliases", None)
        if isinstance(phrase, AliasPhrase):
            yield phrase
