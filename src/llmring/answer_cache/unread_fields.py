"""Fields of messages that a client's API may have, but that have no place in a request.

Servers of the same API are sent them as they came, so an answer may depend on them: a result of a
tool that is an error, or the beginning of an answer to go on with.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
https://platform.openai.com/docs/api-reference/responses/create#responses-create-input
https://platform.claude.com/docs/en/api/messages#body-messages
https://docs.ollama.com/api/chat
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.parsed_request import VerbatimBody


class _Read(Struct, frozen=True):
    """The fields of an API that are read: the one with the messages, theirs, their parts'."""

    place: str
    message: frozenset[str]
    part: frozenset[str]


_APIS = {
    "openai_chat": _Read(
        "messages",
        frozenset(
            {
                "annotations",
                "audio",
                "cache_control",
                "caller",
                "content",
                "extra_content",
                "name",
                "phase",
                "reasoning",
                "reasoning_content",
                "reasoning_details",
                "refusal",
                "role",
                "thinking_blocks",
                "tool_call_id",
                "tool_calls",
            }
        ),
        frozenset({"cache_control", "file", "image_url", "input_audio", "refusal", "text", "type"}),
    ),
    "openai_responses": _Read(
        "input",
        frozenset(
            {
                "arguments",
                "call_id",
                "content",
                "encrypted_content",
                "id",
                "input",
                "name",
                "output",
                "phase",
                "role",
                "status",
                "summary",
                "type",
            }
        ),
        frozenset(
            {
                "annotations",
                "detail",
                "file_data",
                "file_id",
                "file_url",
                "filename",
                "image_url",
                "input_audio",
                "logprobs",
                "refusal",
                "text",
                "type",
            }
        ),
    ),
    "anthropic": _Read(
        "messages",
        frozenset(("content", "role")),
        frozenset(
            {
                "cache_control",
                "citations",
                "content",
                "context",
                "data",
                "id",
                "input",
                "name",
                "source",
                "signature",
                "text",
                "thinking",
                "title",
                "tool_use_id",
                "type",
            }
        ),
    ),
    "ollama": _Read(
        "messages",
        frozenset(
            {"content", "images", "role", "thinking", "tool_call_id", "tool_calls", "tool_name"}
        ),
        frozenset(),
    ),
}


def unread_fields(body: VerbatimBody) -> list[tuple[int, str, Any]]:
    """Return the fields of messages that were not read: the message's number, the key, the value.

    Args:
        body: The body of a request.
    """
    known = _APIS.get(body.dialect)
    place = None if known is None else next((m for m in body.members if m.key == known.place), None)
    if known is None or place is None:
        return []
    messages = msgspec.json.decode(body.body[place.value_begin : place.end])
    if not isinstance(messages, list):
        return []
    return [
        (at, key, value)
        for at, message in enumerate(messages)
        for key, value in _unread(message, known)
    ]


def _unread(message: Any, known: _Read) -> Iterator[tuple[str, Any]]:
    if not isinstance(message, Mapping):
        return
    yield from _others(message, known.message)
    parts = message.get("content")
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, Mapping):
            yield from _others(part, known.part)


def _others(fields: Mapping[str, Any], known: frozenset[str]) -> Iterator[tuple[str, Any]]:
    for key in sorted(fields.keys() - known):
        # False and null are what these fields are by default.
        if value := fields[key]:
            yield key, value
