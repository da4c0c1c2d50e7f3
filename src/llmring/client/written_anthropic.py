"""Made-up answers as Anthropic's messages.

https://docs.claude.com/en/api/messages
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from llmring.client.said import Json, Said, named


def _messages_blocks(said: Said) -> list[Json]:
    blocks: list[Json] = []
    if said.text or not said.calls:
        blocks.append({"type": "text", "text": said.text})
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments)}
        for call in said.calls
    ]
    return blocks


def whole(said: Said) -> Json:
    """An answer in one piece."""
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": _messages_blocks(said),
        "stop_reason": "tool_use" if said.calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": said.asked_tokens, "output_tokens": said.tokens},
    }


def events(said: Said) -> Iterator[bytes]:
    """The same in events."""
    full = whole(said)
    begun = {**full, "content": [], "stop_reason": None}
    yield named({"type": "message_start", "message": begun})
    for index, block in enumerate(_messages_blocks(said)):
        emptied, deltas = _in_deltas(block, said)
        yield named({"type": "content_block_start", "index": index, "content_block": emptied})
        for delta in deltas:
            yield named({"type": "content_block_delta", "index": index, "delta": delta})
        yield named({"type": "content_block_stop", "index": index})
    end = {"stop_reason": full["stop_reason"], "stop_sequence": None}
    yield named({"type": "message_delta", "delta": end, "usage": full["usage"]})
    yield named({"type": "message_stop"})


def _in_deltas(block: Json, said: Said) -> tuple[Json, list[Json]]:
    if block["type"] == "text":
        words = [{"type": "text_delta", "text": word} for word in said.words]
        return {**block, "text": ""}, words
    arguments = msgspec.json.encode(block["input"]).decode()
    return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": arguments}]


_MESSAGES_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def refusal(status: int, message: str, code: str | None) -> Json:
    """An error; the status says which kind it is of."""
    usual = "api_error" if status >= 500 else "invalid_request_error"
    kind = code or _MESSAGES_KINDS.get(status, usual)
    return {"type": "error", "error": {"type": kind, "message": message}}
