"""Keys and texts as TOML writes them."""

from __future__ import annotations

import re

import msgspec

from llmring.lockfile.toml.layout import KeyPath

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def dotted(path: KeyPath) -> str:
    """Format a key path: `profiles.default.bindings[0].alias`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + quoted_key(part)
    return text


def quoted_key(key: str) -> str:
    """Format a TOML key, quoted only if necessary."""
    return key if _BARE_KEY.fullmatch(key) else quoted(key)


def quoted(text: str) -> str:
    """Format a string as a TOML basic string."""
    # TOML uses JSON's escapes, but DEL must be escaped too.
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007F")
