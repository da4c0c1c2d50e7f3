"""The calls of a reply, followed until they are whole, to keep their signatures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from llmring.chat.events import Event, Finished, ToolCallDelta
from llmring.chat.request import Message
from llmring.dialects.relay.sealed_signatures import is_sealed
from llmring.dialects.reply_encoding import call_id
from llmring.gateway.signatures.kept_signatures import KeptSignatures, call_keys


class SignatureKeeper:
    """The calls of one reply, followed to keep their sealed signatures.

    Args:
        kept: The memory.
        conversation: The ID of the conversation.
        turns: The turns of the request.
        reply_id: The ID of the reply; the calls without an ID get one that is made of it. None
            leaves them as they are.
    """

    def __init__(
        self,
        kept: KeptSignatures,
        conversation: str,
        turns: Sequence[Message],
        reply_id: str | None = None,
    ) -> None:
        self._kept = kept
        self._conversation = conversation
        self._turns = turns
        self._reply_id = reply_id
        self._call: ToolCallDelta | None = None
        self._seen: Counter[str] | None = None
        # Of calls without a signature, which count among equal ones all the same.
        self._before: list[ToolCallDelta] = []

    def take(self, event: Event) -> Event:
        """Follow an event and return the one to encode in its place."""
        if isinstance(event, ToolCallDelta):
            return self._take_piece(event)
        if isinstance(event, Finished):
            self._end_call()
        return event

    def _take_piece(self, piece: ToolCallDelta) -> ToolCallDelta:
        call = self._call
        if call is not None and call.index == piece.index:
            self._call = msgspec.structs.replace(
                call,
                name=call.name or piece.name,
                arguments=call.arguments + piece.arguments,
                signature=piece.signature or call.signature,
            )
            return piece
        self._end_call()
        if not piece.id and self._reply_id is not None:
            piece = msgspec.structs.replace(piece, id=call_id(self._reply_id, piece))
        self._call = piece
        return piece

    def _end_call(self) -> None:
        call, self._call = self._call, None
        if call is None:
            return
        if not is_sealed(call.signature):
            self._before.append(call)
            return
        if self._seen is None:
            self._seen = Counter()
            for turn in self._turns:
                for each in turn.calls:
                    function = each["function"]
                    self._keys(each["id"], function["name"], function["arguments"])
        for earlier in self._before:
            self._keys(earlier.id, earlier.name or "", earlier.arguments)
        self._before = []
        for key in self._keys(call.id, call.name or "", call.arguments):
            self._kept.keep(key, call.signature or "")

    def _keys(self, id_: str | None, name: str, arguments: str) -> Iterator[bytes]:
        assert self._seen is not None  # noqa: S101 -- set by the only caller
        return call_keys(self._conversation, id_, name, arguments, self._seen)
