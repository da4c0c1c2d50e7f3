"""The parser: finds every reading of the tokens of a request, each token used exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmring.advisor.grammar.lexer import Token
from llmring.advisor.grammar.pattern import (
    Literal,
    Node,
    Options,
    Phrase,
    Sequence,
    compiled,
    literals,
)
from llmring.advisor.grammar.vocabulary import Vocabulary

Values = Mapping[str, Any]
Build = Callable[[Values], Any]
# Yields each value that begins at a token, with the index behind it.
Lexeme = Callable[["Chart", int], Iterator[tuple[Any, int]]]

# More readings than this of one phrase are a sign of nonsense.
_MOST_READINGS = 60


class Rule(Struct, frozen=True):
    """A way to write a phrase.

    Attributes:
        node: The compiled pattern.
        build: Makes the value from the values of the pattern's phrases; None rejects the reading.
    """

    node: Node
    build: Build


def rules(*pairs: tuple[str, Build]) -> tuple[Rule, ...]:
    """Compile patterns with the functions that build their values."""
    return tuple(Rule(compiled(pattern), build) for pattern, build in pairs)


class Grammar(Struct, frozen=True):
    """The symbols of a language: those with rules, and those that code recognizes.

    Attributes:
        rules: The ways to write the phrases of each symbol.
        lexemes: The symbols that code recognizes.
        words: All words of the rules.
    """

    rules: Mapping[str, tuple[Rule, ...]]
    lexemes: Mapping[str, Lexeme]
    words: frozenset[str] = frozenset()


def words_of(rules: Mapping[str, tuple[Rule, ...]]) -> frozenset[str]:
    """Return all words of some rules."""
    return frozenset(
        word for each in rules.values() for rule in each for word in literals(rule.node)
    )


class Chart:
    """The readings found so far for one sequence of tokens.

    Args:
        grammar: The grammar.
        tokens: The tokens.
        names: The names that the tokens may contain.
    """

    def __init__(self, grammar: Grammar, tokens: tuple[Token, ...], names: Vocabulary) -> None:
        self._grammar = grammar
        self.tokens = tokens
        self.names = names
        self._found: dict[tuple[str, int], tuple[tuple[Any, int], ...]] = {}

    def uses(self, word: str) -> bool:
        """Return True if a rule of the grammar has a word."""
        return word in self._grammar.words

    def readings(self, symbol: str) -> list[Any]:
        """Return the distinct values of a symbol that cover all tokens."""
        return [value for value, end in self.at(symbol, 0) if end == len(self.tokens)]

    def at(self, symbol: str, begin: int) -> tuple[tuple[Any, int], ...]:
        """Return the values of a symbol that begin at a token, each with the index behind it."""
        key = (symbol, begin)
        if key not in self._found:
            # A symbol that begins with itself has no reading here.
            self._found[key] = ()
            lexeme = self._grammar.lexemes.get(symbol)
            every = lexeme(self, begin) if lexeme else self._by_rules(symbol, begin)
            self._found[key] = tuple(_distinct(every))
        return self._found[key]

    def _by_rules(self, symbol: str, begin: int) -> Iterator[tuple[Any, int]]:
        for rule in self._grammar.rules[symbol]:
            for end, values in self._ends(rule.node, begin, ()):
                value = rule.build(dict(values))
                if value is not None:
                    yield value, end

    def _ends(
        self, node: Node, at: int, values: tuple[tuple[str, Any], ...]
    ) -> Iterator[tuple[int, tuple[tuple[str, Any], ...]]]:
        match node:
            case Literal(word):
                if at < len(self.tokens) and self.tokens[at].word == word:
                    yield at + 1, values
            case Phrase(key, symbol):
                for value, end in self.at(symbol, at):
                    yield end, (*values, (key, value))
            case Options(parts):
                for part in parts:
                    yield from self._ends(part, at, values)
            case Sequence(parts):
                yield from self._sequence(parts, at, values)

    def _sequence(
        self, parts: tuple[Node, ...], at: int, values: tuple[tuple[str, Any], ...]
    ) -> Iterator[tuple[int, tuple[tuple[str, Any], ...]]]:
        if not parts:
            yield at, values
            return
        first, *rest = parts
        for end, found in self._ends(first, at, values):
            yield from self._sequence(tuple(rest), end, found)


def _distinct(readings: Iterable[tuple[Any, int]]) -> Iterator[tuple[Any, int]]:
    seen: set[tuple[Any, int]] = set()
    for reading in readings:
        if reading not in seen:
            seen.add(reading)
            yield reading
            if len(seen) >= _MOST_READINGS:
                return
