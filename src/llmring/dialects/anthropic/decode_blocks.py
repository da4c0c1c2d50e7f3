"""The content blocks of a client's request, as the parts of a message.

https://platform.claude.com/docs/en/api/messages/create
https://platform.claude.com/docs/en/build-with-claude/files
https://platform.claude.com/docs/en/build-with-claude/citations
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from llmring.chat.parts import DocumentPart, ImagePart, Part, ProviderPart, TextPart, UploadedPart
from llmring.data_url import base64_fault
from llmring.dialects.anthropic.blocks import is_content
from llmring.dialects.anthropic.decode_fields import (
    Json,
    at,
    beyond,
    cache_mark,
    required_table,
    required_text,
    text,
    wrong,
)
from llmring.dialects.anthropic.messages import FURTHER, NAME
from llmring.dialects.document_text import text_of

# The fields of each source that the library has a part for; others are sent to this API alone.
_SOURCES = {
    "base64": frozenset({"type", "media_type", "data"}),
    "file": frozenset({"type", "file_id"}),
    "text": frozenset({"type", "media_type", "data"}),
    "url": frozenset({"type", "url"}),
}

# Blocks that only some turns may have, which are read before the others.
_MISPLACED = frozenset({"redacted_thinking", "thinking", "tool_result", "tool_use"})

# A summary of all turns before it; a conversation without it has lost them.
# https://platform.claude.com/docs/en/build-with-claude/compaction
_SUMMARY = "compaction"

# Blocks with which a model gets a deferred tool of the request; other APIs get all tools at once.
# https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool
_OF_DEFERRED_TOOLS = frozenset({"tool_addition", "tool_reference"})

# Further fields of a block without which an answer is the same, only less well documented.
_HARMLESS = frozenset({"citations"})

_TEXT = frozenset({"type", "text", "citations", "cache_control"})
_IMAGE = frozenset({"type", "source", "cache_control"})
_DOCUMENT = frozenset({"type", "source", "title", "cache_control"})
_PDF = "application/pdf"
_UPLOAD = frozenset({"type", "file_id", "cache_control"})


class BlockReader:
    """The reader of one request's blocks.

    Attributes:
        required: The paths of content that servers of this API alone understand.
    """

    def __init__(self) -> None:
        self.required: list[str] = []

    def parts(self, blocks: Iterable[Json], path: str) -> list[Part]:
        """Return the parts of all blocks, in order.

        Raises:
            RequestFormatError: A block is incomplete, or not possible here.
        """
        return [
            part
            for place, block in enumerate(blocks)
            for part in self.block(block, at(path, place))
        ]

    def block(self, block: Json, path: str) -> list[Part]:
        """Return the parts of a block: often one, and further fields as a second one.

        Raises:
            RequestFormatError: The block is incomplete, or not possible here.
        """
        kind = required_text(block, "type", path)
        if kind in _MISPLACED:
            raise wrong(path, f"`{kind}` blocks are not possible in this place")
        match kind:
            case "text":
                return self._text(block, path)
            case "image":
                return self._image(block, path)
            case "document":
                return self._document(block, path)
            case "container_upload":
                return self._upload(block, path)
        return self.own(block, path)

    def own(self, block: Json, path: str) -> list[Part]:
        """Return a block as it is, for this API alone."""
        kind = block["type"]
        if (is_content(block) and kind not in _OF_DEFERRED_TOOLS) or kind == _SUMMARY:
            self.required.append(path)
        return [ProviderPart(NAME, block)]

    def further(self, block: Json, known: frozenset[str], path: str) -> list[Part]:
        """Return the fields of a block that its part has no place for."""
        fields = beyond(block, known)
        self.required += [at(path, name) for name in fields if name not in _HARMLESS]
        kind = {"type": FURTHER, "of": block["type"]}
        return [ProviderPart(NAME, {**kind, "fields": fields})] if fields else []

    def _text(self, block: Json, path: str) -> list[Part]:
        part = TextPart(required_text(block, "text", path), cache_mark(block, path))
        # As in an answer that is read: the text for all, and the block with its citations.
        cited: list[Part] = [ProviderPart(NAME, block)] if block.get("citations") else []
        return [part, *cited, *self.further(block, _TEXT, path)]

    def _image(self, block: Json, path: str) -> list[Part]:
        source = self._source(block, path)
        mark = cache_mark(block, path)
        part: Part
        match source:
            case {"type": "base64"}:
                kind = source["media_type"]
                part = ImagePart(data=source["data"], media_type=kind, cache_control=mark)
            case {"type": "url"}:
                part = ImagePart(url=source["url"], cache_control=mark)
            case {"type": "file"}:
                self.required.append(path)
                part = UploadedPart(source["file_id"], "image/*", cache_control=mark)
            case _:
                return self.own(block, path)
        return [part, *self.further(block, _IMAGE, path)]

    def _document(self, block: Json, path: str) -> list[Part]:
        source = self._source(block, path)
        mark, title = cache_mark(block, path), text(block, "title", path)
        part: Part
        match source:
            case {"type": "base64" | "text"}:
                data = source["data"]
                if source["type"] == "text":
                    data = base64.b64encode(data.encode()).decode()
                kind = source["media_type"]
                part = DocumentPart(data=data, media_type=kind, name=title, cache_control=mark)
                if kind != _PDF and text_of(part) is None:
                    # The API has no such documents, as its server will answer.
                    return self.own(block, path)
            case {"type": "url"}:
                part = DocumentPart(url=source["url"], name=title, cache_control=mark)
            case {"type": "file"}:
                self.required.append(path)
                part = UploadedPart(source["file_id"], _PDF, title, mark)
            case _:
                return self.own(block, path)
        return [part, *self.further(block, _DOCUMENT, path)]

    def _upload(self, block: Json, path: str) -> list[Part]:
        # A file for the code that the model runs, of any type.
        self.required.append(path)
        id_, mark = required_text(block, "file_id", path), cache_mark(block, path)
        part = UploadedPart(id_, "application/octet-stream", cache_control=mark)
        return [part, *self.further(block, _UPLOAD, path)]

    def _source(self, block: Json, path: str) -> Json:
        """Return the source of a file, all its fields texts; empty if it is of an unknown kind.

        Raises:
            RequestFormatError: The source is incomplete.
        """
        source, path = required_table(block, "source", path), at(path, "source")
        known = _SOURCES.get(required_text(source, "type", path))
        if known is None or source.keys() - known:
            return {}
        for name in known:
            required_text(source, name, path)
        if source["type"] == "base64" and (fault := base64_fault(source["data"])):
            raise wrong(at(path, "data"), f"Input should be valid base64: {fault}")
        return source
