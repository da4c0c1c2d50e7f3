"""The ranges of the numbers for sampling, read from the error of a model that takes no other.

Servers word them so much alike that this is one rule for all dialects. Sources of the words:

- OpenAI: https://platform.openai.com/docs/guides/error-codes/api-errors
- Anthropic: https://platform.claude.com/docs/en/api/errors
- Google: https://ai.google.dev/gemini-api/docs/troubleshooting
- Groq: https://console.groq.com/docs/errors
- Mistral and other servers on FastAPI: https://docs.pydantic.dev/latest/errors/validation_errors/
- DeepSeek: https://api-docs.deepseek.com/quick_start/error_codes
- Alibaba: https://www.alibabacloud.com/help/en/model-studio/error-code
- Cohere: https://docs.cohere.com/reference/errors
- Hugging Face: https://huggingface.co/docs/text-generation-inference/reference/api_reference
- Bedrock: https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
- vLLM: https://docs.vllm.ai/en/latest/api/vllm/sampling_params.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from llmring.dialects.request_changes import Clamp, Path

# The numbers, as OpenAI and most others write them.
NUMBERS = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
)

_NAME = re.compile(
    r"(?<![\w-])(?:" + "|".join(name.replace("_", "_?") for name in NUMBERS) + r")(?!\w)",
    re.IGNORECASE,
)

_NUMBER = r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)(?!\w)"
# "3 is not less than 2" names no end, "must not be less than 2" does.
_NEVER = r"(?:\bno|\bbe not|(?:not|can't) be)"


def _words(*words: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(each, re.IGNORECASE) for each in words)


_BOTH = _words(
    rf"\bbetween {_NUMBER} and {_NUMBER}(?! ?\(?exclusive)",
    rf"\brange:? (?:is |of |should be )?{_NUMBER} ?(?:\.\.|to|-) ?{_NUMBER}(?! ?\(?exclusive)",
    rf"\[ ?{_NUMBER} ?, ?{_NUMBER} ?\]",
)
_MOST = _words(
    rf"(?:<=|≤|at most|less (?:than )?or equal to|maximum of|not exceed"
    rf"|{_NEVER} (?:more|greater|larger|higher) than) ?{_NUMBER}",
    rf"\( ?-?[\d.]+ ?, ?{_NUMBER} ?\]",
)
_LEAST = _words(
    # Not of "0 (disable), or at least 1".
    rf"(?:>=|≥|(?<!\bor )at least|greater (?:than )?or equal to|minimum of"
    rf"|{_NEVER} (?:less|smaller|lower) than) ?{_NUMBER}",
    rf"\[ ?{_NUMBER} ?, ?\+?(?:[\d.]+|inf\w*) ?\)",
    r"non-?negative()",
)

# Ranges that are not given, or not with their ends.
_OUT_OF_RANGE = re.compile(
    r"\brange\b|above max|below min|too (high|low|large|small)|(less|greater) than|exceeds?\b"
    r"|must be (strictly )?(positive|in |within |between |[<>])|or at least|cannot be set to -?\d",
    re.IGNORECASE,
)


def clamps(
    message: str, paths: Mapping[str, tuple[Path, ...]], param: str | None = None
) -> tuple[Clamp, ...]:
    """Return the ranges of the numbers that a model refuses; empty if it refuses none.

    A range that does not include its ends, or whose ends are not in the message, changes nothing.

    Args:
        message: The vendor's message.
        paths: Where the API has these numbers in a body, by the names that it gives them.
        param: The parameter that the error names, if any.
    """
    places = {_plain(name): name for name in paths}
    named = [(param, message)] if param else _named(message)
    found: dict[str, Clamp] = {}
    for number, words in named:
        name = places.get(_plain(number))
        if name is None or name in found:
            continue
        least, most = _range(words)
        if least is not None or most is not None or _OUT_OF_RANGE.search(words):
            found[name] = Clamp(name=name, paths=paths[name], least=least, most=most)
    return tuple(found.values())


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _named(message: str) -> list[tuple[str, str]]:
    """Return the numbers that a message names, each with the words about it."""
    named: list[tuple[str, str]] = []
    # Lists of errors are JSON.
    for each in re.split(r"[{}\n]", message):
        first = _NAME.search(each)
        if first is not None:
            others = (at for at in _NAME.finditer(each) if _plain(at[0]) != _plain(first[0]))
            end = next((other.start() for other in others), len(each))
            named.append((first[0], each[:end]))
    return named


def _range(words: str) -> tuple[float | None, float | None]:
    """Return the least and the greatest number, each None if it is not there."""
    for pattern in _BOTH:
        both = pattern.search(words)
        if both is not None:
            return float(both[1]), float(both[2])
    return _end(_LEAST, words), _end(_MOST, words)


def _end(patterns: tuple[re.Pattern[str], ...], words: str) -> float | None:
    for pattern in patterns:
        match = pattern.search(words)
        if match is not None:
            return float(match[1] or 0)
    return None
