"""IDs of rows: their place in a file or a column's value; and IDs that vendors accept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from llmring.batch.input.template import as_text, value_at

# https://platform.claude.com/docs/en/api/messages/batches/create has the narrowest form of all.
_ACCEPTED = re.compile(r"[A-Za-z0-9_-]{1,64}")
# The form of mapped IDs; an ID that has it by chance is mapped too, so that no two are equal.
_MAPPED = re.compile(r"row-[0-9a-f]{32}")


def place_id(label: str, number: int) -> str:
    """Return the ID of a record by its place.

    Args:
        label: The file's name among the inputs.
        number: Which record of the file it is, from 1.
    """
    return f"{label}:{number}"


def column_id(values: Mapping[str, Any], column: str) -> str | None:
    """Return the ID that a column holds; None if it is null, empty, or not text."""
    value = value_at(values, column)
    return (None if value is None else as_text(value)) or None


def vendor_id(id_: str) -> str:
    """Return the ID under which a row is sent to a vendor: 1 to 64 of `[A-Za-z0-9_-]`.

    An ID of this form stays as it is; any other is mapped to "row-" and 128 bits of its hash, the
    same on every machine. To find the row of such an ID, map the IDs of the rows again.
    """
    if _ACCEPTED.fullmatch(id_) and not _MAPPED.fullmatch(id_):
        return id_
    return "row-" + id_hash(id_).hex()


def id_hash(id_: str) -> bytes:
    """Return 128 bits of an ID's hash."""
    return blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=16).digest()
