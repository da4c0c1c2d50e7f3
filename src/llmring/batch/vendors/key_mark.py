"""Marks of keys: enough to see that a key is another one, and not to find out the key."""

from __future__ import annotations

import hashlib

_BYTES = 6


def key_mark(key: str | None) -> str:
    """Return the mark of a key; empty without a key."""
    if not key:
        return ""
    return hashlib.blake2s(key.encode(), digest_size=_BYTES, person=b"llmring").hexdigest()
