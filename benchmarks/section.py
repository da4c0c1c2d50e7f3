"""Sections of a page between marks, which other commands than that of the page write."""

from __future__ import annotations

from pathlib import Path


def marked(mark: str, text: str) -> str:
    """Put a text between marks."""
    return f"<!-- {mark} -->\n{text}\n<!-- end of {mark} -->"


def kept(path: Path, mark: str, otherwise: str) -> str:
    """Return the text that a page has between marks, or another text if it has no marks."""
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    _, opening, rest = page.partition(f"<!-- {mark} -->\n")
    text, closing, _ = rest.partition(f"\n<!-- end of {mark} -->")
    return text if opening and closing else otherwise


def replace(path: Path, mark: str, text: str) -> None:
    """Write a text between the marks of a page.

    Raises:
        ValueError: The page has no such marks.
    """
    page = path.read_text(encoding="utf-8")
    before, opening, rest = page.partition(f"<!-- {mark} -->\n")
    _, closing, after = rest.partition(f"<!-- end of {mark} -->")
    if not opening or not closing:
        raise ValueError(f"{path} has no marks of {mark}; write it with `make bench`")
    path.write_text(before + marked(mark, text) + after, encoding="utf-8")
