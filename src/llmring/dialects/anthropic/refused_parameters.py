"""Parameters that a model behind Anthropic's Messages API refuses, read from its error.

The API has one type for all of them, so the message decides. Sources of the words:

- https://platform.claude.com/docs/en/api/errors
- https://platform.claude.com/docs/en/api/beta-headers#error-handling
- https://platform.claude.com/docs/en/build-with-claude/extended-thinking
- https://platform.claude.com/docs/en/build-with-claude/effort
- https://platform.claude.com/docs/en/about-claude/models/migration-guide

Servers that imitate the API refuse fields that they do not know with the message of the library
that checks them, or in its form:

- https://docs.pydantic.dev/latest/errors/validation_errors/#extra_forbidden
- https://fastapi.tiangolo.com/tutorial/handling-errors/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from llmring.chat.reasoning import EFFORTS
from llmring.dialects.refusals.number_ranges import NUMBERS, clamps
from llmring.dialects.refusals.refused_thoughts import THOUGHTS_RULE
from llmring.dialects.refusals.unknown_to_server import LeaveOutBetas, LeaveOutField
from llmring.dialects.request_changes import (
    ChooseLevel,
    Clamp,
    LeaveOut,
    LeaveOutOfTools,
    LeaveOutValue,
    Path,
    Replace,
    RequestChange,
    Rule,
    first_match,
)

_EFFORT: tuple[Path, ...] = (("output_config", "effort"),)

# The parameters that an answer can do without.
_PARAMETERS: Mapping[str, tuple[Path, ...]] = MappingProxyType(
    {
        "cache_control": (("cache_control",),),
        "context_management": (("context_management",),),
        "effort": _EFFORT,
        "metadata": (("metadata",),),
        "output_config.effort": _EFFORT,
        "temperature": (("temperature",),),
        "thinking": (("thinking",),),
        "thinking.display": (("thinking", "display"),),
        "top_k": (("top_k",),),
        "top_p": (("top_p",),),
    }
)

# The fields of tools that the model can do without.
_OF_TOOLS = "defer_loading|eager_input_streaming|input_examples"

_SAMPLING = {name: _PARAMETERS[name] for name in NUMBERS if name in _PARAMETERS}

_BUDGET: Path = ("thinking", "budget_tokens")


def _leave_out(name: str, together_with: str | None = None) -> RequestChange:
    return LeaveOut(
        name=name,
        paths=_PARAMETERS[name],
        together_with=None if together_with is None else (together_with,),
    )


def _named(match: re.Match[str]) -> tuple[RequestChange, ...]:
    name = match["name"]
    return (_leave_out(name),) if name in _PARAMETERS else ()


_NAMES = "|".join(re.escape(name) for name in _PARAMETERS)

_RULES: tuple[Rule, ...] = tuple(
    (re.compile(words, re.IGNORECASE), build)
    for words, build in (
        (
            r"unexpected value\(s\) (?P<betas>.*) for the `anthropic-beta` header",
            lambda match: (LeaveOutBetas(tuple(re.findall(r"[\w.-]+", match["betas"]))),),
        ),
        (
            r"unsupported beta header: (?P<beta>[\w.-]+)",
            lambda match: (LeaveOutBetas((match["beta"],)),),
        ),
        (
            r"`?temperature`? and `?top_p`? cannot both be specified",
            lambda _: (_leave_out("top_p", together_with="temperature"),),
        ),
        (
            r"`?(?P<name>temperature|top_p|top_k)`? (may only|must).*when thinking is enabled",
            lambda match: (_leave_out(match["name"], together_with="thinking"),),
        ),
        (
            r"does not support effort level '\w+'\. Supported levels: (?P<levels>[\w, ]+)",
            lambda match: (
                ChooseLevel(
                    name="reasoning effort",
                    paths=_EFFORT,
                    levels=tuple(each for each in EFFORTS if each in match["levels"].split(", ")),
                ),
            ),
        ),
        (r"does not support (the )?effort", lambda _: (_leave_out("effort"),)),
        (
            r"output_config\.effort: input should be (?P<levels>.+)",
            lambda match: (
                ChooseLevel(
                    name="reasoning effort",
                    paths=_EFFORT,
                    levels=tuple(re.findall(r"'(\w+)'", match["levels"])),
                ),
            ),
        ),
        (
            r"thinking\.type\.enabled\W* is not supported",
            lambda _: (Replace(name="thinking", path=("thinking",), value={"type": "adaptive"}),),
        ),
        (
            r"adaptive thinking is not supported|thinking\.type\.(disabled|adaptive)\W* is not "
            r"supported|does not support (adaptive |extended )?thinking",
            lambda _: (LeaveOutValue(name="thinking", paths=(("thinking",),)),),
        ),
        (
            r"budget_tokens: input should be greater than or equal to (\d+)",
            lambda match: (Clamp(name="thinking budget", paths=(_BUDGET,), least=int(match[1])),),
        ),
        (
            r"thinking may not be enabled when tool_choice forces",
            lambda _: (_leave_out("thinking", together_with="tool_choice"),),
        ),
        (rf"not support (the )?(use of )?`?(?P<name>{_NAMES})\b", _named),
        (rf"`?(?P<name>{_NAMES})`? is (deprecated|not supported|not available)", _named),
        (rf"(?<![\w.])(?P<name>{_NAMES}): extra inputs are not permitted", _named),
        (
            rf"\btools\.\d+\.([\w-]+\.)*(?P<name>{_OF_TOOLS}): extra inputs are not permitted",
            lambda match: (LeaveOutOfTools(match["name"]),),
        ),
        (
            r"(?<![\w.])(?P<name>[a-z_]{1,64}): extra inputs are not permitted",
            lambda match: unknown_field(match["name"]),
        ),
    )
)

VENDOR = "api.anthropic.com"

# Without these, the answer would be another one, or another deal.
_NEEDED = frozenset(
    {
        "billing_policy",
        "compaction",
        "container",
        "inference_geo",
        "max_tokens",
        "mcp_servers",
        "messages",
        "model",
        "output_config",
        "output_format",
        "service_tier",
        "speed",
        "stop_sequences",
        "stream",
        "system",
        "tool_choice",
        "tools",
    }
)


def unknown_field(name: str) -> tuple[RequestChange, ...]:
    """Return the change for a field of the body that a server does not know; empty for none."""
    return () if name in _NEEDED else (LeaveOutField(name=name, vendor=VENDOR),)


def changes_for(message: str) -> tuple[RequestChange, ...]:
    """Return the changes with which the model takes the request; often empty.

    Args:
        message: The message of an error of the type "invalid_request_error".
    """
    return first_match((THOUGHTS_RULE, *_RULES), message) or clamps(message, _SAMPLING)
