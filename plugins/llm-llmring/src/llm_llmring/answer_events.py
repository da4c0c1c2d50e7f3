"""llm's events of an answer, and what llm records about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import llm
from llm.parts import StreamEvent

from llm_llmring.prompt_request import METADATA
from llmring import LLMResponse, Message, StreamChunk, TextPart, ToolCall, Usage

_RECORDED = ("id", "model", "served_model", "finish_reason", "cost", "cost_reason", "citations")
_OF_ATTEMPT = ("model", "outcome", "reason", "status", "ms", "cost")


class AnswerEvents:
    """The events of one answer, in llm's form.

    Args:
        response: The response of llm, which takes usage and calls.
        hide_reasoning: True to leave out the text of the model's reasoning.
    """

    def __init__(self, response: llm.Response | llm.AsyncResponse, *, hide_reasoning: bool) -> None:
        self._response = response
        self._hide_reasoning = hide_reasoning
        self._shown = self._reasoned = False

    def of_chunk(self, chunk: StreamChunk) -> Iterator[StreamEvent]:
        """Yield the events of a piece of a stream.

        Raises:
            llm.ModelError: The answer starts over, but llm has shown text of it.
        """
        if chunk.restart and self._shown:
            raise llm.ModelError(
                "the model failed after a part of its answer was shown, and the lockfile starts "
                'such answers over, which llm can\'t; set on_stream_failure = "continue" in the '
                "lockfile, or use --no-stream"
            )
        yield from self._thoughts(chunk.commentary, chunk.reasoning)
        if chunk.delta:
            self._shown = self._shown or bool(chunk.delta.strip())
            yield StreamEvent("text", chunk.delta)
        if chunk.message is not None:
            yield from self._end(chunk, chunk.message)

    def of_answer(self, answer: LLMResponse) -> Iterator[StreamEvent]:
        """Yield the events of a whole answer."""
        yield from self._thoughts(answer.commentary, answer.reasoning)
        text = _as_json(answer) if answer.parsed is not None else answer.content
        if text:
            self._shown = True
            yield StreamEvent("text", text)
        yield from self._end(answer, answer.message)

    def _thoughts(self, *texts: str | None) -> Iterator[StreamEvent]:
        for text in filter(None, texts):
            self._reasoned = True
            if not self._hide_reasoning:
                yield StreamEvent("reasoning", text)

    def _end(self, end: LLMResponse | StreamChunk, message: Message) -> Iterator[StreamEvent]:
        """Yield the last events, and record what is known now."""
        if end.refusal and not self._shown:
            yield StreamEvent("text", end.refusal)
        for call in end.tool_calls or ():
            yield from self._call(call)
        usage = end.usage
        if usage is not None:
            self._response.set_usage(
                input=usage.prompt_tokens,
                output=usage.completion_tokens,
                details=_details(usage) or None,
            )
            if usage.reasoning_tokens and not self._reasoned:
                yield StreamEvent("reasoning", "", redacted=True)
        if _needs_keeping(message):
            kept = {METADATA: message.to_dict()}
            yield StreamEvent("reasoning", "", provider_metadata=kept)
        self._response.set_resolved_model(end.model)
        self._response.response_json = _record(end)

    def _call(self, call: ToolCall) -> Iterator[StreamEvent]:
        name, arguments, made = call["function"]["name"], call["function"]["arguments"], call["id"]
        self._response.add_tool_call(llm.ToolCall(name, _read(arguments), made))
        yield StreamEvent("tool_call_name", name, tool_call_id=made)
        yield StreamEvent("tool_call_args", arguments, tool_call_id=made)


def _read(arguments: str) -> dict[str, Any]:
    try:
        found = json.loads(arguments or "{}")
    except ValueError:
        found = None
    # As llm keeps arguments that it can't read.
    return found if isinstance(found, dict) else {"_raw": arguments}


def _as_json(answer: LLMResponse) -> str:
    """Return structured data as JSON alone; a model may have put text around it."""
    try:
        json.loads(answer.content)
    except ValueError:
        return json.dumps(answer.parsed)
    return answer.content


def _details(usage: Usage) -> dict[str, Any]:
    total = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {name: count for name, count in usage.items() if count and name not in total}


def _needs_keeping(message: Message) -> bool:
    """Return True if a message has more than text, which the next call sends back."""
    return bool(message.calls) or any(type(part) is not TextPart for part in message.parts)


def _record(end: LLMResponse | StreamChunk) -> dict[str, Any]:
    """Return what llm's log keeps about an answer apart from its text."""
    known = end.to_dict()
    found = {name: known[name] for name in _RECORDED if known.get(name) not in (None, [])}
    found["attempts"] = [
        {name: attempt[name] for name in _OF_ATTEMPT if attempt.get(name) is not None}
        for attempt in known["attempts"]
    ]
    return found
