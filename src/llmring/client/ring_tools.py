"""The part of a ring that runs the tools which a model calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

import msgspec

from llmring.bridge.pending import loop_is_running
from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Messages
from llmring.chat.response import LLMResponse, StreamChunk
from llmring.chat.tool_conversation import ToolRun, ToolsResponse, ToolStart
from llmring.chat.tools import AnyTool
from llmring.client.pending_calls import PendingTools, PendingToolsStream
from llmring.client.request_args import RequestFields, UnformedFields, request_of
from llmring.client.ring_calls import RingCalls
from llmring.config.settings import timeout_of

if TYPE_CHECKING:
    from llmring.client.pending_calls import PendingParsedTools

T = TypeVar("T")


class RingTools(RingCalls):
    """The methods of `LLMRing` that run tools."""

    @overload
    def run_tools(
        self,
        request: LLMRequest,
        *,
        tools: Sequence[AnyTool] = ...,
        mcp: Sequence[Any] = ...,
        max_turns: int = ...,
        profile: str | None = None,
    ) -> PendingTools: ...
    @overload
    def run_tools(
        self,
        request: str,
        messages: Messages,
        *,
        response_format: type[T],
        mcp: Sequence[Any] = ...,
        max_turns: int = ...,
        profile: str | None = None,
        **fields: Unpack[UnformedFields],
    ) -> PendingParsedTools[T]: ...
    @overload
    def run_tools(
        self,
        request: str,
        messages: Messages,
        *,
        mcp: Sequence[Any] = ...,
        max_turns: int = ...,
        profile: str | None = None,
        **fields: Unpack[RequestFields],
    ) -> PendingTools: ...

    def run_tools(
        self,
        request: LLMRequest | str,
        messages: Messages | None = None,
        *,
        tools: Sequence[AnyTool] | None = None,
        mcp: Sequence[Any] = (),
        max_turns: int = 10,
        profile: str | None = None,
        **fields: Any,
    ) -> PendingTools:
        """Send a request, run the functions that the model calls, and send their results back.

        This repeats until the model calls no function, or calls a tool that has no function; the
        answer's `tool_calls` then holds the calls left to the caller. Calls of one turn run
        concurrently; functions that are not asynchronous run in threads. Invalid arguments and
        exceptions of a function are reported to the model, which may correct its call.

        Args:
            request: As for `chat`. Each turn is a call of its own, with its own timeout.
            messages: As for `chat`.
            tools: Functions (decorated with `llmring.tool` or not) and other tools, in addition
                to those of the request.
            mcp: MCP servers whose tools the model may call as well: addresses ("https://…"),
                command lines ("python server.py"), or anything that `mcp.Client` accepts. They
                stay connected during this call. Requires the extra `llmring[mcp]`.
            max_turns: Maximum number of requests.
            profile: As for `chat`.
            fields: As for `chat`; a forced `tool_choice` applies to the first turn only.

        Raises:
            TooManyTurnsError: The model still calls functions after the last turn.
            ProviderError: As for `chat`; its `messages` hold the conversation so far.
            ValidationError: The request is invalid, or a function can't be used as a tool.
            ToolServerError: An MCP server can't be used.
            ConfigurationError: `max_turns` is below 1, or the package `mcp` is not installed.
        """
        question = request_of(request, messages, fields)
        question = msgspec.structs.replace(question, tools=[*question.toolset(), *(tools or ())])
        pending = PendingTools(lambda: self._run_tools(question, profile, max_turns, mcp))
        if isinstance(request, str) and not loop_is_running():
            pending.result()
        return pending

    @overload
    def stream_tools(
        self,
        request: LLMRequest,
        *,
        tools: Sequence[AnyTool] = ...,
        mcp: Sequence[Any] = ...,
        max_turns: int = ...,
        profile: str | None = None,
    ) -> PendingToolsStream: ...
    @overload
    def stream_tools(
        self,
        request: str,
        messages: Messages,
        *,
        mcp: Sequence[Any] = ...,
        max_turns: int = ...,
        profile: str | None = None,
        **fields: Unpack[RequestFields],
    ) -> PendingToolsStream: ...

    def stream_tools(
        self,
        request: LLMRequest | str,
        messages: Messages | None = None,
        *,
        tools: Sequence[AnyTool] | None = None,
        mcp: Sequence[Any] = (),
        max_turns: int = 10,
        profile: str | None = None,
        **fields: Any,
    ) -> PendingToolsStream:
        """Run the loop of `run_tools` as a stream: iterate with `async for`, or with `for`.

        The items are the chunks of all turns, a `ToolStart` before and a `ToolRun` after each
        function call. What follows an item happens once the next one is asked for: a caller that
        leaves at a `ToolStart` prevents that call. After the last item, the stream's `response`
        has the whole conversation. Arguments and errors are those of `run_tools`; the errors are
        raised while iterating. A `restart` discards the chunks of its own turn. Answers are not
        repaired to fit `response_format`.
        """
        question = request_of(request, messages, fields)
        question = msgspec.structs.replace(question, tools=[*question.toolset(), *(tools or ())])
        return PendingToolsStream(
            lambda keep: self._stream_tools(question, profile, max_turns, mcp, keep)
        )

    def _stream_tools(
        self,
        request: LLMRequest,
        profile: str | None,
        max_turns: int,
        mcp: Sequence[Any],
        keep: Callable[[ToolsResponse], None],
    ) -> AsyncGenerator[StreamChunk | ToolStart | ToolRun, None]:
        from llmring.client.tools.tool_stream import stream_of_tools

        return stream_of_tools(
            lambda ask, watch: self._run_tools(request, profile, max_turns, mcp, ask, watch),
            lambda turn: self._stream(parse_request(turn), profile),
            keep,
        )

    async def _run_tools(
        self,
        request: LLMRequest,
        profile: str | None,
        max_turns: int,
        mcp: Sequence[Any],
        ask: Callable[[LLMRequest], Awaitable[LLMResponse]] | None = None,
        watch: Callable[[ToolStart | ToolRun], Awaitable[None]] | None = None,
    ) -> ToolsResponse:
        from llmring.client.tools.tool_loop import run_tools

        secrets = [
            each
            for row in self._active_lockfile.latest().endpoints.values()
            for each in row.secrets
        ]

        async def run(turn_request: LLMRequest) -> ToolsResponse:
            return await run_tools(
                ask or (lambda turn: self._send(parse_request(turn), profile)),
                turn_request,
                max_turns=max_turns,
                secrets=secrets,
                telemetry=self._telemetry,
                watch=watch,
            )

        if not mcp:
            return await run(request)
        from llmring.client.tools.mcp_tools import with_servers

        return await with_servers(mcp, timeout_of(request.timeout, self._timeout), request, run)
