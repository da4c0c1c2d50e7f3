"""The division of a request into tokens, without the words that do not change it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from llmring.advisor.grammar.words import (
    CONTRACTIONS,
    FILLER_PHRASES,
    FILLERS,
    NO_SUBJECTS,
    OBLIGATIONS,
    SPELLINGS,
)

# Typographic quotation marks, which terminals and phones insert.
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
_PER = re.compile(
    r"(?<=[\w])\s?/\s?(?=(?:min|minute|day|d|s|sec|second|h|hour|month|call|request|req|m)\b)",
    re.IGNORECASE,
)
_AS_WELL_AS = re.compile(r"\bas well as\b", re.IGNORECASE)
_TOKEN = re.compile(
    r"""
    (?P<quoted> (?<![\w'"`]) (?P<mark>["'`]) (?P<inside> [^"'`\n]{1,100} ) (?P=mark) (?!\w) )
    | (?P<arrow> -> | => | → )
    | (?P<money> [$€£] \s? \d[\d,]* (?:\.\d+)? | [$€£] \.\d+ )
    | (?P<number> \d{1,3}(?:,\d{3})+(?:\.\d+)? (?![\w]) | \.\d+ (?!\w) )
    | (?P<word> \w (?: [\w./:@+'-]* [\w+] )? )
    | (?P<mark_> [^\w\s] )
    """,
    re.VERBOSE,
)
_UNIT = re.compile(
    r"(\d+(?:\.\d+)?)(s|sec|secs|seconds?|ms|min|mins|minutes?|h|rpm|tpm|x|usd)", re.IGNORECASE
)
_SEPARATORS = {",", ";", ".", "!", ":"}


class Token(Struct, frozen=True):
    """A word of a request.

    Attributes:
        text: The word as written, without quotation marks.
        word: The word in lower case and one spelling; empty in quotation marks.
    """

    text: str
    word: str

    @property
    def quoted(self) -> bool:
        """True if the word is in quotation marks, and so a name."""
        return not self.word


def tokens_of(text: str, names: Collection[str] = ()) -> tuple[Token, ...]:
    """Divide a request into tokens.

    Args:
        text: The request.
        names: Existing names in lower case, which are kept even if they are common words.
    """
    return tuple(_without_fillers([*_spelled_out(text)], names))


def _spelled_out(text: str) -> Iterator[Token]:
    plain = _AS_WELL_AS.sub("and", _PER.sub(" per ", text.translate(_QUOTES)))
    for found in _TOKEN.finditer(plain):
        if found["quoted"]:
            yield Token(found["inside"].strip(), "")
            continue
        written = found[0]
        lowered = written.lower()
        if lowered in CONTRACTIONS:
            yield from (Token(each, each) for each in CONTRACTIONS[lowered].split())
        elif lowered.endswith("'s"):
            yield _token(written[:-2])
            yield Token("'s", "'s")
        elif unit := _UNIT.fullmatch(written):
            yield from (_token(unit[1]), _token(unit[2]))
        else:
            yield _token(written.replace(" ", ""))


def _token(written: str) -> Token:
    lowered = written.lower()
    return Token(written, SPELLINGS.get(lowered, lowered))


def _without_fillers(tokens: list[Token], names: Collection[str]) -> Iterator[Token]:
    """Yield the tokens that matter, without separators at the ends or in a row."""
    kept: list[Token] = []
    at = 0
    while at < len(tokens):
        phrase = next(
            (each for each in FILLER_PHRASES if begins(tokens, at, each)),
            None,
        )
        if phrase is not None:
            at += len(phrase)
            continue
        if kept and kept[-1].word == "should" and tokens[at].word in ("both", "all"):
            at += 1
            continue
        if _is_anymore(tokens, at):
            kept.append(Token("anymore", "anymore"))
            at += 2
            continue
        obligation = next((each for each in OBLIGATIONS if begins(tokens, at, each)), None)
        if obligation and kept and kept[-1].word not in NO_SUBJECTS:
            kept.append(Token("should", "should"))
            at += len(obligation)
            continue
        token = tokens[at]
        at += 1
        if token.word in FILLERS and token.text.lower() not in names:
            continue
        if token.word in _SEPARATORS and (not kept or kept[-1].word in _SEPARATORS):
            if kept and kept[-1].word == "," and token.word != ",":
                kept[-1] = token
            continue
        kept.append(token)
    while kept and kept[-1].word in _SEPARATORS:
        kept.pop()
    yield from kept


def _is_anymore(tokens: list[Token], at: int) -> bool:
    """Return True at "any longer" or "any more", if nothing follows that could be compared."""
    if not (begins(tokens, at, ("any", "longer")) or begins(tokens, at, ("any", "more"))):
        return False
    behind = tokens[at + 2 : at + 3]
    return not behind or behind[0].word in _SEPARATORS or behind[0].word in ("and", "but", "?")


def begins(tokens: Sequence[Token], at: int, phrase: tuple[str, ...]) -> bool:
    """Return True if the words of a phrase stand at a place."""
    return tuple(token.word for token in tokens[at : at + len(phrase)]) == phrase
