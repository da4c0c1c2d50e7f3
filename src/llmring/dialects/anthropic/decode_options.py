"""The reasoning and the output format that a client's request asks for.

https://platform.claude.com/docs/en/build-with-claude/thinking
https://platform.claude.com/docs/en/build-with-claude/effort
https://platform.claude.com/docs/en/build-with-claude/effort-per-message
https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from llmring.chat.output_format import OutputFormat
from llmring.dialects.anthropic.decode_fields import (
    Json,
    beyond,
    integer,
    required_text,
    table,
    tables,
    text,
    wrong,
)

_EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})

# The effort of requests that name none.
_USUAL_EFFORT = "high"


class AskedReasoning(Struct, frozen=True, kw_only=True):
    """The amount of reasoning that a request asks for.

    Attributes:
        tokens: The budget, if one is given.
        effort: The effort; "none" where reasoning is turned off.
        own: The `thinking` field, as far as it is for this API alone.
    """

    tokens: int | None = None
    effort: str | None = None
    own: Mapping[str, Any] = {}


def decode_reasoning(body: Json) -> AskedReasoning:
    """Return the amount of reasoning that a request asks for.

    The effort is that of the last message that changes it, or else the request's. An effort without
    `thinking` is one for models of other vendors; a model of this API gets no
    `thinking` either.

    Raises:
        RequestFormatError: `thinking` is incomplete.
    """
    given = text(table(body, "output_config", "") or {}, "effort", "output_config")
    effort = _changed_effort(body) or (given if given in _EFFORTS else None)
    thinking = table(body, "thinking", "")
    if thinking is None:
        own: Json = {} if effort is None else {"thinking": None}
        return AskedReasoning(effort=effort, own=own)
    match required_text(thinking, "type", "thinking"):
        case "disabled":
            return AskedReasoning(effort="none", own=_further(thinking))
        case "adaptive":
            return AskedReasoning(effort=effort or _USUAL_EFFORT, own=_further(thinking))
        case "enabled":
            tokens = integer(thinking, "budget_tokens", "thinking")
            if not tokens:
                raise wrong("thinking.budget_tokens", "Input should be an integer above 0")
            return AskedReasoning(tokens=tokens, own=_further(thinking))
    return AskedReasoning(effort=effort, own={"thinking": thinking})


def is_effort(config: object) -> bool:
    """Return True if the `output_config` of a message changes the effort, and nothing else."""
    return config in [{"effort": effort} for effort in _EFFORTS]


def _changed_effort(body: Json) -> str | None:
    configs = [turn.get("output_config") for turn in tables(body, "messages", "")]
    efforts = [config["effort"] for config in configs if config is not None and is_effort(config)]
    return efforts[-1] if efforts else None


def _further(thinking: Json) -> Json:
    fields = beyond(thinking, frozenset({"type", "budget_tokens"}))
    return {"thinking": fields} if fields else {}


def decode_output(
    body: Json, effort: str | None
) -> tuple[OutputFormat | None, Json, tuple[str, ...]]:
    """Return the format of the answer, the fields of `output_config` for this API alone, and paths.

    The paths are those of a format that only this API understands. An earlier beta of the API has
    the format in `output_format`.

    Args:
        body: The request.
        effort: The effort that the request has been read to ask for.

    Raises:
        RequestFormatError: The format is incomplete.
    """
    config = table(body, "output_config", "") or {}
    own = beyond(config, frozenset({"format"}))
    if own.get("effort") == effort:
        own.pop("effort", None)
    path, asked = "output_config.format", table(config, "format", "output_config")
    if asked is None:
        path, asked = "output_format", table(body, "output_format", "")
    if asked is None:
        return None, own, ()
    if required_text(asked, "type", path) != "json_schema":
        return None, {**own, "format": asked}, (path,)
    schema = table(asked, "schema", path)
    if schema is None:
        raise wrong(f"{path}.schema", "Field required")
    # The API always enforces the schema.
    return OutputFormat(schema, strict=True), own, ()
