"""Patterns of phrases, compiled from text."""

import pytest

from llmring.advisor.grammar.pattern import Literal, Options, Phrase, Sequence, compiled, literals


def test_a_pattern_is_a_sequence_of_words_choices_and_phrases() -> None:
    node = compiled("bind <new:alias> (to|->) [<models>]")

    assert node == Sequence(
        (
            Literal("bind"),
            Phrase("new", "alias"),
            Options((Literal("to"), Literal("->"))),
            Options((Phrase("models", "models"), Sequence(()))),
        )
    )


def test_the_words_of_a_pattern_are_those_that_it_can_match() -> None:
    assert [*literals(compiled("a [b|c d] <e>"))] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("pattern", ["(a", "[a)", "a)", "a]"])
def test_unbalanced_brackets_are_an_error(pattern: str) -> None:
    with pytest.raises(ValueError, match="bracket"):
        compiled(pattern)
