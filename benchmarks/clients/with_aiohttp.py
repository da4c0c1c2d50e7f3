"""The floor: aiohttp and a JSON parser, written by hand. The argument names the parser."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import aiohttp
import msgspec
from meter import Opened, Pair, serve

HEADERS = {"authorization": "Bearer sk-none", "content-type": "application/json"}
QUESTION: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


class Message(msgspec.Struct):
    """A message, or a piece of one."""

    content: str | None = None


class Choice(msgspec.Struct):
    """A choice."""

    message: Message | None = None
    delta: Message | None = None


class Answer(msgspec.Struct):
    """An answer, or a piece of one."""

    choices: list[Choice]


def _typed(decode: Callable[[bytes], Answer], data: bytes) -> str:
    choices = decode(data).choices
    text = choices and (choices[0].message or choices[0].delta)
    return (text.content or "") if text else ""


def _untyped(data: bytes) -> str:
    choices = json.loads(data)["choices"]
    return (
        ((choices[0].get("message") or choices[0]["delta"]).get("content") or "") if choices else ""
    )


PARSERS: dict[str, tuple[Callable[[Any], bytes], Callable[[bytes], str]]] = {
    "msgspec": (msgspec.json.encode, partial(_typed, msgspec.json.Decoder(Answer).decode)),
    "json": (lambda value: json.dumps(value).encode(), _untyped),
}
ENCODE, READ = PARSERS[sys.argv[1]]


class Session:
    """A client on an aiohttp session, which begins with its first request."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def chat(self, url: str) -> str:
        """Return the text of an answer."""
        async with self._get().post(url, data=ENCODE(QUESTION), headers=HEADERS) as response:
            response.raise_for_status()
            return READ(await response.read())

    async def stream(self, url: str) -> str:
        """Return the text of a stream, joined."""
        body = ENCODE({**QUESTION, "stream": True, "stream_options": {"include_usage": True}})
        text, rest = [], b""
        async with self._get().post(url, data=body, headers=HEADERS) as response:
            async for data in response.content.iter_any():
                *events, rest = (rest + data).split(b"\n\n")
                text += [READ(event[6:]) for event in events if event != b"data: [DONE]"]
        return "".join(text)

    def _get(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        await self._get().close()


def opened(url: str) -> Opened:
    """Open a session for one server."""
    session = Session()
    place = url + "/chat/completions"
    return Opened(lambda: session.chat(place), lambda: session.stream(place), session.close)


def pair(first: str, second: str) -> Pair:
    """Open a session for two servers."""
    session = Session()
    places = (first + "/chat/completions", second + "/chat/completions")

    async def both() -> str:
        try:
            return await session.chat(places[0])
        except aiohttp.ClientError:
            return await session.chat(places[1])

    return Pair(both, lambda: session.chat(places[1]), session.close)


if __name__ == "__main__":
    serve(version("aiohttp"), opened, pair)
