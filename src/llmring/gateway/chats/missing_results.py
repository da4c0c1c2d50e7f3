"""Results for the calls of tools that a client left without one.

Programs that are interrupted while a tool runs send the call without a result, or only the results
of other calls. Most APIs refuse such a conversation, even if that of the client does not:

- https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
- https://ai.google.dev/gemini-api/docs/function-calling
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmring.chat.request import Message

TEXT = "The call was interrupted; it has no result."


def with_all_results(turns: Sequence[Message]) -> Sequence[Message]:
    """Return a conversation in which each call has a result, except those of its last turn.

    Args:
        turns: The turns, which are not changed.
    """
    if not any(turn.calls for turn in turns[:-1]):
        return turns
    return [*_completed(turns)]


def _completed(turns: Sequence[Message]) -> Iterator[Message]:
    missing: list[Message] = []
    for at, turn in enumerate(turns):
        if missing and turn.role != "tool":
            yield from missing
            missing = []
        yield turn
        if turn.calls and at + 1 < len(turns):
            missing = _missing(turn, turns[at + 1 :])
    yield from missing


def _missing(turn: Message, later: Sequence[Message]) -> list[Message]:
    """Return the results that a turn's calls lack."""
    open_calls = [(call["id"], call["function"]["name"]) for call in turn.calls]
    others: list[Message] = []
    for result in later:
        if result.calls:
            break
        if result.role != "tool":
            continue
        own = next((call for call in open_calls if call[0] == result.tool_call_id), None)
        if own is None:
            others.append(result)
        else:
            open_calls.remove(own)
    for result in others:
        # Without an ID that is known, a result answers the next call of its function.
        named = [call for call in open_calls if result.name in (None, call[1])]
        if named:
            open_calls.remove(named[0])
    return [
        Message("tool", TEXT, tool_call_id=id_, name=name, metadata={"is_error": True})
        for id_, name in open_calls
    ]
