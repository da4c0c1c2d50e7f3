"""Replies of Gemini sent back unchanged: order, signatures, the work of Google's tools."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import ProviderPart, ReasoningPart
from llmring.chat.reply import fold
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import LLMResponse
from llmring.dialects.dialect import Quirks
from llmring.dialects.gemini.dialect import DIALECT
from llmring.dialects.thought_signatures import UNSIGNED
from llmring.wire import HttpHead

RECORDINGS = Path(__file__).resolve().parents[4] / "shared" / "recordings" / "google.jsonl"
JSON = HttpHead(200, {"content-type": "application/json"})
SSE = HttpHead(200, {"content-type": "text/event-stream"})

Part = dict[str, Any]

recorded = pytest.mark.skipif(
    not RECORDINGS.is_file(), reason="needs the recordings next to the repository"
)


def recordings() -> list[dict[str, Any]]:
    with RECORDINGS.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read(recording: dict[str, Any]) -> LLMResponse:
    body = recording["response"]["body"].encode()
    if recording["kind"] == "chat":
        return fold("google:m", DIALECT.decode(JSON, body), "gemini")
    decoder = DIALECT.decoder(SSE)
    return fold("google:m", decoder.feed(body) + decoder.end(), "gemini")


def read_parts(*parts: Part) -> LLMResponse:
    candidate = {"content": {"parts": parts}, "finishReason": "STOP"}
    return fold(
        "google:m", DIALECT.decode(JSON, json.dumps({"candidates": [candidate]}).encode()), "gemini"
    )


def sent_back(*turns: Message) -> list[Part]:
    """Return the model's parts in the request that follows this reply."""
    request = LLMRequest(messages=turns)
    payload = DIALECT.encode(
        parse_request(request), "gemini-3-flash", stream=False, quirks=Quirks()
    ).payload
    return [part for turn in payload["contents"] for part in turn["parts"]]


def received(recording: dict[str, Any]) -> list[Part]:
    """Return the parts of the first candidate as received."""
    body = recording["response"]["body"]
    if recording["kind"] == "chat":
        whole = json.loads(body)
        chunks = whole if isinstance(whole, list) else [whole]
    else:
        chunks = [json.loads(line[5:]) for line in body.splitlines() if line.startswith("data:")]
    return [
        part
        for chunk in chunks
        for candidate in chunk.get("candidates", ())
        if not candidate.get("index")
        for part in candidate.get("content", {}).get("parts", ())
    ]


def essence(parts: list[Part]) -> list[Part]:
    """Remove differences without meaning: cuts in a text, IDs that are not Google's."""
    result: list[Part] = []
    for each in parts:
        part = camel(each)
        if not part.get("thought"):
            part.pop("thought", None)
        if "thoughtSignature" in part:
            part["thoughtSignature"] = part["thoughtSignature"].translate({45: "+", 95: "/"})
        if part.get("thoughtSignature") == UNSIGNED:
            del part["thoughtSignature"]
        if call := part.get("functionCall"):
            part["functionCall"] = {"name": call["name"], "args": call.get("args") or {}}
        last = result[-1] if result else {}
        if is_open_text(last) and "text" in part and last.get("thought") == part.get("thought"):
            result[-1] = part | {"text": last["text"] + part["text"]}
        else:
            result.append(part)
    return [part for part in result if part != {"text": ""} and part]


def is_open_text(part: Part) -> bool:
    return "text" in part and "thoughtSignature" not in part


def camel(part: Part) -> Part:
    return {re.sub(r"_([a-z])", lambda m: m[1].upper(), key): part[key] for key in part}


@recorded
def test_every_recorded_reply_is_sent_back_unchanged() -> None:
    replies = [each for each in recordings() if each["kind"] in ("chat", "stream")]
    wrong = {
        each["id"]: (sent, came)
        for each in replies
        if (sent := essence(sent_back(read(each).message))) != (came := essence(received(each)))
    }

    assert len(replies) > 400
    assert wrong == {}


