"""Text after a call keeps its place, in the answer and in the history."""

import json
from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import ProviderPart
from llmring.chat.reply import fold
from llmring.chat.reply_events import unfold
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import LLMResponse
from llmring.dialects.dialect import Quirks
from llmring.dialects.gemini.call_places import call_at, call_place
from llmring.dialects.gemini.dialect import DIALECT
from llmring.dialects.reply_encoding import Envelope
from llmring.wire import HttpHead

HEAD = HttpHead(200, {"content-type": "application/json"})
TEXT, THOUGHT = {"text": "Calling."}, {"text": "Hm", "thought": True, "thoughtSignature": "QQ=="}


def call(name: str, **more: str) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": {}, "id": f"id-{name}"}, **more}


def read(parts: list[Any], *, stream: bool) -> LLMResponse:
    chunks: list[Any] = [
        {"candidates": [{"content": {"parts": [part]}}], "responseId": "r"} for part in parts
    ]
    chunks[-1]["candidates"][0]["finishReason"] = "STOP"
    if not stream:
        candidate = {"content": {"parts": parts}, "finishReason": "STOP"}
        body = json.dumps({"candidates": [candidate], "responseId": "r"}).encode()
        return fold("m", DIALECT.decode(HEAD, body), "gemini")
    decoder = DIALECT.decoder(HEAD)
    data = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)
    return fold("m", [*decoder.feed(data), *decoder.end()], "gemini")


def sent_back(reply: LLMResponse) -> Any:
    request = LLMRequest(messages=[Message("user", "q"), reply.message])
    outgoing = DIALECT.encode(parse_request(request), "m", stream=False, quirks=Quirks())
    return outgoing.payload["contents"][1]["parts"]


SIGNED = call("f", thoughtSignature="RA==")
ORDERS: list[list[Any]] = [
    [SIGNED, TEXT],
    [TEXT, SIGNED, TEXT],
    [SIGNED, call("g"), TEXT],
    [SIGNED, TEXT, call("g")],
    [SIGNED, TEXT, call("g"), {"text": "Done."}],
    [SIGNED, THOUGHT, call("g")],
    [SIGNED, {"executableCode": {"code": "1"}}, TEXT],
]
each_order = pytest.mark.parametrize("parts", ORDERS)


@pytest.mark.parametrize("stream", [False, True])
@each_order
def test_the_parts_of_an_answer_go_back_in_their_order(parts: list[Any], stream: bool) -> None:
    assert sent_back(read(parts, stream=stream)) == parts


@each_order
def test_an_encoded_reply_has_its_parts_in_their_order(parts: list[Any]) -> None:
    reply = read(parts, stream=False)
    encoding, envelope = DIALECT.reply_encoding(), Envelope(created=1)
    body = json.loads(encoding.whole(unfold(reply), envelope))
    stream = DIALECT.decoder(HEAD)
    again = [
        each for data in encoding.stream(unfold(reply), envelope) for each in stream.feed(data)
    ]

    assert body["candidates"][0]["content"]["parts"] == parts
    assert sent_back(fold("m", [*again, *stream.end()], "gemini")) == parts


def test_calls_at_the_end_need_no_mark() -> None:
    reply = read([TEXT, SIGNED, call("g")], stream=False)

    assert not any(isinstance(part, ProviderPart) for part in reply.parts or ())
    assert sent_back(reply) == [TEXT, SIGNED, call("g")]


def test_a_mark_whose_call_is_gone_is_left_out() -> None:
    message = Message("assistant", [ProviderPart("gemini", call_place(3)), "Hi"])
    request = LLMRequest(messages=[Message("user", "q"), message])
    outgoing = DIALECT.encode(parse_request(request), "m", stream=False, quirks=Quirks())

    assert outgoing.payload["contents"][1]["parts"] == [{"text": "Hi"}]


def test_only_a_mark_is_read_as_one() -> None:
    assert call_at(call_place(2)) == 2
    assert call_at(call("f")) is None
    assert call_at({"text": "a"}) is None
