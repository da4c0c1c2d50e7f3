"""Text documents as message text, for APIs that accept no documents."""

from __future__ import annotations

import base64
import binascii

from llmring.chat.parts import DocumentPart
from llmring.exceptions import ValidationError

# Types of text outside text/*.
_TEXT = frozenset(
    (
        "application/javascript",
        "application/json",
        "application/sql",
        "application/toml",
        "application/x-ndjson",
        "application/x-sh",
        "application/x-yaml",
        "application/xml",
        "application/yaml",
    )
)


def text_of(part: DocumentPart) -> str | None:
    """Return a document's text under its name; None if it is not text, or given as a URL.

    Raises:
        ValidationError: The data is not base64.
    """
    kind = part.media_type.partition(";")[0].strip().lower()
    is_text = kind.startswith("text/") or kind in _TEXT or kind.endswith(("+json", "+xml"))
    if part.data is None or not is_text:
        return None
    try:
        text = base64.b64decode(part.data, validate=True).decode("utf-8-sig", "replace")
    except binascii.Error as error:
        raise ValidationError(f"the data of a document is not base64: {error}") from error
    return f"{part.name}:\n\n{text}" if part.name else text
