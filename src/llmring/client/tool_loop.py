"""The loop of a model that calls Python functions: ask, call what it asks for, ask again."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.function import FunctionTool, told
from llmring.chat.parts import Part
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import LLMResponse
from llmring.chat.tool_conversation import ToolRun, ToolsResponse
from llmring.chat.tools import ProviderTool, Tool, ToolCall
from llmring.client.totals import total_cost, total_usage
from llmring.exceptions import (
    ConfigurationError,
    LimitExceededError,
    ProviderError,
    TooManyTurnsError,
    ValidationError,
)
from llmring.redaction import redact

log = logging.getLogger("llmring")

# Enough for a model to mend its call; an exception's text can be of any length.
_ERROR_CHARACTERS = 1000

# https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
_PAUSED = "pause_turn"


async def run_tools(
    ask: Callable[[LLMRequest], Awaitable[LLMResponse]],
    request: LLMRequest,
    *,
    max_turns: int,
    secrets: Sequence[str],
) -> ToolsResponse:
    """Ask, and call the functions that the model asks for, until it asks for none.

    An answer that pauses in the middle of the work of the provider's own tools is gone on with.

    Args:
        ask: Sends one request.
        request: What to ask first; it is not changed.
        max_turns: How often to ask at most.
        secrets: What must not be told to a model or a log in an exception's text.

    Raises:
        TooManyTurnsError: The model had not come to an end in its last turn.
        ProviderError: No model gave an answer; its `messages` hold the conversation so far.
        ValidationError: Two tools have the same name.
    """
    if max_turns < 1:
        raise ConfigurationError(f"max_turns must be at least 1, not {max_turns}")
    toolset = request.toolset()
    functions = _by_name(toolset)
    not_ours = _names_of_others(toolset)
    messages = request.turns()
    turns: list[LLMResponse] = []
    runs: list[ToolRun] = []
    for _ in range(max_turns):
        turn = await _ask(ask, msgspec.structs.replace(request, messages=list(messages)), messages)
        turns.append(turn)
        messages.append(turn.message)
        calls = turn.tool_calls or []
        mine = [call for call in calls if _name(call) not in not_ours]
        left = [call for call in calls if _name(call) in not_ours]
        made = await asyncio.gather(*(_run(call, functions, secrets) for call in mine))
        runs += made
        messages += [run.message for run in made]
        if left or not (calls or turn.finish_reason == _PAUSED):
            return _response(turns, messages, runs, left)
        if calls:
            request = _unforced(request)
    raise TooManyTurnsError(
        f"the model is still at work after {max_turns} turns; raise max_turns, or go on with "
        "the error's messages",
        messages=messages,
    )


async def _ask(
    ask: Callable[[LLMRequest], Awaitable[LLMResponse]],
    request: LLMRequest,
    messages: Sequence[Message],
) -> LLMResponse:
    try:
        return await ask(request)
    except (ProviderError, LimitExceededError) as error:
        error.messages = tuple(messages)
        raise


def _unforced(request: LLMRequest) -> LLMRequest:
    """The request without a choice that would have the model call a tool for ever."""
    if request.choice() in (None, "auto", "none"):
        return request
    return msgspec.structs.replace(request, tool_choice=None)


def _by_name(toolset: Sequence[Tool | ProviderTool]) -> dict[str, FunctionTool[..., Any]]:
    functions: dict[str, FunctionTool[..., Any]] = {}
    seen: set[str] = set()
    for tool in toolset:
        if not isinstance(tool, Tool):
            continue
        if tool.name in seen:
            raise ValidationError(
                f"two tools are called {tool.name!r}; give one another name: tool(name=…)"
            )
        seen.add(tool.name)
        if isinstance(tool, FunctionTool):
            functions[tool.name] = tool
    return functions


def _names_of_others(toolset: Sequence[Tool | ProviderTool]) -> set[str]:
    """The tools with no function behind them, whose calls are left to the caller."""
    names = set()
    for tool in toolset:
        if isinstance(tool, ProviderTool):
            custom = tool.definition.get("custom")
            source = custom if isinstance(custom, dict) else tool.definition
            names.add(str(source.get("name")))
        elif not isinstance(tool, FunctionTool):
            names.add(tool.name)
    return names


async def _run(
    call: ToolCall, functions: dict[str, FunctionTool[..., Any]], secrets: Sequence[str]
) -> ToolRun:
    name = _name(call)
    try:
        function = functions.get(name)
        if function is None:
            known = ", ".join(functions) or "none"
            raise ValidationError(f"there is no tool {name!r}; there are: {known}")  # noqa: TRY301
        content = await _called(function, function.keywords(call["function"]["arguments"]))
    except Exception as error:  # noqa: BLE001 -- the user's own function
        what = error.message if isinstance(error, ValidationError) else _words(error)
        content = redact(what, secrets)[:_ERROR_CHARACTERS]
        log.warning("the tool %s failed: %s", name, content)
        return ToolRun(call, _result(call, content, {"is_error": True}), error)
    return ToolRun(call, _result(call, content))


def _name(call: ToolCall) -> str:
    return call["function"]["name"]


def _words(error: Exception) -> str:
    said = str(error)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _result(
    call: ToolCall, content: str | Sequence[Part], metadata: dict[str, Any] | None = None
) -> Message:
    return Message("tool", content, tool_call_id=call["id"], name=_name(call), metadata=metadata)


async def _called(
    function: FunctionTool[..., Any], keywords: dict[str, Any]
) -> str | Sequence[Part]:
    if inspect.iscoroutinefunction(function.function):
        return told(await function(**keywords))
    # In a thread, as it may block; the loop has other calls to serve.
    result = await asyncio.to_thread(_kept, function, keywords)
    if isinstance(result, _Raised):
        raise result.error
    return told(await result if inspect.isawaitable(result) else result)


class _Raised(Struct):
    error: Exception


def _kept(function: Callable[..., Any], keywords: dict[str, Any]) -> Any:
    # A future can't carry a StopIteration; its waiter would wait for ever.
    try:
        return function(**keywords)
    except Exception as error:  # noqa: BLE001 -- the user's own function
        return _Raised(error)


def _response(
    turns: list[LLMResponse],
    messages: list[Message],
    runs: list[ToolRun],
    left: list[ToolCall],
) -> ToolsResponse:
    last = turns[-1]
    cost, reason = total_cost([(turn.cost, turn.cost_reason) for turn in turns], "turn")
    fields = {name: getattr(last, name) for name in last.__struct_fields__}
    fields |= {
        "tool_calls": left or None,
        "usage": total_usage(turn.usage for turn in turns),
        "cost": cost,
        "cost_reason": reason,
        "attempts": tuple(attempt for turn in turns for attempt in turn.attempts),
    }
    return ToolsResponse(**fields, messages=messages, turns=tuple(turns), runs=tuple(runs))
