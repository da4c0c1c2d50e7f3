"""Parameters that a model behind one of OpenAI's dialects refuses, read from its error.

The code and the `param` of an error decide first, then the message. Sources of the words:

- OpenAI and Azure: https://platform.openai.com/docs/guides/error-codes/api-errors and
  https://platform.openai.com/docs/guides/reasoning
- xAI: https://docs.x.ai/docs/guides/reasoning
- Groq: https://console.groq.com/docs/reasoning
- Mistral, vLLM and other servers on FastAPI: https://docs.pydantic.dev/latest/errors/validation_errors/
- Fireworks: https://docs.fireworks.ai/api-reference/post-chatcompletions
- Moonshot: https://platform.moonshot.ai/docs/api/chat
- Alibaba: https://www.alibabacloud.com/help/en/model-studio/error-code
- LiteLLM: https://docs.litellm.ai/docs/exception_mapping
- Cerebras: https://inference-docs.cerebras.ai/support/error
- NVIDIA: https://docs.api.nvidia.com/nim/reference/llm-apis
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from llmring.chat.reasoning import EFFORTS
from llmring.dialects.refusals.number_ranges import NUMBERS, clamps
from llmring.dialects.refusals.refused_thoughts import THOUGHTS_RULE, LeaveOutThoughts
from llmring.dialects.request_changes import (
    ChooseLevel,
    Clamp,
    LeaveOut,
    LeaveOutItem,
    LeaveOutValue,
    Path,
    Rename,
    Replace,
    RequestChange,
    Rule,
    first_match,
)


class Refusal(Struct, frozen=True):
    """A refusal of parameters.

    Attributes:
        changes: What the model takes instead; empty if the request can't do without them.
    """

    changes: tuple[RequestChange, ...] = ()


_EFFORT: tuple[Path, ...] = (
    ("reasoning_effort",),
    ("reasoning", "effort"),
    ("chat_template_kwargs", "reasoning_effort"),
)

# The parameters that an answer can do without, and where they are in a body. Not here is all that
# the application would miss: tools, formats, `stop`, `logprobs`, `n`, and what changes price or
# privacy (`service_tier`, `store`).
_PARAMETERS: Mapping[str, tuple[Path, ...]] = MappingProxyType(
    {
        "chat_template_kwargs": (("chat_template_kwargs",),),
        "enable_thinking": (("enable_thinking",), ("chat_template_kwargs", "enable_thinking")),
        "frequency_penalty": (("frequency_penalty",),),
        "include_reasoning": (("include_reasoning",),),
        "metadata": (("metadata",),),
        "min_p": (("min_p",),),
        "parallel_tool_calls": (("parallel_tool_calls",),),
        "presence_penalty": (("presence_penalty",),),
        "prompt_cache_key": (("prompt_cache_key",),),
        "prompt_cache_options": (("prompt_cache_options",),),
        "prompt_cache_retention": (("prompt_cache_retention",),),
        "reasoning": (("reasoning",),),
        "reasoning.effort": _EFFORT,
        "reasoning.summary": (("reasoning", "summary"),),
        "reasoning_effort": _EFFORT,
        "reasoning_format": (("reasoning_format",),),
        "repetition_penalty": (("repetition_penalty",),),
        "seed": (("seed",),),
        "stream_options": (("stream_options",),),
        "temperature": (("temperature",),),
        "text.verbosity": (("text", "verbosity"),),
        "thinking": (("thinking",),),
        "thinking_budget": (("thinking_budget",),),
        "top_k": (("top_k",),),
        "top_p": (("top_p",),),
        "user": (("user",),),
        "verbosity": (("verbosity",), ("text", "verbosity")),
    }
)

_SAMPLING = {name: _PARAMETERS[name] for name in NUMBERS}

# Two names for one limit; servers take one or the other.
_OTHER_NAME: Mapping[str, str] = MappingProxyType(
    {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
)

_REFUSING_CODES = frozenset(
    {
        "unknown_parameter",
        "unsupported_parameter",
        "unsupported_value",
    }
)
_VALUE_CODES = frozenset({"invalid_value", "unsupported_value"})
_RANGE_CODES = frozenset(
    {
        "decimal_above_max_value",
        "decimal_below_min_value",
        "integer_above_max_value",
        "integer_below_min_value",
    }
)

# A name that is also an everyday word proves nothing without a code or quotes.
_EVERYDAY = ("metadata", "user")
_KNOWN = "|".join(
    re.escape(name)
    for name in (*_PARAMETERS, *_OTHER_NAME, "stop")  # `stop` is known, but not left out
    if name not in _EVERYDAY
)

# Messages that name the parameters they refuse.
_NAMING: tuple[re.Pattern[str], ...] = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        r"unsupported (?:parameter|value|argument)(?:\(s\)|s)?: ['\"`]?(?P<names>[\w.]+)",
        r"unrecognized request arguments? supplied: (?P<names>[\w., ]+)",
        r"(?:unknown|unexpected) (?:parameter|field|argument)s?:? ['\"`](?P<names>[\w.]+)",
        # xAI
        r"argument not supported on this model: (?P<names>[\w.]+)",
        # xAI; LiteLLM gives a list
        r"does(?:n't| not) support (?:the )?(?:parameter|argument)s?:? "
        r"\[?(?P<names>(?:['\"`]?[\w.]+['\"`]?(?:, )?)+)",
        # Fireworks
        r"extra inputs are not permitted, field: ['\"`]?(?P<names>[\w.]+)(?![\w.\[])",
        # FastAPI, as JSON and as Python writes it
        r"extra_forbidden['\"], ?['\"]loc['\"]: ?[\[(]['\"]body['\"], ?"
        r"['\"](?P<names>\w+)['\"][\])]",
        # Groq, Cerebras
        r"^property ['\"`](?P<names>[\w.]+)['\"`] is unsupported",
        # Groq
        r"['\"`](?P<names>[\w.]+)['\"`] (?:parameter )?is not (?:supported|allowed|available)"
        r" (?:with|for|by|on|in) th(?:is|e) ",
        r"\b(?P<names>\w{1,60})['\"`]? is deprecated for this model",
        # OpenAI: a value other than the default one
        r"['\"`](?P<names>[\w.]+)['\"`] does not support .{1,40} with this model",
        # Moonshot
        r"invalid (?P<names>\w+): only [\d.]+ is allowed",
        # Other servers, for parameters that are in the table
        rf"\b(?P<names>{_KNOWN})['\"`]?(?: parameter)?(?: is)? (?:un|not )"
        r"(?:supported|allowed|available|permitted)",
        rf"not support (?:the )?(?:use of )?(?:parameter )?['\"`]?(?P<names>{_KNOWN})\b",
        r"(?:unknown|unexpected|unrecognized) (?:field|parameter|argument|key)(?:\(?s\)?)?"
        rf"(?: in object)?:? ['\"`]?(?P<names>{_KNOWN})\b",
        rf"\(['\"](?P<names>{_KNOWN})['\"] was unexpected\)",
        rf"\b(?P<names>{_KNOWN}) does not support .{{1,40}} with this model",
        r"\b(?P<names>temperature|top_p) must be [\d.]+ for this model",
        r"\binvalid (?P<names>reasoning_effort)\b",
    )
)

# Servers that forbid fields do so in messages and tools too.
_FORBIDDING = re.compile(r"extra_forbidden|extra inputs are not permitted", re.IGNORECASE)

_LEVELS = re.compile(
    r"(?:supported values are|must be one of|expected one of|supported levels|allowed values)"
    r"(?P<levels>[^.]*)",
    re.IGNORECASE,
)


_VALUE = re.compile(r"does not support '|\binvalid reasoning_effort", re.IGNORECASE)


def _constant(*changes: RequestChange) -> Callable[[re.Match[str]], tuple[RequestChange, ...]]:
    return lambda _: changes


_SPECIFIC: tuple[Rule, ...] = tuple(
    (re.compile(words, re.IGNORECASE), build)
    for words, build in (
        (
            r"set reasoning_effort to ['\"`]none",
            _constant(
                Replace(
                    name="reasoning effort",
                    path=("reasoning_effort",),
                    value="none",
                    together_with=("tools",),
                )
            ),
        ),
        (
            r"enable_thinking (?:must be set to false for non-streaming|only support stream)",
            _constant(
                Replace(
                    name="enable_thinking",
                    path=("enable_thinking",),
                    value=False,
                    without=("stream",),
                )
            ),
        ),
        (
            r"thinking_budget parameter must be a positive integer and not greater than (\d+)",
            lambda match: (
                Clamp(
                    name="thinking_budget",
                    paths=(("thinking_budget",),),
                    least=1,
                    most=int(match[1]),
                ),
            ),
        ),
        (
            r"temperature\W+ and \W*top_p\W+ cannot both be specified",
            _constant(LeaveOut(name="top_p", paths=(("top_p",),), together_with=("temperature",))),
        ),
        (
            r"encrypted content is not supported",
            _constant(LeaveOutItem(path=("include",), item="reasoning.encrypted_content")),
        ),
        (
            r"must be verified to generate reasoning summaries",
            _constant(LeaveOut(name="reasoning.summary", paths=(("reasoning", "summary"),))),
        ),
    )
)


def refusal_of(codes: Sequence[str], param: str | None, message: str) -> Refusal | None:
    """Return the refusal of parameters that an error is; None if it is another error.

    Args:
        codes: The error's code and type, in lower case.
        param: The parameter that the error names, if any.
        message: The vendor's message.
    """
    if "invalid_encrypted_content" in codes:
        return Refusal((LeaveOutThoughts(),))
    if changes := first_match((THOUGHTS_RULE, *_SPECIFIC), message):
        return Refusal(changes)
    name = _plain_name(param) if param else None
    if changes := clamps(message, _SAMPLING, name):
        return Refusal(changes)
    # The ranges of other parameters differ between models too, those inside a tool do not.
    if name is not None and name.isidentifier() and _RANGE_CODES.intersection(codes):
        return Refusal()
    names = _names(codes, param, message)
    if not names:
        return Refusal() if _FORBIDDING.search(message) else None
    found = [_change(name, codes, message) for name in names]
    known = tuple(change for change in found if change is not None)
    # Without one of them the request would be refused again.
    return Refusal(known if len(known) == len(found) else ())


def _names(codes: Sequence[str], param: str | None, message: str) -> list[str]:
    """Return the parameters that are refused, by the names of `_PARAMETERS` where it has them."""
    name = _plain_name(param) if param else None
    is_known = name in _PARAMETERS or name in _OTHER_NAME
    if name is not None:
        if _REFUSING_CODES.intersection(codes):
            return [name]
        if is_known and _is_level(name) and (_LEVELS.search(message) or "invalid_value" in codes):
            return [name]
    found: list[str] = []
    for words in _NAMING:
        for match in words.finditer(message):
            found += re.findall(r"[A-Za-z_][\w.]*", match["names"])
        if found:
            return list(dict.fromkeys(_plain_name(each) for each in found))
    if _LEVELS.search(message) and re.search(r"\breasoning[_. ]?effort\b", message, re.IGNORECASE):
        return ["reasoning_effort"]
    return []


def _plain_name(name: str) -> str:
    """Return a parameter's name in the API's own spelling: top_p for body.topP."""
    name = name.strip(".").removeprefix("body.")
    return re.sub(r"(?<=[a-z])([A-Z])", lambda match: "_" + match[1].lower(), name)


def _is_level(name: str) -> bool:
    return _PARAMETERS.get(name) == _EFFORT or "verbosity" in name


def _change(name: str, codes: Sequence[str], message: str) -> RequestChange | None:
    if name in _OTHER_NAME:
        return Rename(name=name, to=_OTHER_NAME[name])
    paths = _PARAMETERS.get(name)
    if paths is None:
        return None
    if _is_level(name):
        listed = _LEVELS.search(message)
        if listed is not None:
            levels = tuple(re.findall(r"\b(?:" + "|".join(EFFORTS) + r")\b", listed["levels"]))
            return ChooseLevel(name=name, paths=paths, levels=levels)
        if _VALUE_CODES.intersection(codes) or _VALUE.search(message):
            return LeaveOutValue(name=name, paths=paths)
    return LeaveOut(name=name, paths=paths)
