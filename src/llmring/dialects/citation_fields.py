"""Fields of citations as vendors send them, read without trusting their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmring.chat.citation import Citation

# The names under which search results have their address, their title and an excerpt.
_ADDRESS = ("url", "link", "uri")
_TITLE = ("title", "name", "filename")
_EXCERPT = ("snippet", "content", "text", "description")
_NUMBER = ("index", "refer")


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list; nothing for anything else."""
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping):
            yield each


def inner(value: object, *keys: str) -> Any:
    """Return the value at the end of these keys; None without one."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def word(value: object) -> str | None:
    """Return a text that is not empty."""
    return value if isinstance(value, str) and value else None


def count(value: object) -> int | None:
    """Return a number that counts from 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 2**53 else None


def result(found: object) -> Citation | None:
    """Return a search result, or a bare address, as a source of the whole answer."""
    if isinstance(found, str):
        return Citation(url=found) if found else None
    if not isinstance(found, Mapping):
        return None
    url, title = _first(found, _ADDRESS), _first(found, _TITLE)
    file_id = word(found.get("file_id"))
    if url is None and title is None and file_id is None:
        return None
    return Citation(
        url=url,
        title=title,
        cited_text=_first(found, _EXCERPT),
        kind="file" if file_id and url is None else "url",
        file_id=file_id,
        index=_number(found),
    )


def result_of(citation: Citation) -> dict[str, Any]:
    """Return a source of the whole answer as a search result: the inverse of `result`."""
    fields = {
        "url": citation.url,
        "title": citation.title,
        "snippet": citation.cited_text,
        "file_id": citation.file_id,
        "index": citation.index,
    }
    return {name: value for name, value in fields.items() if value is not None}


def results(found: object) -> list[Citation]:
    """Return the sources in a list of search results or addresses."""
    listed = found if isinstance(found, list) else ()
    return [source for each in listed if (source := result(each)) is not None]


def _first(found: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := word(found.get(name)))), None)


def _number(found: Mapping[str, Any]) -> int | None:
    for name in _NUMBER:
        value = found.get(name)
        if isinstance(value, str):
            # Zhipu names a result "ref_1".
            digits = value.rpartition("_")[2]
            value = int(digits) if digits.isdecimal() and len(digits) < 10 else None
        if (number := count(value)) is not None:
            return number
    return None
