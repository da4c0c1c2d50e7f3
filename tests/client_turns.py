"""The turn that a client program sends back, read from the stream of its API's server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def turn_of(wire: str, body: bytes) -> list[Json]:
    """Return the items of a streamed answer, as programs of the API keep them."""
    read = {
        "chat": _chat,
        "responses": _responses,
        "messages": _messages,
        "gemini": _gemini,
        "ollama": _ollama,
    }
    return read[wire](body)


def with_turn(wire: str, body: Json, at: int, turn: list[Json]) -> Json:
    """Return the body of a next request, whose turn at this place is replaced.

    The results after it get the IDs of the turn's calls.
    """
    field = {"responses": "input", "gemini": "contents"}.get(wire, "messages")
    items = [*body[field]]
    count = sum(is_of_model(each) for each in items[at:]) if wire == "responses" else 1
    ids = iter([*_call_ids(wire, turn)])
    after = [_with_ids(each, ids) for each in items[at + count :]]
    return {**body, field: [*items[:at], *turn, *after]}


def is_of_model(item: Json) -> bool:
    """Return True for an item that the model has written."""
    return item.get("role") in ("assistant", "model") or item.get("type") in (
        "function_call",
        "custom_tool_call",
        "reasoning",
    )


def _call_ids(wire: str, turn: list[Json]) -> Iterator[str]:
    for item in turn:
        if wire == "responses" and "call_id" in item:
            yield item["call_id"]
        for call in item.get("tool_calls", ()):
            if "id" in call:
                yield call["id"]
        content = item.get("content")
        for block in content if isinstance(content, list) else ():
            if block["type"] == "tool_use":
                yield block["id"]
        for part in item.get("parts", ()):
            if "functionCall" in part:
                yield part["functionCall"].get("id", "")


def _with_ids(item: Json, ids: Iterator[str]) -> Json:
    """Return an item whose results have the next IDs."""
    item = json.loads(json.dumps(item))
    for name in ("call_id", "tool_call_id"):
        if name in item:
            item[name] = next(ids)
    content = item.get("content")
    for block in content if isinstance(content, list) else ():
        if "tool_use_id" in block:
            block["tool_use_id"] = next(ids)
    for part in item.get("parts", ()):
        response = part.get("functionResponse", {})
        if "id" in response:
            response["id"] = next(ids)
    return item


def _events(body: bytes) -> Iterator[Json]:
    for line in body.decode().splitlines():
        data = line.removeprefix("data: ")
        if line.startswith("data: ") and data != "[DONE]":
            yield json.loads(data)


def _chat(body: bytes) -> list[Json]:
    message: Json = {"role": "assistant", "content": ""}
    calls: dict[int, Json] = {}
    for event in _events(body):
        for choice in event["choices"]:
            delta = choice["delta"]
            message["content"] += delta.get("content") or ""
            if thought := delta.get("reasoning_content"):
                message["reasoning_content"] = message.get("reasoning_content", "") + thought
            for piece in delta.get("tool_calls", ()):
                call = calls.setdefault(
                    piece["index"], {"type": "function", "function": {"name": "", "arguments": ""}}
                )
                call |= {name: piece[name] for name in ("id", "extra_content") if name in piece}
                for name, text in piece.get("function", {}).items():
                    call["function"][name] += text or ""
    return [{**message, "tool_calls": [*calls.values()]} if calls else message]


def _responses(body: bytes) -> list[Json]:
    [last] = [event for event in _events(body) if event["type"] == "response.completed"]
    output: list[Json] = last["response"]["output"]
    return output


def _messages(body: bytes) -> list[Json]:
    blocks: dict[int, Json] = {}
    for event in _events(body):
        match event["type"]:
            case "content_block_start":
                blocks[event["index"]] = {**event["content_block"], "partial": ""}
            case "content_block_delta":
                block, delta = blocks[event["index"]], event["delta"]
                for name in ("text", "thinking", "signature"):
                    if name in delta:
                        block[name] = block.get(name, "") + delta[name]
                block["partial"] += delta.get("partial_json", "")
    for block in blocks.values():
        partial = block.pop("partial")
        if block["type"] == "tool_use":
            block["input"] = json.loads(partial or "{}")
    return [{"role": "assistant", "content": [*blocks.values()]}]


def _gemini(body: bytes) -> list[Json]:
    parts = [
        part
        for event in _events(body)
        for candidate in event.get("candidates", ())
        for part in candidate.get("content", {}).get("parts", ())
    ]
    return [{"role": "model", "parts": parts}]


def _ollama(body: bytes) -> list[Json]:
    message: Json = {"role": "assistant", "content": ""}
    for line in body.decode().splitlines():
        piece = json.loads(line)["message"]
        for name in ("content", "thinking"):
            if piece.get(name):
                message[name] = message.get(name, "") + piece[name]
        if piece.get("tool_calls"):
            message["tool_calls"] = [*message.get("tool_calls", ()), *piece["tool_calls"]]
    return [message]
