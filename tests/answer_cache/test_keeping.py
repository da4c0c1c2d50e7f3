"""What is kept: whole answers that a model gave to the request as it is."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from llmring import LLMRequest, Message
from llmring.answer_cache.keeping import MOST_DOCUMENTS, answer_to_keep, may_be_kept
from llmring.chat.events import Event, Finished, Started, TextDelta, Usage, UsageReport
from llmring.chat.parsed_request import OwnFields, ParsedRequest, parse_request
from llmring.chat.response import Attempt
from llmring.client.replies.event_chunk import EventChunk
from llmring.config.settings import read_settings
from llmring.lockfile.document import ModelRef
from llmring.routing.targets import Target, targets

MODEL = "openai:any"


def target(name: str = MODEL) -> Target:
    keys = dict.fromkeys(("OPENAI_API_KEY", "GROQ_API_KEY"), "sk-0123456789abcdef")
    settings = read_settings({"HOME": "/nowhere", **keys})
    (found,) = targets([ModelRef.parse(name)], settings.endpoints, lambda _: None)
    assert isinstance(found, Target)
    return found


def request(content: Any = "Hello", **fields: Any) -> ParsedRequest:
    parsed = fields.pop("parsed", {})
    asked = parse_request(LLMRequest(model="t", messages=[Message("user", content)], **fields))
    return msgspec.structs.replace(asked, **parsed)


def answer(
    text: str = "Hi",
    *,
    between: Sequence[EventChunk] = (),
    adjusted: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    failed: Sequence[Attempt] = (),
    usage: Usage | None = None,
    **last: Any,
) -> list[EventChunk]:
    used = usage or Usage(prompt_tokens=10, completion_tokens=2)
    begun: tuple[Event, ...] = (Started("any", "id"), TextDelta(text))
    done = Attempt(model=MODEL, outcome="ok", adjusted=adjusted, notes=notes)
    ends = (UsageReport(used, {"cost": 1}), Finished("stop", "stop"))
    fields = {"finish_reason": "stop", "cost": Decimal("0.001"), "usage": used, **last}
    return [
        EventChunk(model=MODEL, events=begun, target=target(), adjusted=adjusted),
        *between,
        EventChunk(
            model=MODEL,
            events=ends,
            message=Message("assistant", text),
            attempts=(*failed, done),
            **fields,
        ),
    ]


def test_g134_a_complete_answer_is_kept() -> None:
    kept = answer_to_keep(request(), answer(between=[EventChunk(model=MODEL)]), 5.0)

    assert kept is not None
    assert (kept.at, kept.model, kept.api) == (5.0, MODEL, target().dialect.name)
    assert kept.cost == Decimal("0.001")
    assert kept.events == (
        Started("any", "id"),
        TextDelta("Hi"),
        UsageReport(Usage(prompt_tokens=10, completion_tokens=2)),
        Finished("stop", "stop"),
    )


def test_g134_an_answer_after_a_failure_without_content_is_kept() -> None:
    failed = Attempt(model="groq:x", outcome="failed", notes=("left out",))

    assert answer_to_keep(request(), answer(failed=[failed]), 0) is not None


@pytest.mark.parametrize("reason", ["stop", "tool_calls"])
def test_g134_both_complete_ends_are_kept(reason: str) -> None:
    assert answer_to_keep(request(), answer(finish_reason=reason), 0) is not None


NOT_KEPT = {
    "an answer that was cut": answer(finish_reason="length"),
    "a refusal by a filter": answer(finish_reason="content_filter"),
    "an answer without an end": answer(finish_reason=None),
    "a refusal": answer(refusal="no"),
    "an answer that started over": answer(between=[EventChunk(model=MODEL, restart=True)]),
    "an answer that another model went on with": answer(
        between=[EventChunk(model="groq:x", target=target("groq:x"))]
    ),
    "an answer to a part of the request": answer(adjusted=("temperature left out",)),
    "an answer of which a part could not be read": answer(notes=("a part is missing",)),
    "an answer with a search of the web": answer(usage=Usage(provider_tool_calls=1)),
    "the beginning of an answer": answer()[:1],
    "nothing": [],
}


@pytest.mark.parametrize("chunks", NOT_KEPT.values(), ids=NOT_KEPT)
def test_g134_no_other_answer_is_kept(chunks: list[EventChunk]) -> None:
    assert answer_to_keep(request(), chunks, 0) is None


FORM = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "integer"}}}


@pytest.mark.parametrize(("text", "is_kept"), [("7", True), ("seven", False)])
def test_a_stream_is_kept_only_in_the_form_that_is_asked_for(text: str, is_kept: bool) -> None:
    kept = answer_to_keep(request(response_format=FORM), answer(text), 0)

    assert (kept is not None) is is_kept


def image(size: int) -> list[Any]:
    data = base64.b64encode(b"x" * size).decode()
    return [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}]


REQUESTS = {
    "a question": (request(), True),
    "own functions": (request(tools=[{"name": "f", "parameters": {}}]), True),
    "a small image": (request(image(1000)), True),
    "large images": (request(image(MOST_DOCUMENTS // 2 + 1) * 2), False),
    "an uploaded file": (request([{"type": "file", "file": {"file_id": "f-1"}}]), False),
    "a search of the web": (request(tools=[{"type": "web_search"}]), False),
    "several answers": (request(parsed={"answers": 2, "written": 2}), False),
    "one of several answers": (request(parsed={"written": 2}), False),
    "fields of one API": (
        request(parsed={"own": OwnFields(dialect="ollama", fields={"num_ctx": 1})}),
        True,
    ),
    "what only one API understands": (
        request(parsed={"own": OwnFields(dialect="ollama", required=["template"])}),
        False,
    ),
}


@pytest.mark.parametrize(("asked", "may"), REQUESTS.values(), ids=REQUESTS)
def test_g134_answers_to_most_requests_may_be_kept(asked: ParsedRequest, may: bool) -> None:
    assert may_be_kept(asked) is may
