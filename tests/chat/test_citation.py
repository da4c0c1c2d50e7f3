"""Sources of an answer, put together and moved."""

import json
from collections.abc import Iterable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

import llmring
from llmring import Citation, CommentaryPart, LLMResponse, Message
from llmring.chat.citation import CitationList, Citations, moved
from replies import citations

URL = "https://example.org/a"


def joined(*additions: Iterable[Citation]) -> Citations:
    known = CitationList()
    for each in additions:
        known.add(each)
    return known.all()


def test_a_repeated_source_is_listed_once() -> None:
    cited = Citation(url=URL, start=0, end=3)

    assert joined((cited,), [Citation(url=URL, start=0, end=3)]) == (cited,)


def test_a_search_result_that_the_text_cites_is_listed_by_its_place_only() -> None:
    result, cited = Citation(url=URL, title="A"), Citation(url=URL, start=0, end=3)

    assert joined((result,), [cited]) == (cited,)
    assert joined((cited,), [result]) == (cited,)


def test_a_page_may_be_cited_at_many_places() -> None:
    places = (Citation(url=URL, start=0, end=3), Citation(url=URL, start=5, end=6))

    assert joined((), places) == places


def test_documents_without_an_address_are_kept_apart() -> None:
    documents = (Citation(kind="document", index=0), Citation(kind="document", index=1))

    assert joined((), documents) == documents


@given(citations(20), st.integers(0, 1000))
def test_moving_there_and_back_changes_nothing(found: tuple[Citation, ...], by: int) -> None:
    assert moved(moved(found, by), -by) == found


def test_a_source_without_a_place_is_not_moved() -> None:
    assert moved([Citation(url=URL)], 5) == (Citation(url=URL),)


def test_a_place_that_is_moved_out_of_the_text_is_none() -> None:
    found = moved([Citation(url=URL, start=1, end=4), Citation(url=URL, start=3, end=6)], -4)

    assert found == (Citation(url=URL), Citation(url=URL, start=0, end=2))


@given(citations(20), st.integers(0, 19), st.integers(1, 20))
def test_citations_follow_a_text_from_which_a_part_is_cut(
    found: tuple[Citation, ...], start: int, length: int
) -> None:
    text = "abcdefghijklmnopqrst"
    known = CitationList()
    known.add(found)

    known.cut(start, length)

    def words(text: str, sources: Iterable[Citation]) -> set[tuple[str | None, str]]:
        return {(each.url, text[each.start : each.end]) for each in sources if each.end}

    part = text[start : start + length]
    outside = {each for each in words(text, found) if not set(each[1]) & set(part)}
    assert words(text.replace(part, "") if part else text, known.all()) == outside
    assert {each.url for each in known.all()} == {each.url for each in found}


def test_sources_are_read_in_a_time_that_grows_with_their_number() -> None:
    many = [Citation(url=f"{URL}/{at}", start=at, end=at + 1) for at in range(20_000)]

    assert len(joined(*([each] for each in many))) == len(many)


def test_citations_and_commentary_are_plain_data_and_come_back_from_it() -> None:
    parts = (CommentaryPart("Let me look."), llmring.TextPart("It rains."))
    answer = LLMResponse(
        content="It rains.",
        model="a:b",
        parts=parts,
        citations=(Citation(url=URL, start=0, end=9, pages=(2, 3)),),
        commentary="Let me look.",
    )
    data = json.loads(answer.to_json())

    assert data["citations"][0]["pages"] == [2, 3]
    assert data["parts"][0] == {
        "part": "commentary",
        "text": "Let me look.",
        "cache_control": None,
    }
    assert msgspec.json.decode(answer.to_json(), type=LLMResponse) == answer
    again = Message("assistant", data["parts"])
    assert list(again.parts) == list(parts)
    assert again.text == answer.message.text == "It rains."
