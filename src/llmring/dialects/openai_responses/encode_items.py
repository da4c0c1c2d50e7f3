"""The items of a reply in the format of OpenAI's Responses, and the events that show them grow.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from llmring.dialects.reply_encoding import Json

CALLS = frozenset({"function_call", "custom_tool_call"})
PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
}


class ItemBuilder:
    """An item of the reply, being put together.

    Attributes:
        kind: "message", "reasoning", "function_call" or "custom_tool_call".
        index: Its place in the reply.
        id: Its ID.
        fields: The other fields that it has when it is complete.
        parts: The kind and the pieces of the text of each part.
        annotations: The annotations of the texts of the message.
        base: The place of the message's text in the answer.
    """

    def __init__(self, kind: str, index: int, id_: str, fields: Json | None = None) -> None:
        self.kind = kind
        self.index = index
        self.id = id_
        self.fields = fields or {}
        self.parts: list[tuple[str, list[str]]] = []
        self.annotations: list[Json] = []
        self.base = 0

    def text(self) -> str:
        """Return the text of the last part."""
        return "".join(self.parts[-1][1]) if self.parts else ""

    def all_text(self) -> str:
        """Return the text of all parts that are text."""
        return "".join("".join(pieces) for kind, pieces in self.parts if kind == "output_text")

    def whole(self, status: str = "completed") -> Json:
        """Return the item with all that came of it."""
        named = {"id": self.id, "type": self.kind}
        return named | self._content(status) | self.fields

    def _content(self, status: str) -> Json:
        match self.kind:
            case "message":
                return {"status": status, "role": "assistant", "content": self._parts()}
            case "reasoning":
                return {"summary": self._parts()}
            case "custom_tool_call":
                return {"status": status, "input": self.text()}
            case _:
                empty = "{}" if status == "completed" else ""
                return {"status": status, "arguments": self.text() or empty}

    def _parts(self) -> list[Json]:
        parts = [PARTS[kind]("".join(pieces)) for kind, pieces in self.parts]
        if self.annotations and self.parts[0][0] == "output_text":
            parts[0]["annotations"] = self.annotations
        return parts


def _output_text(text: str) -> Json:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _refusal(text: str) -> Json:
    return {"type": "refusal", "refusal": text}


def _summary_text(text: str) -> Json:
    return {"type": "summary_text", "text": text}


PARTS = {
    "output_text": _output_text,
    "refusal": _refusal,
    "summary_text": _summary_text,
}

# The names of the events for each kind of text: its pieces, and the field of the whole.
_DELTAS = {
    "output_text": ("response.output_text", "text"),
    "refusal": ("response.refusal", "refusal"),
    "summary_text": ("response.reasoning_summary_text", "text"),
    "arguments": ("response.function_call_arguments", "arguments"),
    "input": ("response.custom_tool_call_input", "input"),
}


def _place(item: ItemBuilder) -> Json:
    place: Json = {"item_id": item.id, "output_index": item.index}
    match item.kind:
        case "message":
            place["content_index"] = len(item.parts) - 1
        case "reasoning":
            place["summary_index"] = len(item.parts) - 1
    return place


def part_added(item: ItemBuilder) -> list[Json]:
    """Return the event that begins the last part of an item."""
    kind, _ = item.parts[-1]
    name = "reasoning_summary_part" if item.kind == "reasoning" else "content_part"
    return [{"type": f"response.{name}.added", **_place(item), "part": PARTS[kind]("")}]


def text_delta(item: ItemBuilder, text: str) -> Json:
    """Return the event that adds a text to the last part of an item."""
    kind, _ = item.parts[-1]
    logprobs: Json = {"logprobs": []} if kind == "output_text" else {}
    return {"type": f"{_DELTAS[kind][0]}.delta", **_place(item), "delta": text, **logprobs}


def annotation_added(item: ItemBuilder, annotation: Json) -> Json:
    """Add an annotation to a message, and return the event for it."""
    item.annotations.append(annotation)
    return {
        "type": "response.output_text.annotation.added",
        "item_id": item.id,
        "output_index": item.index,
        "content_index": 0,
        "annotation_index": len(item.annotations) - 1,
        "annotation": annotation,
    }


def part_done(item: ItemBuilder) -> list[Json]:
    """Return the events that complete the last part of an item."""
    if not item.parts:
        if item.kind != "function_call":
            return []
        # A call without arguments has an empty object of them.
        item.parts.append(("arguments", ["{}"]))
        return [text_delta(item, "{}"), *part_done(item)]
    kind, _ = item.parts[-1]
    name, field = _DELTAS[kind]
    done: Json = {"type": f"{name}.done", **_place(item), field: item.text()}
    if kind == "output_text":
        done["logprobs"] = []
    if item.kind in CALLS:
        return [{**done, "name": item.fields["name"]} if kind == "arguments" else done]
    part = "reasoning_summary_part" if item.kind == "reasoning" else "content_part"
    whole = PARTS[kind](item.text())
    if item.annotations and kind == "output_text" and len(item.parts) == 1:
        whole["annotations"] = item.annotations
    return [done, {"type": f"response.{part}.done", **_place(item), "part": whole}]
