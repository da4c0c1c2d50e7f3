"""Prompts that ask for JSON answers, for APIs without a setting for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from llmring.chat.request import Message


def in_words(schema: Mapping[str, Any] | None) -> str:
    """Return the instruction to answer with JSON: of this schema, or any object."""
    if schema is None:
        return "Answer with a JSON object and nothing else, without a code fence."
    told = msgspec.json.encode(schema).decode()
    return f"Answer with JSON of this schema and nothing else, without a code fence:\n{told}"


def spoken_of(turns: Sequence[Message]) -> bool:
    """Return True if any message mentions JSON, as some models require for JSON answers."""
    return any("json" in turn.text.lower() for turn in turns)


def with_words(messages: list[dict[str, Any]], words: str | None) -> list[dict[str, Any]]:
    """Append these words to the first system message.

    Many models accept only one system message, at the beginning.
    """
    if words is None:
        return messages
    if not messages or messages[0]["role"] != "system":
        return [{"role": "system", "content": words}, *messages]
    first, *others = messages
    said = first["content"]
    if isinstance(said, str):
        said = f"{said}\n\n{words}" if said else words
    else:
        said = [*said, {"type": "text", "text": words}]
    return [{**first, "content": said}, *others]
