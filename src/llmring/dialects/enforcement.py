"""Remarks on schemas of answers that an API does not enforce, although the request asks for it.

A schema with `strict` asks for it, and so does a Python type.
"""

from __future__ import annotations

from llmring.chat.output_format import OutputFormat
from llmring.json_schema.once import once_per_schema
from llmring.json_schema.openness import open_place

IN_WORDS = "the schema is asked for in words and checked here, as this model's API can't enforce it"


_open_place = once_per_schema(open_place)


def asked_in_words(output: OutputFormat) -> tuple[str, ...]:
    """Return the remark on a schema that is only part of the prompt."""
    return (IN_WORDS,) if output.strict else ()


def asked_without_strict(output: OutputFormat) -> tuple[str, ...]:
    """Return the remark on a schema that is sent, but not as strict."""
    if not output.strict or output.schema is None:
        return ()
    place = _open_place(output.schema)
    if place is None:
        return ()
    where = place or "its root"
    return (
        f"the schema is sent without strict, which would forbid what is allowed at {where}; the "
        "answer is checked here",
    )
