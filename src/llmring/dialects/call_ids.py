"""The IDs of tool calls, made to fit what an API accepts.

Each vendor makes IDs of its own form and refuses those of others:

- OpenAI's Chat Completions takes at most 40 characters, its Responses API 64 characters ("string
  too long"). https://platform.openai.com/docs/api-reference/responses/create (`call_id`)
- Anthropic takes letters, digits, "_" and "-", and refuses the same ID twice in a conversation.
  https://platform.claude.com/docs/en/api/messages/create (`tool_use.id`)
- Mistral takes nine letters and digits.
  https://github.com/mistralai/mistral-common/blob/main/src/mistral_common/protocol/instruct/validator.py

An ID that fits stays as it is. The same history always gets the same IDs.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from llmring.chat.parts import Part, ProviderPart
from llmring.chat.reply_events import marked_call
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall

_DIGITS = string.digits + string.ascii_letters


class CallIds(Struct, frozen=True):
    """The IDs that an API accepts.

    Attributes:
        pattern: A regular expression that matches all of an accepted ID.
        length: The number of letters and digits of an ID made here.
        refused: A regular expression for characters that the API refuses, where replacing them is
            enough.
        unique: True if no two calls of a conversation may have the same ID.
    """

    pattern: str
    length: int = 24
    refused: str | None = None
    unique: bool = True

    def accepts(self, id_: str) -> bool:
        """Return True if the API accepts an ID."""
        return re.fullmatch(self.pattern, id_, re.DOTALL) is not None


# Servers whose models know the form of their IDs, or that accept any.
ANY = CallIds(".+", unique=False)


def with_fitting_ids(turns: Sequence[Message], rule: CallIds, dialect: str) -> list[Message]:
    """Return the turns with IDs that an API accepts, different ones for different calls.

    Each call gets an ID, and each result the one of its call; a result without an ID belongs to
    the first call of that function which has no result yet.

    Args:
        turns: The conversation.
        rule: The IDs that the API accepts.
        dialect: The name of the API, whose own items repeat the ID of a call.
    """
    ids = _Ids(rule, turns)
    return [ids.renamed(turn, dialect) for turn in turns]


class _UnansweredCall(Struct):
    """A call without a result: its ID in the history, its name, and the ID that is sent."""

    old: str
    name: str
    new: str


class _Ids:
    """The IDs of a conversation, turn by turn."""

    def __init__(self, rule: CallIds, turns: Iterable[Message]) -> None:
        self._rule = rule
        given = {call["id"] for turn in turns for call in turn.calls}
        given |= {turn.tool_call_id or "" for turn in turns}
        # An ID that fits belongs to its call, whatever is made for others.
        self._kept = {id_ for id_ in given if id_ and rule.accepts(id_)}
        self._sent: set[str] = set()
        self._last: dict[str, str] = {}
        self._waiting: list[_UnansweredCall] = []
        self._count = 0

    def renamed(self, turn: Message, dialect: str) -> Message:
        """Return a turn with the IDs to send."""
        if turn.tool_calls:
            return self._calling(turn, dialect)
        if turn.role == "tool":
            id_ = self._answered(turn)
            if id_ != turn.tool_call_id:
                return msgspec.structs.replace(turn, tool_call_id=id_)
        return turn

    def _calling(self, turn: Message, dialect: str) -> Message:
        calls = [self._named(call) for call in turn.calls]
        if calls == list(turn.calls):
            return turn
        pairs = [(old["id"], new["id"]) for old, new in zip(turn.calls, calls, strict=True)]
        content = turn.content
        if content is not None and not isinstance(content, str):
            content = [_marking(part, pairs, dialect) for part in turn.parts]
        return msgspec.structs.replace(turn, tool_calls=calls, content=content)

    def _named(self, call: ToolCall) -> ToolCall:
        self._count += 1
        old, new = call["id"], self._new(call["id"])
        self._sent.add(new)
        self._last[old] = new
        self._waiting.append(_UnansweredCall(old, call["function"]["name"], new))
        return call if new == old else ToolCall(**{**call, "id": new})

    def _new(self, old: str) -> str:
        again = old in self._last
        if not old:
            return self._made("", f"call_{self._count}")
        if old in self._kept and not (again and self._rule.unique):
            return old
        if again and not self._rule.unique:
            return self._last[old]
        if self._rule.refused is None or again:
            return self._made(old)
        return self._made(old, re.sub(self._rule.refused, "_", old))

    def _made(self, old: str, wanted: str = "") -> str:
        """Return an ID that no other call has: the wanted one, or one that depends on the old."""
        if wanted and self._rule.accepts(wanted) and wanted not in self._kept | self._sent:
            return wanted
        # The number makes calls with the same ID differ.
        seed = f"{old}\0{self._count}" if not old or old in self._last else old
        id_ = _digest(seed, self._rule.length)
        while id_ in self._kept or id_ in self._sent:
            seed += "\0"
            id_ = _digest(seed, self._rule.length)
        return id_

    def _answered(self, turn: Message) -> str:
        """Return the ID of the call that a result belongs to."""
        old = turn.tool_call_id
        for call in self._waiting:
            if call.old == old if old is not None else call.name == turn.name:
                self._waiting.remove(call)
                return call.new
        old = old or turn.name or ""
        if old in self._last:
            return self._last[old]
        # The call is not in this history.
        self._last[old] = self._new(old)
        self._sent.add(self._last[old])
        return self._last[old]


def _marking(part: Part, pairs: list[tuple[str, str]], dialect: str) -> Part:
    """Return the API's own item for a call with the call's new ID; other parts as they are."""
    if not isinstance(part, ProviderPart) or part.dialect != dialect:
        return part
    marked = marked_call(part.content)
    for at, (old, new) in enumerate(pairs):
        if marked == old:
            del pairs[at]
            return msgspec.structs.replace(part, content=_replaced(part.content, old, new))
    return part


def _replaced(content: Mapping[str, object], old: str, new: str) -> dict[str, object]:
    ids = {key: new for key in ("id", "call_id") if content.get(key) == old}
    return {**content, **ids}


def _digest(seed: str, length: int) -> str:
    number = int.from_bytes(hashlib.blake2s(seed.encode("utf-8", "replace")).digest())
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)
