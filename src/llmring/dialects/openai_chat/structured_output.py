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
from llmring.dialects.openai.strict_schema import held_to
from llmring.json_schema.prompt import in_words, spoken_of

_MODE = {"type": "json_object"}


class Asked(Struct, frozen=True):
    """The parts of a request that ask for JSON: the `response_format`, and a prompt."""

    format: dict[str, Any] | None = None
    words: str | None = None


AS_TEXT = Asked()


def asked(output: OutputFormat | None, turns: Sequence[Message], quirks: Quirks) -> Asked:
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
        return Asked(_MODE, None if spoken_of(turns) else in_words(None))
    if quirks.json_schema:
        return Asked({"type": "json_schema", "json_schema": _named(output, quirks)})
    is_object = output.schema.get("type") == "object"
    return Asked(_MODE if is_object else None, in_words(output.schema))


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
        return dict(schema), output.strict
    adapted_schema, strict = held_to(output, schema)
    return adapted_schema, None if output.strict is None else strict
