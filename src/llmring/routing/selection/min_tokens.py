"""A lower bound of a request's tokens, from its text alone.

A model is skipped for its context only if the request certainly does not fit, so no vocabulary
needs fewer tokens than this bound. It is far from exact, and for most requests much too low.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import TextPart

# Tokenizers split a text into words and numbers first, so each of these is at least one token. In
# scripts without spaces between words, a token seldom has more than four characters.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECES = re.compile(
    rf"[{_UNSPACED}]{{1,4}}"
    rf"|[^\W\d_{_UNSPACED}]+(?:['\u2019][^\W\d_]{{1,2}}\b)?"  # don't, we'll
    r"|\d+"
)


class Length:
    """The text of a request, compared with the context of models.

    Tools, media, documents and the reasoning of earlier turns, which vendors drop, are not counted.
    With `extra_params`, which may have the provider shorten the text, nothing is.

    Args:
        request: The request.
        counted: Its tokens, if known; the text is then not used.
    """

    def __init__(self, request: ParsedRequest, counted: int | None = None) -> None:
        self._counted = counted
        self._texts = [] if request.extra_params else [*_texts(request)]
        self._characters = sum(map(len, self._texts))
        self._found: dict[int, bool] = {}

    def exceeds(self, tokens: int) -> bool:
        """Return True if there are certainly more tokens than this."""
        if self._counted is not None:
            return self._counted > tokens
        # No token is shorter than a character, so short texts need no counting.
        if self._characters <= tokens:
            return False
        if tokens not in self._found:
            self._found[tokens] = _least(self._texts, tokens + 1) > tokens
        return self._found[tokens]


def least_tokens(request: ParsedRequest) -> int:
    """Return a lower bound of the tokens in the text of a request."""
    return _least(_texts(request), None)


def _least(texts: Iterable[str], most: int | None) -> int:
    """Count the pieces of these texts, up to `most`."""
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
