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


# Where names, paths and addresses are divided, if they must be.
_JOINTS = frozenset("-:/,.?&=_")


def divided(text: str, width: int) -> list[str]:
    """Divide a text into lines between words, and words that are too long within them.

    Args:
        text: The text; its lines keep the spaces at its beginning.
        width: The number of columns, above 0.
    """
    lead = " " * min(len(text) - len(text.lstrip(" ")), width // 2)
    room = width - len(lead)
    lines = []
    for line in folded(text.lstrip(" "), room, 0, 0).split("\n"):
        rest = line
        while width_of(rest) > room:
            end = _end_of_first(rest, room)
            lines.append(rest[:end])
            rest = rest[end:]
        lines.append(rest)
    return [lead + line for line in lines]


def _end_of_first(word: str, width: int) -> int:
    """Return where the first line of a long word ends: after a joint, if it has one."""
    end, used = 0, 0
    for letter in word:
        used += width_of(letter)
        if used > width:
            break
        end += 1
    joints = (at for at in range(end, 0, -1) if word[at - 1] in _JOINTS)
    return next(joints, max(end, 1))


def longest_piece(text: str, *, names: bool = False) -> int:
    """Return the width of the longest word, or of the longest piece of names if they are divided.

    Args:
        text: The text; spaces at its beginning belong to its first word.
        names: True if names are divided where their parts are joined.
    """
    if names:
        for joint in _JOINTS:
            text = text.replace(joint, f"{joint} ")
    lead = len(text) - len(text.lstrip())
    first, *rest = map(width_of, text.split() or [""])
    return max((lead + first, *rest))


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
