"""The vendors' own clients read what our encoders send, whole and streamed, to the same values.

Each body and each event is valid in the strict types of the client too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from llmring.chat.events import (
    CommentaryDelta,
    Event,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.reply import fold
from llmring.chat.reply_events import unfold
from llmring.chat.response import LLMResponse
from llmring.dialects.anthropic import encode_reply as anthropic_encode_reply
from llmring.dialects.gemini import encode_reply as gemini_encode_reply
from llmring.dialects.ollama import encode_reply as ollama_encode_reply
from llmring.dialects.openai_chat import encode_reply as openai_chat_encode_reply
from llmring.dialects.openai_responses import encode_reply as openai_responses_encode_reply
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer, ReplyEncoding
from loopback import Answer, Loopback
from replies import replies

anthropic = pytest.importorskip("anthropic")
genai = pytest.importorskip("google.genai")
ollama = pytest.importorskip("ollama")
openai = pytest.importorskip("openai")
pydantic = pytest.importorskip("pydantic")

KEY = "a-key-that-opens-nothing"
ASKED: Any = [{"role": "user", "content": "Hello"}]
ENVELOPE = Envelope(created=1_700_000_000)
USED = Usage(prompt_tokens=3, completion_tokens=2)


def sendable(reply: LLMResponse) -> list[Event]:
    """The events of the reply, with what the clients have no types for taken out."""
    events: list[Event] = []
    for event in unfold(reply):
        match event:
            case UsageReport(usage=usage):
                events.append(UsageReport(msgspec.structs.replace(usage, service_tier=None)))
            case ToolCallDelta():
                signature = _signature(event)
                arguments = _object(event)
                events.append(
                    ToolCallDelta(event.index, event.id, event.name, arguments, signature)
                )
            case ReasoningDelta():
                events.append(ReasoningDelta(event.text, _signature(event), event.id))
            case _:
                events.append(event)
    return events


def _signature(event: ReasoningDelta | ToolCallDelta) -> str | None:
    # Google's client wants its signatures in base64.
    return None if event.signature is None else "c2ln"


def _object(call: ToolCallDelta) -> str:
    return call.arguments if call.kind == "function" else json.dumps({"text": call.arguments})


Calls = list[tuple[str, Any]]


class Read(msgspec.Struct):
    """What a client reads of a reply."""

    text: str
    calls: Calls
    reason: str | None
    tokens: tuple[int, int] | None
    reasoning: str = ""
    refusal: str = ""


def serve(
    server: Loopback, encoding: ReplyEncoding, events: Sequence[Event], *, stream: bool
) -> None:
    if stream:
        headers = {"content-type": encoding.stream_type}
        pieces = encoding.stream(events, ENVELOPE)
        server.answers = [Answer(pieces, 200, headers, "chunked")]
    else:
        body = encoding.whole(events, ENVELOPE)
        server.answers = [Answer([body], 200, {"content-type": "application/json"})]


def data_of(pieces: Sequence[bytes]) -> Iterator[bytes]:
    """The JSON of each event."""
    for line in b"".join(pieces).split(b"\n"):
        if line.startswith(b"data: {"):
            yield line.removeprefix(b"data: ")


# --- One reader a client ---


def read_openai_chat(url: str, *, stream: bool) -> Read:
    from openai.lib.streaming.chat import ChatCompletionStreamState

    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        if stream:
            state = ChatCompletionStreamState()
            for chunk in client.chat.completions.create(model="m", messages=ASKED, stream=True):
                state.handle_chunk(chunk)
            found = state.current_completion_snapshot
        else:
            found = client.chat.completions.create(model="m", messages=ASKED)
    choice = found.choices[0]
    calls = [
        (c.function.name, json.loads(c.function.arguments)) for c in choice.message.tool_calls or ()
    ]
    usage = found.usage
    return Read(
        choice.message.content or "",
        calls,
        choice.finish_reason,
        (usage.prompt_tokens, usage.completion_tokens) if usage else None,
        getattr(choice.message, "reasoning_content", None) or "",
        choice.message.refusal or "",
    )


def read_openai_responses(url: str, *, stream: bool) -> Read:
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        if stream:
            with client.responses.stream(model="m", input="Hello") as events:
                seen = list(events)
            ends = ("response.completed", "response.incomplete")
            [found] = [event.response for event in seen if event.type in ends]
            deltas = [event.delta for event in seen if event.type == "response.output_text.delta"]
            assert "".join(deltas) == found.output_text
        else:
            found = client.responses.create(model="m", input="Hello")
    parts = [part for item in found.output if item.type == "message" for part in item.content]
    calls = [i for i in found.output if i.type == "function_call"]
    usage = found.usage
    return Read(
        found.output_text,
        [(call.name, json.loads(call.arguments)) for call in calls],
        found.incomplete_details.reason if found.incomplete_details else found.status,
        usage and (usage.input_tokens, usage.output_tokens),
        "".join(s.text for item in found.output if item.type == "reasoning" for s in item.summary),
        "".join(part.refusal for part in parts if part.type == "refusal"),
    )


def read_anthropic(url: str, *, stream: bool) -> Read:
    with anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0) as client:
        request: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": ASKED}
        if stream:
            with client.messages.stream(**request) as events:
                found = events.get_final_message()
        else:
            found = client.messages.create(**request)
    details = found.stop_details
    return Read(
        "".join(block.text for block in found.content if block.type == "text"),
        [(block.name, block.input) for block in found.content if block.type == "tool_use"],
        found.stop_reason,
        (
            found.usage.input_tokens
            + found.usage.cache_read_input_tokens
            + found.usage.cache_creation_input_tokens,
            found.usage.output_tokens,
        ),
        "".join(block.thinking for block in found.content if block.type == "thinking"),
        (details.explanation or "") if details else "",
    )


def read_gemini(url: str, *, stream: bool) -> Read:
    from google.genai import types

    options = types.HttpOptions(base_url=url, api_version="v1beta")
    client = genai.Client(api_key=KEY, http_options=options)
    try:
        if stream:
            chunks = list(client.models.generate_content_stream(model="m", contents="Hello"))
        else:
            chunks = [client.models.generate_content(model="m", contents="Hello")]
    finally:
        client.close()
    candidates = [chunk.candidates[0] for chunk in chunks if chunk.candidates]
    parts = [part for candidate in candidates for part in candidate.content.parts or ()]
    last = chunks[-1]
    usage = last.usage_metadata
    return Read(
        "".join(part.text or "" for part in parts if not part.thought),
        [(p.function_call.name, p.function_call.args) for p in parts if p.function_call],
        last.candidates[0].finish_reason.value,
        usage
        and (
            usage.prompt_token_count,
            usage.candidates_token_count + (usage.thoughts_token_count or 0),
        ),
        "".join(part.text or "" for part in parts if part.thought),
    )


def read_ollama(url: str, *, stream: bool) -> Read:
    with ollama.Client(host=url) as client:
        if stream:
            lines = list(client.chat(model="m", messages=ASKED, stream=True))
        else:
            lines = [client.chat(model="m", messages=ASKED)]
    calls = [call.function for line in lines for call in line.message.tool_calls or ()]
    last = lines[-1]
    counted = last.prompt_eval_count is not None
    return Read(
        "".join(line.message.content or "" for line in lines),
        [(call.name, call.arguments) for call in calls],
        last.done_reason,
        (last.prompt_eval_count, last.eval_count) if counted else None,
        "".join(line.message.thinking or "" for line in lines),
    )


class Client(msgspec.Struct, frozen=True):
    """A vendor's client, and what of a reply its API has no place for.

    Attributes:
        ends: The word for each reason of an end.
        keeps_refusals: Whether a refusal is apart from the text.
        needs_usage: Whether a reply always has tokens.
    """

    encoding: ReplyEncoding
    read: Any
    ends: dict[str, str]
    keeps_refusals: bool = False
    needs_usage: bool = False


CLIENTS = {
    "openai_chat": Client(
        openai_chat_encode_reply.ENCODING,
        read_openai_chat,
        {"length": "length", "content_filter": "content_filter", "tool_calls": "tool_calls"},
        keeps_refusals=True,
    ),
    "openai_responses": Client(
        openai_responses_encode_reply.ENCODING,
        read_openai_responses,
        {
            "stop": "completed",
            "tool_calls": "completed",
            "error": "completed",
            "length": "max_output_tokens",
            "content_filter": "content_filter",
        },
        keeps_refusals=True,
    ),
    "anthropic": Client(
        anthropic_encode_reply.ENCODING,
        read_anthropic,
        {
            "stop": "end_turn",
            "error": "end_turn",
            "tool_calls": "tool_use",
            "length": "max_tokens",
            "content_filter": "refusal",
        },
        keeps_refusals=True,
        needs_usage=True,
    ),
    "gemini": Client(
        gemini_encode_reply.ENCODING,
        read_gemini,
        {
            "stop": "STOP",
            "tool_calls": "STOP",
            "length": "MAX_TOKENS",
            "content_filter": "SAFETY",
            "error": "OTHER",
        },
    ),
    "ollama": Client(ollama_encode_reply.ENCODING, read_ollama, {"length": "length"}),
}
EACH_CLIENT = pytest.mark.parametrize("name", CLIENTS)
EITHER_FORM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def expected(client: Client, name: str, reply: LLMResponse) -> Read:
    usage = reply.usage and (reply.usage.prompt_tokens, reply.usage.completion_tokens)
    refusal = reply.refusal or ""
    thoughts = reply.reasoning or ""
    if name == "openai_responses":
        thoughts = "".join(
            event.text if at == 0 else event.text.removeprefix("\n\n")
            for at, event in enumerate(
                e for e in unfold(reply) if isinstance(e, ReasoningDelta) and e.text
            )
        )
    content = reply.content
    if name == "openai_responses":
        # The vendor's client counts remarks among the text.
        texts = (e for e in unfold(reply) if isinstance(e, TextDelta | CommentaryDelta))
        content = "".join(event.text for event in texts)
    end = client.ends.get(reply.finish_reason or "", "stop")
    if name == "anthropic" and refusal and end == "end_turn":
        # A refusal is a reason to stop there.
        end = "refusal"
    return Read(
        content + ("" if client.keeps_refusals else refusal),
        [
            (call["function"]["name"], json.loads(call["function"]["arguments"]))
            for call in reply.tool_calls or ()
        ],
        end,
        usage or ((0, 0) if client.needs_usage else None),
        thoughts,
        refusal if client.keeps_refusals else "",
    )


@EACH_CLIENT
@EITHER_FORM
def test_g077_the_vendor_s_own_client_reads_the_same_values(name: str, stream: bool) -> None:
    client = CLIENTS[name]
    with Loopback() as server:

        @given(reply=replies())
        @settings(max_examples=6, deadline=None)
        def read(reply: LLMResponse) -> None:
            events = sendable(reply)
            serve(server, client.encoding, events, stream=stream)

            found = client.read(server.url, stream=stream)

            assert found == expected(client, name, fold("a:model", events))

        read()


# --- Strict types ---


@cache
def validator(kind: Any) -> Any:
    return pydantic.TypeAdapter(kind)


def validate_openai_chat(pieces: Sequence[bytes], *, stream: bool) -> None:
    from openai.types.chat import ChatCompletion, ChatCompletionChunk

    for data in data_of(pieces) if stream else pieces:
        (ChatCompletionChunk if stream else ChatCompletion).model_validate_json(data)


def validate_openai_responses(pieces: Sequence[bytes], *, stream: bool) -> None:
    from openai.types.responses import Response, ResponseStreamEvent

    for data in data_of(pieces) if stream else pieces:
        validator(ResponseStreamEvent if stream else Response).validate_json(data)


def validate_anthropic(pieces: Sequence[bytes], *, stream: bool) -> None:
    from anthropic.types import Message, RawMessageStreamEvent

    for data in data_of(pieces) if stream else pieces:
        if b'"ping"' not in data:  # the client has no type for it
            validator(RawMessageStreamEvent if stream else Message).validate_json(data)


def validate_gemini(pieces: Sequence[bytes], *, stream: bool) -> None:
    from google.genai.types import GenerateContentResponse

    for data in data_of(pieces) if stream else pieces:
        GenerateContentResponse.model_validate_json(data)


def validate_ollama(pieces: Sequence[bytes], *, stream: bool) -> None:
    for line in pieces:
        ollama.ChatResponse.model_validate_json(line)


VALIDATE = {
    "openai_chat": validate_openai_chat,
    "openai_responses": validate_openai_responses,
    "anthropic": validate_anthropic,
    "gemini": validate_gemini,
    "ollama": validate_ollama,
}


@EACH_CLIENT
@EITHER_FORM
@given(reply=replies())
@settings(max_examples=20, deadline=None)
def test_g062_all_that_is_sent_is_valid_in_the_client_s_strict_types(
    name: str, stream: bool, reply: LLMResponse
) -> None:
    encoding = CLIENTS[name].encoding
    events = sendable(reply)
    sent = encoding.stream(events, ENVELOPE) if stream else [encoding.whole(events, ENVELOPE)]

    VALIDATE[name](sent, stream=stream)


# --- Silence ---


@EACH_CLIENT
def test_g084_messages_that_keep_a_connection_open_change_nothing(name: str) -> None:
    client = CLIENTS[name]
    reply = LLMResponse(content="Hello", model="a:m", finish_reason="stop", usage=USED)
    encoder = client.encoding.encoder(ENVELOPE)
    pieces = [encoder.keep_alive()]
    for event in unfold(reply):
        pieces += [*encoder.encode(event), encoder.keep_alive()]
    pieces += encoder.end()
    answer = Answer(pieces, 200, {"content-type": client.encoding.stream_type}, "chunked")
    with Loopback(answer) as server:
        read = client.read(server.url, stream=True)

    assert read == expected(client, name, reply)


# --- Errors ---


@EACH_CLIENT
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_an_error_has_the_client_s_own_class_and_message(name: str, status: int) -> None:
    head, body = CLIENTS[name].encoding.error(ErrorAnswer(status=status, message="Not today."))
    answer = Answer([body], status, dict(head.headers))
    with Loopback(answer) as server, pytest.raises(Exception, match="Not today") as caught:
        CLIENTS[name].read(server.url, stream=False)
    error: Any = caught.value

    assert getattr(error, "status_code", None) == status or getattr(error, "code", None) == status


@pytest.mark.parametrize("name", ["openai_chat", "anthropic", "gemini", "ollama"])
def test_a_stream_that_fails_is_an_error_of_the_client_s(name: str) -> None:
    encoding = CLIENTS[name].encoding
    encoder = encoding.encoder(ENVELOPE)
    pieces = [p for e in (Started("m", "1"), TextDelta("Hel")) for p in encoder.encode(e)]
    pieces += encoder.fail(ErrorAnswer(status=503, message="Not today."))
    answer = Answer(pieces, 200, {"content-type": encoding.stream_type}, "chunked")
    with Loopback(answer) as server, pytest.raises(Exception, match="Not today"):
        CLIENTS[name].read(server.url, stream=True)


def test_a_response_that_fails_says_so_in_its_status() -> None:
    encoding = CLIENTS["openai_responses"].encoding
    encoder = encoding.encoder(ENVELOPE)
    pieces = [*encoder.encode(TextDelta("Hel"))]
    pieces += encoder.fail(ErrorAnswer(status=503, message="Not today.", code="server_error"))
    validate_openai_responses(pieces, stream=True)
    *_, last = data_of(pieces)
    failed = json.loads(last)

    assert failed["type"] == "response.failed"
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"] == {"code": "server_error", "message": "Not today."}
