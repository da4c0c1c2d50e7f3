"""OpenRouter's `reasoning_details`, assembled from the pieces of a stream.

https://openrouter.ai/docs/use-cases/reasoning-tokens
"""

from typing import Any

from llmring.chat.events import Event, ProviderItem


class OpenDetails:
    """The pieces of streamed `reasoning_details`, assembled."""

    __slots__ = ("_details",)

    def __init__(self) -> None:
        self._details: list[dict[str, Any]] = []

    def add(self, piece: dict[str, Any]) -> None:
        """Add a piece; its texts are appended, other values replaced."""
        whole = next((each for each in self._details if _continues(each, piece)), None)
        if whole is None:
            self._details.append(dict(piece))
            return
        for key, value in piece.items():
            before = whole.get(key)
            if key in ("text", "summary") and isinstance(before, str) and isinstance(value, str):
                whole[key] = before + value
            elif value is not None:
                whole[key] = value

    def take(self) -> list[Event]:
        """Return the details assembled so far, and start over."""
        details, self._details = self._details, []
        return [ProviderItem(each) for each in details]


def _continues(whole: dict[str, Any], piece: dict[str, Any]) -> bool:
    if "data" in piece or piece.get("index") is None:
        return False
    return all(whole.get(key) == piece.get(key) for key in ("type", "index"))
