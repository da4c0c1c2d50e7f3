"""The requests that clients of the Responses API send.

https://platform.openai.com/docs/api-reference/responses/create

The API has more than one form for some requests; they are read as the same:

- `instructions` are the first system message, and the role "developer" is "system";
- a null is a field that is not there, and `store` is always false;
- several texts of one message of an assistant, and several summaries of one thought, are one text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.chat.reasoning import EFFORTS
from llmring.chat.request import LLMRequest, Message
from llmring.dialects.openai_responses.decode_input import decode_input
from llmring.dialects.openai_responses.decode_tools import decode_tools
from llmring.dialects.openai_responses.request_values import (
    list_in,
    missing,
    optional_count,
    optional_flag,
    optional_number,
    optional_text,
    present,
    text_in,
)
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError, body_object
from llmring.dialects.service_tier import unusual
from llmring.exceptions import ValidationError

Json = dict[str, Any]

# Fields with a place in the library's request.
_READ = frozenset(
    {
        "input",
        "instructions",
        "max_output_tokens",
        "model",
        "prompt_cache_key",
        "prompt_cache_retention",
        "store",
        "stream",
        "temperature",
        "tool_choice",
        "tools",
        "top_p",
    }
)
# Fields of which a part has a place there.
_SPLIT = frozenset({"prompt_cache_options", "reasoning", "text"})

# Fields by which a server finds what it stores.
_STORED = ("background", "conversation", "previous_response_id")

# Fields without which a request would mean something else.
_REQUIRED = ("moderation", "prompt")

# The reply repeats these; `reply_encoding.Envelope.echo` has them.
# https://platform.openai.com/docs/api-reference/responses/object
_REPEATED = (
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
)
# Parts of fields that the reply has even where the request leaves them out.
_DEFAULTS: Mapping[str, Json] = {
    "prompt_cache_options": {"mode": "implicit", "ttl": "30m"},
    "reasoning": {"effort": None, "summary": None},
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
}


def decode_request(body: bytes, headers: Mapping[str, str]) -> ClientRequest:  # noqa: ARG001 -- one form for all dialects
    """Decode the body of a request.

    Raises:
        RequestFormatError: The body is not what the API accepts.
    """
    fields = present(body_object(body), "the body")
    _refuse_stored(fields)
    model = text_in(fields, "model")
    if not model:
        raise missing("model")
    if "input" not in fields and "prompt" not in fields:
        raise missing("input")
    turns, required = decode_input(fields.get("input", []))
    if instructions := optional_text(fields, "instructions"):
        turns.insert(0, Message("system", instructions))
    offered = decode_tools(fields)
    text, reasoning = (present(fields.get(name, {}), name) for name in ("text", "reasoning"))
    cache, own_cache = _caching(fields)
    one_call = optional_flag(fields, "parallel_tool_calls") is False and bool(offered.tools)
    own = {name: fields[name] for name in fields if name not in _READ | _SPLIT}
    if one_call:
        del own["parallel_tool_calls"]
    own |= {**own_cache, **_own_text(text), **_own_reasoning(reasoning), **offered.own}
    try:
        request = LLMRequest(
            messages=turns,
            temperature=optional_number(fields, "temperature"),
            top_p=optional_number(fields, "top_p"),
            max_tokens=optional_count(fields, "max_output_tokens"),
            response_format=_format(text),
            tools=offered.tools or None,
            tool_choice=offered.choice,
            cache=cache,
            reasoning_effort=_effort(reasoning),
        )
    except RequestFormatError:
        raise
    except ValidationError as error:
        raise RequestFormatError(str(error)) from None
    return ClientRequest(
        model=model,
        request=request,
        stream=optional_flag(fields, "stream") or False,
        echo=_echo(fields, text, reasoning),
        own=own,
        required_own=(*required, *offered.required, *_required(fields)),
        one_call=one_call,
        conversation=optional_text(fields, "prompt_cache_key"),
    )


def _refuse_stored(fields: Json) -> None:
    optional_flag(fields, "store")
    for name in _STORED:
        if fields.get(name):
            raise RequestFormatError(
                f"{name} is not supported, as nothing is stored; send the whole input",
                name,
                "unsupported_parameter",
            )
        fields.pop(name, None)


def _required(fields: Json) -> list[str]:
    required = [name for name in _REQUIRED if name in fields]
    if unusual(optional_text(fields, "service_tier")):
        required.append("service_tier")
    # https://platform.openai.com/docs/api-reference/responses/create#responses-create-include
    if optional_count(fields, "top_logprobs"):
        required.append("top_logprobs")
    if "message.output_text.logprobs" in list_in(fields, "include"):
        required.append("include")
    return required


# --- Format of the answer ---


def _format(text: Json) -> Json | None:
    if "format" not in text:
        return None
    format_ = present(text["format"], "text.format")
    kind = text_in(format_, "type", "text.format.")
    match kind:
        case "text":
            return None
        case "json_object":
            return {"type": kind}
        case "json_schema":
            optional_text(format_, "description", "text.format.")
            optional_flag(format_, "strict", "text.format.")
            text_in(format_, "name", "text.format.")
            present(format_.get("schema"), "text.format.schema")
            return format_
    raise RequestFormatError(
        f"text.format.type must be text, json_object or json_schema, not {kind!r:.50}",
        "text.format.type",
        "invalid_value",
    )


def _own_text(text: Json) -> Json:
    own = {name: text[name] for name in text if name != "format"}
    return {"text": own} if own else {}


# --- Reasoning ---


def _effort(reasoning: Json) -> str | None:
    effort = optional_text(reasoning, "effort", "reasoning.")
    return effort if effort in EFFORTS else None


def _own_reasoning(reasoning: Json) -> Json:
    own = dict(reasoning)
    if effort := _effort(reasoning):
        del own["effort"]
        if effort != "none":
            # The library asks for a summary whenever it asks for an effort.
            own.setdefault("summary", None)
    return {"reasoning": own} if own else {}


# --- Prompt cache ---


def _caching(fields: Json) -> tuple[Json | None, Json]:
    """Return the cache setting, and the fields that have more than it.

    https://platform.openai.com/docs/guides/prompt-caching
    """
    key = optional_text(fields, "prompt_cache_key")
    options = present(fields.get("prompt_cache_options", {}), "prompt_cache_options")
    ttl = optional_text(fields, "prompt_cache_retention") or optional_text(
        options, "ttl", "prompt_cache_options."
    )
    own = {"prompt_cache_options": options} if options.keys() - {"ttl"} else {}
    cache = {name: value for name, value in (("key", key), ("ttl", ttl)) if value}
    return cache or None, own


# --- Fields that the reply repeats ---


def _echo(fields: Json, text: Json, reasoning: Json) -> Json:
    echo = {name: fields[name] for name in _REPEATED if name in fields}
    options = present(fields.get("prompt_cache_options", {}), "prompt_cache_options")
    for name, given in ("prompt_cache_options", options), ("reasoning", reasoning), ("text", text):
        if given:
            echo[name] = {**_DEFAULTS[name], **given}
    return echo
