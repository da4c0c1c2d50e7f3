"""The texts of a reply's messages while they come, piece by piece and once more as a whole.

https://platform.openai.com/docs/api-reference/responses-streaming/response/output_item/done
"""

from __future__ import annotations

import re

from msgspec import Struct

# What unreadable bytes are read as.
_DAMAGE = "\ufffd"


class _Run(Struct):
    """Pieces of one part that came one after the other.

    Attributes:
        owner: The message.
        part: The position of the part within the message.
        pieces: The text.
        length: The number of its characters.
        is_answer: False for commentary.
    """

    owner: object
    part: int
    pieces: list[str]
    length: int
    is_answer: bool


class MessageTexts:
    """The texts of all messages of a reply so far, in the order in which they came."""

    __slots__ = ("_runs",)

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def add(self, owner: object, part: int, text: str, *, is_answer: bool = True) -> None:
        """Add a piece of a part of a message; arguments as the attributes of a run."""
        last = self._runs[-1] if self._runs else None
        if last and last.owner is owner and (last.part, last.is_answer) == (part, is_answer):
            last.pieces.append(text)
            last.length += len(text)
        else:
            self._runs.append(_Run(owner, part, [text], len(text), is_answer))

    def text_of(self, owner: object) -> str:
        """Return the text of a message so far."""
        return "".join(piece for run in self._runs if run.owner is owner for piece in run.pieces)

    def is_last(self, owner: object) -> bool:
        """Return True if the last text is of this message."""
        return bool(self._runs) and self._runs[-1].owner is owner

    def place(self, owner: object, part: int) -> int:
        """Return the place of a part in the answer; the end of the answer, if it is not in it."""
        place = 0
        for run in self._runs:
            if run.owner is owner and run.part == part:
                break
            place += run.length if run.is_answer else 0
        return place

    def take_back(self, owner: object) -> list[tuple[int, int]]:
        """Make a message commentary; return the places and lengths to cut, one after the other."""
        cuts: list[tuple[int, int]] = []
        place = 0
        for run in self._runs:
            if run.is_answer and run.owner is owner:
                run.is_answer = False
                cuts.append((place, run.length))
            elif run.is_answer:
                place += run.length
        return cuts

    def hand_over(self, owner: object, whole: str, to: object) -> None:
        """Give a message the text that came without the name of any, as far as it is its own.

        Args:
            owner: The owner of that text.
            whole: The text of the message that is known now.
            to: That message.
        """
        left = _length_in(self.text_of(owner), whole)
        for at, run in enumerate(self._runs):
            if run.owner is not owner:
                continue
            if left is not None and left < run.length:
                if left:
                    text = "".join(run.pieces)
                    run.pieces, run.length = [text[left:]], run.length - left
                    own = _Run(to, run.part, [text[:left]], left, run.is_answer)
                    self._runs.insert(at, own)
                break
            run.owner = to
            left = None if left is None else left - run.length


def rest_of(seen: str, whole: str) -> str | None:
    """Return what a complete text has beyond the part of it that was seen; None if they differ.

    White space at the beginning does not count, nor what damage has made of a character. A text
    that has less than was seen lacks nothing.
    """
    for begun, complete in ((seen, whole), (seen.lstrip(), whole.lstrip())):
        if (length := _length_in(complete, begun)) is not None:
            return complete[length:]
        if _length_in(begun, complete) is not None:
            return ""
    return None


def _length_in(text: str, beginning: str) -> int | None:
    """Return the length of a text's beginning; None if it is another one.

    The marks of damage in the beginning may be as many characters of the text, or fewer.
    """
    length = damage = 0
    for piece in re.split(f"({_DAMAGE}+)", beginning):
        if piece.startswith(_DAMAGE):
            damage = len(piece)
            continue
        at = text.find(piece, length, length + damage + len(piece))
        if at < 0:
            return None
        length, damage = at + len(piece), 0
    # At the end, it is open how many they are; there is one at least.
    return min(len(text), length + beginning.endswith(_DAMAGE))
