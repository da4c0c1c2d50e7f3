"""Where a conversation appears: a terminal with line editing, completion, colour and Markdown."""

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

from llmring.advisor.desk import Proposal
from llmring.cli.terminal import ADVISOR, APPLY, YOU, at_work, grounds, harmless, is_yes

# What has to begin a line in Markdown to be what it is.
_BLOCK = re.compile(r"\s*(?:[#>|`*+-]|\d+[.)])")
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class RichTerminal:
    """A terminal with every comfort.

    Args:
        history: A file that keeps what the person says; None to keep it in memory only.
        words: What the Tab key completes.
    """

    def __init__(self, history: Path | None, words: Callable[[], Sequence[str]]) -> None:
        self._console = Console(highlight=False)
        self._input: PromptSession[str] = PromptSession(
            history=InMemoryHistory() if history is None else FileHistory(str(history)),
            completer=_Words(words),
            complete_while_typing=False,
        )
        # What is answered to a question is not said to the advisor.
        self._question: PromptSession[str] = PromptSession()
        self._said = ""
        self._live: Live | None = None

    def read(self) -> str:
        """What the person says."""
        return self._input.prompt(YOU)

    async def agrees(self) -> bool:
        """Whether the person wants the change."""
        try:
            return is_yes(await self._question.prompt_async(APPLY, handle_sigint=False))
        except (EOFError, KeyboardInterrupt):
            return False

    def show(self, text: str) -> None:
        """Show a text that is no answer."""
        self.end()
        self._console.print(Text(harmless(text)))

    def patch(self, proposal: Proposal) -> None:
        """Show a change."""
        self.end()
        for line in harmless(proposal.diff).split("\n"):
            self._console.print(Text(line, style=_COLOURS.get(line[:1], "")))
        for line in grounds(proposal):
            self._console.print(Text(harmless(line)))

    def piece(self, text: str) -> None:
        """A piece of the answer."""
        self._said += harmless(text)
        self._draw(_answer(self._said))

    def restart(self) -> None:
        """What was shown of the answer is void."""
        self._said = ""
        if self._live is not None:
            self._draw(Text("once more …", style="dim"))

    def working(self, tool: str) -> None:
        """A tool is at work."""
        words = at_work(tool)
        if words is not None:
            remark = Text(words, style="dim")
            self._draw(Group(_answer(self._said), remark) if self._said else remark)

    def end(self) -> None:
        """The answer is complete."""
        if self._live is not None:
            self._live.update(_answer(self._said) if self._said else Text(""))
            self._live.stop()
        self._live, self._said = None, ""

    def _draw(self, picture: RenderableType) -> None:
        if self._live is None:
            self._live = Live(console=self._console, refresh_per_second=12)
            self._live.start()
        self._live.update(picture)


def _answer(said: str) -> Markdown:
    gap = "\n\n" if _BLOCK.match(said) else " "
    return Markdown(f"**{ADVISOR.strip()}**{gap}{said}", hyperlinks=False)


class _Words(Completer):
    """Completes the word before the cursor.

    Args:
        words: Gives all words; those with a slash are commands, which begin a line.
    """

    def __init__(self, words: Callable[[], Sequence[str]]) -> None:
        self._words = words

    def get_completions(self, document: Document, _event: CompleteEvent) -> Iterable[Completion]:
        """What the word may become."""
        word = document.get_word_before_cursor(WORD=True)
        begins = document.text_before_cursor.lstrip() == word
        if word:
            for each in self._words():
                if each.startswith(word) and (begins or not each.startswith("/")):
                    yield Completion(each, start_position=-len(word))
