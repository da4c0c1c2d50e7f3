"""Search results as vendors send them, and values of the wrong type among them."""

from typing import Any

import pytest
from hypothesis import given

from llmring.chat.citation import Citation
from llmring.dialects.citation_fields import count, inner, objects, result, result_of, results, word
from replies import JSON, citations

URL = "https://example.org/a"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (URL, Citation(url=URL)),
        ({"url": URL, "title": "A", "snippet": "s"}, Citation(url=URL, title="A", cited_text="s")),
        (
            {"link": URL, "title": "A", "content": "s", "refer": "ref_2"},
            Citation(url=URL, title="A", cited_text="s", index=2),
        ),
        ({"url": URL, "index": 3}, Citation(url=URL, index=3)),
        (
            {"file_id": "file-1", "filename": "a.txt", "text": "s", "score": 0.5},
            Citation(title="a.txt", cited_text="s", kind="file", file_id="file-1"),
        ),
        ({"title": "A", "refer": "ref_x"}, Citation(title="A")),
        ("", None),
        ({}, None),
        (5, None),
    ],
)
def test_a_search_result_is_read_under_all_names(sent: Any, expected: Citation | None) -> None:
    assert result(sent) == expected


@given(citations(0))
def test_a_search_result_comes_back_as_it_was(found: tuple[Citation, ...]) -> None:
    assert results([result_of(each) for each in found]) == list(found)


@given(JSON)
def test_no_value_is_too_strange_to_be_read(value: Any) -> None:
    results(value)
    results([value])
    list(objects(value))
    inner(value, "a", "b")
    word(value)
    count(value)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [(0, 0), (5.0, 5), (True, None), (-1, None), ("5", None), (1e300, None), (None, None)],
)
def test_only_numbers_from_0_count(sent: Any, expected: int | None) -> None:
    assert count(sent) == expected
