"""The loop of a conversation on a terminal: read a line, then answer it or run its command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from llmring.chat.response import StreamChunk
from llmring.cli.answer_printer import source_lines
from llmring.cli.chat.call_watch import CallWatch
from llmring.cli.chat.ongoing_chat import Conversation
from llmring.cli.chat.slash_commands import COMMANDS, EXIT, QUIT, run_command
from llmring.cli.lock.terminal import PlainTerminal, Terminal, may_go_on, read_line
from llmring.cli.output import print_note
from llmring.exceptions import LLMRingError


def open_terminal(talk: Conversation) -> Terminal:
    """Return the user's terminal: with line editing if the extra `chat` is installed."""
    try:
        from llmring.cli.lock.rich_terminal import RichTerminal
    except ImportError:
        print_note('for line editing and Markdown: pip install "llmring[chat]"')
        return PlainTerminal(label="")
    return RichTerminal(None, lambda: _words(talk), label="")


def hold(
    talk: Conversation,
    screen: Terminal,
    watch: CallWatch,
    check: Callable[[], None],
    keep: Callable[[], None],
    report: Callable[[StreamChunk], Sequence[str]],
) -> None:
    """Hold a conversation until the user ends it.

    Args:
        talk: The conversation.
        screen: The user's terminal.
        watch: Watches the calls.
        check: Called before each question, as the lockfile may have changed; raises if the user
            does not agree to what it does now.
        keep: Called after each answer, and after `/undo`.
        report: Returns the lines to show after an answer, given its last chunk.
    """
    screen.show(f"{talk.model} answers. /help lists commands; /quit ends.")
    with asyncio.Runner() as runner:
        try:
            while (line := read_line(screen, QUIT)) not in (None, EXIT):
                if line.startswith("/"):
                    count = len(talk.messages)
                    screen.show(run_command(line, talk))
                    if len(talk.messages) != count:
                        keep()
                elif (
                    line
                    and may_go_on(check, screen)
                    and (end := _answer(runner, talk, screen, watch, line)) is not None
                ):
                    for each in (*_remarks(end), *report(end)):
                        screen.show(each)
                    keep()
        finally:
            runner.run(talk.close())


def _answer(
    runner: asyncio.Runner, talk: Conversation, screen: Terminal, watch: CallWatch, line: str
) -> StreamChunk | None:
    """Answer a question; return the last chunk, or None if the answer is not complete."""
    try:
        return runner.run(talk.say(line, screen, watch, screen.show))
    except KeyboardInterrupt:
        screen.show("(stopped)")
    except LLMRingError as error:
        screen.show(f"That failed: {error}")
    finally:
        screen.end()
    return None


def _remarks(end: StreamChunk) -> list[str]:
    remarks = source_lines(end.citations)
    if end.attempts:
        remarks += [f"{end.model}: {change}" for change in end.attempts[-1].adjusted]
    if end.finish_reason not in ("stop", None):
        remarks.append(f"the answer is incomplete: {end.finish_reason}")
    return remarks


def _words(talk: Conversation) -> Sequence[str]:
    """List the words that the Tab key completes."""
    try:
        aliases = [*talk.ring.list_bindings(talk.profile)]
    except LLMRingError:
        aliases = []
    return [*COMMANDS, QUIT, *aliases]
