"""The ID of a client's conversation, by which its turns are known to belong together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from llmring.chat.json_text import json_bytes
from llmring.chat.request import Message
from llmring.dialects.request_decoding import ClientRequest
from llmring.gateway.http import GatewayRequest
from llmring.gateway.naming import CalledName

# Of clients that name their conversations, the most specific first: our own, opencode's, Claude
# Code's, and Codex's.
HEADERS = ("x-llmring-session", "x-session-affinity", "x-claude-code-session-id", "session-id")


def conversation_of(
    request: GatewayRequest, client: ClientRequest, name: CalledName, secret: bytes, key: str = ""
) -> str:
    """Return the ID of a request's conversation with an alias.

    It is that of a header, or else that of the body, or else one made of the system's text and the
    user's first turn. IDs of two keys, profiles or aliases are never the same.

    Args:
        request: The request.
        client: The same, decoded.
        name: The name that it calls.
        secret: The gateway's secret.
        key: The ID of the client's key; empty without keys.
    """
    own = session_of(request, client)
    kind, content = ("id", own) if own else ("turns", [*_first_turns(client.request.turns())])
    hashed = hashlib.blake2b(digest_size=16, key=hashlib.sha256(secret).digest())
    hashed.update(json_bytes([key, name.profile, name.name, kind, content], enc_hook=repr))
    return hashed.hexdigest()


def session_of(request: GatewayRequest, client: ClientRequest) -> str | None:
    """Return the client's own ID of a conversation, if it sends one.

    Args:
        request: The request.
        client: The same, decoded.
    """
    own = next(filter(None, map(request.headers.get, HEADERS)), None)
    return own or client.conversation


def _first_turns(turns: list[Message]) -> Iterator[Any]:
    for turn in turns:
        if turn.role in ("system", "user"):
            yield turn.role, turn.content
        if turn.role != "system":
            return
