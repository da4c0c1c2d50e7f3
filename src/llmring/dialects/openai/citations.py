"""Annotations: the sources of a text in OpenAI's APIs and in those of compatible servers.

https://platform.openai.com/docs/guides/tools-web-search#output-and-citations
https://platform.openai.com/docs/api-reference/responses/object (output_text, annotations)
https://openrouter.ai/docs/features/web-search#parsing-web-search-results
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmring.chat.citation import Citation
from llmring.dialects.citation_fields import count, objects, word

_OF_FILES = frozenset({"file_citation", "container_file_citation", "file_path"})


def citations(annotations: object, base: int | None = 0) -> Iterator[Citation]:
    """Yield the citations in a list of annotations.

    Args:
        annotations: The list as it was sent.
        base: The place in the answer of the first character of the annotated text; None if the
            text is not part of the answer.
    """
    for each in objects(annotations):
        citation = _citation(each, base)
        if citation is not None:
            yield citation


def _citation(annotation: Mapping[str, Any], base: int | None) -> Citation | None:
    kind = annotation.get("type")
    # Chat Completions puts the fields under the name of the type, Responses next to it.
    nested = annotation.get(kind) if isinstance(kind, str) else None
    fields = nested if isinstance(nested, Mapping) else annotation
    start, end = _span(fields, base)
    url, file_id = word(fields.get("url")), word(fields.get("file_id"))
    if url is None and (file_id is None or kind not in _OF_FILES):
        return None
    return Citation(
        url=url,
        title=word(fields.get("title")) or word(fields.get("filename")),
        start=start,
        end=end,
        cited_text=word(fields.get("content")),
        kind="url" if url else "file",
        file_id=file_id,
        index=count(fields.get("index")),
    )


def _span(fields: Mapping[str, Any], base: int | None) -> tuple[int | None, int | None]:
    start, end = count(fields.get("start_index")), count(fields.get("end_index"))
    if base is None or start is None or end is None or end <= start:
        return None, None
    return base + start, base + end


def annotation(citation: Citation, base: int = 0) -> dict[str, Any] | None:
    """Return the fields of a citation as an annotation, with its type.

    None if it is not a citation of a page at a place of this text.

    Args:
        citation: The citation.
        base: The place in the answer of the first character of the annotated text.
    """
    start, end = citation.start, citation.end
    if citation.url is None or start is None or end is None or start < base:
        return None
    fields = {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title or "",
        "start_index": start - base,
        "end_index": end - base,
        "content": citation.cited_text,
        "index": citation.index,
    }
    return {name: value for name, value in fields.items() if value is not None}
