"""A terminal for conversations, with line editing, completion, colour and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, InMemoryHistory
from rich.console import Console
from rich.text import Text

from llmring.advisor.editor import Proposal
from llmring.cli.confirmation import is_yes
from llmring.cli.live_markdown import LiveMarkdown
from llmring.cli.lock.terminal import ADVISOR, APPLY, YOU, at_work, proposal_lines
from llmring.cli.output import harmless

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class RichTerminal:
    """A terminal with line editing, completion, colour and Markdown.

    Args:
        history: A file to save input to; None to keep it in memory only.
        words: Returns the words that the Tab key completes.
        label: The name in front of an answer; empty for none.
    """

    def __init__(
        self,
        history: Path | None,
        words: Callable[[], Sequence[str]],
        label: str = ADVISOR,
    ) -> None:
        self._console = Console(highlight=False)
        self._input: PromptSession[str] = PromptSession(
            history=InMemoryHistory() if history is None else FileHistory(str(history)),
            completer=_Words(words),
            complete_while_typing=False,
        )
        # Confirmations stay out of the history of messages.
        self._question: PromptSession[str] = PromptSession()
        self._answer = LiveMarkdown(self._console, label)

    def read(self) -> str:
        """Read a message from the user."""
        return self._input.prompt(YOU)

    async def agrees(self) -> bool:
        """Ask the user to confirm the change; return True if they agree."""
        try:
            return is_yes(await self._question.prompt_async(APPLY, handle_sigint=False))
        except (EOFError, KeyboardInterrupt):
            return False

    def show(self, text: str) -> None:
        """Show text that is not part of an answer."""
        self.end()
        self._console.print(Text(harmless(text)))

    def patch(self, proposal: Proposal) -> None:
        """Show a proposed change."""
        self.end()
        for line in harmless(proposal.diff).split("\n"):
            self._console.print(Text(line, style=_COLOURS.get(line[:1], "")))
        for line in proposal_lines(proposal):
            self._console.print(Text(harmless(line)))

    def piece(self, text: str) -> None:
        """Show the next piece of the answer."""
        self._answer.piece(text)

    def restart(self) -> None:
        """Discard the answer shown so far; another follows."""
        self._answer.restart()

    def working(self, tool: str) -> None:
        """Show that a tool is running."""
        words = at_work(tool)
        if words is not None:
            self._answer.remark(words)

    def end(self) -> None:
        """Finish the answer."""
        self._answer.end()


class _Words(Completer):
    """A completer of the word before the cursor.

    Args:
        words: Returns all words; commands, which start with a slash, only begin a line.
    """

    def __init__(self, words: Callable[[], Sequence[str]]) -> None:
        self._words = words

    def get_completions(self, document: Document, _event: CompleteEvent) -> Iterable[Completion]:
        """Yield the completions of the word before the cursor."""
        word = document.get_word_before_cursor(WORD=True)
        begins = document.text_before_cursor.lstrip() == word
        if word:
            for each in self._words():
                if each.startswith(word) and (begins or not each.startswith("/")):
                    yield Completion(each, start_position=-len(word))
