"""What an API encodes, it reads back: whole and streamed, however the stream is cut.

`LOSSES` has one function for each API, which takes away from a reply just what the API has no place
for, as the docstring of its encoder lists it. Whatever else differs is a fault.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.chat.citation import Citation
from llmring.chat.events import (
    Cited,
    CommentaryDelta,
    Event,
    Failed,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.parts import Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.reply import fold
from llmring.chat.reply_events import unfold
from llmring.chat.response import LLMResponse
from llmring.dialects.anthropic import dialect as anthropic
from llmring.dialects.anthropic import encode_reply as anthropic_encode_reply
from llmring.dialects.dialect import Dialect
from llmring.dialects.gemini import dialect as gemini
from llmring.dialects.gemini import encode_reply as gemini_encode_reply
from llmring.dialects.ollama import dialect as ollama
from llmring.dialects.ollama import encode_reply as ollama_encode_reply
from llmring.dialects.openai_chat import dialect as openai_chat
from llmring.dialects.openai_chat import encode_reply as openai_chat_encode_reply
from llmring.dialects.openai_responses import dialect as openai_responses
from llmring.dialects.openai_responses import encode_reply as openai_responses_encode_reply
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer, ReplyEncoding
from llmring.exceptions import ContextLengthError, ProviderError, ProviderResponseError
from llmring.wire import HttpHead
from replies import in_pieces, replies

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"

OK = HttpHead(200, {"content-type": "application/json"})
EPOCH = "1970-01-01T00:00:00Z"


class Api(msgspec.Struct, frozen=True):
    dialect: Dialect
    encoding: ReplyEncoding
    recordings: str


APIS = {
    "anthropic": Api(anthropic.DIALECT, anthropic_encode_reply.ENCODING, "anthropic"),
    "gemini": Api(gemini.DIALECT, gemini_encode_reply.ENCODING, "google"),
    "ollama": Api(ollama.DIALECT, ollama_encode_reply.ENCODING, "ollama"),
    "openai_chat": Api(openai_chat.DIALECT, openai_chat_encode_reply.ENCODING, "openai_chat"),
    "openai_responses": Api(
        openai_responses.DIALECT, openai_responses_encode_reply.ENCODING, "openai_responses"
    ),
}
EACH_API = pytest.mark.parametrize("name", APIS)
EITHER_FORM = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


def folded(api: Api, events: Iterable[Event]) -> LLMResponse:
    return fold("a:model", events, api.dialect.name)


def decoded(api: Api, pieces: Iterable[bytes]) -> list[Event]:
    decoder = api.dialect.decoder(HttpHead(200, {"content-type": api.encoding.stream_type}))
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


def cut(body: bytes, seed: int) -> Iterator[bytes]:
    """The body in pieces of any length, some of a single byte."""
    dice = random.Random(seed)
    at = 0
    while at < len(body):
        length = dice.choice([1, 2, 7, 40, 300])
        yield body[at : at + length]
        at += length


def round_trip(
    api: Api, events: Sequence[Event], *, streamed: bool, seed: int | None = None
) -> LLMResponse:
    if not streamed:
        return folded(api, api.dialect.decode(OK, api.encoding.whole(events, Envelope())))
    sent = api.encoding.stream(events, Envelope())
    return folded(api, decoded(api, sent if seed is None else cut(b"".join(sent), seed)))


# --- Replies of any kind: what comes back is all but what the API has no place for ---


def addressed(citation: Citation) -> Citation:
    """The citation with what Gemini has a place for."""
    return Citation(url=citation.url, title=citation.title, start=citation.start, end=citation.end)


Changes = Callable[[list[Event], bool], Iterator[Event]]


# The end of a reply by its reason: what is read of it, and the word for it.
ENDS = {
    "anthropic": {
        "stop": ("stop", "end_turn"),
        "tool_calls": ("tool_calls", "tool_use"),
        "length": ("length", "max_tokens"),
        "content_filter": ("content_filter", "refusal"),
        "error": ("stop", "end_turn"),
    },
    "gemini": {
        "stop": ("stop", "STOP"),
        "tool_calls": ("stop", "STOP"),
        "length": ("length", "MAX_TOKENS"),
        "content_filter": ("content_filter", "SAFETY"),
        "error": ("error", "OTHER"),
    },
    "ollama": {
        "stop": ("stop", "stop"),
        "tool_calls": ("stop", "stop"),
        "length": ("length", "length"),
        "content_filter": ("stop", "stop"),
        "error": ("stop", "stop"),
    },
    "openai_chat": {
        "stop": ("stop", "stop"),
        "tool_calls": ("tool_calls", "tool_calls"),
        "length": ("length", "length"),
        "content_filter": ("content_filter", "content_filter"),
        "error": ("stop", "stop"),
    },
    "openai_responses": {
        "stop": ("stop", "completed"),
        "tool_calls": ("stop", "completed"),
        "length": ("length", "max_output_tokens"),
        "content_filter": ("content_filter", "content_filter"),
        "error": ("stop", "completed"),
    },
}

NO_SOUND_OR_IMAGES = dict.fromkeys(
    (
        "audio_prompt_tokens",
        "cached_audio_tokens",
        "audio_completion_tokens",
        "image_completion_tokens",
    ),
    0,
)


def lost_by_anthropic(events: list[Event], streamed: bool) -> Iterator[Event]:
    refuses = any(isinstance(each, RefusalDelta) for each in events)
    for event in events:
        match event:
            case ReasoningDelta(text=text, signature=signature):
                yield ReasoningDelta(text, signature)
            case ToolCallDelta():
                yield called(event)
            case Cited() | CommentaryDelta():
                pass
            case UsageReport(usage=usage):
                yield UsageReport(msgspec.structs.replace(usage, **NO_SOUND_OR_IMAGES))
            case Finished():
                if not any(isinstance(each, UsageReport) for each in events):
                    yield UsageReport(Usage())
                # A refusal is a reason to stop there.
                others = ("length", "content_filter", "tool_calls")
                is_reason = refuses and event.reason not in others and not event.native
                yield Finished("content_filter", "refusal") if is_reason else event
            case _:
                yield event


def lost_by_gemini(events: list[Event], streamed: bool) -> Iterator[Event]:
    for event in events:
        match event:
            case ReasoningDelta(text=text, signature=signature):
                yield ReasoningDelta(text, signature)
            case ToolCallDelta():
                yield called(event, signed=True)
            case CommentaryDelta():
                pass
            case Cited(citations=citations):
                yield Cited(tuple(map(addressed, citations)))
            case RefusalDelta(text=text):
                yield TextDelta(text)
            case UsageReport(usage=usage):
                lost = ("cache_write_tokens", "cache_write_1h_tokens", "provider_tool_calls")
                yield UsageReport(msgspec.structs.replace(usage, **dict.fromkeys(lost, 0)))
            case _:
                yield event


def lost_by_ollama(events: list[Event], streamed: bool) -> Iterator[Event]:
    for event in with_bare_reasoning(events, streamed):
        match event:
            case Started(model=model):
                yield Started(model, EPOCH)
            case Cited() | CommentaryDelta():
                pass
            case RefusalDelta(text=text):
                yield TextDelta(text)
            case ToolCallDelta():
                yield called(event)
            case UsageReport(usage=usage):
                prompt, completion = usage.prompt_tokens, usage.completion_tokens
                yield UsageReport(Usage(prompt_tokens=prompt, completion_tokens=completion))
            case _:
                yield event


def lost_by_openai_chat(events: list[Event], streamed: bool) -> Iterator[Event]:
    for event in with_bare_reasoning(events, streamed):
        match event:
            case CommentaryDelta():
                pass
            case UsageReport(usage=usage):
                yield UsageReport(msgspec.structs.replace(usage, cache_write_1h_tokens=0))
            case _:
                yield event


def with_bare_reasoning(events: list[Event], streamed: bool) -> list[Event]:
    """The events; reasoning has no signatures, and comes first where the reply is whole."""
    bare = [
        ReasoningDelta(event.text) if isinstance(event, ReasoningDelta) else event
        for event in events
        if not isinstance(event, ReasoningDelta) or event.text
    ]
    if not streamed:
        bare.sort(key=lambda event: not isinstance(event, ReasoningDelta))
    return bare


def lost_by_openai_responses(events: list[Event], streamed: bool) -> Iterator[Event]:
    reasoned = False
    for event in with_remarks_marked(events):
        match event:
            case ReasoningDelta(text=text, signature=signature, id=id_):
                if reasoned and text:
                    text = "\n\n" + text.removeprefix("\n\n")
                reasoned = reasoned or bool(text)
                yield ReasoningDelta(text, signature, id_)
            case ToolCallDelta():
                yield msgspec.structs.replace(event, signature=None)
            case UsageReport(usage=usage):
                lost = ("cache_write_1h_tokens", "cached_audio_tokens", "provider_tool_calls")
                yield UsageReport(msgspec.structs.replace(usage, **dict.fromkeys(lost, 0)))
            case _:
                yield event


def with_remarks_marked(events: list[Event]) -> Iterator[Event]:
    """The events as those of Responses, where a message has a mark and citations of its own."""
    begins_at = length = 0
    for at, event in enumerate(events):
        if not isinstance(event, TextDelta | Cited):
            begins_at = length
        match event:
            case TextDelta(text=text):
                length += len(text)
                yield event
            case Cited(citations=citations):
                yield Cited(tuple(e for e in citations if e.start is None or e.start >= begins_at))
            case _:
                yield event
        follows = events[at + 1] if at + 1 < len(events) else None
        if isinstance(event, CommentaryDelta) and not isinstance(follows, CommentaryDelta):
            yield ProviderItem(REMARK)


REMARK = {"type": "message", "role": "assistant", "phase": "commentary"}


def called(call: ToolCallDelta, *, signed: bool = False) -> ToolCallDelta:
    """The call as APIs give it back that know calls of functions only."""
    arguments = call.arguments
    if call.kind == "custom":
        arguments = msgspec.json.encode({"arguments": arguments}).decode()
    signature = call.signature if signed else None
    return ToolCallDelta(call.index, call.id, call.name, arguments, signature)


LOSSES: dict[str, Changes] = {
    "anthropic": lost_by_anthropic,
    "gemini": lost_by_gemini,
    "ollama": lost_by_ollama,
    "openai_chat": lost_by_openai_chat,
    "openai_responses": lost_by_openai_responses,
}


def comparable(reply: LLMResponse) -> LLMResponse:
    """The reply with the values of its arguments, and without IDs and fields of an encoder."""
    calls: Any = reply.tool_calls and [
        {
            "id": call["id"],
            "type": call["type"],
            "signature": call.get("signature", ""),
            "function": {**call["function"], "arguments": value_of(call["function"]["arguments"])},
        }
        for call in reply.tool_calls
    ]
    parts = reply.parts and tuple(
        msgspec.structs.replace(
            part, id=None if (part.id or "").startswith("rs_") else part.id, field=None
        )
        if isinstance(part, ReasoningPart)
        else part
        for part in reply.parts
        if not is_annotated_text(part)
    )
    if parts and len(parts) == 1 and type(parts[0]) is TextPart:
        parts = None
    return msgspec.structs.replace(reply, tool_calls=calls, parts=parts)


def is_annotated_text(part: Part) -> bool:
    """True for a text that the reply also has as such, with the annotations of its citations."""
    if not isinstance(part, ProviderPart):
        return False
    return part.content.get("type") == "message" and "content" in part.content


def value_of(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments), sort_keys=True)
    except ValueError:
        return arguments


def carried(name: str, reply: LLMResponse, *, streamed: bool) -> LLMResponse:
    """The reply without what the API has no place for, its end in the API's words."""
    *events, finished = LOSSES[name](unfold(reply), streamed)
    assert isinstance(finished, Finished)
    return folded(APIS[name], [*events, Finished(*ENDS[name][finished.reason])])


