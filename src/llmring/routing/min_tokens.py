"""How many tokens a request has at the very least, told from its text alone.

A model is passed by for its context only where the request can't fit, so the figure is one that
no vocabulary goes below: it is far from exact, and for most requests much too low.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import TextPart

# Vocabularies cut a text at its words before they look for longer pieces, so that a word is one
# token at least, and a number another. Of scripts that put no space between words, one token
# seldom has more than four characters.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECES = re.compile(
    rf"[{_UNSPACED}]{{1,4}}"
    rf"|[^\W\d_{_UNSPACED}]+(?:['\u2019][^\W\d_]{{1,2}}\b)?"  # don't, we'll
    r"|\d+"
)


class Length:
    """The text of a request, held against the room that models have for it.

    Reasoning of earlier turns, which vendors drop, tools, media and documents count for nothing;
    and so does all of it where `extra_params` may have the provider shorten the text.

    Args:
        request: The request.
        counted: Its tokens, where they are known; the text is then not looked at.
    """

    def __init__(self, request: ParsedRequest, counted: int | None = None) -> None:
        self._counted = counted
        self._texts = [] if request.extra_params else [*_texts(request)]
        self._characters = sum(map(len, self._texts))
        self._found: dict[int, bool] = {}

    def exceeds(self, tokens: int) -> bool:
        """Whether there are more tokens than this, beyond doubt."""
        if self._counted is not None:
            return self._counted > tokens
        # No token is shorter than a character, so that short texts need not be looked at.
        if self._characters <= tokens:
            return False
        if tokens not in self._found:
            self._found[tokens] = _least(self._texts, tokens + 1) > tokens
        return self._found[tokens]


def least_tokens(request: ParsedRequest) -> int:
    """The tokens that the text of a request has at the very least."""
    return _least(_texts(request), None)


def _least(texts: Iterable[str], most: int | None) -> int:
    """The pieces of these texts; no more than `most` are counted."""
    pieces = chain.from_iterable(map(_PIECES.finditer, texts))
    return sum(1 for _ in islice(pieces, most))


def _texts(request: ParsedRequest) -> Iterator[str]:
    for message in request.turns:
        if isinstance(message.content, str):
            yield message.content
            continue
        for part in message.parts:
            if isinstance(part, TextPart):
                yield part.text
