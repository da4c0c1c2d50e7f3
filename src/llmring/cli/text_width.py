"""The width of texts on a terminal, and their division into lines."""

from __future__ import annotations


def folded(text: str, width: int | None, begin: int, indent: int) -> str:
    """Divide a text into lines between words.

    Args:
        text: The text.
        width: The number of columns; None for no limit.
        begin: The columns that are taken on the first line.
        indent: The spaces before each other line.
    """
    if width is None or begin + width_of(text) <= width:
        return text
    words = text.lstrip(" ")
    lead = " " * (len(text) - len(words))
    lines, used = [""], begin + len(lead)
    for word in words.split(" "):
        gap = 1 if lines[-1] else 0
        if lines[-1] and used + gap + width_of(word) > width:
            lines.append("")
            used, gap = indent, 0
        lines[-1] += " " * gap + word
        used += gap + width_of(word)
    return lead + f"\n{' ' * indent}".join(lines)


def width_of(text: str) -> int:
    """Return the number of columns that a text takes up on a terminal."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0
        if unicodedata.combining(letter)
        else 2
        if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in text
    )