def pairs() -> Iterator[tuple[dict[str, Any], list[Part]]]:
    """Yield each reply with the model's turn that the same program sent after it."""
    cassettes = defaultdict(list)
    for each in recordings():
        cassettes[each["source"].rpartition("#")[0]].append(each)
    for cassette in cassettes.values():
        for reply in cassette:
            if reply["kind"] not in ("chat", "stream"):
                continue
            sent = turns_of(reply)
            for each in cassette:
                turns = turns_of(each)
                if turns[: len(sent)] == sent and turns[len(sent) :]:
                    message = turns[len(sent)]
                    yield from [(reply, message["parts"])] if message.get("role") == "model" else []


def turns_of(recording: dict[str, Any]) -> list[dict[str, Any]]:
    contents = recording["request"]["json"]["contents"]
    return contents if isinstance(contents, list) else [contents]


# Replies that the program changed before it sent them back.
CHANGED = {
    "google-6aacb56841": "the code that was run is left out",
    "google-434cdeb167": "the call goes to a function of another name",
    "google-465c85c57b": "the response of a server's tool is filled in from the grounding",
}


def signatures(parts: list[Part]) -> list[str]:
    return [part["thoughtSignature"] for part in parts if "thoughtSignature" in part]


def without_thoughts(parts: list[Part]) -> list[Part]:
    return [part for part in parts if not part.get("thought")]


@recorded
def test_recorded_turns_are_sent_back_as_they_were_recorded() -> None:
    seen, signed, wrong = 0, 0, {}
    for reply, parts in pairs():
        sent, theirs = essence(sent_back(read(reply).message)), essence(parts)
        # Some programs dropped thoughts or signatures, or sent another reply.
        if signatures(sent) != signatures(theirs):
            continue
        seen, signed = seen + 1, signed + bool(signatures(sent))
        if without_thoughts(sent) != without_thoughts(theirs) and reply["id"] not in CHANGED:
            wrong[reply["id"]] = (sent, theirs)

    assert wrong == {}
    assert seen > 100
    assert signed > 80


THOUGHT = {"text": "Sky?", "thought": True}
TEXT = {"text": "Let me look."}
CALL = {"functionCall": {"name": "sky", "args": {"of": "Paris"}, "id": "a"}}
OTHER = {"functionCall": {"name": "sky", "args": {"of": "Rome"}, "id": "b"}}
RUN = {"executableCode": {"language": "PYTHON", "code": "sky()", "id": "c"}}
RAN = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "blue", "id": "c"}}
IMAGE = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}


def by(signature: str, part: Part) -> Part:
    return part | {"thoughtSignature": signature}


@pytest.mark.parametrize(
    "parts",
    [
        [THOUGHT, by("YQ==", TEXT)],
        [by("YQ==", THOUGHT), by("Yg==", TEXT)],
        [THOUGHT, by("YQ==", {"text": ""})],
        [by("YQ==", {"text": ""})],
        [by("YQ==", TEXT), {"text": "And there."}],
        [THOUGHT, TEXT, by("YQ==", CALL), OTHER],
        [by("YQ==", TEXT), by("Yg==", CALL)],
        [by("YQ==", RUN), RAN, by("Yg==", TEXT), by("Yw==", RUN), RAN],
        [TEXT, by("YQ==", IMAGE), THOUGHT, IMAGE | {"thought": True}, {"text": "Blue."}],
    ],
)
def test_every_part_is_sent_back_in_order(parts: list[Part]) -> None:
    assert sent_back(read_parts(*parts).message) == parts


def test_parts_of_another_vendor_are_not_sent() -> None:
    parts = read_parts(by("YQ==", THOUGHT), by("YQ==", RUN), RAN, by("Yg==", TEXT)).message.parts
    of_another = [
        msgspec.structs.replace(part, dialect="other")
        for part in parts
        if isinstance(part, ReasoningPart | ProviderPart)
    ]

    assert len(of_another) == 4
    assert sent_back(Message("assistant", of_another)) == []
