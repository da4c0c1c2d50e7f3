"""Prompts that ask for JSON answers, for APIs without a setting for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from llmring.chat.request import Message


def json_instruction(schema: Mapping[str, Any] | None) -> str:
    """Return the instruction to answer with JSON: of this schema, or any object."""
    if schema is None:
        return "Answer with a JSON object and nothing else, without a code fence."
    text = msgspec.json.encode(schema).decode()
    return f"Answer with JSON of this schema and nothing else, without a code fence:\n{text}"


def mentions_json(turns: Sequence[Message]) -> bool:
    """Return True if any message mentions JSON, as some models require for JSON answers."""
    return any("json" in turn.text.lower() for turn in turns)


def add_to_system_message(
    messages: list[dict[str, Any]], instruction: str | None
) -> list[dict[str, Any]]:
    """Append these words to the first system message.

    Many models accept only one system message, at the beginning.
    """
    if instruction is None:
        return messages
    if not messages or messages[0]["role"] != "system":
        return [{"role": "system", "content": instruction}, *messages]
    first, *others = messages
    content = first["content"]
    if isinstance(content, str):
        content = f"{content}\n\n{instruction}" if content else instruction
    else:
        content = [*content, {"type": "text", "text": instruction}]
    return [{**first, "content": content}, *others]
