"""Frames: clauses whose parts may stand in any order, between words that only connect them.

The parts of a frame differ in kind (an alias, models, a limit), so that their order means nothing.
Every other word must be one of the frame's own, as for every clause.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from llmring.advisor.grammar.chart import Build, Chart, Lexeme
from llmring.advisor.grammar.lexer import begins

_MOST_ENDS = 40


class FramePart(Struct, frozen=True):
    """A part of a frame.

    Attributes:
        symbol: The symbol of its phrase; its value is kept under this name.
        required: True if the frame needs it.
    """

    symbol: str
    required: bool = True


def frame(parts: tuple[FramePart, ...], words: str, build: Build) -> Lexeme:
    """Return a symbol for a frame.

    Args:
        parts: The parts, each used at most once.
        words: The words that may connect them; in phrases, words are joined by "_".
        build: Makes the value from the values of the parts.
    """
    phrases = sorted(
        (tuple(each.split("_")) for each in words.split()), key=lambda each: -len(each)
    )

    def ends(chart: Chart, begin: int) -> Iterator[tuple[Any, int]]:
        stack: list[tuple[int, dict[str, Any], bool]] = [(begin, {}, False)]
        seen = 0
        while stack and seen < _MOST_ENDS:
            at, found, may_end = stack.pop()
            if may_end and all(each.symbol in found for each in parts if each.required):
                value = build(found)
                if value is not None:
                    seen += 1
                    yield value, at
            # A frame ends with a part: a word that connects needs something to connect.
            stack += [
                (end, found, end == len(chart.tokens))
                for phrase in phrases
                if begins(chart.tokens, at, phrase)
                for end in (at + len(phrase),)
            ]
            for part in parts:
                # A profile in front belongs to the clauses that follow, too.
                if part.symbol not in found and (found or part.symbol != "where"):
                    stack += [
                        (end, {**found, part.symbol: value}, True)
                        for value, end in chart.at(part.symbol, at)
                    ]

    return ends
