"""The vendors' words for failures and refusals, in the product's words."""

import pytest

from llmring.dialects.finish_reasons import FAILURES, REFUSALS, reason_of


@pytest.mark.parametrize("word", sorted(FAILURES))
def test_a_word_for_a_failure_is_an_error_in_any_spelling(word: str) -> None:
    assert reason_of(word, {}) == "error"
    assert reason_of(word.upper().replace("_", "-"), {}) == "error"


@pytest.mark.parametrize("word", sorted(REFUSALS))
def test_a_word_for_a_refusal_is_a_content_filter_in_any_spelling(word: str) -> None:
    assert reason_of(word, {}) == "content_filter"
    assert reason_of(word.upper().replace("_", "-"), {}) == "content_filter"


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("content_filter: RECITATION", "content_filter"),
        ("function_call_filter: MALFORMED_FUNCTION_CALL", "error"),
        ("STOP: all is well", "stop"),
    ],
)
def test_words_after_a_colon_explain_the_reason(native: str, reason: str) -> None:
    assert reason_of(native, {"stop": "stop"}) == reason


def test_the_api_s_own_table_goes_first() -> None:
    assert reason_of("SAFETY", {"safety": "stop"}) == "stop"


def test_an_unknown_word_stays_itself_in_lower_case() -> None:
    assert reason_of("Pause-Turn", {}) == "pause-turn"


def test_no_word_is_both() -> None:
    assert not FAILURES & REFUSALS
