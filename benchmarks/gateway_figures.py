"""The figures of gateways that are made of several measures."""

from __future__ import annotations

from figures import median, minus, ratio
from gateway_bodies import CHAT, MESSAGES, Body, large, small
from gateway_measures import AT_PACE, CHUNKS, DIRECT, FEW, FEW_CHUNKS, Question
from measures import Results

SMALL_RELAYED = Question(small(CHAT), CHAT, stream=False)
SMALL_TRANSLATED = Question(small(CHAT), MESSAGES, stream=False)
LARGE_RELAYED = Question(large(), MESSAGES, stream=False)
LARGE_TRANSLATED = Question(large(), CHAT, stream=False)
WHOLE = (SMALL_RELAYED, SMALL_TRANSLATED, LARGE_RELAYED, LARGE_TRANSLATED)
STREAMED = Question(small(CHAT), CHAT, stream=True, upstream=AT_PACE)


def of_chunk(results: Results, name: str, body: Body, to: str, upstream: str) -> float | None:
    """Return the microseconds of CPU that one chunk of a stream takes."""

    def cost(how: str) -> float | None:
        measure = Question(body, to, stream=True, upstream=how).measure
        return median(results, name, f"cpu {measure}")

    if upstream == AT_PACE:
        return ratio(cost(AT_PACE), CHUNKS)
    return ratio(minus(cost(upstream), cost(FEW)), CHUNKS - FEW_CHUNKS)


def added(results: Results, name: str, question: Question, what: str = "whole") -> float | None:
    """Return the milliseconds that a gateway adds to a request that is alone."""
    measure = f"{what} {question.measure}"
    return minus(median(results, name, measure), median(results, DIRECT, measure))
