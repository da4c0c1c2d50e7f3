"""pyreqwest and orjson, written by hand."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import orjson
from meter import Opened, serve
from pyreqwest.client import ClientBuilder

QUESTION: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
STREAM = {**QUESTION, "stream": True, "stream_options": {"include_usage": True}}
HEADERS = {"authorization": "Bearer sk-none", "content-type": "application/json"}


def _read(event: bytes) -> str:
    choices = orjson.loads(event)["choices"]
    return (choices[0]["delta"].get("content") or "") if choices else ""


def opened(url: str) -> Opened:
    """Open a client for one server."""
    client = ClientBuilder().build()
    place = url + "/chat/completions"

    async def chat() -> str:
        request = client.post(place).headers(HEADERS).body_bytes(orjson.dumps(QUESTION)).build()
        response = await request.send()
        text: str = orjson.loads(bytes(await response.bytes()))["choices"][0]["message"]["content"]
        return text

    async def stream() -> str:
        message, rest = [], b""
        request = client.post(place).headers(HEADERS).body_bytes(orjson.dumps(STREAM))
        async with request.build_streamed() as response:
            while (data := await response.body_reader.read_chunk()) is not None:
                *events, rest = (rest + bytes(data)).split(b"\n\n")
                message += [_read(event[6:]) for event in events if event != b"data: [DONE]"]
        return "".join(message)

    return Opened(chat, stream, client.close)


if __name__ == "__main__":
    serve(version("pyreqwest"), opened)