@EACH_API
@given(reply=replies(), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_whole_reply_loses_only_what_the_api_has_no_place_for(
    name: str, reply: LLMResponse, seed: int
) -> None:
    api = APIS[name]
    expected = carried(name, reply, streamed=False)
    pieces = list(in_pieces(unfold(reply), seed))

    assert comparable(round_trip(api, pieces, streamed=False)) == comparable(expected)


@EACH_API
@given(reply=replies(), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_streamed_reply_loses_only_what_the_api_has_no_place_for_however_it_is_cut(
    name: str, reply: LLMResponse, seed: int
) -> None:
    api = APIS[name]
    expected = carried(name, reply, streamed=True)
    pieces = list(in_pieces(unfold(reply), seed))

    found = round_trip(api, pieces, streamed=True, seed=seed)

    assert comparable(found) == comparable(expected)


@EACH_API
@EITHER_FORM
@given(reply=replies(), seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_a_reply_of_the_api_itself_comes_back_as_it_was(
    name: str, streamed: bool, reply: LLMResponse, seed: int
) -> None:
    api = APIS[name]
    own = round_trip(api, unfold(reply), streamed=streamed)

    assert round_trip(api, unfold(own), streamed=streamed, seed=seed) == own


# --- The words of each API for the end of a reply ---

NATIVE = {
    "anthropic": "end_turn max_tokens stop_sequence tool_use pause_turn refusal"
    " model_context_window_exceeded",
    "gemini": "STOP MAX_TOKENS SAFETY RECITATION LANGUAGE OTHER BLOCKLIST PROHIBITED_CONTENT SPII"
    " MALFORMED_FUNCTION_CALL IMAGE_SAFETY UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS NO_IMAGE"
    " MISSING_THOUGHT_SIGNATURE MALFORMED_RESPONSE MODEL_ARMOR",
    "ollama": "stop length load unload",
    "openai_chat": "stop length tool_calls content_filter function_call eos"
    " insufficient_system_resource",
    "openai_responses": "completed max_output_tokens content_filter incomplete",
}


@EITHER_FORM
@pytest.mark.parametrize(
    ("name", "native"), [(name, word) for name in NATIVE for word in NATIVE[name].split()]
)
def test_the_native_word_for_the_end_is_kept(name: str, native: str, streamed: bool) -> None:
    events: list[Event] = [Started("m", EPOCH), TextDelta("Hello"), Finished("stop", native)]

    assert round_trip(APIS[name], events, streamed=streamed).native_finish_reason == native


@EITHER_FORM
@pytest.mark.parametrize("reason", ["OTHER", "JAILBREAK", "PROHIBITED_CONTENT"])
def test_gemini_says_that_a_prompt_was_blocked(reason: str, streamed: bool) -> None:
    events: list[Event] = [Started("m", "1"), Finished("content_filter", reason)]

    found = round_trip(APIS["gemini"], events, streamed=streamed)

    assert (found.finish_reason, found.native_finish_reason) == ("content_filter", reason)


# --- What only one API has ---

CITED = {"type": "text", "text": "XX", "citations": [{"type": "char_location", "cited_text": "x"}]}
OWN: dict[str, list[list[Event]]] = {
    "anthropic": [
        [TextDelta("aXX"), TextDelta("XX"), ProviderItem(CITED), TextDelta("b")],
        [
            TextDelta("aX"),
            TextDelta("X"),
            ProviderItem(CITED),
            TextDelta("XX"),
            ProviderItem(CITED),
        ],
        [
            ReasoningDelta("Think", "sig"),
            ProviderItem({"type": "redacted_thinking", "data": "x"}),
            ProviderItem(
                {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": "ü"}}
            ),
            ProviderItem({"type": "web_search_tool_result", "tool_use_id": "s", "content": []}),
            TextDelta("Found."),
        ],
        [
            ToolCallDelta(0, "a", "f", '{"x":1}'),
            ProviderItem(
                {"type": "tool_use", "id": "a", "caller": {"type": "code", "tool_id": "s"}}
            ),
            TextDelta("and"),
            ToolCallDelta(1, "b", "g", '{"y":[2]}'),
        ],
        [TextDelta("a"), ProviderItem({"type": "container", "id": "container_1"})],
    ],
    "gemini": [
        [TextDelta("a"), ReasoningDelta("", "sig"), TextDelta("b")],
        [
            ReasoningDelta("Think"),
            ProviderItem({"text": "", "thoughtSignature": "sig"}),
            TextDelta("a"),
        ],
        [
            ProviderItem({"executableCode": {"language": "PYTHON", "code": "1"}}),
            ProviderItem({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}),
            TextDelta("One."),
            ProviderItem({"inlineData": {"mimeType": "image/png", "data": "aGk="}}),
        ],
        [ToolCallDelta(0, "a", "f", "{}", "sig"), ToolCallDelta(1, "b", "g", '{"x":1.0}')],
    ],
    "openai_chat": [
        [
            ReasoningDelta("Think", field="reasoning"),
            TextDelta("a"),
            ProviderItem({"type": "reasoning.text", "text": "Think", "index": 0}),
        ],
        [
            TextDelta("a"),
            ProviderItem({"type": "reasoning.encrypted", "data": "x", "index": 0}),
        ],
        [
            ToolCallDelta(
                0, "a", "f", "{}", "sig", extra={"google": {"thought_signature": "sig"}, "x": 1}
            ),
            ToolCallDelta(1, "b", "g", "free", None, "custom"),
        ],
    ],
    "openai_responses": [
        [
            CommentaryDelta("Well."),
            ProviderItem({"type": "message", "role": "assistant", "phase": "commentary"}),
            TextDelta("Four."),
            ProviderItem({"type": "message", "role": "assistant", "phase": "final_answer"}),
        ],
        [
            ReasoningDelta("Think", None, "r1"),
            ReasoningDelta("", "enc", "r1"),
            ReasoningDelta("\n\nAgain", "enc2", "r2"),
            TextDelta("a"),
        ],
        [
            ReasoningDelta("Think", None, "r1"),
            ProviderItem(
                {
                    "type": "reasoning",
                    "id": "r1",
                    "summary": [],
                    "content": [{"type": "reasoning_text", "text": "Think"}],
                }
            ),
            TextDelta("a"),
        ],
        [
            ToolCallDelta(0, "a", "f", '{"x":1}'),
            ProviderItem(
                {
                    "type": "function_call",
                    "call_id": "a",
                    "name": "f",
                    "arguments": '{"x":1}',
                    "namespace": "n",
                }
            ),
            TextDelta("and"),
            ToolCallDelta(1, "b", "g", "free", None, "custom"),
        ],
        [
            ProviderItem({"type": "web_search_call", "id": "w", "status": "completed"}),
            TextDelta("a"),
        ],
    ],
}


@EITHER_FORM
@pytest.mark.parametrize(
    ("name", "contents"),
    [(name, contents) for name, all_contents in OWN.items() for contents in all_contents],
)
def test_what_only_one_api_has_comes_back_as_it_was(
    name: str, contents: list[Event], streamed: bool
) -> None:
    api = APIS[name]
    reply = folded(api, [Started("m", "1"), *contents])

    found = round_trip(api, [*unfold(reply), Finished("stop", "")], streamed=streamed)

    assert (found.parts, found.content, found.tool_calls) == (
        reply.parts,
        reply.content,
        reply.tool_calls,
    )


# --- Parts of the protocols that clients rely on ---


def payloads(name: str, events: Sequence[Event], envelope: Envelope | None = None) -> list[Any]:
    sent = b"".join(APIS[name].encoding.stream(events, envelope or Envelope()))
    lines = [line.removeprefix(b"data: ") for line in sent.split(b"\n") if b"{" in line]
    return [json.loads(line) for line in lines]


HELLO: list[Event] = [
    Started("m", "1"),
    TextDelta("Hello"),
    UsageReport(Usage(prompt_tokens=5, completion_tokens=2)),
    Finished("stop", ""),
]


def test_g074_chat_reports_the_tokens_of_a_stream_only_if_it_is_asked_to() -> None:
    with_usage, without = (
        payloads("openai_chat", HELLO, Envelope(include_usage=request)) for request in (True, False)
    )

    assert with_usage[-1]["choices"] == []
    assert with_usage[-1]["usage"]["total_tokens"] == 7
    assert not any("usage" in chunk for chunk in without)


def test_chat_sends_an_empty_object_for_a_call_without_arguments() -> None:
    events: list[Event] = [
        Started("m", "1"),
        ToolCallDelta(0, "a", "f"),
        Finished("tool_calls", ""),
    ]
    deltas = [chunk["choices"][0]["delta"] for chunk in payloads("openai_chat", events)]
    calls = [delta["tool_calls"][0]["function"] for delta in deltas if "tool_calls" in delta]

    assert "".join(call["arguments"] for call in calls) == "{}"


def test_anthropic_reports_the_input_tokens_at_the_beginning_of_a_stream() -> None:
    first = payloads("anthropic", HELLO)[0]

    assert first["message"]["usage"]["input_tokens"] == 5


def test_anthropic_corrects_at_the_end_what_the_beginning_estimated() -> None:
    usage = Usage(prompt_tokens=9, cache_write_tokens=4, cache_write_1h_tokens=4)
    encoder = APIS["anthropic"].encoding.encoder(Envelope(usage=Usage(prompt_tokens=3)))
    events: list[Event] = [TextDelta("Hi"), UsageReport(usage), Finished("stop", "")]
    sent = [piece for event in events for piece in encoder.encode(event)] + encoder.end()

    assert folded(APIS["anthropic"], decoded(APIS["anthropic"], sent)).usage == usage


def test_anthropic_numbers_its_blocks_and_closes_each() -> None:
    events: list[Event] = [
        Started("m", "1"),
        ReasoningDelta("Think", "sig"),
        TextDelta("Hello"),
        ToolCallDelta(0, "a", "f", "{}"),
        Finished("tool_calls", ""),
    ]
    sent = payloads("anthropic", events)
    marks = [(each["type"], each["index"]) for each in sent if "index" in each]

    assert [mark for mark in marks if "delta" not in mark[0]] == [
        (f"content_block_{what}", index) for index in range(3) for what in ("start", "stop")
    ]


def test_g073_responses_number_their_events_and_end_with_the_whole_reply() -> None:
    events: list[Event] = [
        Started("m", "resp_1"),
        ReasoningDelta("Think", "sig", "rs_1"),
        TextDelta("Hello"),
        ToolCallDelta(0, "a", "f", "{}"),
        UsageReport(Usage(prompt_tokens=1)),
        Finished("tool_calls", ""),
    ]
    sent = payloads("openai_responses", events, Envelope(created=7, echo={"temperature": 0.5}))
    whole = json.loads(
        APIS["openai_responses"].encoding.whole(
            events, Envelope(created=7, echo={"temperature": 0.5})
        )
    )

    assert [event["sequence_number"] for event in sent] == list(range(len(sent)))
    assert sent[-1]["response"] == whole
    assert whole["temperature"] == 0.5
    done = [event["item"] for event in sent if event["type"] == "response.output_item.done"]
    assert done == whole["output"]


@EACH_API
def test_an_encoder_gives_the_bytes_of_each_event_at_once(name: str) -> None:
    encoder = APIS[name].encoding.encoder(Envelope())
    for word in ("un", "deux", "trois"):
        sent = b"".join(encoder.encode(TextDelta(word)))

        assert word.encode() in sent


@pytest.mark.parametrize("name", ["anthropic", "gemini", "ollama", "openai_responses"])
def test_a_late_piece_of_a_call_is_refused(name: str) -> None:
    encoder = APIS[name].encoding.encoder(Envelope())
    encoder.encode(ToolCallDelta(0, "a", "f"))
    encoder.encode(ToolCallDelta(1, "b", "g"))

    with pytest.raises(ValueError, match="tool call 0"):
        encoder.encode(ToolCallDelta(0, arguments="{}"))


@EACH_API
def test_a_complete_reply_may_have_the_pieces_of_its_calls_mixed(name: str) -> None:
    events: list[Event] = [
        Started("m", EPOCH),
        ToolCallDelta(0, "a", "f"),
        ToolCallDelta(1, "b", "g"),
        ToolCallDelta(0, arguments='{"x":1}'),
        ToolCallDelta(1, arguments='{"y":2}'),
        Finished("tool_calls", ""),
    ]

    assert round_trip(APIS[name], events, streamed=True).tool_calls == fold("m", events).tool_calls


# --- Errors ---

STATUSES = (400, 401, 403, 404, 413, 429, 500, 503, 504, 529)


@EACH_API
@pytest.mark.parametrize("status", STATUSES)
def test_an_error_is_read_as_that_of_its_status(name: str, status: int) -> None:
    api = APIS[name]
    head, body = api.encoding.error(
        ErrorAnswer(status=status, message="No.", retry_after=7, request_id="req_1")
    )
    error = api.dialect.explain(head, body)

    assert (error.status, error.provider_message, error.retry_after) == (status, "No.", 7)
    assert error.request_id == "req_1"
    bare = api.dialect.explain(HttpHead(status, {}), b"")
    if status == 413 and name == "anthropic":
        assert type(error) is ContextLengthError  # the only API that has a type of its own for it
    else:
        assert type(error) is type(bare)


@EACH_API
def test_a_stream_that_fails_ends_in_the_api_s_own_error(name: str) -> None:
    api = APIS[name]
    encoder = api.encoding.encoder(Envelope())
    error = ProviderResponseError("500 broken", status=500, provider_message="Broken.")
    events: list[Event] = [Started("m", "1"), TextDelta("Hel"), Failed(error)]
    sent = [piece for event in events for piece in encoder.encode(event)]

    *before, last = decoded(api, sent)

    assert folded(api, before).content == "Hel"
    assert isinstance(last, Failed)
    assert isinstance(last.error, ProviderResponseError)
    assert last.error.provider_message == "Broken."
    assert not any(b"[DONE]" in piece for piece in sent)


# --- Recordings ---

recorded = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="needs the recordings beside the repository"
)


class Recording(msgspec.Struct):
    id: str
    kind: str
    response: dict[str, Any]

    @property
    def head(self) -> HttpHead:
        headers = {key.lower(): value for key, value in self.response["headers"].items()}
        return HttpHead(self.response["status"], headers)

    @property
    def body(self) -> bytes:
        return str(self.response["body"]).encode()


def recordings(api: Api) -> list[Recording]:
    decoder = msgspec.json.Decoder(Recording)
    with (RECORDINGS / f"{api.recordings}.jsonl").open("rb") as lines:
        return [decoder.decode(line) for line in lines]


def reading_of(api: Api, recording: Recording) -> list[Event] | ProviderError:
    """The events of a recorded reply, or the error that it is."""
    if recording.head.status >= 400:
        return api.dialect.explain(recording.head, recording.body)
    if recording.kind == "chat":
        return api.dialect.decode(recording.head, recording.body)
    events = decoded(api, [recording.body])
    failed = [event.error for event in events if isinstance(event, Failed)]
    return failed[0] if failed else events


def described(error: ProviderError) -> tuple[Any, ...]:
    return type(error), error.status, error.code, error.provider_message, error.retry_after


def lossless(name: str, reply: LLMResponse) -> LLMResponse:
    """The reply without the few things in recordings that its own API has no place for."""
    if name == "gemini" and reply.usage is not None:
        usage = msgspec.structs.replace(reply.usage, provider_tool_calls=0)
        reply = msgspec.structs.replace(reply, usage=usage)
    if name == "gemini" and reply.refusal is not None:
        reply = msgspec.structs.replace(reply, content=reply.refusal, refusal=None)
    if name == "gemini":
        named = tuple(addressed(each) for each in reply.citations if each.url or each.title)
        reply = msgspec.structs.replace(reply, citations=named)
    if name == "openai_responses" and reply.parts is not None:
        parts = list(reply.parts)
        for item in reply.parts:
            if isinstance(item, ProviderPart) and item.content.get("type") == "reasoning":
                # Its place is that of the thought.
                ids = [part.id for part in parts if isinstance(part, ReasoningPart)]
                if item.content.get("id") in ids:
                    parts.remove(item)
                    thoughts = [p for p in parts if isinstance(p, ReasoningPart)]
                    thought = next(p for p in thoughts if p.id == item.content["id"])
                    parts.insert(parts.index(thought) + 1, item)
        reply = msgspec.structs.replace(reply, parts=tuple(parts))
    return reply


@recorded
@EACH_API
@EITHER_FORM
def test_every_recorded_reply_comes_back_as_it_was(name: str, streamed: bool) -> None:
    api = APIS[name]
    wrong = {}
    for recording in recordings(api):
        reading = reading_of(api, recording)
        if isinstance(reading, ProviderError):
            continue
        reply = folded(api, reading)
        found = round_trip(api, unfold(reply), streamed=streamed, seed=len(recording.body))
        expected = lossless(name, reply)
        if not streamed and name == "anthropic":
            # White space in arguments.
            found, expected = comparable(found), comparable(expected)
        if found != expected:
            wrong[recording.id] = (expected, found)

    assert wrong == {}


@recorded
@EACH_API
def test_every_recorded_error_comes_back_as_it_was(name: str) -> None:
    api = APIS[name]
    wrong = {}
    for recording in recordings(api):
        error = reading_of(api, recording)
        if isinstance(error, ProviderError) and recording.head.status >= 400:
            found = api.dialect.explain(*api.encoding.error(ErrorAnswer.of(error)))
            if described(found) != described(error):
                wrong[recording.id] = (described(error), described(found))

    assert wrong == {}


@recorded
@EACH_API
def test_every_recorded_failure_of_a_stream_comes_back_with_its_message(name: str) -> None:
    api = APIS[name]
    for recording in recordings(api):
        error = reading_of(api, recording)
        if not isinstance(error, ProviderError) or recording.head.status >= 400:
            continue
        if error.provider_message is not None:
            encoder = api.encoding.encoder(Envelope())
            *_, last = decoded(api, encoder.fail(ErrorAnswer.of(error)))

            assert isinstance(last, Failed)
            assert last.error.provider_message == error.provider_message
