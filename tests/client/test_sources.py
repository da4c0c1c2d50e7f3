"""Sources of answers through the public client: whole, streamed, continued, and sent back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import Citation, LLMRing, StreamChunk
from loopback import Answer, Close, Loopback, as_json, as_stream

Serve = Callable[..., Loopback]
Start = Callable[..., tuple[Loopback, Loopback]]

URL, OTHER = "https://example.org/a", "https://example.org/b"


def cited(url: str, start: int, end: int) -> dict[str, Any]:
    return {
        "type": "url_citation",
        "url": url,
        "title": "A",
        "start_index": start,
        "end_index": end,
    }


def message(text: str, *annotations: dict[str, Any], **fields: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}
    named = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
    return {**named, "content": [part], **fields}


def body(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    usage = {"input_tokens": 5, "output_tokens": 9, "total_tokens": 14}
    found = {"id": "resp_1", "status": "completed", "model": "m", "output": items, "usage": usage}
    return {**found, **fields}


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def delta(text: str, at: int = 0) -> bytes:
    place = {"output_index": at, "item_id": f"msg_{at}", "content_index": 0}
    return event("response.output_text.delta", **place, delta=text)


def annotated(annotation: dict[str, Any], at: int = 0) -> bytes:
    place = {"output_index": at, "item_id": f"msg_{at}", "content_index": 0, "annotation_index": 0}
    return event("response.output_text.annotation.added", **place, annotation=annotation)


BEGUN = event("response.created", response={"id": "r", "model": "m", "status": "in_progress"})


@pytest.fixture
def start(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start the vendors of `fast` (Responses, then Anthropic) and of `back` (Anthropic first)."""

    def started(first: list[Answer], second: list[Answer]) -> tuple[Loopback, Loopback]:
        openai, anthropic = serve(*first), serve(*second)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{openai.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", anthropic.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
        models = ["openai:gpt-5.5", "anthropic:claude-sonnet-4-5"]
        path = tmp_path / "llmring.lock"
        path.write_text(
            '[providers.openai]\napi = "responses"\n'
            f'[[profiles.default.bindings]]\nalias = "fast"\nmodels = {models}\nretries = 0\n'
            f'[[profiles.default.bindings]]\nalias = "back"\nmodels = {models[::-1]}\nretries = 0\n'
        )
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
        return openai, anthropic

    return started


def anthropic_steps(text: str, *citations: dict[str, Any]) -> list[bytes]:
    start, *_ = answers.anthropic_stream("x").steps
    assert isinstance(start, bytes)
    block = {"type": "text", "text": ""}
    found = [
        start,
        event("content_block_start", index=0, content_block=block),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": text}),
    ]
    for each in citations:
        piece = {"type": "citations_delta", "citation": each}
        found.append(event("content_block_delta", index=0, delta=piece))
    return found


ANTHROPIC_END = [
    event("content_block_stop", index=0),
    event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2}),
    event("message_stop"),
]


def words(chunks: list[StreamChunk]) -> list[tuple[str | None, str | None]]:
    """Return the sources in the last chunk, each with the text that it supports."""
    text = ""
    for chunk in chunks:
        text = chunk.delta if chunk.restart else text + chunk.delta
    return [
        (each.url, None if each.start is None else text[each.start : each.end])
        for each in chunks[-1].citations
    ]


def test_annotations_count_from_the_beginning_of_the_answer(way: Way, start: Start) -> None:
    remark = message("Let me look.", cited(OTHER, 0, 3), id="msg_0", phase="commentary")
    first = message("It rains. ", cited(URL, 3, 8), phase="final_answer")
    second = message("It pours.", cited(OTHER, 3, 8), id="msg_2", phase="final_answer")
    start([as_json(body(remark, first, second))], [])

    answer = way.chat(LLMRing(), "fast", "Hi")

    assert answer.content == "It rains. It pours."
    assert answer.citations == (
        Citation(url=URL, title="A", start=3, end=8),
        Citation(url=OTHER, title="A", start=13, end=18),
    )


def test_sources_in_a_stream_come_as_soon_as_they_are_known(way: Way, start: Start) -> None:
    citation = cited(URL, 3, 8)
    done = message("It rains.", citation, id="msg_0")
    steps = [
        BEGUN,
        delta("It rains"),
        annotated(citation),
        delta("."),
        event("response.output_item.done", output_index=0, item=done),
        event("response.completed", response=body(done)),
    ]
    start([as_stream(*steps)], [])

    chunks = way.stream(LLMRing(), "fast", "Hi")

    expected = (Citation(url=URL, title="A", start=3, end=8),)
    assert [(chunk.delta, chunk.citations) for chunk in chunks] == [
        ("It rains", ()),
        ("", expected),
        (".", ()),
        ("", expected),
    ]


def test_annotations_that_only_the_events_have_are_kept(way: Way, start: Start) -> None:
    bare = message("It rains.", id="msg_0")
    steps = [
        BEGUN,
        delta("It rains."),
        annotated(cited(URL, 3, 8)),
        event("response.completed", response=body(bare)),
    ]
    server, _ = start([as_stream(*steps), as_json(body(bare))], [])

    chunks = way.stream(LLMRing(), "fast", "Hi")

    assert words(chunks) == [(URL, "rains")]
    assert chunks[-1].message is not None
    way.chat(LLMRing(), "fast", [chunks[-1].message, {"role": "user", "content": "More?"}])
    [part] = json.loads(server.requests[1].body)["input"][0]["content"]
    assert part["annotations"] == [cited(URL, 3, 8)]


