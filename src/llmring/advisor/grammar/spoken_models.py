"""The names of models as people write them: "gpt 4o mini", "haiku", "claude sonnet 4.5"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date

from msgspec import Struct

from llmring.advisor.grammar.words import COMMON_MODEL_WORDS
from llmring.advisor.ranking import Availability, lasting
from llmring.registry.catalog import ModelFacts, unpinned
from llmring.registry.successors import is_preview

_PIECE = re.compile(r"[a-z]+|\d+")
_MOST_CHOICES = 5


class SpokenModel(Struct, frozen=True):
    """A model as a request names it.

    Attributes:
        text: The words of the request.
        models: The models that the words can mean, as "provider:model": one if they are clear,
            none if no model is known by them.
    """

    text: str
    models: tuple[str, ...]


class _Known(Struct, frozen=True):
    """A known model, with the pieces of its name."""

    facts: ModelFacts
    pieces: tuple[str, ...]
    words: tuple[str, ...]
    version: tuple[str, ...]

    @property
    def line(self) -> frozenset[str]:
        """The words of the name, without their order."""
        return frozenset(self.words)

    def has(self, run: tuple[str, ...]) -> bool:
        """Return True if pieces follow each other in the name."""
        ends = range(len(run), len(self.pieces) + 1)
        return any(self.pieces[end - len(run) : end] == run for end in ends)


class ModelNames:
    """The names of the known models.

    Args:
        models: The known models, those of the vendors themselves first.
        availability: Returns the rank of a provider.
        day: Today.
    """

    def __init__(
        self,
        models: Iterable[ModelFacts],
        availability: Callable[[str], Availability],
        day: date,
    ) -> None:
        self._availability = availability
        self._day = day
        self._by_reference: dict[str, ModelFacts] = {}
        self._by_name: dict[str, list[ModelFacts]] = defaultdict(list)
        self._by_base: dict[str, list[ModelFacts]] = defaultdict(list)
        self._known: list[_Known] = []
        for facts in models:
            for name in dict.fromkeys((facts.name, *facts.aliases)):
                self._by_reference[f"{facts.provider}:{name}".lower()] = facts
                self._by_name[_joined(name)].append(facts)
                self._by_base[_joined(_base(name))].append(facts)
            if facts.kind == "chat":
                pieces = _PIECE.findall(_base(facts.name))
                words = tuple(each for each in pieces if each.isalpha())
                self._known.append(_Known(facts, tuple(pieces), words, tuple(_digits(pieces))))
        self._words = {word for known in self._known for word in known.words}
        self.brands = frozenset(
            known.words[0] for known in self._known if known.words and len(known.words[0]) > 1
        ) - {"text", "all", "open", "embed", "ember", "command", "nova", "muse"}

    def is_piece(self, word: str) -> bool:
        """Return True if a word could be a part of the name of a model."""
        pieces = _PIECE.findall(word)
        return bool(pieces) and all(each.isdigit() or each in self._words for each in pieces)

    def find(self, words: list[str]) -> SpokenModel | None:
        """Find what some words of a request mean; None if they can't be the name of a model.

        Args:
            words: The words in lower case.
        """
        text = " ".join(words)
        if len(words) == 1 and ":" in words[0]:
            return self._reference(words[0])
        exact = self._by_name.get(_joined(text)) or self._by_base.get(_joined(text))
        # A whole reference is one model, and names have no commas.
        if any(":" in word or not _PIECE.search(word) for word in words):
            exact = None
        if exact and (len(words) > 1 or not _is_common(words[0])):
            return SpokenModel(text, self._of_one_name(exact))
        if not all(map(self.is_piece, words)) or all(map(_is_common, words)):
            return None
        pieces = _PIECE.findall(text)
        asked = [each for each in pieces if each.isalpha()]
        version = tuple(_digits(pieces))
        if not asked:
            return None
        # In a word such as "4o", the order counts: o4-mini is another model.
        runs = [tuple(_PIECE.findall(word)) for word in words if word.isalnum()]
        found = self._line(asked) if not version else self._versions(asked, version, runs)
        if found:
            return SpokenModel(text, found)
        is_brand = asked[0] in self.brands or (len(words) == 1 and re.search(r"\d", words[0]))
        return SpokenModel(text, ()) if is_brand and version else None

    def hosted(self, text: str, provider: str) -> str | None:
        """Find a model by its name at a provider; None if the provider does not have it."""
        for names in (self._by_name, self._by_base):
            for facts in names.get(_joined(text), ()):
                if facts.provider == provider:
                    return str(facts)
        return None

    def _reference(self, word: str) -> SpokenModel | None:
        facts = self._by_reference.get(word)
        if facts is None:
            return None
        provider, _, name = word.partition(":")
        exact = next(
            (each for each in (facts.name, *facts.aliases) if each.lower() == name), facts.name
        )
        return SpokenModel(word, (f"{provider}:{exact}",))

    def _of_one_name(self, found: list[ModelFacts]) -> tuple[str, ...]:
        """Choose among the providers of one model: its vendor, or else the one with a key."""
        refs = [*dict.fromkeys(found)]
        own = [each for each in refs if _is_vendor(each)]
        if own:
            return (str(own[0]),)
        here = [each for each in refs if self._availability(each.provider) is Availability.AT_HAND]
        return tuple(str(each) for each in (here if len(here) == 1 else refs)[:_MOST_CHOICES])

    def _line(self, asked: list[str]) -> tuple[str, ...]:
        """Find the newest model of the line that words without a version name."""
        lines = self._lines(asked)
        exact = [line for line in lines if line == set(asked)]
        branded = [
            line
            for line, every in lines.items()
            if any(
                set(known.words[1:]) == set(asked) and known.words[0] not in asked
                for known in every
            )
        ]
        chosen = (exact or branded) if len(asked) > 1 or asked[0] not in self.brands else []
        if len(lines) == 1:
            chosen = [*lines]
        if len(chosen) == 1:
            return self._newest(lines[chosen[0]])
        newest = (each for line in chosen or lines for each in self._newest(lines[line])[:1])
        return tuple(dict.fromkeys(newest))[:_MOST_CHOICES]

    def _newest(self, known: list[_Known]) -> tuple[str, ...]:
        own = [each for each in known if _is_vendor(each.facts)] or known
        newest = max(own, key=lambda each: each.facts.released or date.min)
        same = [each.facts for each in own if each.facts.released == newest.facts.released]
        if _is_vendor(newest.facts):
            return (str(newest.facts),)
        return self._of_one_name(same)

    def _versions(
        self, asked: list[str], version: tuple[str, ...], runs: list[tuple[str, ...]]
    ) -> tuple[str, ...]:
        """Find the models of a version; words that the request leaves out make it unclear."""
        found = [
            known
            for known in self._known
            if known.version == version
            and known.line.issuperset(asked)
            and all(map(known.has, runs))
        ]
        own = [known for known in found if _is_vendor(known.facts)] or found
        extra = {str(known.facts): known.line.difference(asked) for known in own}
        exact = [ref for ref, words in extra.items() if not words]
        branded = [ref for ref, words in extra.items() if words <= self.brands]
        refs = exact or branded
        return tuple(dict.fromkeys(refs if len(refs) == 1 else extra))[:_MOST_CHOICES]

    def _lines(self, asked: list[str]) -> dict[frozenset[str], list[_Known]]:
        """Find the lines with these words: of vendors first, current models before previews."""
        fit = [known for known in self._known if known.line.issuperset(asked)]
        lasts = [known for known in fit if lasting(known.facts, self._day)]
        final = [known for known in lasts if not is_preview(known.facts.name)]
        own = [[known for known in each if _is_vendor(known.facts)] for each in (final, lasts)]
        lines: dict[frozenset[str], list[_Known]] = defaultdict(list)
        for known in next(filter(None, (*own, final, lasts)), ()):
            lines[known.line].append(known)
        return lines


def _base(name: str) -> str:
    """Return a name in lower case, without the folder of a host and the suffix of a snapshot."""
    return unpinned(re.sub(r"^[a-z]+\.", "", name.lower().rpartition("/")[2]))


def _joined(name: str) -> str:
    return "-".join(_PIECE.findall(name.lower()))


def _digits(pieces: Iterable[str]) -> Iterator[str]:
    return (each for each in pieces if each.isdigit())


def _is_common(word: str) -> bool:
    return word in COMMON_MODEL_WORDS or word.isdigit() or (word.isalpha() and len(word) < 3)


def _is_vendor(facts: ModelFacts) -> bool:
    """Return True if the provider made the model, as far as its own name or line shows."""
    own = _VENDORS.get(facts.provider)
    return own is not None and own(facts.name.lower())


def _begins(*starts: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(starts)


# The models that vendors serve themselves, by the beginning of their names.
_VENDORS: dict[str, Callable[[str], bool]] = {
    "openai": lambda _: True,
    "anthropic": lambda _: True,
    "google": lambda _: True,
    "mistral": _begins("mistral", "ministral", "magistral", "codestral", "devstral", "voxtral"),
    "xai": _begins("grok"),
    "deepseek": _begins("deepseek"),
    "cohere": _begins("command", "c4ai"),
    "moonshot": _begins("kimi"),
    "zai": _begins("glm"),
    "minimax": _begins("minimax"),
}
