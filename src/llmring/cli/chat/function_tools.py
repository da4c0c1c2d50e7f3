"""Python functions as tools of a chat: found by name, and called with the user's consent."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import Any

import msgspec

from llmring.chat.function import FunctionTool, tool
from llmring.chat.json_text import json_bytes
from llmring.exceptions import ValidationError

Consent = Callable[[str], Awaitable[bool]]

_DECLINED = "the user does not agree to this call; go on without it"


def find_function(place: str) -> FunctionTool[..., Any]:
    """Return the function at `module:function` as a tool; modules of this folder are found too.

    Raises:
        ValidationError: The function does not exist, or can't be a tool.
    """
    module_name, colon, name = place.partition(":")
    if not colon or not module_name or not name:
        raise ValidationError(f"{place!r} is not a function; write --tool module:function")
    if "" not in sys.path:
        # Last, so that no file here takes the place of an installed package.
        sys.path.append("")
    try:
        found: Any = import_module(module_name)
    except ModuleNotFoundError as error:
        raise ValidationError(f"--tool {place}: no module {error.name!r}") from None
    except Exception as error:
        raise ValidationError(
            f"--tool {place}: importing it failed: {type(error).__name__}: {error}"
        ) from error
    for step in name.split("."):
        if not hasattr(found, step):
            raise ValidationError(f"--tool {place}: {module_name} has no {name!r}")
        found = getattr(found, step)
    if isinstance(found, FunctionTool):
        return found
    if not callable(found):
        raise ValidationError(f"--tool {place}: {name!r} is not a function")
    made: FunctionTool[..., Any] = tool(found)
    return made


def with_consent(
    tools: Sequence[FunctionTool[..., Any]], agrees: Consent
) -> list[FunctionTool[..., Any]]:
    """Return tools that ask before their first call, and after an answer of no again.

    Args:
        tools: The tools.
        agrees: Shows a call to the user, and returns True if they agree.
    """
    asking = asyncio.Lock()
    return [_guarded(each, agrees, asking) for each in tools]


def _guarded(
    given: FunctionTool[..., Any], agrees: Consent, asking: asyncio.Lock
) -> FunctionTool[..., Any]:
    agreed = False

    async def call(**keywords: Any) -> Any:
        nonlocal agreed
        async with asking:
            if not agreed:
                agreed = await agrees(call_text(given.name, keywords))
        if not agreed:
            raise PermissionError(_DECLINED)
        function = given.function
        if inspect.iscoroutinefunction(function):
            return await function(**keywords)
        result = await asyncio.to_thread(function, **keywords)
        return await result if inspect.isawaitable(result) else result

    guarded: FunctionTool[..., Any] = msgspec.structs.replace(given, function=call)
    return guarded


def call_text(name: str, keywords: dict[str, Any]) -> str:
    """Format a call on one line."""
    given = ", ".join(f"{key}={_shown(value)}" for key, value in keywords.items())
    return f"{name}({given})"


def _shown(value: Any) -> str:
    try:
        return json_bytes(value).decode()
    except (TypeError, ValueError, OverflowError):
        return repr(value)
