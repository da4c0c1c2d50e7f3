"""The IDs of replies, in the form of each API."""

from __future__ import annotations

import uuid

from llmring.gateway.wires import WireName

_PREFIXES: dict[WireName, str] = {
    "chat": "chatcmpl-",
    "responses": "resp_",
    "messages": "msg_",
    "gemini": "",
    "ollama": "",
}


def new_reply_id(wire: WireName) -> str:
    """Return a new ID for a reply of an API."""
    return _PREFIXES[wire] + uuid.uuid4().hex
