"""Made-up answers as Ollama's chat.

https://docs.ollama.com/api/chat
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from llmring.client.said import Json, Said


def _ollama_line(said: Said, message: Json, *, done: bool) -> Json:
    line = {"model": said.model, "message": {"role": "assistant", **message}, "done": done}
    counts = {"prompt_eval_count": said.asked_tokens, "eval_count": said.tokens}
    return {**line, "done_reason": "stop", **counts} if done else line


def _ollama_calls(said: Said) -> Json:
    calls = [
        {"id": call.id, "function": {"name": call.name, "arguments": dict(call.arguments)}}
        for call in said.calls
    ]
    return {"tool_calls": calls} if calls else {}


def whole(said: Said) -> Json:
    """An answer in one piece."""
    return _ollama_line(said, {"content": said.text, **_ollama_calls(said)}, done=True)


def events(said: Said) -> Iterator[bytes]:
    """The same in lines."""
    messages: list[Json] = [{"content": word} for word in said.words]
    if said.calls:
        messages.append({"content": "", **_ollama_calls(said)})
    for message in messages:
        yield msgspec.json.encode(_ollama_line(said, message, done=False)) + b"\n"
    yield msgspec.json.encode(_ollama_line(said, {"content": ""}, done=True)) + b"\n"


def refusal(status: int, message: str, code: str | None) -> Json:
    """An error; it has no kinds."""
    del status, code
    return {"error": message}
