"""A conversation with models: its messages, its cost, and where its next question goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from llmring.advisor.agent import Screen
from llmring.advisor.usage_meter import UsageMeter
from llmring.chat.function import FunctionTool
from llmring.chat.media import MediaPart
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import LLMResponse, StreamChunk
from llmring.chat.tool_conversation import ToolRun, ToolStart
from llmring.cli.chat.call_watch import CallWatch
from llmring.cli.chat.served_tools import ServedTools
from llmring.client.pending_calls import PendingToolsStream
from llmring.client.ring import LLMRing
from llmring.config.settings import read_settings, timeout_of
from llmring.exceptions import ProviderError, ToolServerError


class Conversation:
    """A conversation that goes on from question to question.

    Args:
        ring: Calls the models.
        request: The options of every request, the model or alias, and the messages so far.
        profile: The profile of the alias; None for the usual one.
        tools: Functions that the model may call.
        mcp: MCP servers whose tools the model may call.

    Attributes:
        model: The alias or model that is asked next.
        profile: The profile of the alias.
        messages: The messages so far.
        attached: Files for the next question.
        meter: The cost so far.
    """

    def __init__(
        self,
        ring: LLMRing,
        request: LLMRequest,
        profile: str | None,
        tools: Sequence[FunctionTool[..., Any]] = (),
        mcp: Sequence[str] = (),
    ) -> None:
        self.ring = ring
        self.model = request.model or ""
        self.profile = profile
        self.messages = request.turns()
        self.attached: list[MediaPart] = []
        self.meter = UsageMeter()
        self._options = request
        self._tools = tools
        self._served = ServedTools(mcp, timeout_of(request.timeout, read_settings().timeout))
        self._uses_tools = bool(tools or mcp)

    async def say(
        self, text: str, screen: Screen, watch: CallWatch, show_call: Callable[[str], None]
    ) -> StreamChunk:
        """Ask, show the answer, and return its last chunk.

        Args:
            text: The question.
            screen: Shows the answer while it streams.
            watch: Watches the call.
            show_call: Shows a call of a tool.

        Raises:
            LLMRingError: The call failed; the conversation is unchanged.
        """
        question = Message("user", [*self.attached, text] if self.attached else text)
        request: LLMRequest = msgspec.structs.replace(
            self._options, model=self.model, messages=[*self.messages, question]
        )
        watch.wait(self.ring, request, self.profile)
        try:
            with self.meter.of_call():
                if self._uses_tools:
                    end, messages = await self._with_tools(request, screen, watch, show_call)
                else:
                    end = await self._plain(request, screen, watch)
                    messages = [*request.turns(), *([end.message] if end.message else ())]
        finally:
            watch.stop()
        self.meter.of_answer(_as_response(end))
        self.messages, self.attached = messages, []
        return end

    async def _plain(self, request: LLMRequest, screen: Screen, watch: CallWatch) -> StreamChunk:
        end: StreamChunk | None = None
        async with aclosing(self.ring.chat_stream(request, profile=self.profile)) as chunks:
            async for chunk in chunks:
                _show(chunk, end, screen, watch)
                end = chunk
        if end is None:
            raise ProviderError("the answer is empty")
        return end

    async def _with_tools(
        self,
        request: LLMRequest,
        screen: Screen,
        watch: CallWatch,
        show_call: Callable[[str], None],
    ) -> tuple[StreamChunk, list[Message]]:
        served = await self._served.tools([each.name for each in self._tools])
        stream = self.ring.stream_tools(
            request, tools=[*self._tools, *served], profile=self.profile
        )
        try:
            return await show_tools_stream(
                stream,
                screen,
                watch,
                show_call,
                lambda: watch.wait(self.ring, request, self.profile),
            )
        except ToolServerError:
            await self._served.close()
            raise

    async def close(self) -> None:
        """Close the connections to models and servers."""
        await self._served.close()
        await self.ring.aclose()

    def undo(self) -> str | None:
        """Remove the last question with its answer; return the question, or None."""
        at = next(
            (n for n in range(len(self.messages) - 1, -1, -1) if self.messages[n].role == "user"),
            None,
        )
        if at is None:
            return None
        question = self.messages[at].text
        del self.messages[at:]
        return question


async def show_tools_stream(
    stream: PendingToolsStream,
    screen: Screen,
    watch: CallWatch,
    show_call: Callable[[str], None],
    wait: Callable[[], None],
) -> tuple[StreamChunk, list[Message]]:
    """Show a stream with calls of tools; return its last chunk with the sums, and the messages.

    Args:
        stream: The stream.
        screen: Shows the text of all turns.
        watch: Watches the calls.
        show_call: Shows a call of a tool before it is made.
        wait: Called after each call, before the model is asked again.
    """
    end: StreamChunk | None = None
    async with aclosing(stream) as items:
        async for item in items:
            if isinstance(item, StreamChunk):
                _show(item, end, screen, watch)
                end = item
            elif isinstance(item, ToolStart):
                watch.stop()
                show_call(f"calls {item.call['function']['name']}")
            elif isinstance(item, ToolRun):
                wait()
                end = None
    response = stream.response
    last = msgspec.structs.replace(
        end or StreamChunk(model=response.model),
        cost=response.cost,
        cost_reason=response.cost_reason,
        usage=response.usage,
        attempts=response.attempts,
    )
    return last, list(response.messages)


def _show(chunk: StreamChunk, before: StreamChunk | None, screen: Screen, watch: CallWatch) -> None:
    if before is None:
        watch.begun(chunk.model)
    if chunk.restart:
        screen.restart()
    if chunk.delta:
        screen.piece(chunk.delta)


def _as_response(end: StreamChunk) -> LLMResponse:
    return LLMResponse(
        content="", model=end.model, cost=end.cost, cost_reason=end.cost_reason, usage=end.usage
    )
