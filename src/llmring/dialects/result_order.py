"""The results of tool calls in the places where APIs expect them: right after the calls.

https://platform.openai.com/docs/guides/function-calling
https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
https://ai.google.dev/gemini-api/docs/function-calling
"""

from __future__ import annotations

from collections.abc import Sequence

from llmring.chat.request import Message


def with_results_in_place(turns: Sequence[Message]) -> list[Message]:
    """Return the turns with each result behind its call, whatever came in between.

    A result whose call is not in the history stays where it is.
    """
    placed: list[Message] = []
    for turn in turns:
        at = len(placed)
        if turn.role == "tool" and placed and not _follows(placed[-1]):
            at = _after_calls(placed, turn)
        placed.insert(at, turn)
    return placed


def _follows(before: Message) -> bool:
    """Return True if a result may follow this turn."""
    return before.role == "tool" or bool(before.tool_calls)


def _after_calls(turns: Sequence[Message], result: Message) -> int:
    """Return the place behind the last turn with the call, and behind the results that it has."""
    end = len(turns)
    for at in range(len(turns) - 1, -1, -1):
        if any(_answers(result, call["id"], call["function"]["name"]) for call in turns[at].calls):
            return end
        if turns[at].role != "tool":
            end = at
    return len(turns)


def _answers(result: Message, id_: str, name: str) -> bool:
    return result.tool_call_id == id_ if result.tool_call_id else result.name == name
