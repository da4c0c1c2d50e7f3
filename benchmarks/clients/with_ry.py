"""ry, which binds reqwest, with its own readers of JSON and of events."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import ry
from meter import Blocking, Opened, serve

QUESTION: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
STREAM = {**QUESTION, "stream": True, "stream_options": {"include_usage": True}}
HEADERS = {"authorization": "Bearer sk-none", "content-type": "application/json"}


def _text(answer: Any) -> str:
    text: str = answer["choices"][0]["message"]["content"]
    return text


def _piece(event: ry.ServerSentEvent) -> str:
    choices = None if event.data == "[DONE]" else event.json()["choices"]
    return (choices[0]["delta"].get("content") or "") if choices else ""


async def _nothing() -> None:
    """Close nothing: the library has no way to."""


def opened(url: str) -> Opened:
    """Open a client for one server."""
    client = ry.Client()
    place = url + "/chat/completions"

    async def chat() -> str:
        response = await client.post(place, body=json.dumps(QUESTION).encode(), headers=HEADERS)
        return _text(await response.json())

    async def stream() -> str:
        response = await client.post(place, body=json.dumps(STREAM).encode(), headers=HEADERS)
        return "".join([_piece(event) async for event in response.sse()])

    return Opened(chat, stream, _nothing)


def blocking(url: str) -> Blocking:
    """Open a synchronous client for one server."""
    client = ry.BlockingClient()
    place = url + "/chat/completions"

    def chat() -> str:
        response = client.post(place, body=json.dumps(QUESTION).encode(), headers=HEADERS)
        return _text(response.json())

    def stream() -> str:
        response = client.post(place, body=json.dumps(STREAM).encode(), headers=HEADERS)
        return "".join([_piece(event) for event in response.sse()])

    return Blocking(chat, stream, lambda: None)


if __name__ == "__main__":
    serve(version("ry"), opened, blocking=blocking)
