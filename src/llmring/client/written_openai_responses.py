"""Made-up answers as OpenAI's responses.

https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from collections.abc import Iterator

from llmring.client.said import Json, Said, named


def _responses_items(said: Said) -> list[Json]:
    items: list[Json] = []
    if said.text or not said.calls:
        part = {"type": "output_text", "text": said.text, "annotations": []}
        message = {"type": "message", "id": "msg_scripted", "role": "assistant"}
        items.append({**message, "status": "completed", "content": [part]})
    items += [
        {
            "type": "function_call",
            "id": f"fc_{call.id}",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.json,
            "status": "completed",
        }
        for call in said.calls
    ]
    return items


def whole(said: Said) -> Json:
    """An answer in one piece."""
    asked, told = said.asked_tokens, said.tokens
    return {
        "id": "resp_scripted",
        "object": "response",
        "status": "completed",
        "model": said.model,
        "output": _responses_items(said),
        "usage": {"input_tokens": asked, "output_tokens": told, "total_tokens": asked + told},
    }


def events(said: Said) -> Iterator[bytes]:
    """The same in events."""
    full = whole(said)
    begun = {**full, "status": "in_progress", "output": [], "usage": None}
    yield named({"type": "response.created", "response": begun})
    for index, item in enumerate(_responses_items(said)):
        yield named({"type": "response.output_item.added", "output_index": index, "item": item})
        if item["type"] == "message":
            for word in said.words:
                place = {"output_index": index, "content_index": 0, "item_id": item["id"]}
                yield named({"type": "response.output_text.delta", **place, "delta": word})
        yield named({"type": "response.output_item.done", "output_index": index, "item": item})
    yield named({"type": "response.completed", "response": full})
