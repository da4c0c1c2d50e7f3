"""Signatures of calls for clients that return the call without: kept here, by call, for a day.

Ollama's API has no place for them, and its clients often return calls without an ID: such a call is
known by its function and arguments. Clients of Chat Completions may drop the field that has them.
https://docs.ollama.com/api/chat
https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import msgspec
from msgspec import Struct

from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.clock import Clock
from llmring.dialects.thought_signatures import thought_signature

MOST = 10_000
MOST_BYTES = 32 * 2**20
SECONDS = 24 * 3600


class _Kept(Struct, frozen=True):
    """A sealed signature, and the time at which it is forgotten, in ns since 1970."""

    sealed: str
    until: int


class KeptSignatures:
    """A bounded memory of sealed signatures, for the conversations of one process.

    Args:
        clock: The wall clock.
        most: The signatures that are kept; the oldest one is forgotten.
        most_bytes: The bytes of all together.
        seconds: The seconds for which each is kept.
    """

    def __init__(
        self,
        clock: Clock,
        most: int = MOST,
        most_bytes: int = MOST_BYTES,
        seconds: float = SECONDS,
    ) -> None:
        self._clock = clock
        self._most, self._most_bytes = most, most_bytes
        self._nanoseconds = int(seconds * 10**9)
        # The oldest comes first.
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, key: bytes, sealed: str) -> None:
        """Keep a signature.

        Args:
            key: The key of the call, as of `call_keys`.
            sealed: The signature.
        """
        self._forget(key)
        now = self._clock.time_ns()
        self._kept[key] = _Kept(sealed, now + self._nanoseconds)
        self._bytes += len(sealed)
        while self._kept and (
            len(self._kept) > self._most or self._bytes > self._most_bytes or self._oldest <= now
        ):
            self._forget(next(iter(self._kept)))

    def find(self, key: bytes) -> str | None:
        """Return the signature of a call, if it is kept."""
        found = self._kept.get(key)
        return found.sealed if found is not None and found.until > self._clock.time_ns() else None

    def restored(self, conversation: str, turns: Sequence[Message]) -> Sequence[Message]:
        """Return the turns of a client with the signatures that it left out.

        Args:
            conversation: The ID of the conversation.
            turns: The turns, which are not changed.
        """
        if not self._kept or not any(turn.calls for turn in turns):
            return turns
        return [*self._restored(conversation, turns)]

    def _restored(self, conversation: str, turns: Iterable[Message]) -> Iterator[Message]:
        seen: Counter[str] = Counter()
        for turn in turns:
            calls = [self._with_signature(conversation, call, seen) for call in turn.calls]
            if any(new is not old for new, old in zip(calls, turn.calls, strict=True)):
                yield msgspec.structs.replace(turn, tool_calls=calls)
            else:
                yield turn

    def _with_signature(self, conversation: str, call: ToolCall, seen: Counter[str]) -> ToolCall:
        function = call["function"]
        keys = call_keys(conversation, call["id"], function["name"], function["arguments"], seen)
        if call.get("signature") or thought_signature(call.get("extra_content") or {}):
            return call
        sealed = next(filter(None, map(self.find, keys)), None)
        return call if sealed is None else cast("ToolCall", {**call, "signature": sealed})

    @property
    def _oldest(self) -> int:
        return next(iter(self._kept.values())).until

    def _forget(self, key: bytes) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._bytes -= len(found.sealed)


def call_keys(
    conversation: str, id_: str | None, name: str, arguments: str, seen: Counter[str]
) -> Iterator[bytes]:
    """Yield the keys of a call: by its ID, then by its content and its number among equal ones.

    Args:
        conversation: The ID of the conversation.
        id_: The ID of the call, if it has one.
        name: The function.
        arguments: The arguments, as JSON.
        seen: The equal calls before it, which the call is added to.
    """
    content = f"{name} {_plain(arguments)}"
    seen[content] += 1
    number = seen[content]
    keys = [] if not id_ else [["id", id_]]
    keys.append(["call", content, str(number)])
    return iter([_digest(conversation, key) for key in keys])


def _digest(conversation: str, key: Sequence[str]) -> bytes:
    return hashlib.blake2b(msgspec.json.encode([conversation, *key]), digest_size=16).digest()


def _plain(arguments: str) -> str:
    """Return arguments in the one form that all clients' ways of writing them have."""
    try:
        value = msgspec.json.decode(arguments or "{}")
        return msgspec.json.encode(_without_fractions(value), order="sorted").decode()
    except (ValueError, RecursionError):
        return arguments


def _without_fractions(value: Any) -> Any:
    """Write 1.0 as 1, which is the same to some clients."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_without_fractions(each) for each in value]
        case dict():
            return {key: _without_fractions(each) for key, each in value.items()}
    return value
