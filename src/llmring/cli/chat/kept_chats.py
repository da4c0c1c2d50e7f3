"""The last conversation, kept in the user's folder of state to go on with later."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.parts import ReasoningPart, TextPart
from llmring.chat.request import Message
from llmring.exceptions import ConfigurationError, ValidationError
from llmring.lockfile import atomic_write
from llmring.redaction import redact

NAME = "last_chat.json"

_VERSION = 1


class KeptChat(Struct, frozen=True):
    """A conversation as it is kept.

    Attributes:
        model: The alias or model that was asked last.
        profile: The profile of the alias, if one was chosen.
        messages: The messages, answers included.
    """

    model: str
    profile: str | None
    messages: list[Message]


class LastChat:
    """The place of the last conversation.

    Args:
        folder: The user's folder of state; None without a home folder, where nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / NAME

    def save(self, chat: KeptChat, secrets: Iterable[str] = ()) -> None:
        """Keep a conversation in the place of the one before, without the keys in its texts.

        Args:
            chat: The conversation.
            secrets: Keys to mask, in addition to everything that looks like one.

        Raises:
            OSError: The file can't be written.
        """
        if self._path is None:
            return
        secrets = tuple(secrets)
        data = {
            "version": _VERSION,
            "model": chat.model,
            "profile": chat.profile,
            "messages": [_without_keys(each, secrets).to_dict() for each in chat.messages],
        }
        path = self._path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with atomic_write.turn(path):
            text = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
            atomic_write.replace(path, text, mode=0o600)

    def load(self) -> KeptChat:
        """Return the last conversation.

        Raises:
            ConfigurationError: None is kept, or it can't be read.
        """
        if self._path is None or not self._path.exists():
            raise ConfigurationError(
                "no conversation is kept; start one with llmring chat, without --no-keep"
            )
        try:
            found = json.loads(self._path.read_bytes())
            return _chat(found)
        except OSError as error:
            raise ConfigurationError(
                f"can't read {self._path}: {error.strerror or error}"
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError, ValidationError):
            raise ConfigurationError(
                f"{self._path} does not hold a conversation of this version; start a new one"
            ) from None


def _chat(found: Mapping[str, Any]) -> KeptChat:
    if found["version"] != _VERSION:
        raise ValueError(found["version"])
    messages = [Message(**each) for each in found["messages"]]
    model, profile = found["model"], found["profile"]
    if not (isinstance(model, str) and isinstance(profile, str | None)):
        raise TypeError(found)
    return KeptChat(model, profile, messages)


def _without_keys(message: Message, secrets: tuple[str, ...]) -> Message:
    """Mask the keys in a message's texts; its files are kept as they are."""
    content: Any = message.content
    if isinstance(content, str):
        content = redact(content, secrets)
    elif content is not None:
        content = [
            msgspec.structs.replace(part, text=redact(part.text, secrets))
            if isinstance(part, TextPart | ReasoningPart)
            else part
            for part in message.parts
        ]
    calls = [
        {
            **call,
            "function": {
                **call["function"],
                "arguments": redact(call["function"]["arguments"], secrets),
            },
        }
        for call in message.calls
    ]
    masked: Message = msgspec.structs.replace(message, content=content, tool_calls=calls or None)
    return masked
