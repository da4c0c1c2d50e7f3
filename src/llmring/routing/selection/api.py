"""The choice of the API by which a model is asked, where its provider has several."""

from __future__ import annotations

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import ProviderPart, ReasoningPart
from llmring.dialects.foreign.server_tools import has_server_tools, prefers_other
from llmring.providers.dialects import known_tools
from llmring.routing.targets import Target


def by_api(request: ParsedRequest, target: Target) -> Target:
    """Return the model with the API that serves this request.

    That is the provider's main API, unless it can't express the request, the model takes tools only
    by the other one, or a client's program sent the request in the format of the other one or with
    tools that only the other one has. A request that the other API can't express either stays with
    the main one. Where the lockfile or the catalog names one API for all requests, that one is
    used.

    Args:
        request: The request, with its files in its messages.
        target: The model with the main API.
    """
    other = target.elsewhere
    if other is None or not other.dialect.expresses(request):
        return target
    if _needs_other(request, target) or not target.dialect.expresses(request):
        return other
    return other if _suits_other(request, target, other) else target


def _suits_other(request: ParsedRequest, target: Target, other: Target) -> bool:
    """Return True if a request that either API can express loses less by the other one."""
    main, second = target.dialect.name, other.dialect.name
    if request.own is not None and request.own.dialect in (main, second):
        return request.own.dialect == second
    if not has_server_tools(request):
        return False
    searches = target.quirks.searches
    return prefers_other(request, main, second, known_tools(), searches=searches)


def _needs_other(request: ParsedRequest, target: Target) -> bool:
    """Return True if the model takes the request only by the other API."""
    if not target.takes_tools_elsewhere:
        return False
    if request.tools:
        return not _is_off(request, target)
    return _is_continued(request, target)


def _is_off(request: ParsedRequest, target: Target) -> bool:
    """Return True if the model will not reason; then it takes tools by either API."""
    reasoning, facts = request.reasoning, target.facts
    if reasoning is None or not reasoning.is_off:
        return request.extra_params.get("reasoning_effort") == "none"
    return facts is None or "none" in facts.efforts


def _is_continued(request: ParsedRequest, target: Target) -> bool:
    """Return True if the other API began the conversation, which only it can read in full."""
    other = target.elsewhere
    return other is not None and any(
        isinstance(part, ProviderPart | ReasoningPart) and part.dialect == other.dialect.name
        for turn in request.turns
        if not isinstance(turn.content, str)
        for part in turn.parts
    )
