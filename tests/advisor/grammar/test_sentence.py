"""Requests become intents; each word has a meaning in them."""

from decimal import Decimal
from typing import Any

import pytest

from advisor.small_catalog import small_agent, small_editor
from llmring.advisor.grammar.intent_parts import AliasPhrase, Setting
from llmring.advisor.grammar.intents import (
    AskCost,
    BindAliases,
    NewProfiles,
    RemoveAliases,
    SetLimits,
    Topic,
)
from llmring.advisor.grammar.lexer import Token, tokens_of
from llmring.advisor.grammar.pattern import literals
from llmring.advisor.grammar.sentence import GRAMMAR, need_of, readings
from llmring.advisor.grammar.vocabulary import Vocabulary


@pytest.fixture
def names() -> Vocabulary:
    return small_agent(small_editor()).vocabulary()


def test_clauses_become_intents_in_order(names: Vocabulary) -> None:
    found = readings("make fast use haiku and limit it to 60 rpm", names)

    assert found
    for first, second in found:
        assert isinstance(first, BindAliases)
        assert first.aliases.names == ("fast",)
        assert second == SetLimits(AliasPhrase(scope="back"), (Setting("rpm", 60),))


def test_a_profile_at_the_beginning_is_that_of_all_clauses(names: Vocabulary) -> None:
    found = readings("in prod, remove fast and remove coder", names)

    assert (
        Topic(AliasPhrase(scope="left out", profile="prod")),
        RemoveAliases(AliasPhrase(names=("fast",), profile="prod")),
        RemoveAliases(AliasPhrase(names=("coder",))),
    ) in found


def test_profiles_are_no_aliases(names: Vocabulary) -> None:
    [reading] = readings("Set up profiles for dev and prod", names)

    assert reading == (NewProfiles(names=("dev", "prod")),)


@pytest.mark.parametrize(
    "text",
    ["", "bind", "bind fast", "bind fast to haiku zqx", "hello there friend", "not", "a" * 2000],
)
def test_a_request_with_a_word_too_many_or_too_few_has_no_reading(
    names: Vocabulary, text: str
) -> None:
    assert readings(text, names) == []


def test_a_question_may_have_words_without_a_meaning(names: Vocabulary) -> None:
    [reading] = readings("what on earth does that fancy coder thing cost?", names)

    assert reading == (AskCost(aliases=AliasPhrase(names=("coder",))),)


@pytest.mark.parametrize(
    ("text", "need"),
    [
        ("images, tools and 200k", {"capabilities": ("tools", "vision"), "min_context": 200_000}),
        ("cheap", {"order": "cheapest"}),
        ("best", {"order": "best"}),
        ("pdfs under $2", {"capabilities": ("documents",), "max_input_price": Decimal(2)}),
        ("from google", {"providers": ("google",)}),
        ("local", {"providers": ("local", "ollama")}),
    ],
)
def test_a_need_is_read(names: Vocabulary, text: str, need: dict[str, Any]) -> None:
    found = need_of(text, names)

    assert found is not None
    assert {key: getattr(found.need, key) for key in need} == need


def test_an_unknown_need_is_unclear(names: Vocabulary) -> None:
    assert need_of("images and blue", names) is None


def test_every_word_of_a_rule_can_come_from_a_request() -> None:
    every = {
        word
        for rules in GRAMMAR.rules.values()
        for rule in rules
        for word in literals(rule.node)
        # The end of "fast's".
        if word != "'s"
    }

    assert {word for word in every if Token(word, word) not in tokens_of(f"x {word} x")} == set()
