"""Answers that begin and run out of time, however they came."""

from llmring.transport.exchange import answer_timeout


def test_a_stalled_answer_and_one_that_takes_too_long_are_different_errors() -> None:
    stalled, late = answer_timeout(2.5, 200), answer_timeout(None, 200)

    assert stalled.message == "the answer stalled: nothing came for 2.5 s"
    assert late.message == "the answer took too long"
    assert (stalled.stalled_for, late.stalled_for) == (2.5, None)
    assert (stalled.status, late.status) == (200, 200)
