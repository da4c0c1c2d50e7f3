"""The length of the answers that a batch may bring, from earlier calls or from its limits."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from llmring.routing.estimate import USUAL_ANSWER_TOKENS

if TYPE_CHECKING:
    from llmring.ledger.entry import LedgerEntry

# Of fewer calls, one unusual answer changes the average too much.
_FEWEST_CALLS = 10


class AnswerLengths(Struct, frozen=True, kw_only=True):
    """The tokens of an answer.

    Attributes:
        low: Tokens of a short answer.
        expected: Tokens of the average answer.
        basis: The source of these numbers, for readers.
    """

    low: int
    expected: int
    basis: str


def answer_lengths(
    given: int | None, earlier: Sequence[LedgerEntry], most: int | None
) -> AnswerLengths:
    """Return the tokens that an answer may have.

    Args:
        given: The average that the user expects, if the user knows it.
        earlier: Earlier calls of the same alias.
        most: Tokens that an answer may have at most, if the request sets a limit.
    """
    if given is not None:
        return _limited(given // 2, given, most, "as given")
    counts = sorted(
        each.usage.completion_tokens
        for each in earlier
        if each.kind == "chat" and each.outcome == "ok" and each.usage is not None
    )
    if len(counts) >= _FEWEST_CALLS:
        basis = f"from the last {len(counts)} calls of the alias"
        return _limited(counts[len(counts) // 10], round(statistics.mean(counts)), most, basis)
    if most is not None:
        return AnswerLengths(low=1, expected=most, basis="max_tokens, as no earlier call is known")
    basis = "a usual answer, as neither max_tokens nor an earlier call is known"
    return AnswerLengths(low=1, expected=USUAL_ANSWER_TOKENS, basis=basis)


def _limited(low: int, expected: int, most: int | None, basis: str) -> AnswerLengths:
    top = expected if most is None else most
    return AnswerLengths(
        low=max(1, min(low, top)), expected=max(1, min(expected, top)), basis=basis
    )
