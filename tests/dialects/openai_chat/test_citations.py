"""Sources in Chat Completions, as each vendor sends them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from llmring.chat.citation import Citation
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.dialects.openai_chat.dialect import DIALECT
from llmring.wire import HttpHead

OK = HttpHead(200, {"content-type": "application/json"})
SSE = HttpHead(200, {"content-type": "text/event-stream"})
URL, OTHER = "https://example.org/a", "https://example.org/b"
Read = Callable[..., LLMResponse]


def whole(message: dict[str, Any], **rest: Any) -> LLMResponse:
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return fold("a:m", DIALECT.decode(OK, json.dumps({"choices": [choice], **rest}).encode()))


def streamed(message: dict[str, Any], **rest: Any) -> LLMResponse:
    """Read the message in two chunks, each with the other fields, as Perplexity sends them."""
    text = message.pop("content")
    deltas = [{"content": text[:2]}, {"content": text[2:], **message}]
    decoder = DIALECT.decoder(SSE)
    events = []
    for at, delta in enumerate(deltas):
        choice = {"index": 0, "delta": delta, "finish_reason": "stop" if at else None}
        data = json.dumps({"choices": [choice], **rest})
        events += decoder.feed(f"data: {data}\n\n".encode())
    return fold("a:m", [*events, *decoder.feed(b"data: [DONE]\n\n"), *decoder.end()])


each_form = pytest.mark.parametrize("read", [whole, streamed])


@each_form
def test_perplexity_numbers_its_sources_as_the_text_does(read: Read) -> None:
    found = read(
        {"content": "It rains.[1][2]"},
        citations=[URL, OTHER],
        search_results=[{"title": "B", "url": OTHER, "snippet": "s"}, {"title": "A", "url": URL}],
    )

    assert found.citations == (
        Citation(url=URL, title="A", index=1),
        Citation(url=OTHER, title="B", cited_text="s", index=2),
    )


@each_form
def test_search_results_that_no_number_names_come_last(read: Read) -> None:
    results = [{"title": "A", "url": URL}, {"title": "B", "url": OTHER}]
    found = read({"content": "It rains."}, citations=[OTHER], search_results=results)

    assert [each.url for each in found.citations] == [OTHER, URL]


@each_form
def test_the_addresses_of_xai_are_sources(read: Read) -> None:
    assert [each.url for each in read({"content": "Hi."}, citations=[URL, OTHER]).citations] == [
        URL,
        OTHER,
    ]


@each_form
def test_annotations_have_their_place(read: Read) -> None:
    place = {"url": URL, "title": "A", "start_index": 3, "end_index": 9}
    found = read(
        {"content": "It rains.", "annotations": [{"type": "url_citation", "url_citation": place}]}
    )

    assert found.citations == (Citation(url=URL, title="A", start=3, end=9),)
    assert found.content[3:9] == "rains."


@each_form
@pytest.mark.parametrize(
    "field",
    [
        {"web_search": [{"link": URL, "title": "A", "content": "s", "refer": "ref_1"}]},
        {"search_info": {"search_results": [{"index": 1, "url": URL, "title": "A", "text": "s"}]}},
    ],
    ids=["zhipu", "qwen"],
)
def test_search_results_next_to_the_message_are_sources(read: Read, field: dict[str, Any]) -> None:
    found = read({"content": "It rains."}, **field)

    assert found.citations == (Citation(url=URL, title="A", cited_text="s", index=1),)


@each_form
def test_the_searches_of_groq_are_sources(read: Read) -> None:
    ran = {"search_results": {"results": [{"title": "A", "url": URL, "content": "s", "score": 1}]}}
    found = read({"content": "It rains.", "executed_tools": [ran, {"type": "python"}]})

    assert found.citations == (Citation(url=URL, title="A", cited_text="s"),)


@each_form
def test_the_documents_of_azure_are_sources(read: Read) -> None:
    document = {"title": "A", "url": None, "filepath": "a.pdf", "content": "s", "chunk_id": "0"}
    found = read({"content": "It rains [doc1].", "context": {"citations": [document]}})

    assert found.citations == (Citation(title="A", cited_text="s", index=1),)


@pytest.mark.parametrize("form", ["message", "delta"])
def test_the_parts_of_mistral_name_sources(form: str) -> None:
    content = [
        {"type": "text", "text": "It rains"},
        {"type": "reference", "reference_ids": [0, 2]},
        {"type": "tool_reference", "tool": "web_search", "title": "A", "url": URL},
        {"type": "text", "text": "."},
    ]
    choice = {"index": 0, form: {"content": content}, "finish_reason": "stop"}
    body = json.dumps({"choices": [choice]}).encode()
    if form == "message":
        events = DIALECT.decode(OK, body)
    else:
        decoder = DIALECT.decoder(SSE)
        events = [*decoder.feed(b"data: " + body + b"\n\ndata: [DONE]\n\n"), *decoder.end()]
    found = fold("a:m", events)

    assert found.content == "It rains."
    assert found.citations == (
        Citation(kind="document", index=0),
        Citation(kind="document", index=2),
        Citation(url=URL, title="A"),
    )


@each_form
@pytest.mark.parametrize("strange", [5, "x", {"a": 1}, [None, 5, {"url": 7}], [[]]])
def test_strange_sources_do_no_harm(read: Read, strange: Any) -> None:
    found = read(
        {
            "content": "It rains.",
            "annotations": strange,
            "executed_tools": strange,
            "context": strange,
        },
        search_results=strange,
        web_search=strange,
        search_info=strange,
    )

    assert (found.content, found.citations) == ("It rains.", ())


def test_an_answer_without_sources_has_none() -> None:
    assert whole({"content": "Hi.", "annotations": []}, citations=None).citations == ()
