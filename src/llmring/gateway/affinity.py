"""The memory of the model that answered each conversation last.

The turns of a conversation stay with one model, so that its cache of the prompt and its signed
reasoning keep their use.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from llmring.chat.json_text import json_bytes
from llmring.chat.request import Message
from llmring.clock import Clock
from llmring.dialects.request_decoding import ClientRequest
from llmring.gateway.http import GatewayRequest
from llmring.gateway.naming import CalledName

MOST = 10_000
SECONDS = 3600

# Of clients that name their conversations, the most specific first: our own, opencode's, Claude
# Code's, and Codex's.
HEADERS = ("x-llmring-session", "x-session-affinity", "x-claude-code-session-id", "session-id")


class _LastAnswer(Struct, frozen=True):
    """The model that answered last, and the time at which that is forgotten, in ns since 1970."""

    target: str
    until: int


class Affinity:
    """A bounded memory of the model that answered each conversation last.

    Args:
        clock: The wall clock.
        most: The conversations that are remembered; the one that was silent longest is forgotten.
        seconds: The seconds after its last answer for which a conversation is remembered.
    """

    def __init__(self, clock: Clock, most: int = MOST, seconds: float = SECONDS) -> None:
        self._clock = clock
        self._most = most
        self._nanoseconds = int(seconds * 10**9)
        # The conversation that answered longest ago comes first.
        self._answers: OrderedDict[str, _LastAnswer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def preferred(self, conversation: str) -> str | None:
        """Return the reference of the model that answered last, if it is remembered."""
        found = self._answers.get(conversation)
        if found is None:
            return None
        if found.until <= self._clock.time_ns():
            self._answers.pop(conversation, None)
            return None
        return found.target

    def answered(self, conversation: str, target: str) -> None:
        """Remember the model that has answered.

        Args:
            conversation: The ID of the conversation, as of `conversation_of`.
            target: The reference of the model, "provider:model".
        """
        now = self._clock.time_ns()
        self._answers[conversation] = _LastAnswer(target, now + self._nanoseconds)
        self._answers.move_to_end(conversation)
        while self._answers and (len(self._answers) > self._most or self._oldest.until <= now):
            self._answers.popitem(last=False)

    @property
    def _oldest(self) -> _LastAnswer:
        return next(iter(self._answers.values()))


def conversation_of(
    request: GatewayRequest, client: ClientRequest, name: CalledName, secret: bytes, key: str = ""
) -> str:
    """Return the ID of a request's conversation with an alias.

    It is that of a header, or else that of the body, or else one made of the system's text and the
    user's first turn. IDs of two keys, profiles or aliases are never the same.

    Args:
        request: The request.
        client: The same, decoded.
        name: The name that it calls.
        secret: The gateway's secret.
        key: The name of the client's key; empty without keys.
    """
    own = next(filter(None, map(request.headers.get, HEADERS)), None) or client.conversation
    kind, content = ("id", own) if own else ("turns", [*_first_turns(client.request.turns())])
    hashed = hashlib.blake2b(digest_size=16, key=hashlib.sha256(secret).digest())
    hashed.update(json_bytes([key, name.profile, name.name, kind, content], enc_hook=repr))
    return hashed.hexdigest()


def _first_turns(turns: list[Message]) -> Iterator[Any]:
    for turn in turns:
        if turn.role in ("system", "user"):
            yield turn.role, turn.content
        if turn.role != "system":
            return
