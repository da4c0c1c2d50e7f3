"""The text of a custom tool, read out of the arguments of the function that represents it.

The arguments come piece by piece, cut anywhere: https://www.rfc-editor.org/rfc/rfc8259#section-7
"""

from __future__ import annotations

import re

import msgspec

from llmring.chat.json_text import value_of

# The beginning of the arguments, up to the text; a model may write it in another way.
_BEGINNING = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_LONGEST_BEGINNING = 256
_PLAIN = re.compile(r'[^"\\]+')
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_UNIT = re.compile(r"\\u([0-9a-fA-F]{4})")
_DAMAGE = "\ufffd"


class StringDecoder:
    """A JSON string being decoded; it begins after its opening quote.

    Attributes:
        ended: True once the closing quote has come.
    """

    def __init__(self) -> None:
        self.ended = False
        # An escape that is not complete.
        self._rest = ""

    def feed(self, piece: str) -> str:
        """Return the text that a piece completes."""
        data = self._rest + piece
        found: list[str] = []
        at = 0
        while at < len(data) and not self.ended:
            if plain := _PLAIN.match(data, at):
                found.append(plain[0])
                at = plain.end()
            elif data[at] == '"':
                self.ended = True
            else:
                text, end = _escape(data, at)
                if end == at:
                    break
                found.append(text)
                at = end
        self._rest = "" if self.ended else data[at:]
        return "".join(found)

    def end(self) -> str:
        """Return the remaining text of a string that was cut."""
        # The second half of a pair did not come; a shorter rest is not a character yet.
        rest, self._rest = self._rest, ""
        return _DAMAGE if _UNIT.match(rest) else ""


def _escape(data: str, at: int) -> tuple[str, int]:
    """Return the character that an escape means, and its end; its beginning if it is not complete.

    Half a UTF-16 pair alone is read as U+FFFD, and what is not an escape as it is written.
    """
    kind = data[at + 1 : at + 2]
    if kind != "u":
        return (_ESCAPED.get(kind, kind), at + 2) if kind else ("", at)
    unit = _UNIT.match(data, at)
    if unit is None:
        return ("", at) if _may_become_unit(data[at : at + 6]) else ("\\u", at + 2)
    code = int(unit[1], 16)
    if 0xD800 <= code < 0xDC00:
        return _pair(code, data, at)
    return _DAMAGE if 0xDC00 <= code < 0xE000 else chr(code), at + 6


def _pair(first: int, data: str, at: int) -> tuple[str, int]:
    """Return the character that two escapes mean; the arguments are those of the first."""
    unit = _UNIT.match(data, at + 6)
    second = int(unit[1], 16) if unit else 0
    if 0xDC00 <= second < 0xE000:
        return chr(0x10000 + ((first - 0xD800) << 10) + second - 0xDC00), at + 12
    if unit is None and _may_become_unit(data[at + 6 : at + 12]):
        return "", at
    return _DAMAGE, at + 6


def _may_become_unit(text: str) -> bool:
    return len(text) < 6 and re.fullmatch(r"|\\|\\u[0-9a-fA-F]*", text) is not None


class TextArgument:
    """The text of a custom tool while the arguments of its function come."""

    def __init__(self) -> None:
        self._before: list[str] = []
        self._text: StringDecoder | None = None
        self._length = 0

    def feed(self, piece: str) -> str:
        """Return the text that a piece of the arguments completes."""
        if self._text is not None:
            return self._text.feed(piece)
        self._before.append(piece)
        if self._length > _LONGEST_BEGINNING:
            return ""
        self._length += len(piece)
        before = "".join(self._before)
        begun = _BEGINNING.match(before)
        if begun is None:
            return ""
        self._text = StringDecoder()
        return self._text.feed(before[begun.end() :])

    def end(self) -> str:
        """Return the remaining text when the arguments are complete."""
        if self._text is not None:
            return self._text.end()
        return _text_of("".join(self._before))


def _text_of(arguments: str) -> str:
    """Return the text in arguments of any form; or else the arguments themselves."""
    try:
        value = value_of(arguments)
    except (ValueError, RecursionError):
        return arguments
    if isinstance(value, dict):
        texts = [each for each in value.values() if isinstance(each, str)]
        value = value.get("input", texts[0] if len(texts) == 1 else value)
    if value == {}:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
