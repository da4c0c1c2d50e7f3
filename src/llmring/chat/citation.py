"""Sources of an answer: web pages, files and documents that vendors cite in many forms."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from llmring.plain_data import PlainData


class Citation(PlainData, Struct, frozen=True, kw_only=True):
    """A source of an answer, and the part of the answer that rests on it.

    Attributes:
        url: The source's address.
        title: Its title or file name.
        start: The first character of `content` that the source supports; None if the vendor names
            no place.
        end: The character of `content` after the last one that the source supports.
        cited_text: The source's own words, if the vendor quotes them.
        kind: "url" for a web page, "file" for a file that the provider stores, "document" for a
            document or a search result in the request.
        file_id: The provider's ID of the file.
        index: The vendor's number of the source: that of a document in the request counts from 0,
            that of a search result is the one in the text ("[1]").
        pages: The first and the last page, from 1.
    """

    __module__ = "llmring"

    url: str | None = None
    title: str | None = None
    start: int | None = None
    end: int | None = None
    cited_text: str | None = None
    kind: Literal["url", "file", "document"] = "url"
    file_id: str | None = None
    index: int | None = None
    pages: tuple[int, int] | None = None


Citations = tuple[Citation, ...]


class CitationList:
    """The citations of an answer while it is read: each once; of a source with places only these.

    Vendors repeat citations, and list search results next to the citations of them.
    """

    __slots__ = ("_citations", "_pages", "_sources")

    def __init__(self) -> None:
        # A dictionary keeps the order, and finds a citation among thousands.
        self._citations: dict[Citation, None] = {}
        # The sources with places: web pages by address, and all by the citation without the place.
        self._pages: set[str] = set()
        self._sources: set[Citation] = set()

    def add(self, citations: Iterable[Citation]) -> Citations:
        """Add citations; return those that are new."""
        new = [each for each in dict.fromkeys(citations) if each not in self._citations]
        self._citations.update(dict.fromkeys(new))
        for each in new:
            if each.start is not None:
                self._sources.add(replace(each, start=None, end=None))
                if each.url:
                    self._pages.add(each.url)
        return self._listed(new)

    def all(self) -> Citations:
        """Return all of them."""
        return self._listed(self._citations)

    def cut(self, start: int, length: int) -> None:
        """Follow a text from which a part is cut; the sources of the part lose their places."""
        known, self._citations = self._citations, {}
        self._pages, self._sources = set(), set()
        for each in known:
            if each.start is None or each.end is None or each.end <= start:
                self.add([each])
            elif each.start >= start + length:
                self.add(moved([each], -length))
            else:
                self.add([replace(each, start=None, end=None)])

    def _listed(self, citations: Iterable[Citation]) -> Citations:
        return tuple(
            each
            for each in citations
            if each.start is not None
            or (each not in self._sources and (each.kind != "url" or each.url not in self._pages))
        )


def moved(citations: Iterable[Citation], by: int) -> Citations:
    """Return the citations with their places moved by a number of characters.

    A source whose place ends up before the text has no place any more.
    """
    return tuple(
        each if each.start is None or each.end is None else _at(each, each.start, each.end, by)
        for each in citations
    )


def _at(citation: Citation, start: int, end: int, by: int) -> Citation:
    if end + by <= 0:
        return replace(citation, start=None, end=None)
    return replace(citation, start=max(0, start + by), end=end + by)
