"""Annotations of Chat Completions and Responses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.citation import Citation
from llmring.dialects.openai.citations import annotation, citations
from replies import JSON
from replies import citations as some_citations

URL = "https://example.org/a"
FIELDS = {"url": URL, "title": "A", "start_index": 1, "end_index": 4}


@pytest.mark.parametrize(
    "sent",
    [{"type": "url_citation", **FIELDS}, {"type": "url_citation", "url_citation": FIELDS}],
    ids=["responses", "chat"],
)
def test_both_forms_of_a_page_are_read(sent: dict[str, Any]) -> None:
    assert [*citations([sent], 10)] == [Citation(url=URL, title="A", start=11, end=14)]


def test_a_text_outside_the_answer_has_no_places() -> None:
    assert [*citations([{"type": "url_citation", **FIELDS}], None)] == [
        Citation(url=URL, title="A")
    ]


def test_the_quoted_words_of_openrouter_are_kept() -> None:
    sent = {"type": "url_citation", "url_citation": {**FIELDS, "content": "words"}}

    assert [each.cited_text for each in citations([sent])] == ["words"]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (
            {"type": "file_citation", "file_id": "file-1", "filename": "a.txt", "index": 30},
            Citation(title="a.txt", kind="file", file_id="file-1", index=30),
        ),
        (
            {
                "type": "container_file_citation",
                "container_id": "c",
                "file_id": "file-1",
                "filename": "a.csv",
                "start_index": 2,
                "end_index": 6,
            },
            Citation(title="a.csv", start=2, end=6, kind="file", file_id="file-1"),
        ),
        (
            {"type": "file_path", "file_id": "file-1", "index": 0},
            Citation(kind="file", file_id="file-1", index=0),
        ),
    ],
)
def test_files_are_cited(sent: dict[str, Any], expected: Citation) -> None:
    assert [*citations([sent])] == [expected]


def test_an_empty_place_is_no_place() -> None:
    sent = {"type": "url_citation", "url": URL, "start_index": 0, "end_index": 0}

    assert [*citations([sent])] == [Citation(url=URL)]


@given(some_citations(30), st.integers(0, 50))
def test_an_annotation_comes_back_as_the_citation_it_was(
    found: tuple[Citation, ...], base: int
) -> None:
    for each in found:
        sent = annotation(each, base)
        placed_here = each.start is not None and each.start >= base
        assert [*citations([sent], base)] == ([each] if placed_here else [])


@given(JSON)
def test_no_annotation_is_too_strange_to_be_read(value: Any) -> None:
    list(citations(value))
    list(citations([value, {"type": "url_citation", "url_citation": value, "url": value}]))
