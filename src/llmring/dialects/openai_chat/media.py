"""Spoken answers and images in replies of Chat Completions, kept as the provider's own items.

https://platform.openai.com/docs/guides/audio
https://openrouter.ai/docs/features/multimodal/image-generation
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from llmring.chat.events import Event, ProviderItem

# The fields that the pieces of a stream add to; the others are replaced.
_GROWING = ("data", "transcript")


class OpenAudio:
    """A spoken answer, assembled from the pieces of a stream."""

    __slots__ = ("_audio", "_data")

    def __init__(self) -> None:
        self._audio: dict[str, Any] = {}
        self._data: list[str] = []

    def add(self, piece: Any) -> None:
        """Add a piece."""
        if not isinstance(piece, dict):
            return
        for name, value in piece.items():
            if name not in _GROWING:
                self._audio[name] = value
        if isinstance(data := piece.get("data"), str):
            self._data.append(data)
        if isinstance(words := piece.get("transcript"), str):
            self._audio["transcript"] = self._audio.get("transcript", "") + words

    def take(self) -> list[Event]:
        """Return the answer assembled so far, and start over."""
        audio, data = self._audio, self._data
        self._audio, self._data = {}, []
        if data:
            audio["data"] = _joined(data)
        return [ProviderItem({"type": "audio", "audio": audio})] if audio else []


def _joined(pieces: Sequence[str]) -> str:
    # Each piece is encoded by itself, so that padding may end any of them.
    try:
        return base64.b64encode(b"".join(map(base64.b64decode, pieces))).decode()
    except binascii.Error:
        return "".join(pieces)


def media_of(audio: Any, images: Sequence[Any] | None) -> list[Event]:
    """Return the spoken answer and the images of a whole message."""
    spoken = OpenAudio()
    spoken.add(audio)
    return [*spoken.take(), *images_of(images)]


def images_of(images: Sequence[Any] | None) -> list[Event]:
    """Return the images of a message, or of a piece of one."""
    return [ProviderItem(each) for each in images or () if isinstance(each, dict)]
