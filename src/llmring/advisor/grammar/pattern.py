"""Patterns of phrases, written as text and compiled once.

A pattern is a sequence of words. `(a|b c)` is a choice, `[a]` may be missing, `<who>` is a phrase
of the symbol `who`, and `<new:alias>` one of the symbol `alias` whose value is kept as `new`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

_PIECE = re.compile(r"<[\w:]+>|->|[()\[\]|]|[^\s()\[\]|<>]+")


class Literal(Struct, frozen=True):
    """A word."""

    word: str


class Phrase(Struct, frozen=True):
    """A phrase of a symbol, whose value is kept under a key."""

    key: str
    symbol: str


class Sequence(Struct, frozen=True):
    """Parts that follow each other."""

    parts: tuple[Node, ...]


class Options(Struct, frozen=True):
    """Parts of which one is used."""

    parts: tuple[Node, ...]


Node = Literal | Phrase | Sequence | Options

_EMPTY = Sequence(())


def compiled(pattern: str) -> Node:
    """Compile a pattern.

    Raises:
        ValueError: The brackets are not balanced.
    """
    pieces = _PIECE.findall(pattern)
    node, end = _options(pieces, 0)
    if end != len(pieces):
        raise ValueError(f"unbalanced brackets in the pattern {pattern!r}")
    return node


def literals(node: Node) -> Iterator[str]:
    """Yield the words of a pattern."""
    match node:
        case Literal(word):
            yield word
        case Phrase():
            return
        case Sequence(parts) | Options(parts):
            for part in parts:
                yield from literals(part)


def _options(pieces: list[str], at: int) -> tuple[Node, int]:
    found: list[Node] = []
    while True:
        node, at = _sequence(pieces, at)
        found.append(node)
        if at >= len(pieces) or pieces[at] != "|":
            return (found[0] if len(found) == 1 else Options(tuple(found))), at
        at += 1


def _sequence(pieces: list[str], at: int) -> tuple[Node, int]:
    parts: list[Node] = []
    while at < len(pieces) and pieces[at] not in "|)]":
        piece = pieces[at]
        if piece in "([":
            node, at = _options(pieces, at + 1)
            if at >= len(pieces) or pieces[at] != {"(": ")", "[": "]"}[piece]:
                raise ValueError(f"a bracket {piece!r} is not closed")
            parts.append(node if piece == "(" else Options((node, _EMPTY)))
        elif piece[0] == "<":
            key, _, symbol = piece[1:-1].rpartition(":")
            parts.append(Phrase(key or symbol, symbol))
        else:
            parts.append(Literal(piece))
        at += 1
    return (parts[0] if len(parts) == 1 else Sequence(tuple(parts))), at
