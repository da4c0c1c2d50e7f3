"""Sources of Gemini's answers: places in bytes become places in characters."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.citation import Citation
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.dialects.gemini.citations import AnswerText, Sources, citation_metadata
from llmring.dialects.gemini.dialect import DIALECT
from llmring.wire import HttpHead
from replies import JSON, TEXTS
from replies import citations as some_citations

OK = HttpHead(200, {"content-type": "application/json"})
SSE = HttpHead(200, {"content-type": "text/event-stream"})
URL, OTHER = "https://example.org/a", "https://example.org/b"
WEB = {"web": {"uri": URL, "title": "A"}}


def whole(*parts: dict[str, Any], **candidate: Any) -> LLMResponse:
    content = {"role": "model", "parts": parts}
    sent = {"candidates": [{"content": content, "finishReason": "STOP", **candidate}]}
    return fold("a:m", DIALECT.decode(OK, json.dumps(sent).encode()))


def streamed(*candidates: dict[str, Any]) -> LLMResponse:
    decoder = DIALECT.decoder(SSE)
    events = []
    for each in candidates:
        events += decoder.feed(f"data: {json.dumps({'candidates': [each]})}\n\n".encode())
    return fold("a:m", [*events, *decoder.end()])


def piece(text: str, **candidate: Any) -> dict[str, Any]:
    return {"content": {"role": "model", "parts": [{"text": text}]}, **candidate}


def grounding(*chunks: Any, **segment: Any) -> dict[str, Any]:
    support = {"segment": segment, "groundingChunkIndices": [*range(len(chunks))]}
    return {"groundingChunks": [*chunks], "groundingSupports": [support] if segment else []}


def places(found: LLMResponse) -> list[str | None]:
    return [
        None if each.start is None else found.content[each.start : each.end]
        for each in found.citations
    ]


def test_offsets_in_bytes_become_characters() -> None:
    text = "Möhl, Es regnet."
    start = len("Möhl, ".encode())
    metadata = grounding(WEB, startIndex=start, endIndex=start + 9, text="Es regnet")
    found = whole({"text": text}, groundingMetadata=metadata)

    assert found.citations == (Citation(url=URL, title="A", start=6, end=15),)
    assert places(found) == ["Es regnet"]


def test_a_source_of_a_text_that_is_not_in_the_answer_is_kept_without_a_place() -> None:
    metadata = grounding(WEB, startIndex=3, endIndex=12, text="Es regnet")

    assert whole({"text": "Hi"}, groundingMetadata=metadata).citations == (
        Citation(url=URL, title="A"),
    )


@given(TEXTS, TEXTS, TEXTS, st.booleans())
def test_any_segment_is_found(before: str, text: str, after: str, named: bool) -> None:
    start = len(before.encode())
    segment: dict[str, Any] = {"startIndex": start, "endIndex": start + len(text.encode())}
    if named:
        segment["text"] = text
    span = AnswerText([before + text, after]).span(segment)

    assert span == (len(before), len(before) + len(text))


def test_the_part_of_a_segment_is_heeded_or_found_where_the_api_omits_it() -> None:
    parts = ({"text": "Hmm.", "thought": True}, {"text": "Look. "}, {"text": "It rains."})
    segment = {"startIndex": 0, "endIndex": 9, "text": "It rains."}
    for more in ({"partIndex": 2}, {}):
        found = whole(*parts, groundingMetadata=grounding(WEB, **segment, **more))

        assert (found.content, places(found)) == ("Look. It rains.", ["It rains."])


def test_a_repeated_text_is_found_near_its_offset() -> None:
    text = AnswerText(["Yes. No. Yes."])

    assert text.span({"startIndex": 10, "endIndex": 14, "text": "Yes."}) == (9, 13)
    assert text.span({"startIndex": 1, "endIndex": 5, "text": "Yes."}) == (0, 4)


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        (WEB, Citation(url=URL, title="A")),
        (
            {"retrievedContext": {"uri": URL, "title": "a.pdf", "text": "words"}},
            Citation(url=URL, title="a.pdf", cited_text="words", kind="file"),
        ),
        (
            {
                "retrievedContext": {
                    "documentName": "d/1",
                    "ragChunk": {"text": "words", "pageSpan": {"firstPage": 2, "lastPage": 3}},
                }
            },
            Citation(cited_text="words", kind="file", file_id="d/1", pages=(2, 3)),
        ),
        ({"maps": {"uri": URL, "title": "Café", "placeId": "p"}}, Citation(url=URL, title="Café")),
        (
            {"image": {"sourceUri": URL, "imageUri": OTHER, "title": "A"}},
            Citation(url=URL, title="A"),
        ),
    ],
)
def test_each_kind_of_source_is_read(chunk: Any, expected: Citation) -> None:
    assert whole({"text": "Hi"}, groundingMetadata=grounding(chunk)).citations == (expected,)


def test_pages_that_were_read_are_sources_unless_they_failed() -> None:
    pages = [
        {"retrievedUrl": URL, "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"},
        {"retrievedUrl": OTHER, "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"},
    ]
    found = whole({"text": "Hi"}, urlContextMetadata={"urlMetadata": pages})

    assert found.citations == (Citation(url=URL),)


@pytest.mark.parametrize("name", ["citationSources", "citations"])
def test_recited_sources_are_read(name: str) -> None:
    source = {"startIndex": 4, "endIndex": 10, "uri": URL, "license": "MIT"}
    found = whole({"text": "Ü: it rains"}, citationMetadata={name: [source]})

    assert places(found) == ["it rai"]


def test_sources_of_a_stream_count_from_its_beginning() -> None:
    url_context = {"urlMetadata": [{"retrievedUrl": URL}]}
    metadata = grounding(WEB, {"web": {"uri": OTHER}}, endIndex=9, text="It rains.")
    metadata["groundingSupports"][0]["groundingChunkIndices"] = [0]
    found = streamed(
        piece("It ", urlContextMetadata=url_context),
        piece("rains.", groundingMetadata=metadata),
        piece(" Yes.", finishReason="STOP", groundingMetadata=metadata),
    )

    assert found.content == "It rains. Yes."
    assert found.citations == (
        Citation(url=URL, title="A", start=0, end=9),
        Citation(url=OTHER),
    )


class Unread(list[str]):
    """A text that must not be put together."""

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("the text was read")


@pytest.mark.parametrize("metadata", [None, {}, {"citationSources": []}])
def test_the_text_is_not_read_for_metadata_without_places(metadata: object) -> None:
    sources = Sources()

    assert sources.take(Unread(), [WEB], [], metadata, None) == ()
    assert sources.rest() == (Citation(url=URL, title="A"),)


def test_sources_after_the_end_of_a_stream_are_kept() -> None:
    metadata = grounding(WEB, endIndex=9, text="It rains.")
    found = streamed(
        piece("It rains.", finishReason="STOP"),
        {"groundingMetadata": metadata, "finishReason": "STOP"},
    )

    assert places(found) == ["It rains."]


@given(JSON)
def test_no_metadata_is_too_strange_to_be_read(value: Any) -> None:
    sources = Sources()
    segment = {"segment": value, "groundingChunkIndices": [0, 7, value]}
    sources.take(["Hi"], [WEB, value], [segment, value], value, {"urlMetadata": [value]})
    sources.take(["Hi"], value, value, {"citations": [value]}, value)
    sources.rest()


@given(TEXTS, st.data())
def test_sources_come_back_from_the_form_of_the_api(text: str, data: st.DataObject) -> None:
    drawn = data.draw(some_citations(len(text)))
    named = [Citation(url=e.url, title=e.title, start=e.start, end=e.end) for e in drawn]
    metadata = citation_metadata(named, text).get("citationMetadata")

    assert list(Sources().take([text], None, None, metadata, None)) == named
