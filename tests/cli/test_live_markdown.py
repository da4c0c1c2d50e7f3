"""Answers as Markdown on a terminal."""

import io
import re

import pytest

pytest.importorskip("rich", reason="the extra chat is not installed")

from rich.console import Console

from llmring.cli.live_markdown import LiveMarkdown


def test_code_has_only_colours_that_the_terminal_chooses() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, color_system="truecolor", width=80)
    display = LiveMarkdown(console)
    display.piece("```python\nprint('hello', 3)  # why\n```\n")
    display.end()

    codes = re.findall(r"\x1b\[([\d;]+)m", screen.getvalue())
    assert codes
    # Colours beyond the first 16 are fixed, and may not be seen on the user's background.
    assert not any(re.search(r"\b[34]8;", code) for code in codes)
