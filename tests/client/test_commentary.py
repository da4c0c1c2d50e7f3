"""Commentary of models that answer in phases: shown apart, never as the answer, and sent back."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import CommentaryPart, LLMResponse, LLMRing, StreamChunk
from loopback import Answer, Close, Loopback, as_json, as_stream

Serve = Callable[..., Loopback]
Start = Callable[..., Loopback]

REMARKS = ("Let me look that up.", "And once more.")
SECOND = "anthropic:claude-sonnet-4-5"


@dataclass
class City:
    name: str


def message(at: int, phase: str | None, text: str, **fields: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    named = {"id": f"msg_{at}", "type": "message", "role": "assistant", "status": "completed"}
    marked = {"phase": phase} if phase else {}
    return {**named, **marked, "content": [part] if text else [], **fields}


def body(*items: dict[str, Any]) -> dict[str, Any]:
    usage = {"input_tokens": 5, "output_tokens": 9, "total_tokens": 14}
    return {"id": "resp_1", "status": "completed", "model": "m", "output": items, "usage": usage}


def whole(*items: dict[str, Any]) -> Answer:
    return as_json(body(*items))


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def steps(*items: dict[str, Any], late: bool = False) -> list[bytes]:
    """The events of these items; `late` announces them without their phase."""
    begun = {"id": "resp_1", "model": "m", "status": "in_progress", "output": []}
    found = [event("response.created", response=begun)]
    for at, item in enumerate(items):
        added = {**item, "content": [], "status": "in_progress"}
        if late:
            added.pop("phase", None)
        place = {"output_index": at, "item_id": item["id"]}
        found.append(event("response.output_item.added", output_index=at, item=added))
        text = "".join(part["text"] for part in item.get("content", ()))
        kind = "response.output_text.delta"
        pieces = (text[:5], text[5:])
        found += [event(kind, **place, content_index=0, delta=piece) for piece in pieces]
        found.append(event("response.output_item.done", output_index=at, item=item))
    return found


def streamed(*items: dict[str, Any], late: bool = False) -> Answer:
    return as_stream(*steps(*items, late=late), event("response.completed", response=body(*items)))


@pytest.fixture
def start(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start the vendor of `fast`, and a second one that continues its answers."""

    def started(*first: Answer, second: Answer | None = None) -> Loopback:
        openai = serve(*first)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{openai.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        models = ["openai:gpt-6-any"]
        if second is not None:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", serve(second).url)
            monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
            models.append(SECOND)
        path = tmp_path / "llmring.lock"
        path.write_text(
            '[providers.openai]\napi = "responses"\n'
            f'[[profiles.default.bindings]]\nalias = "fast"\nmodels = {models}\nretries = 0\n'
        )
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
        return openai

    return started


def read(chunks: list[StreamChunk]) -> tuple[str, str]:
    """Return the answer and the commentary, dropping earlier chunks at a restart."""
    text = commentary = ""
    for chunk in chunks:
        if chunk.restart:
            text = commentary = ""
        text += chunk.delta
        commentary += chunk.commentary or ""
    return text, commentary


PHASED = (message(0, "commentary", REMARKS[0]), message(1, "final_answer", "Paris."))


def test_the_answer_is_the_final_phase_and_commentary_is_apart(way: Way, start: Start) -> None:
    start(whole(*PHASED))

    answer = way.chat(LLMRing(), "fast", "The capital of France?")

    assert (answer.content, answer.commentary) == ("Paris.", REMARKS[0])
    assert answer.message.text == "Paris."
    assert CommentaryPart(REMARKS[0]) in (answer.parts or ())


def test_commentary_streams_with_a_mark(way: Way, start: Start) -> None:
    start(streamed(*PHASED))

    chunks = way.stream(LLMRing(), "fast", "The capital of France?")

    assert read(chunks) == ("Paris.", REMARKS[0])
    assert not any(chunk.delta and chunk.commentary for chunk in chunks)
    assert not any(chunk.restart for chunk in chunks)
    assert chunks[-1].message is not None
    assert chunks[-1].message.text == "Paris."


@pytest.mark.parametrize("answer", [whole, streamed])
def test_remarks_are_joined_by_a_blank_line(
    way: Way, start: Start, answer: Callable[..., Answer]
) -> None:
    items = [message(at, "commentary", remark) for at, remark in enumerate(REMARKS)]
    start(answer(*items, message(2, "final_answer", "Paris.")))

    if answer is whole:
        found = way.chat(LLMRing(), "fast", "Hi").commentary
    else:
        found = read(way.stream(LLMRing(), "fast", "Hi"))[1]

    assert found == "\n\n".join(REMARKS)


@pytest.mark.parametrize("remark", ["Let me think.", '{"name": "Lyon"}'])
def test_data_is_read_from_the_final_phase_only(way: Way, start: Start, remark: str) -> None:
    items = (message(0, "commentary", remark), message(1, "final_answer", '{"name": "Paris"}'))
    start(whole(*items), streamed(*items))
    options: dict[str, Any] = {"response_format": City, "max_repairs": 0}

    assert way.chat(LLMRing(), "fast", "Hi", **options).parsed == City("Paris")
    chunks = way.stream(LLMRing(), "fast", "Hi", **options)
    assert chunks[-1].parsed == City("Paris")
    assert not any(chunk.parsed for chunk in chunks if chunk.commentary)


def test_text_whose_phase_is_known_too_late_is_taken_back(way: Way, start: Start) -> None:
    start(streamed(*PHASED, late=True))

    chunks = way.stream(LLMRing(), "fast", "Hi")

    assert read(chunks) == ("Paris.", REMARKS[0])
    assert chunks[-1].message is not None
    assert chunks[-1].message.text == "Paris."


def test_data_is_read_from_the_final_phase_though_the_phase_comes_late(
    way: Way, start: Start
) -> None:
    items = (
        message(0, "commentary", '{"name": "Lyon"}'),
        message(1, "final_answer", '{"name": "Paris"}'),
    )
    start(streamed(*items, late=True))

    chunks = way.stream(LLMRing(), "fast", "Hi", response_format=City)

    assert chunks[-1].parsed == City("Paris")


def at_once(*items: dict[str, Any], done: bool, named: bool = True) -> Answer:
    """Stream the texts of all items before the phase of any is known.

    Args:
        items: The messages.
        done: Whether each is completed by an event of its own.
        named: Whether the pieces have the position and the ID of their item.
    """
    found = []
    for at, item in enumerate(items):
        place = {"output_index": at, "item_id": item["id"]} if named else {}
        text = item["content"][0]["text"]
        kind = "response.output_text.delta"
        found += [event(kind, **place, delta=piece) for piece in (text[:5], text[5:])]
    if done:
        for at, item in enumerate(items):
            place = {"output_index": at} if named else {}
            sent = item if named else {key: item[key] for key in item if key != "id"}
            found.append(event("response.output_item.done", **place, item=sent))
    return as_stream(*found, event("response.completed", response=body(*items)))


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("order", [1, -1])
def test_only_the_text_of_its_own_message_is_taken_back(
    way: Way, start: Start, order: int, done: bool, named: bool
) -> None:
    source = {"type": "url_citation", "url": "https://a.example", "start_index": 0, "end_index": 5}
    answer = message(1, "final_answer", "Paris.")
    answer["content"][0]["annotations"] = [source]
    items = (PHASED[0], answer)[::order]
    server = start(at_once(*items, done=done, named=named), whole(PHASED[1]))

    chunks = way.stream(LLMRing(), "fast", "The capital of France?")

    assert read(chunks) == ("Paris.", REMARKS[0])
    last = chunks[-1]
    assert [(each.start, each.end) for each in last.citations] == [(0, 5)]
    assert last.message is not None
    way.chat(LLMRing(), "fast", [last.message, {"role": "user", "content": "More?"}])
    sent = json.loads(server.requests[1].body)["input"][:2]
    said = {item.get("phase") == "commentary": item["content"] for item in sent}
    assert said[True] == REMARKS[0]
    assert said[False] in ("Paris.", [answer["content"][0]])


def test_an_answer_before_a_late_remark_is_kept(way: Way, start: Start) -> None:
    bare = [
        {key: item[key] for key in item if key != "id"}
        for item in (message(0, "final_answer", "Paris."), message(1, "commentary", REMARKS[0]))
    ]
    steps = []
    for item in bare:
        steps.append(event("response.output_text.delta", delta=item["content"][0]["text"]))
        steps.append(event("response.output_item.done", item=item))
    start(as_stream(*steps, event("response.completed", response=body(*bare))))

    assert read(way.stream(LLMRing(), "fast", "Hi")) == ("Paris.", REMARKS[0])


@pytest.mark.parametrize("streams", [False, True])
def test_phases_go_back_as_they_came(way: Way, start: Start, streams: bool) -> None:
    server = start(streamed(*PHASED) if streams else whole(*PHASED), whole(PHASED[1]))
    ring = LLMRing()
    answer = (
        way.stream(LLMRing(), "fast", "Hi")[-1] if streams else way.chat(LLMRing(), "fast", "Hi")
    )
    assert answer.message is not None

    way.chat(
        ring,
        "fast",
        [{"role": "user", "content": "Hi"}, answer.message, {"role": "user", "content": "More?"}],
    )

    sent = json.loads(server.requests[1].body)["input"][1:3]
    assert [(item["phase"], item["content"]) for item in sent] == [
        ("commentary", REMARKS[0]),
        ("final_answer", "Paris."),
    ]


def test_commentary_without_its_mark_goes_back_as_commentary(way: Way, start: Start) -> None:
    server = start(whole(PHASED[1]))
    said = {"role": "assistant", "content": [CommentaryPart("Hm."), "Paris."]}

    way.chat(
        LLMRing(),
        "fast",
        [{"role": "user", "content": "Hi"}, said, {"role": "user", "content": "More?"}],
    )

    sent = json.loads(server.requests[0].body)["input"][1:3]
    assert sent == [
        {"type": "message", "role": "assistant", "phase": "commentary", "content": "Hm."},
        {"type": "message", "role": "assistant", "content": "Paris."},
    ]


def test_commentary_before_a_tool_call_is_no_answer(way: Way, start: Start) -> None:
    call = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": "look_up",
        "arguments": "{}",
        "status": "completed",
    }
    start(whole(PHASED[0], call))

    answer = way.chat(LLMRing(), "fast", "Hi", tools=[{"name": "look_up"}])

    assert (answer.content, answer.commentary) == ("", REMARKS[0])
    assert answer.tool_calls is not None


def test_an_answer_that_breaks_off_in_commentary_starts_over(way: Way, start: Start) -> None:
    start(as_stream(*steps(PHASED[0]), Close()), second=answers.anthropic_stream("Paris."))

    chunks = way.stream(LLMRing(), "fast", "Hi")

    assert read(chunks) == ("Paris.", "")


def test_an_answer_that_breaks_off_in_the_final_phase_is_continued(way: Way, start: Start) -> None:
    begun = steps(PHASED[0], message(1, "final_answer", "Paris, "))
    start(as_stream(*begun, Close()), second=answers.anthropic_stream("of course."))

    chunks = way.stream(LLMRing(), "fast", "Hi")

    assert read(chunks) == ("Paris, of course.", REMARKS[0])


@pytest.mark.parametrize("phase", [None, "final_answer"])
def test_an_answer_without_commentary_has_none(way: Way, start: Start, phase: str | None) -> None:
    start(whole(message(0, phase, "Paris.")))

    answer: LLMResponse = way.chat(LLMRing(), "fast", "Hi")

    assert (answer.content, answer.commentary) == ("Paris.", None)
