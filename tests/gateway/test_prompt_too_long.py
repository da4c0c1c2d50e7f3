"""Messages for prompts that are too long, as the servers of each API word them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import AllModelsFailedError, ContextLengthError, ProviderResponseError
from llmring.gateway.prompt_too_long import Overflow, overflow_of, too_long_message
from llmring.gateway.wires import WIRES, Wire, WireName

# As Claude Code reads them.
TOO_LONG = re.compile(r"prompt is too long[^0-9]*(\d+)\s*tokens?\s*>\s*(\d+)", re.IGNORECASE)
TOO_MUCH = re.compile(r"input length and `max_tokens` exceed context limit: (\d+) \+ (\d+) > (\d+)")


def rejected(*texts: str) -> AllModelsFailedError:
    """The error of an alias whose models reject a prompt with these messages."""
    failures = [
        ContextLengthError(f"400 {text}", provider=f"p{at}", model="m", provider_message=text)
        for at, text in enumerate(texts)
    ]
    return AllModelsFailedError.of("all failed", failures)


# As vendors and servers word it; two of the numbers in the last ones mean something else.
WORDINGS = [
    ("prompt is too long: 210000 tokens > 200000 maximum", Overflow(210_000, 200_000)),
    (
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease",
        Overflow(190_000, 200_000, 20_000),
    ),
    (
        "maximum context length is 8192 tokens. However, your messages resulted in 9,000 tokens.",
        Overflow(9_000, 8_192),
    ),
    (
        "maximum context length is 8192 tokens. However, you requested 9100 tokens (9000 in the "
        "messages, 100 in the completion).",
        Overflow(9_000, 8_192),
    ),
    (
        "the model's maximum context length of 262144 tokens. You requested a total of 262462 "
        "tokens: 230462 tokens from the input messages and 32000 tokens for the completion.",
        Overflow(230_462, 262_144, 32_000),
    ),
    (
        "'max_tokens' is too large: 32000. The maximum context length is 262144 tokens and your "
        "request has 240000 input tokens (32000 > 262144 - 240000).",
        Overflow(240_000, 262_144, 32_000),
    ),
    (
        "maximum context length is 524288 tokens. However, you requested 1 output tokens and your "
        "prompt contains 524288 input tokens, for a total of 524289 tokens.",
        Overflow(524_289, 524_288),
    ),
    (
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 500 "
        "`max_new_tokens`",
        Overflow(4_000, 4_096, 500),
    ),
    (
        "The input token count (1500000) exceeds the maximum number of tokens allowed (1048576).",
        Overflow(1_500_000, 1_048_576),
    ),
    ("the request exceeds the available context size (4096 tokens)", Overflow(None, 4_096)),
    ("the model takes no prompt of more than 128,000 tokens", Overflow(None, 128_000)),
    ("gpt-4-0613 takes 8192", Overflow(None, 8_192)),
    ("at most 5 images; 9000 > 8192", Overflow(9_000, 8_192)),
    ("too long", Overflow()),
    (f"{'9' * 5000} tokens", Overflow()),
]


@pytest.mark.parametrize(("text", "found"), WORDINGS)
def test_g095_the_numbers_are_those_of_the_provider_s_message(text: str, found: Overflow) -> None:
    assert overflow_of(rejected(text)) == found


def test_g095_the_model_that_takes_the_most_counts_if_its_prompt_was_counted() -> None:
    small, large, unknown = "9000 > 8192", "210000 > 200000", "more than 900000"

    assert overflow_of(rejected(large, small, unknown)) == Overflow(210_000, 200_000)
    assert overflow_of(rejected(small, unknown)) == Overflow(9_000, 8_192)


def test_g095_models_that_fail_otherwise_have_no_say() -> None:
    other = ProviderResponseError("500 after 9000 > 8192", provider="z", model="m", status=500)
    long = ContextLengthError("more than 4096", provider="y", model="m", status=400)
    error = AllModelsFailedError.of("all failed", [other, long])

    assert overflow_of(error) == Overflow(None, 4_096)


def test_g095_claude_code_finds_both_numbers() -> None:
    message = too_long_message(rejected("210000 > 200000"), "messages")
    found = TOO_LONG.search(message)

    assert message == "prompt is too long: 210000 tokens > 200000 maximum"
    assert found is not None
    assert found.groups() == ("210000", "200000")


def test_g095_claude_code_finds_three_where_a_shorter_answer_would_do() -> None:
    error = rejected("190000 + 20000 > 200000")
    found = TOO_MUCH.search(too_long_message(error, "messages"))

    assert found is not None
    assert found.groups() == ("190000", "20000", "200000")


@pytest.mark.parametrize(
    ("estimate", "shown"), [(None, "128001"), (150_000, "150000"), (100_000, "128001")]
)
def test_g095_a_prompt_that_no_provider_has_counted_is_estimated(
    estimate: int | None, shown: str
) -> None:
    found = TOO_LONG.search(too_long_message(rejected("more than 128000"), "messages", estimate))

    assert found is not None
    assert found.groups() == (shown, "128000")


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ("chat", "maximum context length is 200000 tokens"),
        ("responses", "maximum context length is 200000 tokens"),
        ("messages", "prompt is too long: 210000 tokens > 200000 maximum"),
        ("gemini", "input token count (210000) exceeds the maximum number of tokens allowed"),
        ("ollama", "prompt is too long: 210000 tokens > 200000 maximum"),
    ],
)
def test_g095_the_words_are_those_of_the_client_s_api(wire: WireName, words: str) -> None:
    assert words in too_long_message(rejected("210000 > 200000"), wire)


@given(
    numbers=st.lists(st.integers(0, 10**20), max_size=8),
    estimate=st.one_of(st.none(), st.integers(0, 10**7)),
    wire=st.sampled_from(WIRES),
)
def test_g095_any_numbers_make_a_message_that_is_true_of_itself(
    numbers: list[int], estimate: int | None, wire: Wire
) -> None:
    error = rejected(" and ".join(map(str, numbers)))
    found = overflow_of(error)
    message = too_long_message(error, wire.name, estimate)

    assert message
    assert "None" not in message
    if found.prompt is not None and found.most is not None:
        assert found.prompt + (found.answer or 0) > found.most
