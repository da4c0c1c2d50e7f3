"""Made-up answers as OpenAI's chat completions.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Iterator

from llmring.client.said import Json, Said, sse


def _chat_calls(said: Said, *, numbered: bool) -> list[Json]:
    return [
        {
            **({"index": index} if numbered else {}),
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.json},
        }
        for index, call in enumerate(said.calls)
    ]


def _chat_usage(said: Said) -> Json:
    asked, told = said.asked_tokens, said.tokens
    return {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}


def whole(said: Said) -> Json:
    """An answer in one piece."""
    message: Json = {"role": "assistant", "content": said.text}
    if said.calls:
        message["tool_calls"] = _chat_calls(said, numbered=False)
    choice = {"index": 0, "message": message, "finish_reason": _chat_reason(said)}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "model": said.model,
        "choices": [choice],
        "usage": _chat_usage(said),
    }


def _chat_reason(said: Said) -> str:
    return "tool_calls" if said.calls else "stop"


def events(said: Said) -> Iterator[bytes]:
    """The same in events."""
    envelope = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "model": said.model,
    }
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in said.words]
    deltas += [{"tool_calls": [call]} for call in _chat_calls(said, numbered=True)]
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        yield sse({**envelope, "choices": [choice]})
    last = {"index": 0, "delta": {}, "finish_reason": _chat_reason(said)}
    yield sse({**envelope, "choices": [last]})
    yield sse({**envelope, "choices": [], "usage": _chat_usage(said)})
    yield b"data: [DONE]\n\n"


def refusal(status: int, message: str, code: str | None) -> Json:
    """An error; the status says which kind it is of."""
    usual = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": kind, "param": None, "code": code or usual.get(status)}
    return {"error": error}
