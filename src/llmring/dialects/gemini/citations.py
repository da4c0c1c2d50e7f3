"""Sources of Gemini's answers.

https://ai.google.dev/gemini-api/docs/google-search#attributing_sources_with_inline_citations
https://ai.google.dev/api/generate-content#GroundingMetadata
https://ai.google.dev/api/generate-content#citationmetadata
https://ai.google.dev/gemini-api/docs/url-context

Places in the text are offsets in bytes of UTF-8, from the beginning of a part; but the API omits
the part's number, and counts from the beginning of a streamed answer. So a place is checked against
the text that comes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from llmring.chat.citation import Citation, Citations
from llmring.dialects.citation_fields import count, inner, objects, word
from llmring.dialects.reply_encoding import Json


class AnswerText:
    """The text of an answer, to find places in it.

    Args:
        pieces: The text of each part so far; empty for a part that is not text of the answer.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self.text = "".join(pieces)
        self._bytes = self.text.encode("utf-8", "surrogatepass")
        self._pieces = pieces

    def span(self, sent: Mapping[str, Any]) -> tuple[int | None, int | None]:
        """Return the characters that a segment names; None if they can't be found."""
        end = count(sent.get("endIndex"))
        start = count(sent.get("startIndex")) or 0
        text = word(sent.get("text"))
        if end is not None and end > start:
            part = self._base(count(sent.get("partIndex")) or 0)
            for base in dict.fromkeys((part, 0)):
                first, last = self._characters(base + start), self._characters(base + end)
                if first < last and text in (None, self.text[first:last]):
                    return first, last
        if text is None or (at := self._nearest(text, start)) < 0:
            return None, None
        return at, at + len(text)

    def _characters(self, at: int) -> int:
        return len(self._bytes[:at].decode("utf-8", "ignore"))

    def _base(self, part: int) -> int:
        before = self._pieces[:part]
        return sum(len(piece.encode("utf-8", "surrogatepass")) for piece in before)

    def _nearest(self, text: str, start: int) -> int:
        """Return the place of a text that is closest to a number of bytes; -1 without one."""
        near = self._characters(start)
        places = [self.text.rfind(text, 0, near + len(text)), self.text.find(text, near)]
        found = [at for at in places if at >= 0]
        return min(found, key=lambda at: abs(at - near), default=-1)


class Sources:
    """The sources of an answer while it is decoded.

    Those that support no place of the text are known at the end only.
    """

    __slots__ = ("_chunks", "_pages", "_used")

    def __init__(self) -> None:
        self._chunks: list[Citation | None] = []
        self._used: set[int] = set()
        self._pages: list[Citation] = []

    def take(
        self,
        pieces: Sequence[str],
        chunks: object,
        supports: object,
        citation_metadata: object,
        url_metadata: object,
    ) -> Citations:
        """Return the sources with a place in the text.

        Args:
            pieces: The text of each part so far.
            chunks: The grounding chunks, or None.
            supports: The grounding supports, or None.
            citation_metadata: The sources that the answer recites, or None.
            url_metadata: The pages that the request made the model read, or None.
        """
        if isinstance(chunks, list) and chunks:
            self._settle()
            self._chunks = [_source(each) for each in chunks]
        self._pages += _read_pages(url_metadata)
        if not supports and not any(inner(citation_metadata, name) for name in _RECITED):
            # Before the text is put together, as some models send empty metadata in every chunk.
            return ()
        text = AnswerText(pieces)
        return (*self._supported(text, supports), *_recited(text, citation_metadata))

    def rest(self) -> Citations:
        """Return the sources of the answer as a whole."""
        self._settle()
        pages, self._pages = self._pages, []
        return tuple(pages)

    def _settle(self) -> None:
        unused = [each for at, each in enumerate(self._chunks) if at not in self._used]
        self._pages[:0] = [each for each in unused if each is not None]
        self._chunks, self._used = [], set()

    def _supported(self, text: AnswerText, supports: object) -> Iterator[Citation]:
        for support in objects(supports):
            segment = support.get("segment")
            start, end = text.span(segment) if isinstance(segment, Mapping) else (None, None)
            indices = support.get("groundingChunkIndices")
            for index in indices if isinstance(indices, list) else ():
                at = count(index)
                source = self._chunks[at] if at is not None and at < len(self._chunks) else None
                if at is not None and source is not None and start is not None:
                    self._used.add(at)
                    yield replace(source, start=start, end=end)


def _source(chunk: object) -> Citation | None:
    """Return the source that a grounding chunk names."""
    for name in ("web", "maps", "image"):
        fields = inner(chunk, name)
        if isinstance(fields, Mapping):
            url = word(fields.get("uri")) or word(fields.get("sourceUri"))
            title = word(fields.get("title")) or word(fields.get("domain"))
            text = word(fields.get("text"))
            return Citation(url=url, title=title, cited_text=text) if url or title else None
    stored = inner(chunk, "retrievedContext")
    if not isinstance(stored, Mapping):
        return None
    names = ("documentName", "fileSearchStore")
    return Citation(
        url=word(stored.get("uri")),
        title=word(stored.get("title")),
        cited_text=word(stored.get("text")) or word(inner(stored, "ragChunk", "text")),
        kind="file",
        file_id=next((id_ for name in names if (id_ := word(stored.get(name)))), None),
        pages=_pages(inner(stored, "ragChunk", "pageSpan")),
    )


def _pages(span: object) -> tuple[int, int] | None:
    first, last = count(inner(span, "firstPage")), count(inner(span, "lastPage"))
    return None if first is None or last is None else (first, last)


# The second name is that of Vertex AI.
_RECITED = ("citationSources", "citations")


def _recited(text: AnswerText, metadata: object) -> Iterator[Citation]:
    for name in _RECITED:
        for each in objects(inner(metadata, name)):
            url, title = word(each.get("uri")), word(each.get("title"))
            if url or title:
                start, end = text.span(each)
                yield Citation(url=url, title=title, start=start, end=end)


def _read_pages(metadata: object) -> Iterator[Citation]:
    for each in objects(inner(metadata, "urlMetadata")):
        status = each.get("urlRetrievalStatus", "URL_RETRIEVAL_STATUS_SUCCESS")
        if status == "URL_RETRIEVAL_STATUS_SUCCESS" and (url := word(each.get("retrievedUrl"))):
            yield Citation(url=url)


def citation_metadata(citations: Iterable[Citation], text: str) -> Json:
    """Return the sources of an answer as its recited ones; nothing without any."""
    sources: list[Json] = []
    for each in citations:
        source: Json = {"uri": each.url, "title": each.title}
        if each.start is not None and each.end is not None:
            source["startIndex"] = len(text[: each.start].encode())
            source["endIndex"] = len(text[: each.end].encode())
        if each.url or each.title:
            sources.append({name: value for name, value in source.items() if value is not None})
    return {"citationMetadata": {"citationSources": sources}} if sources else {}
