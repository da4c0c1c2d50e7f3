"""What a made-up model says, before it is put into the words of an API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

Json = dict[str, Any]


class Call(Struct, frozen=True):
    """A call of a tool.

    Attributes:
        id: Its ID.
        name: The tool.
        arguments: What it is called with.
    """

    id: str
    name: str
    arguments: Mapping[str, Any] = {}

    @property
    def json(self) -> str:
        """The arguments as JSON."""
        return msgspec.json.encode(self.arguments).decode()


class Said(Struct, frozen=True):
    """What a model says.

    Attributes:
        model: Its name.
        text: The text.
        calls: The calls of tools.
        asked_tokens: How many tokens it was asked with.
    """

    model: str
    text: str
    calls: tuple[Call, ...] = ()
    asked_tokens: int = 1

    @property
    def words(self) -> list[str]:
        """The text's words, each with the space before it; together they are the text."""
        return re.findall(r"\s*\S+|\s+", self.text)

    @property
    def tokens(self) -> int:
        """How many tokens it says."""
        return len(self.text.split()) + len(self.calls)


def sse(event: Json) -> bytes:
    """An event of a stream."""
    return b"data: " + msgspec.json.encode(event) + b"\n\n"


def named(event: Json) -> bytes:
    """An event of a stream, with its type as its name."""
    return f"event: {event['type']}\n".encode() + sse(event)
