"""A streamed reply, as Google's own client reads it, is the whole reply: as events and as an array.

A stream has the pieces of a text apart, and a text's signature in an empty text after it; `joined`
puts them together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.chat.events import (
    Event,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.dialects.gemini.encode_reply import ARRAY_ENCODING, ENCODING
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer, ReplyEncoding
from loopback import Answer, Loopback
from replies import events, in_pieces

genai = pytest.importorskip("google.genai")

# Google's client.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

ENVELOPE = Envelope(model="m", id="r1")
FORMS = {"events": ENCODING, "array": ARRAY_ENCODING}
EACH_FORM = pytest.mark.parametrize("form", FORMS)
STOP = Finished("stop", "")


def readable(found: Sequence[Event]) -> list[Event]:
    """The events, with signatures in base64 and no tier, as the client's types want them."""
    events: list[Event] = []
    for event in found:
        signed = isinstance(event, ReasoningDelta | ToolCallDelta) and event.signature
        match event:
            case UsageReport(usage=usage):
                events.append(UsageReport(msgspec.structs.replace(usage, service_tier=None)))
            case ReasoningDelta(text=text) if signed:
                events.append(ReasoningDelta(text, "c2ln"))
            case ToolCallDelta(index=index) if signed:
                events.append(ToolCallDelta(index, event.id, event.name, event.arguments, "c2ln"))
            case _:
                events.append(event)
    return events


def streamed(encoding: ReplyEncoding, found: Sequence[Event], seed: int) -> list[bytes]:
    """The bytes of the stream, in pieces and with a keep-alive in front of each."""
    encoder: Any = encoding.encoder(ENVELOPE)
    pieces = [encoder.keep_alive()]
    for event in in_pieces(found, seed):
        pieces += [*encoder.encode(event), encoder.keep_alive()]
    return [*pieces, *encoder.end()]


def elements(form: str, pieces: Sequence[bytes]) -> list[Any]:
    """The replies in a stream, as the client's types, without those that keep it alive."""
    data = b"".join(pieces)
    if form == "array":
        found = json.loads(data)
    else:
        assert data.endswith(b"\r\n\r\n")
        sent = data.split(b"\r\n\r\n")[:-1]
        found = [json.loads(each.removeprefix(b"data: ")) for each in sent]
        found = [each for each in found if each != {"candidates": []}]
    read = genai.types.GenerateContentResponse.model_validate
    return [read(each) for each in found]


def joined(replies: Sequence[Any]) -> Any:
    """All that the client reads of these replies together."""
    parts: list[list[Any]] = []
    for part in (part for reply in replies for part in contents(reply)):
        call = part.function_call and (part.function_call.name, part.function_call.args)
        kind = "call" if call else "thought" if part.thought else "text"
        text, signature = part.text or "", part.thought_signature
        last = parts[-1] if parts else None
        if call or last is None or last[0] != kind or last[2]:
            if call or text or signature:
                parts.append([kind, call or text, signature])
        else:
            last[1] += text
            last[2] = signature
    last = replies[-1]
    candidate = last.candidates[0] if last.candidates else None
    return {
        "parts": parts,
        "finish": candidate and candidate.finish_reason,
        "citations": candidate and candidate.citation_metadata,
        "feedback": last.prompt_feedback,
        "usage": last.usage_metadata,
        "model": last.model_version,
        "id": last.response_id,
    }


def contents(reply: Any) -> Iterator[Any]:
    for candidate in reply.candidates or ():
        yield from candidate.content.parts or ()


