"""A check that the prices and models in an answer come from what the advisor looked up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

_AMOUNT = re.compile(r"\$\s?(\d+(?:,\d{3})*(?:\.\d+)?)")
# A limit in the lockfile, as written in TOML, in JSON or in the description of a change.
_LIMIT = re.compile(r"(?:daily_budget|max_cost_per_request)\W[^\d\n]*?(\d+(?:\.\d+)?)")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
# A word that could be a model: letters, then a digit or a hyphen somewhere.
_WORD = re.compile(r"[A-Za-z][\w./@:+-]*[\w+]", re.ASCII)


class Ungrounded(Struct, frozen=True):
    """The parts of an answer that were not looked up.

    Attributes:
        prices: Amounts in USD, as written.
        models: Names of models.
    """

    prices: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.prices or self.models)

    def __str__(self) -> str:
        return ", ".join((*self.prices, *self.models))


class Evidence:
    """The facts that a conversation has looked up.

    Args:
        names: The names of all known models, used to recognize model names among words.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names: set[str] = set()
        self._stems: set[str] = set()
        for name in names:
            lowered = name.lower()
            self._names.add(lowered)
            stem = re.match(r"[a-z]+", lowered.rpartition("/")[2])
            if stem is not None and len(stem[0]) > 1:
                self._stems.add(stem[0])
        self._numbers: set[Decimal] = set()
        self._mentioned: set[str] = set()

    def hear(self, text: str) -> None:
        """Record a message from the user; any number in it counts as an amount."""
        self._numbers |= {_decimal(each) for each in _NUMBER.findall(text)}
        self._add_words(text)

    def add(self, text: str) -> None:
        """Record a tool result or the text of the lockfile.

        Only numbers in dollars and limits of the lockfile count as amounts; other numbers may be
        part of model names.
        """
        self._numbers |= {_decimal(each) for each in _AMOUNT.findall(text)}
        self._numbers |= {_decimal(each) for each in _LIMIT.findall(text)}
        self._add_words(text)

    def _add_words(self, text: str) -> None:
        for word in _WORD.findall(text):
            lowered = word.lower()
            self._mentioned |= {lowered, lowered.partition(":")[2], lowered.rpartition("/")[2]}

    def check(self, answer: str) -> Ungrounded:
        """Find the prices and models in an answer that were not looked up."""
        prices = [
            f"${amount}"
            for amount in _AMOUNT.findall(answer)
            if _decimal(amount) not in self._numbers
        ]
        models = [
            word
            for word in _WORD.findall(answer)
            if self._is_model(word.lower()) and not self._is_mentioned(word.lower())
        ]
        return Ungrounded(tuple(dict.fromkeys(prices)), tuple(dict.fromkeys(models)))

    def _is_model(self, word: str) -> bool:
        name = word.partition(":")[2] or word
        if word in self._names or name in self._names:
            return True
        stem = re.match(r"[a-z]+", name)
        return (
            stem is not None
            and stem[0] in self._stems
            and re.search(r"\d", name) is not None
            and len(name) > len(stem[0])
        )

    def _is_mentioned(self, word: str) -> bool:
        return word in self._mentioned or (word.partition(":")[2] or word) in self._mentioned


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", "")).normalize()
