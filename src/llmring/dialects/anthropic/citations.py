"""Sources of Anthropic's answers.

https://platform.claude.com/docs/en/build-with-claude/citations
https://platform.claude.com/docs/en/build-with-claude/search-results
https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool

A citation belongs to a block of text, and supports all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmring.chat.citation import Citation, Citations
from llmring.dialects.citation_fields import count, inner, objects, results, word


def cited(citations: Sequence[Any], start: int, end: int) -> Citations:
    """Return the sources of a block of text.

    Args:
        citations: The block's citations as they were sent.
        start: The place of the block's first character in the answer.
        end: The place after its last character.
    """
    return tuple(_citation(each, start, end) for each in objects(list(citations)))


def _citation(sent: Mapping[str, Any], start: int, end: int) -> Citation:
    source = word(sent.get("url")) or word(sent.get("source"))
    # The application names the source of its own search results, by an address or otherwise.
    is_address = source is not None and "://" in source
    names = ("title", "document_title")
    index = count(sent.get("document_index"))
    return Citation(
        url=source if is_address else None,
        title=next((title for name in names if (title := word(sent.get(name)))), None)
        or (None if is_address else source),
        start=start if end > start else None,
        end=end if end > start else None,
        cited_text=word(sent.get("cited_text")),
        kind="url" if sent.get("type") == "web_search_result_location" else "document",
        file_id=word(sent.get("file_id")),
        index=count(sent.get("search_result_index")) if index is None else index,
        pages=_pages(sent),
    )


def _pages(sent: Mapping[str, Any]) -> tuple[int, int] | None:
    first, after = count(sent.get("start_page_number")), count(sent.get("end_page_number"))
    if first is None or after is None:
        return None
    return first, max(first, after - 1)


def found(block: Mapping[str, Any]) -> list[Citation]:
    """Return the pages that a search or a fetch of Anthropic's own tools found."""
    content = block.get("content")
    match block.get("type"):
        case "web_search_tool_result":
            return results(content)
        case "web_fetch_tool_result" if url := word(inner(content, "url")):
            return [Citation(url=url, title=word(inner(content, "content", "title")))]
    return []
