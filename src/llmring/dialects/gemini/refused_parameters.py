"""Parameters that a Gemini model refuses, read from its error.

The API has one status for all of them, INVALID_ARGUMENT, so the message decides. Sources of the
words:

- https://ai.google.dev/gemini-api/docs/troubleshooting
- https://ai.google.dev/gemini-api/docs/thinking
- https://ai.google.dev/gemini-api/docs/gemini-3
- https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/api-errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from llmring.dialects.refusals.number_ranges import clamps
from llmring.dialects.refusals.refused_thoughts import THOUGHTS_RULE
from llmring.dialects.request_changes import (
    Clamp,
    LeaveOut,
    LeaveOutValue,
    Path,
    RequestChange,
    Rule,
    first_match,
)

_CONFIG = "generationConfig"
_THINKING = "thinkingConfig"
_BUDGET: Path = (_CONFIG, _THINKING, "thinkingBudget")
_LEVEL: Path = (_CONFIG, _THINKING, "thinkingLevel")

# The parameters that an answer can do without. Not here is all that the application would miss:
# `stopSequences`, `candidateCount`, log probabilities, formats.
_PARAMETERS: Mapping[str, Path] = MappingProxyType(
    {
        **{
            name: (_CONFIG, name)
            for name in (
                "temperature",
                "topP",
                "topK",
                "seed",
                "presencePenalty",
                "frequencyPenalty",
                "mediaResolution",
                _THINKING,
            )
        },
        **{
            name: (_CONFIG, _THINKING, name)
            for name in ("thinkingBudget", "thinkingLevel", "includeThoughts")
        },
    }
)

# Sampling numbers, which may be moved into the model's range.
_SAMPLING: Mapping[str, tuple[Path, ...]] = MappingProxyType(
    {
        name: (_PARAMETERS[name],)
        for name in ("temperature", "topP", "topK", "presencePenalty", "frequencyPenalty")
    }
)


def _leave_out(*names: str, together_with: Path | None = None) -> tuple[RequestChange, ...]:
    return tuple(
        LeaveOut(name=name, paths=(_PARAMETERS[name],), together_with=together_with)
        for name in names
    )


def _named(match: re.Match[str]) -> tuple[RequestChange, ...]:
    name = _camel(match["name"])
    return _leave_out(name) if name in _PARAMETERS else ()


def _camel(name: str) -> str:
    words = name.replace(" ", "_").split("_")
    return words[0][:1].lower() + words[0][1:] + "".join(word.capitalize() for word in words[1:])


def _budget(match: re.Match[str]) -> tuple[RequestChange, ...]:
    least, most = int(match["least"]), int(match["most"])
    return (Clamp(name="thinking budget", paths=(_BUDGET,), least=least, most=most),)


def _range(match: re.Match[str]) -> tuple[RequestChange, ...]:
    name = _camel(match["name"])
    if name not in _SAMPLING:
        return ()
    most = float(match["most"])
    if match["end"].lower() == "exclusive":
        # 2.0001 means 2; before a whole number, the last one is the one below.
        most = most - 1 if most == int(most) else float(int(most))
    least = float(match["least"])
    return (Clamp(name=name, paths=_SAMPLING[name], least=least, most=most),)


_WORDS = "|".join(("temperature", "top_?[pk]", "seed", "presence_?penalty", "frequency_?penalty"))

_RULES: tuple[Rule, ...] = tuple(
    (re.compile(words, re.IGNORECASE), build)
    for words, build in (
        (
            r"thinking budget \(?-?\d+\)? is invalid\. please choose a value between "
            r"(?P<least>\d+) and (?P<most>\d+)",
            _budget,
        ),
        (
            r"budget \(?-?\d+\)? is invalid|setting thinking_?budget to 0",
            lambda _: (LeaveOutValue(name="thinking budget", paths=(_BUDGET,)),),
        ),
        (
            r"only one of thinking budget and thinking level",
            lambda _: _leave_out("thinkingBudget", together_with=_LEVEL),
        ),
        (
            r"thinking[_ ]?level (?P<level>\w+) is not supported",
            lambda _: (LeaveOutValue(name="thinking level", paths=(_LEVEL,)),),
        ),
        (r"(?P<name>thinking[_ ](level|budget)) is not supported", _named),
        (r"include_?thoughts is only enabled when", lambda _: _leave_out("includeThoughts")),
        (
            r"thinking is not (enabled|supported)|does(n't| not) support thinking",
            lambda _: _leave_out(_THINKING),
        ),
        (
            r"penalty is not enabled",
            lambda _: _leave_out("presencePenalty", "frequencyPenalty"),
        ),
        (
            r"has an? (?P<name>\w+) value of \S+ but the supported range is from "
            r"(?P<least>[\d.]+) \(inclusive\) to (?P<most>[\d.]+) \((?P<end>inclusive|exclusive)\)",
            _range,
        ),
        (rf"\b(?P<name>{_WORDS}) is not (supported|enabled)", _named),
        (r"unknown name \W*(?P<name>\w+)\W* at \W*generation_?config", _named),
    )
)


def changes_for(message: str) -> tuple[RequestChange, ...]:
    """Return the changes with which the model takes the request; often empty.

    Args:
        message: The message of an error of the status INVALID_ARGUMENT.
    """
    return first_match((THOUGHTS_RULE, *_RULES), message) or clamps(message, _SAMPLING)
