"""A terminal for conversations, with line editing, completion, colour and Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, InMemoryHistory
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from llmring.advisor.editor import Proposal
from llmring.cli.confirmation import is_yes
from llmring.cli.lock.terminal import ADVISOR, APPLY, YOU, at_work, proposal_lines
from llmring.cli.output import harmless

# Markdown that only works at the beginning of a line.
_BLOCK = re.compile(r"\s*(?:[#>|`*+-]|\d+[.)])")
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class RichTerminal:
    """A terminal with line editing, completion, colour and Markdown.

    Args:
        history: A file to save input to; None to keep it in memory only.
        words: Returns the words that the Tab key completes.
    """

    def __init__(self, history: Path | None, words: Callable[[], Sequence[str]]) -> None:
        self._console = Console(highlight=False)
        self._input: PromptSession[str] = PromptSession(
            history=InMemoryHistory() if history is None else FileHistory(str(history)),
            completer=_Words(words),
            complete_while_typing=False,
        )
        # Confirmations stay out of the history of messages.
        self._question: PromptSession[str] = PromptSession()
        self._text = ""
        self._live: Live | None = None

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
        self._text += harmless(text)
        self._draw(_answer(self._text))

    def restart(self) -> None:
        """Discard the answer shown so far; another follows."""
        self._text = ""
        if self._live is not None:
            self._draw(Text("starting over …", style="dim"))

    def working(self, tool: str) -> None:
        """Show that a tool is running."""
        words = at_work(tool)
        if words is not None:
            remark = Text(words, style="dim")
            self._draw(Group(_answer(self._text), remark) if self._text else remark)

    def end(self) -> None:
        """Finish the answer."""
        if self._live is not None:
            self._live.update(_answer(self._text) if self._text else Text(""))
            self._live.stop()
        self._live, self._text = None, ""

    def _draw(self, picture: RenderableType) -> None:
        if self._live is None:
            self._live = Live(console=self._console, refresh_per_second=12)
            self._live.start()
        self._live.update(picture)


def _answer(text: str) -> Markdown:
    gap = "\n\n" if _BLOCK.match(text) else " "
    return Markdown(f"**{ADVISOR.strip()}**{gap}{text}", hyperlinks=False)


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
