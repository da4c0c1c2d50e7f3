"""httpx and `json`, written by hand."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import httpx
from meter import Blocking, Opened, serve

HEADERS = {"authorization": "Bearer sk-none"}
QUESTION: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
STREAM = {**QUESTION, "stream": True, "stream_options": {"include_usage": True}}


def _read(event: bytes) -> str:
    choices = json.loads(event)["choices"]
    return (choices[0]["delta"].get("content") or "") if choices else ""


def opened(url: str) -> Opened:
    """Open a client for one server."""
    client = httpx.AsyncClient(
        headers=HEADERS,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
        timeout=60,
    )
    place = url + "/chat/completions"

    async def chat() -> str:
        response = await client.post(place, json=QUESTION)
        text: str = response.json()["choices"][0]["message"]["content"]
        return text

    async def stream() -> str:
        message, rest = [], b""
        async with client.stream("POST", place, json=STREAM) as response:
            async for data in response.aiter_bytes():
                *events, rest = (rest + data).split(b"\n\n")
                message += [_read(event[6:]) for event in events if event != b"data: [DONE]"]
        return "".join(message)

    return Opened(chat, stream, client.aclose)


def blocking(url: str) -> Blocking:
    """Open a synchronous client for one server."""
    client = httpx.Client(headers=HEADERS, timeout=60)
    place = url + "/chat/completions"

    def chat() -> str:
        text: str = client.post(place, json=QUESTION).json()["choices"][0]["message"]["content"]
        return text

    def stream() -> str:
        message, rest = [], b""
        with client.stream("POST", place, json=STREAM) as response:
            for data in response.iter_bytes():
                *events, rest = (rest + data).split(b"\n\n")
                message += [_read(event[6:]) for event in events if event != b"data: [DONE]"]
        return "".join(message)

    return Blocking(chat, stream, client.close)


if __name__ == "__main__":
    serve(version("httpx"), opened, blocking=blocking)
