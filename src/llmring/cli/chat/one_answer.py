"""The answer to a single question with tools, printed as it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmring.chat.function import FunctionTool
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import StreamChunk
from llmring.cli.answer_printer import AnswerDisplay
from llmring.cli.chat.call_watch import CallWatch
from llmring.cli.chat.ongoing_chat import show_tools_stream
from llmring.cli.output import print_note
from llmring.client.ring import LLMRing


async def stream_with_tools(
    ring: LLMRing,
    request: LLMRequest,
    profile: str | None,
    tools: Sequence[FunctionTool[..., Any]],
    mcp: Sequence[str],
    watch: CallWatch,
    display: AnswerDisplay,
) -> tuple[StreamChunk, list[Message]]:
    """Ask, print the text of all turns, and return the last chunk and the conversation.

    Args:
        ring: Calls the models; it is closed at the end.
        request: The question.
        profile: The profile of the alias; None for the usual one.
        tools: Functions that the model may call.
        mcp: MCP servers whose tools the model may call.
        watch: Watches the calls.
        display: The place where the answer appears.
    """
    screen = _Turns(display)
    async with ring:
        try:
            return await show_tools_stream(
                ring.stream_tools(request, tools=tools, mcp=mcp, profile=profile),
                screen,
                watch,
                screen.call,
                lambda: watch.wait(ring, request, profile),
            )
        finally:
            screen.end()


class _Turns:
    """The text of several turns, each on lines of its own, with the calls between them.

    Args:
        display: The place where the text appears.
    """

    def __init__(self, display: AnswerDisplay) -> None:
        self._display = display
        self._shows = False

    def piece(self, text: str) -> None:
        self._shows = True
        self._display.piece(text)

    def restart(self) -> None:
        self._display.restart()

    def working(self, tool: str) -> None:
        print_note(tool)

    def call(self, words: str) -> None:
        self.end()
        print_note(words)

    def end(self) -> None:
        if self._shows:
            self._display.end()
        self._shows = False
