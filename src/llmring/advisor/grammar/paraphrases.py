"""Other wordings of a request with the same meaning: "let fast use X" is "fast should use X"."""

from __future__ import annotations

from collections.abc import Iterator

from llmring.advisor.grammar.chart import Chart
from llmring.advisor.grammar.lexer import Token, begins

_SHOULD = Token("should", "should")
_JOINTS = frozenset(("and", "then", ",", ";", ".", ":", "but"))

# Wishes before an alias, with the word behind it; none if the verb follows at once.
_WISHES: tuple[tuple[tuple[str, ...], str], ...] = tuple(
    (tuple(words.split()), behind)
    for words, behind in (
        ("i want", "to"),
        ("we want", "to"),
        ("i need", "to"),
        ("we need", "to"),
        ("i would like", "to"),
        ("we would like", "to"),
        ("i would prefer", "to"),
        ("i would love", "to"),
        ("i expect", "to"),
        ("get", "to"),
        ("force", "to"),
        ("allow", "to"),
        ("configure", "to"),
        ("set up", "to"),
        ("set", "to"),
        ("tell", "to"),
        ("show", "to"),
        ("ask", "to"),
        ("let", ""),
        ("make", ""),
        ("have", ""),
        ("make sure", ""),
        ("make sure that", ""),
        ("ensure", ""),
        ("ensure that", ""),
        ("see to it that", ""),
        ("i want that", ""),
        ("it would be good if", ""),
        ("it would be nice if", ""),
        ("it would be great if", ""),
    )
)
_PLAIN = {
    "uses": "use",
    "has": "have",
    "runs": "run",
    "goes": "go",
    "falls": "fall",
    "costs": "cost",
    "takes": "take",
    "gets": "get",
    "reads": "read",
    "handles": "handle",
    "calls": "call",
    "supports": "support",
    "tries": "try",
    "starts": "start",
    "points": "point",
    "spends": "spend",
    "stays": "stay",
    "retries": "retry",
    "is": "be",
    "are": "be",
    "used": "use",
    "had": "have",
    "ran": "run",
}


def paraphrases(chart: Chart) -> Iterator[tuple[Token, ...]]:
    """Yield the request in other words; none if it has no such wording.

    Args:
        chart: The tokens of the request.
    """
    tokens = chart.tokens
    changed = list(tokens)
    offset = 0
    for at in range(len(tokens)):
        if at and tokens[at - 1].word not in _JOINTS:
            continue
        found = _wish_at(chart, at)
        if found is not None:
            end, wording = found
            changed[at + offset : end + offset] = wording
            offset += len(wording) - (end - at)
    if tuple(changed) != tokens:
        yield tuple(changed)


def with_topic_behind(chart: Chart) -> Iterator[tuple[Token, ...]]:
    """Yield the request with its alias at the end: "in fast, haiku should come first".

    Args:
        chart: The tokens of the request.
    """
    tokens = chart.tokens
    first = tokens[0].word if tokens else ""
    begin = 1 if first in ("in", "for", "on", "with", "behind") else 0
    for _, end in chart.at("known", begin):
        mark = tokens[end].word if end < len(tokens) else ""
        rest = tokens[end + 1 :]
        if mark not in ((",", ":") if begin else (":",)) or not rest:
            continue
        if not any(each.word in (";", ".", ":", "then", "but") for each in rest):
            yield (*rest, Token("in", "in"), *tokens[begin:end])
            yield (*rest, Token("for", "for"), *tokens[begin:end])


def _wish_at(chart: Chart, at: int) -> tuple[int, list[Token]] | None:
    """Return the end of a wish, and the words that replace it."""
    tokens = chart.tokens
    for words, behind in _WISHES:
        if not begins(tokens, at, words):
            continue
        begin = at + len(words)
        ends = [end for symbol in ("who", "profile_subject") for _, end in chart.at(symbol, begin)]
        for end in dict.fromkeys(ends):
            follows = tokens[end].word if end < len(tokens) else ""
            if behind and follows == behind:
                return end + 1, [*tokens[begin:end], _SHOULD]
            if not behind and follows in ("does", "do", "never"):
                negated = [Token("not", "not")] if follows == "never" else []
                return end + 1, [*tokens[begin:end], _SHOULD, *negated]
            if not behind and follows in _PLAIN:
                verb = _PLAIN[follows]
                return end + 1, [*tokens[begin:end], _SHOULD, Token(verb, verb)]
            if not behind and follows in _PLAIN.values() and words[-1] in ("let", "make", "have"):
                return end, [*tokens[begin:end], _SHOULD]
    return None
