"""JSON answers from Chat Completions.

https://platform.openai.com/docs/guides/structured-outputs
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from llmring.chat.output_format import OutputFormat
from llmring.chat.request import Message
from llmring.dialects.dialect import Quirks
from llmring.dialects.enforcement import asked_in_words, asked_without_strict
from llmring.dialects.openai.strict_schema import schema_to_send
from llmring.json_schema.prompt import json_instruction, mentions_json
from llmring.json_schema.references import resolved

_MODE = {"type": "json_object"}


class ChatOutputFields(Struct, frozen=True):
    """The parts of a request that ask for JSON: the `response_format`, a prompt, and remarks."""

    format: dict[str, Any] | None = None
    words: str | None = None
    notes: tuple[str, ...] = ()


AS_TEXT = ChatOutputFields()


def output_fields(
    output: OutputFormat | None, turns: Sequence[Message], quirks: Quirks
) -> ChatOutputFields:
    """Choose the way to ask for this output format; empty for text.

    Args:
        output: The format; None for text.
        turns: The messages that the model receives.
        quirks: The abilities of the server.
    """
    if output is None:
        return AS_TEXT
    if output.schema is None:
        # OpenAI refuses this mode if no message mentions JSON.
        return ChatOutputFields(_MODE, None if mentions_json(turns) else json_instruction(None))
    if quirks.json_schema:
        named = _named(output, quirks)
        notes = () if named.get("strict") else asked_without_strict(output)
        return ChatOutputFields({"type": "json_schema", "json_schema": named}, notes=notes)
    mode = _MODE if quirks.json_mode and output.schema.get("type") == "object" else None
    return ChatOutputFields(mode, json_instruction(output.schema), asked_in_words(output))


def _named(output: OutputFormat, quirks: Quirks) -> dict[str, Any]:
    schema, strict = _schema(output, quirks)
    fields = {
        "name": re.sub(r"[^a-zA-Z0-9_-]", "_", output.name)[:64],
        "description": output.description,
        "strict": strict,
        "schema": schema,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _schema(output: OutputFormat, quirks: Quirks) -> tuple[dict[str, Any], bool | None]:
    schema = output.schema or {}
    if quirks.any_schema:
        return dict(resolved(schema)), output.strict
    adapted_schema, strict = schema_to_send(output, schema)
    return adapted_schema, None if output.strict is None else strict