def test_annotations_go_back_to_the_vendor_and_to_no_other(way: Way, start: Start) -> None:
    citation = cited(URL, 3, 8)
    openai, anthropic = start(
        [as_json(body(message("It rains.", citation)))] * 2, [answers.anthropic("Yes.")]
    )
    answer = way.chat(LLMRing(), "fast", "Hi")
    asked = [
        {"role": "user", "content": "Hi"},
        answer.message,
        {"role": "user", "content": "Sure?"},
    ]

    way.chat(LLMRing(), "fast", asked)
    way.chat(LLMRing(), "back", asked)

    part = {"type": "output_text", "text": "It rains.", "annotations": [citation]}
    assert json.loads(openai.requests[1].body)["input"][1]["content"] == [part]
    assert json.loads(anthropic.requests[0].body)["messages"][1]["content"] == [
        {"type": "text", "text": "It rains."}
    ]


def test_a_changed_text_goes_back_without_its_annotations(way: Way, start: Start) -> None:
    found = as_json(body(message("It rains.", cited(URL, 3, 8), phase="final_answer")))
    openai, _ = start([found] * 2, [])
    answer = way.chat(LLMRing(), "fast", "Hi")
    parts = [part for part in answer.message.parts if part != answer.message.parts[0]]

    way.chat(
        LLMRing(),
        "fast",
        [
            {"role": "assistant", "content": ["It snows.", *parts]},
            {"role": "user", "content": "So?"},
        ],
    )

    assert json.loads(openai.requests[1].body)["input"][0] == {
        "type": "message",
        "role": "assistant",
        "phase": "final_answer",
        "content": "It snows.",
    }


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            {
                "type": "web_search_call",
                "id": "ws_1",
                "action": {"type": "search", "sources": [{"type": "url", "url": OTHER}]},
            },
            Citation(url=OTHER),
        ),
        (
            {
                "type": "file_search_call",
                "id": "fs_1",
                "results": [{"file_id": "f", "filename": "a.txt", "text": "words", "score": 1}],
            },
            Citation(title="a.txt", cited_text="words", kind="file", file_id="f"),
        ),
        (
            {"type": "search_results", "results": [{"id": 1, "url": OTHER, "title": "B"}]},
            Citation(url=OTHER, title="B"),
        ),
    ],
    ids=["web search", "file search", "perplexity"],
)
def test_the_results_of_a_search_are_sources(
    way: Way, start: Start, item: dict[str, Any], expected: Citation
) -> None:
    start([as_json(body(item, message("It rains.", cited(URL, 3, 8))))], [])

    answer = way.chat(LLMRing(), "fast", "Hi")

    assert answer.citations == (Citation(url=URL, title="A", start=3, end=8), expected)


def test_addresses_next_to_the_output_are_sources(way: Way, start: Start) -> None:
    start([as_json(body(message("Hi.", cited(URL, 0, 2)), citations=[OTHER, URL]))], [])

    answer = way.chat(LLMRing(), "fast", "Hi")

    assert [each.url for each in answer.citations] == [URL, OTHER]


LOCATION = {"type": "web_search_result_location", "url": OTHER, "title": "B", "cited_text": "c"}


@pytest.mark.parametrize(
    "goes_on",
    ["and it pours.", "It rains and then and it pours."],
    ids=["exactly", "with a repetition"],
)
def test_sources_of_a_continued_answer_count_from_its_beginning(
    way: Way, start: Start, goes_on: str
) -> None:
    begun: list[Any] = [BEGUN, delta("It rains and then "), annotated(cited(URL, 3, 8)), Close()]
    steps = anthropic_steps(goes_on, LOCATION)
    start([as_stream(*begun)], [as_stream(*steps, *ANTHROPIC_END)])

    chunks = way.stream(LLMRing(), "fast", "Hi")

    assert "".join(chunk.delta for chunk in chunks) == "It rains and then and it pours."
    assert [source for source, _ in words(chunks)] == [URL, OTHER]
    assert words(chunks)[0] == (URL, "rains")
    # The block of the second model is all that it answered, with what it repeats.
    assert (words(chunks)[1][1] or "").endswith("and it pours.")
    assert words(chunks)[1][1] == goes_on


def test_sources_of_an_answer_that_starts_over_are_dropped(way: Way, start: Start) -> None:
    form = {
        "type": "json_schema",
        "json_schema": {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
    }
    begun: list[Any] = [BEGUN, delta('{"a": '), annotated(cited(URL, 0, 3)), Close()]
    start([as_stream(*begun)], [answers.anthropic_stream('{"a": 1}')])

    chunks = way.stream(LLMRing(), "fast", "Hi", response_format=form)

    assert chunks[-1].citations == ()


def test_a_plain_answer_has_no_sources(way: Way, start: Start) -> None:
    start([as_json(body(message("Hi.")))], [])

    answer = way.chat(LLMRing(), "fast", "Hi")

    assert (answer.citations, answer.parts) == ((), None)
