"""Pictures that the Responses API made in an earlier turn, for a server that stores nothing.

The API looks such an item up by its ID and refuses it where nothing is stored; so the picture is
shown to the model as a user's.
https://developers.openai.com/api/docs/guides/tools-image-generation#multi-turn-editing
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_CALL = "image_generation_call"

Item = dict[str, Any]


def without_pictures(items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """Return an assistant's items without the generated pictures, and the pictures as content.

    The reasoning that led to nothing but a picture is left out too: the API refuses reasoning
    without the item that followed it.
    """
    if not any(item.get("type") == _CALL for item in items):
        return list(items), []
    pictures = [_picture(item) for item in items if item.get("type") == _CALL and _data(item)]
    kept: list[Item] = []
    for item in items:
        if item.get("type") != _CALL:
            kept.append(item)
            continue
        while kept and kept[-1].get("type") == "reasoning":
            kept.pop()
    return kept, pictures


def shown(pictures: Sequence[Item]) -> list[Item]:
    """Return the message that shows pictures to the model; nothing without any."""
    if not pictures:
        return []
    words = {"type": "input_text", "text": "Generated above:"}
    return [{"type": "message", "role": "user", "content": [words, *pictures]}]


def _data(item: Item) -> str | None:
    result = item.get("result")
    return result if isinstance(result, str) and result else None


def _picture(item: Item) -> Item:
    kind = item.get("output_format") or "png"
    return {"type": "input_image", "image_url": f"data:image/{kind};base64,{_data(item)}"}