@EACH_FORM
@given(found=events(), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_a_stream_adds_up_to_the_whole_reply(form: str, found: list[Event], seed: int) -> None:
    found = readable(found)
    whole = json.loads(ENCODING.whole(found, ENVELOPE))

    replies = elements(form, streamed(FORMS[form], found, seed))

    assert joined(replies) == joined([genai.types.GenerateContentResponse.model_validate(whole)])


@given(found=events(), seed=st.integers(0, 99))
@settings(max_examples=8, deadline=None)
def test_google_s_client_reads_the_whole_reply_from_a_stream(found: list[Event], seed: int) -> None:
    found = readable(found)
    pieces = streamed(ENCODING, found, seed)
    answer = Answer(pieces, 200, {"content-type": ENCODING.stream_type}, "chunked")
    with Loopback(answer) as server:
        options = genai.types.HttpOptions(base_url=server.url, api_version="v1beta")
        client = genai.Client(api_key="a-key-that-opens-nothing", http_options=options)
        try:
            replies = list(client.models.generate_content_stream(model="m", contents="Hello"))
        finally:
            client.close()

    whole = ENCODING.whole(found, ENVELOPE)
    expected = genai.types.GenerateContentResponse.model_validate_json(whole)
    assert joined(replies) == joined([expected])


@EACH_FORM
def test_the_last_event_alone_has_the_end_and_every_one_is_a_whole_reply(form: str) -> None:
    sent: list[Event] = [Started("m", "r1"), TextDelta("a"), TextDelta("b")]
    sent += [UsageReport(Usage(prompt_tokens=1, completion_tokens=2)), STOP]
    *first, last = elements(form, streamed(FORMS[form], sent, 0))

    assert [each.candidates[0].finish_reason for each in first] == [None, None]
    assert last.candidates[0].finish_reason.value == "STOP"
    assert last.usage_metadata.total_token_count == 3
    assert {(each.model_version, each.response_id) for each in [*first, last]} == {("m", "r1")}


@EACH_FORM
def test_a_complete_reply_has_an_end_though_no_reason_came(form: str) -> None:
    *_, last = elements(form, streamed(FORMS[form], [TextDelta("a")], 0))

    assert last.candidates[0].finish_reason.value == "STOP"
    whole = json.loads(ENCODING.whole([TextDelta("a")], ENVELOPE))
    assert whole["candidates"][0]["finishReason"] == "STOP"


@pytest.mark.parametrize("kept_alive", [0, 1, 2])
@pytest.mark.parametrize("begun", [False, True])
def test_an_array_that_fails_ends_in_the_error(kept_alive: int, begun: bool) -> None:
    encoder: Any = ARRAY_ENCODING.encoder(ENVELOPE)
    pieces = encoder.encode(TextDelta("a")) if begun else []
    pieces += [encoder.keep_alive() for _ in range(kept_alive)]
    pieces += encoder.fail(ErrorAnswer(status=503, message="Not today."))
    *first, last = json.loads(b"".join(pieces))

    assert len(first) == begun
    assert last == {"error": {"code": 503, "message": "Not today.", "status": "UNAVAILABLE"}}


def test_an_error_in_place_of_an_array_is_its_only_element() -> None:
    head, body = ARRAY_ENCODING.error(ErrorAnswer(status=404, message="no"))

    assert head.status == 404
    assert json.loads(body) == [{"error": {"code": 404, "message": "no", "status": "NOT_FOUND"}}]


@pytest.mark.parametrize("kept_alive", [0, 1, 2])
def test_an_array_is_one_at_every_place_but_its_end(kept_alive: int) -> None:
    encoder: Any = ARRAY_ENCODING.encoder(ENVELOPE)
    pieces = [encoder.keep_alive() for _ in range(kept_alive)]
    pieces += encoder.encode(TextDelta("a")) + encoder.encode(TextDelta("b"))

    assert len(json.loads(b"".join(pieces) + b"]")) == 2
    assert len(json.loads(b"".join([*pieces, *encoder.end()]))) == 3


def test_each_element_comes_as_soon_as_its_event() -> None:
    encoder = ARRAY_ENCODING.encoder(ENVELOPE)
    first, second = encoder.encode(TextDelta("a")), encoder.encode(TextDelta("b"))

    assert (first[0][:1], second[0][:3]) == (b"[", b",\r\n")
    assert first[0].endswith(b"}")
    assert second[0].endswith(b"}")


def test_a_keep_alive_is_an_event_without_content() -> None:
    encoder: Any = ENCODING.encoder(ENVELOPE)

    assert encoder.keep_alive() == b'data: {"candidates":[]}\r\n\r\n'
