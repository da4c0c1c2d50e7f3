"""Messages for prompts that are too long for all models, as the servers of each API word them.

Programs know such an error by the words of their API's own servers, and shorten the conversation.
Claude Code takes the numbers out of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import combinations

from msgspec import Struct

from llmring.exceptions import ContextLengthError, ProviderError
from llmring.gateway.failed_models import last_of_each, text_of
from llmring.gateway.wires import WireName


class Overflow(Struct, frozen=True):
    """The tokens of a request that is too long, as far as they are known.

    Attributes:
        prompt: The tokens of the prompt.
        most: The most that the model takes.
        answer: The tokens kept free for the answer, if the prompt alone would fit.
    """

    prompt: int | None = None
    most: int | None = None
    answer: int | None = None


def too_long_message(error: ProviderError, wire: WireName, prompt_tokens: int | None = None) -> str:
    """Return the message for a prompt that is too long for all models.

    Args:
        error: The failure of the call.
        wire: The client's API.
        prompt_tokens: An estimate of the prompt's tokens, for where no provider has counted them.
    """
    overflow = overflow_of(error)
    most, estimate = overflow.most, prompt_tokens
    if overflow.prompt is None and most is not None and estimate is not None and estimate > most:
        overflow = Overflow(estimate, most)
    return _WORDS[wire](overflow)


def overflow_of(error: ProviderError) -> Overflow:
    """Return the tokens that the providers report, for the model that takes the most."""
    found = [
        _overflow(_numbers(each.error))
        for each in last_of_each(error)
        if isinstance(each.error, ContextLengthError)
    ]
    counted = [each for each in found if each.prompt is not None]
    return max(counted or found, key=lambda each: each.most or 0, default=Overflow())


# Whole numbers, but no parts of names such as "gpt-4-0613", and no decimals.
_NUMBER = re.compile(r"(?<![\w.,-])(\d{1,3}(?:,\d{3})+|\d+)(?![\w-]|[.,]\d)", re.ASCII)
_LONGEST_NUMBER = 16
_MOST_NUMBERS = 10
_LEAST_CONTEXT = 512


def _numbers(error: ProviderError) -> list[int]:
    """Return the numbers in a provider's message, each once."""
    found = _NUMBER.findall(error.provider_message or text_of(error))
    numbers = (int(text.replace(",", "")) for text in found if len(text) < _LONGEST_NUMBER)
    return [*dict.fromkeys(numbers)][:_MOST_NUMBERS]


def _overflow(numbers: list[int]) -> Overflow:
    """Find out what the numbers of a message are: messages have no common form, but sums have."""
    # The prompt and the answer, their total, and a limit below it.
    for prompt, answer in combinations(numbers, 2):
        total = prompt + answer
        others = {*numbers} - {prompt, answer, total}
        limits = [each for each in others if _LEAST_CONTEXT <= each < total]
        if total in numbers and limits:
            most = max(limits)
            return Overflow(prompt, most, answer if prompt <= most else None)
    match sorted(numbers):
        case [answer, prompt, most] if answer + prompt > most:
            return Overflow(prompt, most, answer)
    match sorted(each for each in numbers if each >= _LEAST_CONTEXT):
        case [most, prompt]:
            return Overflow(prompt, most)
        case [most]:
            return Overflow(None, most)
    return Overflow()


def _anthropic(overflow: Overflow) -> str:
    prompt, most, answer = overflow.prompt, overflow.most, overflow.answer
    if answer is not None:
        return (
            f"input length and `max_tokens` exceed context limit: {prompt} + {answer} > {most}, "
            "decrease input length or `max_tokens` and try again"
        )
    if most is None:
        return "prompt is too long"
    # Claude Code gives up without a number for the prompt, which has at least one token too many.
    return f"prompt is too long: {prompt or most + 1} tokens > {most} maximum"


def _openai(overflow: Overflow) -> str:
    prompt, most, answer = overflow.prompt, overflow.most, overflow.answer
    if prompt is None or most is None:
        return (
            "Your input exceeds the context window of this model. Please adjust your input and try "
            "again."
        )
    limit = f"This model's maximum context length is {most} tokens. However, "
    if answer is not None:
        return (
            f"{limit}you requested {prompt + answer} tokens ({prompt} in the messages, {answer} in "
            "the completion). Please reduce the length of the messages or completion."
        )
    return (
        f"{limit}your messages resulted in {prompt} tokens. Please reduce the length of the "
        "messages."
    )


def _google(overflow: Overflow) -> str:
    prompt, most, answer = overflow.prompt, overflow.most, overflow.answer
    if prompt is None or most is None:
        return "The input token count exceeds the maximum number of tokens allowed."
    count = f"({prompt})" if answer is None else f"({prompt}) with maxOutputTokens ({answer})"
    return f"The input token count {count} exceeds the maximum number of tokens allowed ({most})."


_WORDS: Mapping[WireName, Callable[[Overflow], str]] = {
    "chat": _openai,
    "responses": _openai,
    "messages": _anthropic,
    "gemini": _google,
    "ollama": _anthropic,
}
