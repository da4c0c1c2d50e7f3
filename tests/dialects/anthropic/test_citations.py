"""Citations of Anthropic's blocks, whole and streamed, and their way back."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from llmring.chat.citation import Citation
from llmring.chat.reply import fold
from llmring.chat.request import Message
from llmring.chat.response import LLMResponse
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.anthropic.messages import messages
from llmring.dialects.dialect import Quirks
from llmring.wire import HttpHead

OK = HttpHead(200, {"content-type": "application/json"})
SSE = HttpHead(200, {"content-type": "text/event-stream"})
URL, OTHER = "https://example.org/a", "https://example.org/b"
Block = dict[str, Any]
Read = Callable[..., LLMResponse]


def whole(*blocks: Block) -> LLMResponse:
    message = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": blocks,
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    return fold("a:m", DIALECT.decode(OK, json.dumps(message).encode()), "anthropic")


def streamed(*blocks: Block) -> LLMResponse:
    events: list[dict[str, Any]] = [{"type": "message_start", "message": {"id": "m", "model": "m"}}]
    for at, block in enumerate(blocks):
        is_text = block["type"] == "text"
        start = {"type": "text", "text": ""} if is_text else block
        events.append({"type": "content_block_start", "index": at, "content_block": start})
        deltas: list[dict[str, Any]] = []
        if is_text:
            deltas += [{"type": "text_delta", "text": letter} for letter in block["text"]]
            deltas += [
                {"type": "citations_delta", "citation": each}
                for each in block.get("citations") or ()
            ]
        events += [{"type": "content_block_delta", "index": at, "delta": each} for each in deltas]
        events.append({"type": "content_block_stop", "index": at})
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}}
    decoder = DIALECT.decoder(SSE)
    found = []
    for event in [*events, end, {"type": "message_stop"}]:
        found += decoder.feed(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    return fold("a:m", [*found, *decoder.end()], "anthropic")


each_form = pytest.mark.parametrize("read", [whole, streamed])


def text(words: str, *citations: Any) -> Block:
    return {"type": "text", "text": words, **({"citations": [*citations]} if citations else {})}


@each_form
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (
            {
                "type": "web_search_result_location",
                "url": URL,
                "title": "A",
                "cited_text": "rain",
                "encrypted_index": "E",
            },
            Citation(url=URL, title="A", cited_text="rain"),
        ),
        (
            {
                "type": "char_location",
                "cited_text": "rain",
                "document_index": 1,
                "document_title": "A",
                "start_char_index": 0,
                "end_char_index": 4,
                "file_id": "file_1",
            },
            Citation(title="A", cited_text="rain", kind="document", file_id="file_1", index=1),
        ),
        (
            {
                "type": "page_location",
                "cited_text": "rain",
                "document_index": 0,
                "document_title": None,
                "start_page_number": 2,
                "end_page_number": 4,
            },
            Citation(cited_text="rain", kind="document", index=0, pages=(2, 3)),
        ),
        (
            {
                "type": "content_block_location",
                "cited_text": "rain",
                "document_index": 0,
                "start_block_index": 0,
                "end_block_index": 1,
            },
            Citation(cited_text="rain", kind="document", index=0),
        ),
        (
            {
                "type": "search_result_location",
                "source": URL,
                "title": "A",
                "cited_text": "rain",
                "search_result_index": 3,
                "start_block_index": 0,
                "end_block_index": 1,
            },
            Citation(url=URL, title="A", cited_text="rain", kind="document", index=3),
        ),
        (
            {"type": "search_result_location", "source": "shelf 4", "cited_text": "rain"},
            Citation(title="shelf 4", cited_text="rain", kind="document"),
        ),
    ],
    ids=lambda sent: sent["type"] if isinstance(sent, dict) else "",
)
def test_each_citation_supports_the_text_of_its_block(
    read: Read, sent: Block, expected: Citation
) -> None:
    found = read(text("Look: "), text("it rains", sent), text(" today."))

    assert found.content == "Look: it rains today."
    [citation] = found.citations
    assert (citation.start, citation.end) == (6, 14)
    fields = {**citation.to_dict(), "start": None, "end": None}
    assert fields == expected.to_dict()


@each_form
def test_search_results_that_the_text_does_not_cite_come_last(read: Read) -> None:
    results = [{"type": "web_search_result", "url": url, "title": "T"} for url in (OTHER, URL)]
    cited = {"type": "web_search_result_location", "url": URL, "title": "T", "cited_text": "c"}
    found = read(
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": results},
        text("It rains", cited),
    )

    assert found.citations == (
        Citation(url=URL, title="T", cited_text="c", start=0, end=8),
        Citation(url=OTHER, title="T"),
    )


@each_form
def test_a_fetched_page_is_a_source(read: Read) -> None:
    page = {"type": "web_fetch_result", "url": URL, "content": {"type": "document", "title": "A"}}
    found = read({"type": "web_fetch_tool_result", "tool_use_id": "s", "content": page}, text("Hi"))

    assert found.citations == (Citation(url=URL, title="A"),)


@each_form
@pytest.mark.parametrize("content", [{"type": "web_search_tool_result_error"}, None, 5, [None]])
def test_a_failed_search_has_no_sources(read: Read, content: Any) -> None:
    block = {"type": "web_search_tool_result", "tool_use_id": "s", "content": content}

    assert read(block, text("Hi", "strange", None)).citations == ()


@each_form
def test_citations_go_back_with_their_text(read: Read) -> None:
    cited = {"type": "web_search_result_location", "url": URL, "encrypted_index": "E"}
    found = read(text("Look: "), text("it rains", cited), text(" today."))
    [turn] = messages([Message("assistant", found.message.content)], Quirks())

    assert [(each["text"], each.get("citations")) for each in turn["content"]] == [
        ("Look: ", None),
        ("it rains", [cited]),
        (" today.", None),
    ]
