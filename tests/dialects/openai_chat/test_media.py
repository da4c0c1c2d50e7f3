"""Spoken answers and images of Chat Completions, whole and in pieces."""

import base64
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.events import Event, ProviderItem
from llmring.chat.reply import fold
from llmring.dialects.openai_chat.dialect import DIALECT
from llmring.dialects.openai_chat.media import OpenAudio, images_of, media_of
from llmring.wire import HttpHead

JSON = HttpHead(200, {"content-type": "application/json"})
STREAM = HttpHead(200, {"content-type": "text/event-stream"})
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


def streamed(*deltas: dict[str, Any]) -> list[Event]:
    decoder = DIALECT.decoder(STREAM)
    ends = [None] * (len(deltas) - 1) + ["stop"]
    lines = [
        {"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
        for delta, end in zip(deltas, ends, strict=True)
    ]
    body = b"".join(b"data: " + json.dumps(line).encode() + b"\n\n" for line in lines)
    return [*decoder.feed(body + b"data: [DONE]\n\n"), *decoder.end()]


def parts_of(events: list[Event]) -> list[Any]:
    return [getattr(part, "content", part) for part in fold("a:b", events).parts or ()]


def test_a_spoken_answer_is_kept_as_an_item() -> None:
    audio = {"id": "audio_1", "data": "aGk=", "transcript": "Hi", "expires_at": 1}
    body = {"choices": [{"message": {"content": None, "audio": audio}, "finish_reason": "stop"}]}

    events = DIALECT.decode(JSON, json.dumps(body).encode())

    assert parts_of(events) == [{"type": "audio", "audio": audio}]


def test_images_are_kept_as_items() -> None:
    body = {"choices": [{"message": {"content": "", "images": [IMAGE]}, "finish_reason": "stop"}]}

    assert parts_of(DIALECT.decode(JSON, json.dumps(body).encode())) == [IMAGE]
    assert parts_of(streamed({"content": "", "images": [IMAGE]}, {})) == [IMAGE]


@given(st.lists(st.binary(max_size=7), min_size=1, max_size=5))
def test_the_pieces_of_a_spoken_answer_add_up(pieces: list[bytes]) -> None:
    whole = OpenAudio()
    whole.add({"id": "audio_1"})
    for piece in pieces:
        whole.add({"data": base64.b64encode(piece).decode(), "transcript": "ä"})

    [item] = whole.take()

    assert isinstance(item, ProviderItem)
    assert base64.b64decode(item.content["audio"].pop("data")) == b"".join(pieces)
    assert item.content["audio"] == {"id": "audio_1", "transcript": "ä" * len(pieces)}
    assert whole.take() == []


def test_a_streamed_spoken_answer_comes_at_its_end() -> None:
    pieces = [{"audio": {"id": "a", "data": "aGk="}}, {"audio": {"data": "YQ=="}}, {}]

    assert parts_of(streamed(*pieces)) == [
        {"type": "audio", "audio": {"id": "a", "data": base64.b64encode(b"hia").decode()}}
    ]


def test_what_is_neither_is_left_out() -> None:
    assert media_of("hm", ["hm"]) == []
    assert images_of(None) == []
    broken = OpenAudio()
    broken.add({"data": "a"})
    assert broken.take() == [ProviderItem({"type": "audio", "audio": {"data": "a"}})]
