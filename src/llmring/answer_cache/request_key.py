"""The key of a request: the same for all requests that mean the same, whatever their API.

What an answer does not depend on is left out: the marks of prompt caches, IDs, tags, and the fields
in which clients name their users. Numbers, the order of keys, and the IDs by which results belong
to calls are brought into one form.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from llmring.answer_cache.unread_fields import unread_fields
from llmring.chat.json_text import json_bytes
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import Part
from llmring.chat.request import Message
from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolCall

# Changes with the form of keys, and with that of what is kept under them.
_VERSION = "1"

# Fields of single APIs that no answer depends on.
MEANINGLESS = frozenset(
    {
        "cache_control",
        "keep_alive",
        "labels",
        "metadata",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "store",
        "stream_options",
        "user",
    }
)
_MARK = "cache_control"
_MOST_WHOLE = 2**53


def key_of(request: ParsedRequest, *circumstances: Any) -> str:
    """Return the key of a request.

    Args:
        request: The request.
        circumstances: What else the answer depends on, as plain data.
    """
    parts = [_VERSION, circumstances, _meaning(request)]
    return hashlib.sha256(json_bytes(plain(parts))).hexdigest()


def plain(value: Any) -> Any:
    """Return plain data in the one form of its meaning: whole numbers, and keys in order."""
    match value:
        case bool() | str() | None:
            return value
        case float():
            whole = value.is_integer() and abs(value) < _MOST_WHOLE
            return int(value) if whole else value
        case Mapping():
            return {key: plain(value[key]) for key in sorted(value)}
        case list() | tuple():
            return [plain(each) for each in value]
    return value


def _meaning(request: ParsedRequest) -> Any:
    own = request.own
    own_fields = {} if own is None else _meaningful(own.fields)
    is_own = own is not None and (own_fields or own.required)
    choice = "auto" if request.choice is None else request.choice
    return {
        "turns": [*_turns(request.turns)],
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_tokens": request.max_tokens,
        "stops": sorted(set(request.stops)),
        "seed": request.seed,
        "tools": [_tool(each) for each in request.tools],
        "choice": {"name": choice.name} if isinstance(choice, NamedTool) else choice,
        "output": _fields(request.output, "type", "load"),
        "reasoning": _fields(request.reasoning),
        "extra_params": request.extra_params,
        "own": [own.dialect, own_fields, sorted(own.required)] if own and is_own else None,
        "one_call": request.one_call,
        "limits_all": request.limits_all,
        "allow_empty": request.allow_empty,
        "max_repairs": request.max_repairs,
        "answers": [request.answers, request.written],
        "unread": [] if request.verbatim is None else unread_fields(request.verbatim),
    }


def _meaningful(fields: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in fields.items() if name not in MEANINGLESS}
    if isinstance(betas := found.get("betas"), list):
        found["betas"] = sorted(set(map(str, betas)))
    return found


def _fields(value: Any, *left_out: str) -> dict[str, Any] | None:
    if value is None:
        return None
    fields = msgspec.structs.asdict(value)
    return {name: fields[name] for name in fields if name not in left_out}


def _turns(turns: Sequence[Message]) -> Iterator[Any]:
    # Each API, and each of its clients, has its own IDs of the same calls.
    names: dict[str, tuple[int, str]] = {}
    count = 0
    for turn in turns:
        calls = []
        for call in turn.calls:
            names[call["id"]] = (count, call["function"]["name"])
            calls.append(_call(call, count))
            count += 1
        number, name = names.get(turn.tool_call_id or "", (turn.tool_call_id, None))
        yield {
            "role": turn.role,
            "parts": [_part(part) for part in turn.parts],
            "calls": calls,
            "result_of": number,
            "name": None if turn.name == name else turn.name,
            "origin": turn.origin,
        }


def _call(call: ToolCall, number: int) -> dict[str, Any]:
    arguments: Any = call["function"]["arguments"]
    if call["type"] == "function":
        with contextlib.suppress(ValueError, RecursionError):
            arguments = [msgspec.json.decode(arguments)]
    further = {name: value for name, value in call.items() if name not in ("id", "function")}
    return {**further, "number": number, "name": call["function"]["name"], "arguments": arguments}


def _part(part: Part) -> Any:
    return [type(part).__name__, _fields(part, _MARK)]


def _tool(tool: Tool | ProviderTool) -> Any:
    if isinstance(tool, ProviderTool):
        return [{name: tool.definition[name] for name in tool.definition if name != _MARK}]
    fields = msgspec.structs.asdict(tool)
    extra = {name: value for name, value in tool.extra.items() if name != _MARK}
    return {**fields, "extra": extra}
