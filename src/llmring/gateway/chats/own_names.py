"""The client's own name for the model, in bytes that are passed on from servers of Anthropic's API.

Claude Code sends the signed reasoning of an answer back only if the answer names the model that was
asked for, to the letter.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Mapping

from llmring.client.replies.event_bytes import ENDS, EventBytes
from llmring.dialects.relay.body_splice import spliced
from llmring.dialects.request_decoding import RequestFormatError

_CLAUDE_CODE = "claude-cli/"
_BEGINNING = b"message_start"
_DATA = b"data:"


def needs_own_name(headers: Mapping[str, str]) -> bool:
    """Return True if a client compares the model of an answer with the one it asked for.

    Args:
        headers: The headers of its request, by their names in lower case.
    """
    return headers.get("user-agent", "").startswith(_CLAUDE_CODE)


def named_reply(body: bytes, name: str) -> bytes:
    """Return a whole reply with this name of the model; every other byte stays."""
    return _with(body, ("model",), name)


def named_events(events: bytes, name: str) -> bytes:
    """Return the bytes of whole events with this name of the model; every other byte stays."""
    if _BEGINNING not in events:
        return events
    splitter = EventBytes(ENDS["text/event-stream"])
    pieces = [*splitter.feed(events), splitter.end()]
    return b"".join(_named(piece, name) if _BEGINNING in piece else piece for piece in pieces)


def _named(event: bytes, name: str) -> bytes:
    lines = event.splitlines(keepends=True)
    return b"".join(_named_line(line, name) for line in lines)


def _named_line(line: bytes, name: str) -> bytes:
    if not line.startswith(_DATA) or b'"message"' not in line:
        return line
    data = line.removeprefix(_DATA)
    text = data.rstrip(b"\r\n")
    return _DATA + _with(text, ("message", "model"), name) + data[len(text) :]


def _with(text: bytes, path: tuple[str, ...], name: str) -> bytes:
    try:
        return spliced(text, {path: name})
    except RequestFormatError:
        return text
