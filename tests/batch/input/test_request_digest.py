from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.input.request_digest import TextDigests, canonical, digest_of, request_digest
from llmring.chat.request import LLMRequest, Message

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


def test_b25_the_digest_of_a_request_is_the_same_on_every_machine() -> None:
    request = LLMRequest("summary", "Hello", max_tokens=100, temperature=0.5)

    assert request_digest(request) == "5fa55092a27b3f65c8fbb2c358381bb3"


def test_b25_a_digest_has_128_bits_in_hexadecimal_digits() -> None:
    assert len(bytes.fromhex(digest_of({"a": 1}))) == 16


def test_the_order_of_keys_does_not_matter() -> None:
    assert digest_of({"a": 1, "b": {"c": 2, "d": 3}}) == digest_of({"b": {"d": 3, "c": 2}, "a": 1})


@pytest.mark.parametrize(
    "other",
    [
        LLMRequest("other", "Hello"),
        LLMRequest("summary", "Hello."),
        LLMRequest("summary", "Hello", max_tokens=1),
        LLMRequest("summary", [Message("system", "Hello")]),
    ],
)
def test_another_model_text_option_or_role_has_another_digest(other: LLMRequest) -> None:
    assert request_digest(other) != request_digest(LLMRequest("summary", "Hello"))


@given(
    ANY_TEXT,
    ANY_TEXT,
    st.fixed_dictionaries(
        {},
        optional={
            "max_tokens": st.integers(1, 10),
            "metadata": st.dictionaries(ANY_TEXT, ANY_TEXT),
            "stop": st.lists(st.text()),
            "extra_params": st.dictionaries(st.text(), st.integers(0, 9)),
        },
    ),
)
def test_requests_of_texts_have_the_digests_of_all_requests(
    system: str, prompt: str, options: dict[str, Any]
) -> None:
    usual = LLMRequest("summary", **options)
    turns = [Message("system", system), Message("user", prompt)]

    digest = TextDigests(usual, ["system", "user"]).digest([system, prompt])

    assert digest == request_digest(LLMRequest("summary", turns, **options))


def test_half_of_a_pair_is_encoded_as_the_replacement_character() -> None:
    assert canonical({"a": ["\ud800"]}) == '{"a":["\ufffd"]}'.encode()
