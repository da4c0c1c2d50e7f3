"""An answer as Markdown on a terminal, drawn again as it arrives."""

from __future__ import annotations

import re

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from llmring.cli.output import harmless

# Of code: the terminal's own colours, which can be read on a light background and on a dark one.
_CODE_THEME = "ansi_light"

# Markdown that only works at the beginning of a line.
_BLOCK = re.compile(r"\s*(?:[#>|`*+-]|\d+[.)])")


class LiveMarkdown:
    """An answer that is drawn again with each piece.

    Args:
        console: The terminal.
        label: The name in front of the answer; empty for none.
    """

    def __init__(self, console: Console, label: str = "") -> None:
        self._console = console
        self._label = label.strip()
        self._text = ""
        self._live: Live | None = None

    def piece(self, text: str) -> None:
        """Show the next piece of the answer."""
        self._text += harmless(text)
        self._draw(self._answer())

    def restart(self) -> None:
        """Discard the answer shown so far; another follows."""
        self._text = ""
        if self._live is not None:
            self._draw(Text("starting over …", style="dim"))

    def remark(self, words: str) -> None:
        """Show a remark below the answer, until its next piece."""
        remark = Text(words, style="dim")
        self._draw(Group(self._answer(), remark) if self._text else remark)

    def end(self) -> None:
        """Finish the answer."""
        if self._live is not None:
            self._live.update(self._answer() if self._text else Text(""))
            self._live.stop()
        self._live, self._text = None, ""

    def _draw(self, picture: RenderableType) -> None:
        if self._live is None:
            self._live = Live(console=self._console, refresh_per_second=12)
            self._live.start()
        self._live.update(picture)

    def _answer(self) -> Markdown:
        if not self._label:
            return _markdown(self._text)
        gap = "\n\n" if _BLOCK.match(self._text) else " "
        return _markdown(f"**{self._label}**{gap}{self._text}")


def _markdown(text: str) -> Markdown:
    return Markdown(text, code_theme=_CODE_THEME, hyperlinks=False)
