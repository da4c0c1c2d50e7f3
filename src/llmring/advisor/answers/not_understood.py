"""Answers to requests that are not understood: the reason, and the nearest possible request."""

from __future__ import annotations

import re

from llmring.advisor.grammar.lexer import tokens_of
from llmring.advisor.grammar.sentence import GRAMMAR
from llmring.advisor.grammar.vocabulary import Vocabulary

HELP = (
    "I understand plain requests, such as: bind fast to haiku with gpt-4o-mini as fallback; "
    "limit fast to 60 requests a minute and $5 a day; rename fast to quick; replace gpt-4o with "
    "haiku everywhere; create profiles for dev and prod; which model reads PDFs and calls tools? "
    "What does fast cost? When does gpt-4o retire?"
)
_MOST_WORDS = 4
_MOST_CHARACTERS = 1000

# With a negation, these are signs of something to be changed.
_WISH = re.compile(r"\b(?:but|instead|except|more than|longer than|only)\b|\d")

# Examples of requests, by words that occur in similar ones.
_EXAMPLES: tuple[tuple[str, str], ...] = (
    (r"renam\w*|call", "rename {alias} to quick"),
    (r"fallbacks?|backups?|fails?|down", "add haiku as a fallback to {alias}"),
    (r"order|first|before|swap|prefer", "put haiku first in {alias}"),
    (r"replace|instead|everywhere|migrate", "replace gpt-4o with haiku everywhere"),
    (r"profiles?|environments?|staging|prod|dev", "create profiles for dev and prod"),
    (r"remove|delete|drop|unbind|wipe|clear|purge", "remove the {alias} alias"),
    (r"budget|spend\w*|dollars?|\$\d+", "limit {alias} to $5 a day"),
    (
        r"limit|cap|rpm|tpm|throttle|requests?|tokens?|calls",
        "limit {alias} to 60 requests a minute",
    ),
    (r"timeouts?|seconds?|wait|slow", "set the timeout of {alias} to 20 seconds"),
    (r"retr\w+", "set the retries of {alias} to 2"),
    (r"costs?|prices?|expensive|cheaper|pay", "what does {alias} cost?"),
    (r"retire\w*|deprecat\w*|gone", "which of my models retire?"),
    (r"compare|better|difference|or|vs|versus", "compare haiku and gpt-4o-mini"),
    (r"bind|use|set|make|switch|change|point|put|model|move", "bind {alias} to haiku"),
)


def not_understood(text: str, names: Vocabulary) -> str:
    """Explain that a request is not understood, and give the nearest that is."""
    alias = next((each for every in names.profiles.values() for each in every), "fast")
    unknown = _unknown(text[:_MOST_CHARACTERS], names)[:_MOST_WORDS]
    why = f" (unclear: {', '.join(unknown)})" if unknown else ""
    low = text.lower()
    near = next(
        (example for words, example in _EXAMPLES if re.search(rf"\b(?:{words})\b", low)), None
    )
    if re.search(r"\b(?:not|never|don't|dont)\b|n't\b", low) and not _WISH.search(low):
        return f"Nothing was changed: I leave things as they are{why}."
    if re.match(r"(?:should|shall|what if|what happens|would|why|can i|could i|may i)\b", low):
        near = near and f"{near.format(alias=alias)}"
        return (
            f"That is a question, so nothing was changed; I have no answer to it{why}. "
            f"{_nearest(near)}"
        )
    if near is None:
        return f"I did not understand that{why}, so nothing was changed. {HELP}"
    return (
        f"I did not fully understand that{why}, so nothing was changed. "
        f"{_nearest(near.format(alias=alias))}"
    )


def _nearest(near: str | None) -> str:
    return f"The nearest that I understand: {near}" if near else HELP


def _unknown(text: str, names: Vocabulary) -> list[str]:
    """Return the words of a request that the grammar never uses."""
    found = []
    for token in tokens_of(text, names.kept()):
        is_name = token.quoted or names.alias(token.text) or names.profile(token.text)
        is_model = names.models.find([token.text.lower()]) is not None
        known = token.word in GRAMMAR.words or token.word in names.providers
        if not (is_name or is_model or known or re.fullmatch(r"\W+|\$?[\d.,]+[km]?", token.word)):
            found.append(token.text)
    return [*dict.fromkeys(found)]
