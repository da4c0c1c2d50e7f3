"""The lines of a log: one JSON object each, whatever is in its texts."""

from __future__ import annotations

import msgspec

from llmring.redaction import redact


def log_line(entry: object) -> bytes:
    r"""Return an entry as one line.

    All that a terminal could act on is written as JSON's own `\u` escapes: control characters,
    those that change the direction of text, and line separators of Unicode.

    Args:
        entry: A struct or mapping that JSON can hold.
    """
    text = redact(msgspec.json.encode(entry).decode())
    if not text.isprintable():
        text = "".join(each if each.isprintable() else _escaped(each) for each in text)
    return f"{text}\n".encode()


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
