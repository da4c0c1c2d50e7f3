"""Code blocks in an answer, by the fences of https://spec.commonmark.org/0.31.2/#fenced-code-blocks."""

from __future__ import annotations

import re

_OPENING = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})")


def last_code_block(text: str) -> str | None:
    """Return the content of the last code block of a Markdown text, without its last line break.

    A block that is not closed ends with the text. None without any block.
    """
    last: list[str] | None = None
    fence, indent = "", 0
    for line in text.split("\n"):
        if fence and last is not None:
            if _closes(line, fence):
                fence = ""
            else:
                blanks = len(line) - len(line.lstrip(" "))
                last.append(line[min(indent, blanks) :])
        elif opening := _OPENING.match(line):
            fence, indent, last = opening[2], len(opening[1]), []
    return None if last is None else "\n".join(last)


def _closes(line: str, fence: str) -> bool:
    stripped = line.strip()
    indented = len(line) - len(line.lstrip(" ")) > 3
    return len(stripped) >= len(fence) and not stripped.strip(fence[0]) and not indented
