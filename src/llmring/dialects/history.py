"""The turns of a conversation as one server takes them, whichever vendors answered before."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmring.chat.parts import Part, ProviderPart, ReasoningPart
from llmring.chat.request import Message
from llmring.dialects.call_ids import CallIds, with_fitting_ids
from llmring.dialects.dialect import Quirks
from llmring.dialects.result_order import with_results_in_place


def fitted(
    turns: Sequence[Message], dialect: str, ids: CallIds, quirks: Quirks
) -> Sequence[Message]:
    """Return the turns with IDs that fit, in order, without what only another server can read.

    Signatures, encrypted reasoning and the work of a server's own tools mean nothing to another
    server with the same API, which refuses them.

    Args:
        turns: The conversation, which is not changed.
        dialect: The name of the API.
        ids: The IDs of tool calls that the API accepts.
        quirks: Differences of this server from others with the API.
    """
    parts = calls = False
    for turn in turns:
        parts = parts or not isinstance(turn.content, str)
        calls = calls or turn.role == "tool" or bool(turn.tool_calls)
    if parts and quirks.server:
        turns = [_own(turn, dialect, quirks) for turn in turns]
    if calls:
        turns = with_fitting_ids(turns, quirks.call_ids or ids, dialect)
        turns = with_results_in_place(turns)
    return turns


def _own(turn: Message, dialect: str, quirks: Quirks) -> Message:
    if turn.origin in (None, quirks.server) or isinstance(turn.content, str | None):
        return turn
    plain = (_plain(part, dialect, quirks) for part in turn.parts)
    kept = [part for part in plain if part is not None]
    return msgspec.structs.replace(turn, content=kept)


def _plain(part: Part, dialect: str, quirks: Quirks) -> Part | None:
    """Return what another server with this API can read of a part: of reasoning, its text."""
    if not isinstance(part, ReasoningPart | ProviderPart) or part.dialect != dialect:
        return part
    if not isinstance(part, ReasoningPart) or not part.text:
        return None
    if quirks.signatures == "any":
        return part
    return msgspec.structs.replace(part, signature=None, id=None)
