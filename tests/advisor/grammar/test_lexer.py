"""The division of a request into tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.advisor.grammar.lexer import tokens_of


def words(text: str, *names: str) -> list[str]:
    return [token.word or f"'{token.text}'" for token in tokens_of(text, names)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Please bind the Fast alias", ["bind", "fast", "alias"]),
        ("What's fast's timeout?", ["what", "is", "fast", "'s", "timeout", "?"]),
        ("don't use it", ["do", "not", "use", "it"]),
        (
            "my 'dev' alias, \u201cprod\u201d and `ci`",
            ["'dev'", "alias", ",", "'prod'", "and", "'ci'"],
        ),
        ("60 requests/min, $5/day", ["60", "requests", "per", "min", ",", "$5", "per", "day"]),
        ("30s and 1,000 tokens", ["30", "s", "and", "1,000", "tokens"]),
        ("fast -> openai:gpt-4o-mini.", ["fast", "->", "openai:gpt-4o-mini"]),
        ("a back-up \u2014 or fall-backs", ["fallback", ",", "or", "fallbacks"]),
        ("groq:qwen/qwen3.8-27b", ["groq:qwen/qwen3.8-27b"]),
        ("fast, please.", ["fast"]),
        ("haiku as well as sonnet, as well", ["haiku", "and", "sonnet"]),
        ("go ahead and bind it, thank you!", ["bind", "it"]),
    ],
)
def test_a_request_becomes_words_in_one_spelling(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_an_existing_name_is_kept_even_if_it_is_a_courtesy() -> None:
    assert words("bind now to haiku") == ["bind", "to", "haiku"]
    assert words("bind now to haiku", "now") == ["bind", "now", "to", "haiku"]


@given(st.text())
def test_every_letter_and_digit_is_in_some_token_of_a_plain_text(text: str) -> None:
    kept = [each for each in text.split() if each.isascii() and each.isalnum() and len(each) > 20]

    found = "".join(token.text for token in tokens_of(" ".join(kept)))

    assert found == "".join(kept)
