"""Replies of Anthropic sent back unchanged: order, signatures, the work of its own tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.reply import fold
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import LLMResponse
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks
from llmring.wire import HttpHead

RECORDINGS = Path(__file__).resolve().parents[4] / "shared" / "recordings" / "anthropic.jsonl"
JSON = HttpHead(200, {"content-type": "application/json"})
SSE = HttpHead(200, {"content-type": "text/event-stream"})

Block = dict[str, Any]

recorded = pytest.mark.skipif(
    not RECORDINGS.is_file(), reason="needs the recordings next to the repository"
)


def recordings() -> Iterator[dict[str, Any]]:
    with RECORDINGS.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def read(blocks: list[Block], **more: Any) -> LLMResponse:
    body = json.dumps({"content": blocks, "stop_reason": "end_turn", **more}).encode()
    return fold("anthropic:m", DIALECT.decode(JSON, body), "anthropic")


def read_stream(body: str) -> LLMResponse:
    decoder = DIALECT.decoder(SSE)
    events = decoder.feed(body.encode()) + decoder.end()
    return fold("anthropic:m", events, "anthropic")


def payload(*turns: Message) -> dict[str, Any]:
    request = LLMRequest(messages=[*turns])
    return DIALECT.encode(parse_request(request), "m", stream=False, quirks=Quirks()).payload


def sent_back(reply: LLMResponse) -> list[Block]:
    """Return the assistant's blocks in the request that follows this reply."""
    turns = payload(Message("user", "Hi"), reply.message)["messages"][1:]
    return [block for turn in turns for block in turn["content"]]


def is_plain(block: Block) -> bool:
    return block["type"] == "text" and "citations" not in block


def essence(blocks: list[Block] | str) -> list[Block]:
    """Remove differences without meaning: the places where a text is cut, and empty fields."""
    result: list[Block] = []
    for each in [{"type": "text", "text": blocks}] if isinstance(blocks, str) else blocks:
        block = {k: v for k, v in each.items() if k != "cache_control" and v not in (None, [])}
        if block.get("caller") == {"type": "direct"} and block["type"] == "tool_use":
            del block["caller"]
        if result and all(is_plain(text) for text in (result[-1], block)):
            result[-1]["text"] += block["text"]
            continue
        result.append(block)
    return [block for block in result if block["type"] != "text" or block["text"].strip()]


def assembled(body: str) -> list[Block]:
    """Assemble the blocks of a stream."""
    blocks: dict[int, Block] = {}
    inputs: dict[int, str] = {}
    for line in body.splitlines():
        event = json.loads(line[5:]) if line.startswith("data:") else {}
        if event.get("type") == "content_block_start":
            blocks[event["index"]] = dict(event["content_block"])
        elif event.get("type") == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            match delta:
                case {"type": "input_json_delta", "partial_json": piece}:
                    inputs[event["index"]] = inputs.get(event["index"], "") + piece
                case {"type": "citations_delta", "citation": citation}:
                    block["citations"] = [*(block.get("citations") or []), citation]
                case {"type": kind}:
                    name = kind.removesuffix("_delta")
                    block[name] = block.get(name, "") + delta[name]
    for index, text in inputs.items():
        blocks[index]["input"] = json.loads(text or "{}")
    return [blocks[index] for index in sorted(blocks)]


@recorded
def test_R39_recorded_turns_are_sent_back_as_they_were_recorded() -> None:
    wanted = {"thinking", "redacted_thinking", "server_tool_use"}
    seen = 0
    for each in recordings():
        for turn in each["request"]["json"]["messages"]:
            blocks = turn["content"]
            if turn["role"] != "assistant" or isinstance(blocks, str):
                continue
            if not wanted & {block["type"] for block in blocks}:
                continue
            seen += 1
            assert essence(sent_back(read(blocks))) == essence(blocks), each["id"]

    assert seen > 10


@recorded
def test_every_recorded_reply_is_sent_back_unchanged() -> None:
    wrong = []
    for each in recordings():
        body = each["response"]["body"]
        if each["kind"] == "chat":
            message = json.loads(body)
            blocks, reply = message["content"], read(message["content"])
        elif each["kind"] == "stream":
            blocks, reply = assembled(body), read_stream(body)
        else:
            continue
        if essence(sent_back(reply)) != essence(blocks):
            wrong.append(each["id"])

    assert wrong == []


THOUGHT = {"type": "thinking", "thinking": "Sky?", "signature": "c2ln"}
HIDDEN = {"type": "redacted_thinking", "data": "b3BhcXVl"}
TEXT = {"type": "text", "text": "Let me look."}
CALL = {"type": "tool_use", "id": "a", "name": "sky", "input": {"of": "Paris"}}
OTHER = {"type": "tool_use", "id": "b", "name": "sky", "input": {"of": "Rome"}}
RUN = {"type": "server_tool_use", "id": "s", "name": "code_execution", "input": {"code": "sky()"}}
FROM_CODE = {"type": "code_execution_20260120", "tool_id": "s"}


@pytest.mark.parametrize(
    "blocks",
    [
        [THOUGHT, TEXT, THOUGHT | {"thinking": "And now?", "signature": "bW9y"}, CALL],
        [THOUGHT | {"thinking": ""}, HIDDEN, TEXT, CALL, OTHER],
        [CALL, TEXT, OTHER],
        [RUN, CALL | {"caller": FROM_CODE}, OTHER | {"caller": FROM_CODE}],
        [CALL, OTHER | {"toolset_name": "computer"}],
    ],
)
def test_every_block_is_sent_back_in_order(blocks: list[Block]) -> None:
    assert sent_back(read(blocks)) == blocks


def test_a_call_that_the_caller_removed_is_not_sent_back() -> None:
    message = read([CALL, TEXT, OTHER]).message
    message.tool_calls = [call for call in message.calls if call["id"] == "b"]

    assert payload(message)["messages"][0]["content"] == [TEXT, OTHER]


def test_citations_are_sent_back_with_their_text_only_to_anthropic() -> None:
    cited = {"type": "text", "text": "X.", "citations": [{"cited_text": "X"}]}
    reply = read([TEXT, cited])

    assert sent_back(reply) == [TEXT, cited]
    assert reply.message.text == "Let me look.X."


def test_the_result_of_a_toolset_call_names_the_toolset() -> None:
    reply = read([CALL | {"toolset_name": "computer"}])
    turns = payload(reply.message, Message("tool", "blue", tool_call_id="a"))["messages"]

    assert turns[1]["content"][0]["toolset_name"] == "computer"


def test_a_container_is_reused_within_a_turn_only() -> None:
    reply = read([RUN, CALL | {"caller": FROM_CODE}], container={"id": "container_1"})
    result = Message("tool", "blue", tool_call_id="a")

    assert payload(reply.message, result)["container"] == "container_1"
    assert "container" not in payload(reply.message, result, Message("user", "Thanks"))
