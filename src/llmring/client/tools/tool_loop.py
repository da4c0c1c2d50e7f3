"""The tool loop: ask the model, call the functions that it asks for, ask again."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from llmring.bridge.contained import all_of
from llmring.chat.function import FunctionTool, result_content
from llmring.chat.parts import Part
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import LLMResponse
from llmring.chat.tool_conversation import ToolRun, ToolsResponse, ToolStart
from llmring.chat.tools import ProviderTool, Tool, ToolCall
from llmring.client.usage_totals import total_cost, total_usage
from llmring.exceptions import (
    ConfigurationError,
    LimitExceededError,
    ProviderError,
    ToolServerError,
    TooManyTurnsError,
    ValidationError,
)
from llmring.redaction import redact
from llmring.telemetry.tool_trace import traced_run
from llmring.telemetry.tracing import Telemetry

log = logging.getLogger("llmring")

# Enough for a model to correct its call; an exception's text can be of any length.
_ERROR_CHARACTERS = 1000

# https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
_PAUSED = "pause_turn"


async def run_tools(
    ask: Callable[[LLMRequest], Awaitable[LLMResponse]],
    request: LLMRequest,
    *,
    max_turns: int,
    secrets: Sequence[str],
    telemetry: Telemetry | None = None,
    watch: Callable[[ToolStart | ToolRun], Awaitable[None]] | None = None,
) -> ToolsResponse:
    """Ask, and call the functions that the model asks for, until it asks for none.

    An answer that pauses during the work of the provider's own tools is continued.

    Args:
        ask: Sends one request.
        request: The first request; it is not changed.
        max_turns: Maximum number of requests.
        secrets: Texts to mask in exceptions before a model or a log sees them.
        telemetry: Traces and measures the functions; None for no trace.
        watch: Called with each call before it starts and when it has ended; awaited each time.

    Raises:
        TooManyTurnsError: The model had not finished in its last turn.
        ProviderError: No model answered; its `messages` hold the conversation so far.
        ValidationError: Two tools have the same name.
        BaseException: A function raised one that is not an `Exception`, such as `SystemExit`.
    """
    if max_turns < 1:
        raise ConfigurationError(f"max_turns is {max_turns}; set it to at least 1")
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
        made = await all_of(_watched(call, functions, secrets, watch, telemetry) for call in mine)
        runs += made
        messages += [run.message for run in made]
        if left or not (calls or turn.finish_reason == _PAUSED):
            return _response(turns, messages, runs, left)
        if calls:
            request = _unforced(request)
    raise TooManyTurnsError(
        f"the model was not finished after {max_turns} turns; raise max_turns, or continue with "
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
    """Remove a tool choice that would make the model call a tool in every turn."""
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
                f"two tools are called {tool.name!r}; rename one with tool(name=…)"
            )
        seen.add(tool.name)
        if isinstance(tool, FunctionTool):
            functions[tool.name] = tool
    return functions


def _names_of_others(toolset: Sequence[Tool | ProviderTool]) -> set[str]:
    """Return the names of tools without a function, whose calls are left to the caller."""
    names = set()
    for tool in toolset:
        if isinstance(tool, ProviderTool):
            custom = tool.definition.get("custom")
            source = custom if isinstance(custom, dict) else tool.definition
            names.add(str(source.get("name")))
        elif not isinstance(tool, FunctionTool):
            names.add(tool.name)
    return names


async def _watched(
    call: ToolCall,
    functions: dict[str, FunctionTool[..., Any]],
    secrets: Sequence[str],
    watch: Callable[[ToolStart | ToolRun], Awaitable[None]] | None,
    telemetry: Telemetry | None,
) -> ToolRun:
    if watch is not None:
        await watch(ToolStart(call))
    tool = functions.get(_name(call))
    run = await traced_run(telemetry, call, tool, _run(call, functions, secrets))
    if watch is not None:
        await watch(run)
    return run


async def _run(
    call: ToolCall, functions: dict[str, FunctionTool[..., Any]], secrets: Sequence[str]
) -> ToolRun:
    name = _name(call)
    try:
        function = functions.get(name)
        if function is None:
            known = ", ".join(functions) or "none"
            raise ValidationError(f"unknown tool {name!r}; use one of: {known}")  # noqa: TRY301
        content = await _called(function, function.keywords(call["function"]["arguments"]))
    except Exception as error:
        if isinstance(error, ToolServerError) and _is_of_server(functions.get(name)):
            # Not the failure of one call: the server has gone, with all of its tools.
            raise
        what = error.message if isinstance(error, ValidationError) else _error_text(error)
        content = redact(what, secrets)[:_ERROR_CHARACTERS]
        log.warning("the tool %s failed: %s", name, content)
        return ToolRun(call, _result(call, content, {"is_error": True}), error)
    return ToolRun(call, _result(call, content))


def _is_of_server(function: FunctionTool[..., Any] | None) -> bool:
    from llmring.client.tools.mcp_tools import ServerTool

    return isinstance(function, ServerTool)


def _name(call: ToolCall) -> str:
    return call["function"]["name"]


def _error_text(error: Exception) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _result(
    call: ToolCall, content: str | Sequence[Part], metadata: dict[str, Any] | None = None
) -> Message:
    return Message("tool", content, tool_call_id=call["id"], name=_name(call), metadata=metadata)


async def _called(
    function: FunctionTool[..., Any], keywords: dict[str, Any]
) -> str | Sequence[Part]:
    if inspect.iscoroutinefunction(function.function):
        return result_content(await function(**keywords))
    # In a thread, because it may block while this loop serves other calls.
    result = await asyncio.to_thread(_call_reporting, function, keywords)
    if isinstance(result, _Raised):
        raise result.error
    return result_content(await result if inspect.isawaitable(result) else result)


class _Raised(Struct):
    error: BaseException


def _call_reporting(function: Callable[..., Any], keywords: dict[str, Any]) -> Any:
    # A future can't carry a StopIteration; its waiter would wait forever. Nor should it carry a
    # CancelledError, which would look like the call's own cancellation.
    try:
        return function(**keywords)
    except BaseException as error:  # noqa: BLE001 -- the user's own function
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
