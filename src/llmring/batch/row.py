"""Rows of an input, and their requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from llmring.chat.request import LLMRequest


class InputRow(Struct, frozen=True):
    """One record of the input.

    Attributes:
        ordinal: Its place among all records of all inputs, from 0.
        id: Its ID, the same for the same input on every machine.
        values: Its columns by name.
        place: Where it is, for messages, such as "people.csv, line 3".
        folder: The folder from which relative paths in its columns are looked up.
    """

    ordinal: int
    id: str
    values: Mapping[str, Any]
    place: str
    folder: str = "."


class RowRequest(Struct, frozen=True):
    """A row's request, ready to be sent.

    Attributes:
        row: The row.
        operation: What is asked for.
        request: The request of a chat, whose model is an alias or "provider:model"; for embeddings
            it has the model alone.
        texts: The texts to embed.
        digest: 128 bits of the rendered request in hexadecimal digits, without the row's ID.
        schema_column: True if the answer is to be split into the columns of a schema.
        dimensions: The number of dimensions of the embeddings; None for the model's own.
    """

    row: InputRow
    operation: Literal["chat", "embeddings"]
    request: LLMRequest
    texts: Sequence[str] = ()
    digest: str = ""
    schema_column: bool = False
    dimensions: int | None = None


class RowProblem(Struct, frozen=True):
    """The reason why a row can't be asked, such as an empty value.

    Attributes:
        row: The row.
        reason: What is wrong, and the fix.
        digest: As for `RowRequest`, of what there is.
    """

    row: InputRow
    reason: str
    digest: str = ""
