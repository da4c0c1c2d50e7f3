"""The content blocks of an Anthropic message, decoded piece by piece.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from llmring.chat.citation import Citation
from llmring.chat.events import (
    Cited,
    Event,
    ProviderItem,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from llmring.dialects.anthropic.citations import cited, found
from llmring.dialects.anthropic.structured_output import unwrapped
from llmring.dialects.dialect import json_object
from llmring.dialects.lenient_json import json_text

NOTHING = msgspec.Raw(b"")


class AnthropicBlock(Struct):
    """The start of a block."""

    type: str | None = None
    text: str | None = None
    citations: list[Any] | None = None
    thinking: str | None = None
    signature: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = NOTHING
    caller: dict[str, Any] | None = None
    toolset_name: str | None = None


class MessageEnd(Struct):
    """The fields at the end of a message."""

    stop_reason: str | None = None
    stop_details: dict[str, Any] | None = None
    container: dict[str, Any] | None = None


class BlockDelta(MessageEnd):
    """A piece of a block, or the end of the message."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    citation: Any = None
    content: Any = None
    encrypted_content: Any = None


class TextDeltaPiece(Struct, gc=False, forbid_unknown_fields=True):
    """A piece of a block that is text and nothing else."""

    type: Literal["text_delta"]
    text: Annotated[str, Meta(min_length=1)]


class TextDeltaEvent(Struct, gc=False, forbid_unknown_fields=True):
    """An event that is a piece of text alone, of which a stream consists for the most part."""

    type: Literal["content_block_delta"]
    index: int
    delta: TextDeltaPiece


class TextBlock:
    """A block of text, which may have citations.

    Args:
        block: The block's start.
        start: The place of its first character in the answer's text.
    """

    __slots__ = ("_citations", "_pieces", "_start")

    def __init__(self, block: AnthropicBlock, start: int) -> None:
        self._start = start
        self._pieces = [block.text or ""]
        self._citations = list(block.citations or ())

    def extend(self, delta: BlockDelta) -> list[Event]:
        """Return the events of one more piece."""
        if delta.type == "citations_delta":
            self._citations.append(delta.citation)
        if not delta.text:
            return []
        self._pieces.append(delta.text)
        return [TextDelta(delta.text)]

    def append(self, text: str) -> TextDelta:
        """Return the event of one more piece that is text alone."""
        self._pieces.append(text)
        return TextDelta(text)

    def close(self) -> list[Event]:
        """Return the events of the end of the block."""
        if not self._citations:
            return []
        text = "".join(self._pieces)
        item = ProviderItem({"type": "text", "text": text, "citations": self._citations})
        sources = cited(self._citations, self._start, self._start + len(text))
        return [Cited(sources), item] if sources else [item]

    @property
    def end(self) -> int:
        """The place after its last character."""
        return self._start + sum(map(len, self._pieces))


class ThinkingBlock:
    """A block of thinking."""

    __slots__ = ()

    def extend(self, delta: BlockDelta) -> list[Event]:
        """Return the events of one more piece."""
        if delta.type == "thinking_delta" and delta.thinking:
            return [ReasoningDelta(delta.thinking)]
        if delta.type == "signature_delta" and delta.signature:
            return [ReasoningDelta("", delta.signature)]
        return []

    def close(self) -> list[Event]:
        """Return the events of the end of the block."""
        return []


class CallBlock:
    """A call to one of the caller's tools."""

    __slots__ = ("_given", "_index")

    def __init__(self, index: int, block: AnthropicBlock) -> None:
        self._index = index
        # Some servers send the whole input when the block starts, and no deltas.
        self._given = _arguments(block.input)

    def extend(self, delta: BlockDelta) -> list[Event]:
        """Return the events of one more piece."""
        if not delta.partial_json:
            return []
        self._given = ""
        return [ToolCallDelta(self._index, arguments=delta.partial_json)]

    def close(self) -> list[Event]:
        """Return the events of the end of the block."""
        return [ToolCallDelta(self._index, arguments=self._given)] if self._given else []


class AnswerBlock:
    """A call to the tool that carries a structured answer: its input is the answer's text.

    Attributes:
        is_empty: True if the input is an empty object, which a block that has just begun has too.
    """

    __slots__ = ("_given", "is_empty")

    def __init__(self, block: AnthropicBlock) -> None:
        self._given = _arguments(block.input)
        self.is_empty = not self._given

    def extend(self, delta: BlockDelta) -> list[Event]:
        """Return the events of one more piece."""
        if not delta.partial_json:
            return []
        self._given, self.is_empty = "", False
        return [TextDelta(delta.partial_json)]

    def close(self) -> list[Event]:
        """Return the events of the end of the block."""
        return [TextDelta(self._given)] if self._given else []


class WrappedAnswerBlock:
    """A structured answer wrapped in a property of the input, which must be complete to be read."""

    __slots__ = ("_given", "_pieces")

    def __init__(self, block: AnthropicBlock) -> None:
        self._given = _arguments(block.input)
        self._pieces: list[str] = []

    def extend(self, delta: BlockDelta) -> list[Event]:
        """Return the events of one more piece."""
        self._pieces.append(delta.partial_json or "")
        return []

    def close(self) -> list[Event]:
        """Return the events of the end of the block."""
        text = unwrapped("".join(self._pieces) or self._given)
        return [TextDelta(text)] if text else []


class ItemBlock:
    """Any other block, such as redacted thinking or the work of tools that the provider runs."""

    __slots__ = ("_block", "_input")

    def __init__(self, block: dict[str, Any]) -> None:
        self._block = block
        self._input: list[str] = []

    def extend(self, delta: BlockDelta) -> list[Event]:
        """Return the events of one more piece."""
        if delta.partial_json:
            self._input.append(delta.partial_json)
        for name in ("content", "encrypted_content"):
            # A compaction comes in one delta.
            if (value := getattr(delta, name)) is not None:
                self._block[name] = value
        return []

    def close(self) -> list[Event]:
        """Return the events of the end of the block."""
        if self._input:
            self._block["input"] = json_object("".join(self._input))
        return [ProviderItem(self._block)]

    @property
    def sources(self) -> list[Citation]:
        """The pages that the provider's own tools found."""
        return found(self._block)


# Blocks that are not content: notes on calls, reasoning, and searches, whose results answer
# nothing by themselves.
# https://platform.claude.com/docs/en/api/messages#response-content
_NOTES = frozenset(
    {
        "compaction",
        "container",
        "fallback",
        "redacted_thinking",
        "server_tool_use",
        "text",
        "thinking",
        "tool_search_tool_result",
        "tool_use",
        "web_fetch_tool_result",
        "web_search_tool_result",
    }
)


def is_content(block: Mapping[str, Any]) -> bool:
    """Return True if a block is content, such as the work of the provider's own tools."""
    return block.get("type") not in _NOTES


OpenBlock = TextBlock | ThinkingBlock | CallBlock | AnswerBlock | WrappedAnswerBlock | ItemBlock


def _arguments(value: msgspec.Raw) -> str:
    text = json_text(value)
    return "" if text in ("{}", "null") else text
