"""Requests of real clients of Anthropic's API are read, and written again without a loss."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.tools import ProviderTool, Tool
from llmring.dialects.anthropic.decode_request import decode_count, decode_request
from llmring.dialects.dialect import Quirks
from llmring.dialects.request_decoding import ClientRequest
from llmring.providers.table import PROVIDERS

CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "captures"

Json = dict[str, Any]


class Captured(msgspec.Struct):
    """A request of a real client."""

    name: str
    body: Json
    headers: dict[str, str]
    counts: bool

    def read(self) -> ClientRequest:
        decode = decode_count if self.counts else decode_request
        return decode(json.dumps(self.body).encode(), self.headers)


def captured() -> Iterator[Captured]:
    for file in sorted(CAPTURES.glob("*.json")):
        for number, exchange in enumerate(json.loads(file.read_text(encoding="utf-8"))):
            path = str(exchange.get("path", "")).partition("?")[0]
            if not re.search("/v1/messages(/count_tokens)?$", path) or not exchange["body"]:
                continue
            headers = {name.lower(): value for name, value in exchange["headers"]}
            body = filled(exchange["body"])
            counts = path.endswith("count_tokens")
            yield Captured(f"{file.stem}-{number}", body, headers, counts)


def filled(value: Any) -> Any:
    """Expand each text of which only the length was kept."""
    if isinstance(value, dict):
        return {name: filled(each) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each) for each in value]
    if isinstance(value, str) and (found := re.fullmatch(r"text\((\d+)\)", value)):
        return "x" * int(found[1])
    return value


EACH = [pytest.param(each, id=each.name) for each in captured()] or [
    pytest.param(None, marks=pytest.mark.skip("needs the captures next to the repository"))
]
each_capture = pytest.mark.parametrize("capture", EACH)


def sent_again(found: ClientRequest) -> tuple[Json, str]:
    """Return what a server of this API gets, and the header of the betas."""
    parsed = msgspec.structs.replace(parse_request(found.request), extra_params=dict(found.own))
    quirks = Quirks(system_turns=True, server="anthropic")
    dialect = PROVIDERS["anthropic"].speaking(None)
    outgoing = dialect.encode(parsed, found.model, stream=found.stream, quirks=quirks)
    return outgoing.payload, outgoing.headers.get("anthropic-beta", "")


def plain(body: Json) -> Json:
    """Return a body with texts as blocks, and without fields that mean the same as none."""
    body = {name: value for name, value in body.items() if value not in ([], False)}
    body["messages"] = [{**turn, "content": blocks(turn["content"])} for turn in body["messages"]]
    if "system" in body:
        body["system"] = blocks(body["system"])
    if "tools" in body:
        body["tools"] = [without_standard(tool) for tool in body["tools"]]
    return body


def without_standard(tool: Json) -> Json:
    """Return a tool without the name of the JSON Schema standard; the library knows one."""
    schema = dict(tool.get("input_schema") or {})
    schema.pop("$schema", None)
    return {**tool, "input_schema": schema} if schema else tool


def blocks(content: str | list[Json]) -> list[Json]:
    found = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return [
        {**block, "content": blocks(block["content"])} if block["type"] == "tool_result" else block
        for block in found
    ]


@each_capture
def test_a_captured_request_is_written_again_as_it_came(capture: Captured) -> None:
    payload, betas = sent_again(capture.read())

    again = plain(payload)
    if capture.counts:
        del again["max_tokens"]
    assert again == plain(capture.body)
    assert betas == capture.headers.get("anthropic-beta", "")


@each_capture
def test_its_texts_and_tools_are_read(capture: Captured) -> None:
    found = capture.read()

    texts = [text for turn in capture.body["messages"] for text in texts_of(turn["content"])]
    turns = [turn for turn in found.request.turns() if turn.role != "system"]
    late = [turn for turn in found.request.turns()[1:] if turn.role == "system"]
    assert sorted(t.text for t in [*turns, *late] if t.text) == sorted("".join(t) for t in texts)
    tools = [tool for tool in found.request.toolset() if isinstance(tool, Tool)]
    functions = [tool for tool in capture.body.get("tools", ()) if "type" not in tool]
    assert [(t.name, t.description, t.parameters) for t in tools] == [
        (tool["name"], tool.get("description"), tool["input_schema"]) for tool in functions
    ]
    assert found.required_own == ()
    assert found.stream == capture.body.get("stream", False)


def texts_of(content: str | list[Json]) -> Iterator[list[str]]:
    """Yield the texts of each message that the content becomes."""
    if isinstance(content, str):
        yield [content]
        return
    results = [block for block in content if block["type"] == "tool_result"]
    for result in results:
        yield [block["text"] for block in blocks(result["content"])]
    if texts := [block["text"] for block in content if block["type"] == "text"]:
        yield texts


@each_capture
@pytest.mark.parametrize("server", ["openai", "google", "ollama", "deepseek", "openrouter"])
def test_other_apis_take_it(capture: Captured, server: str) -> None:
    found = capture.read()
    parsed = parse_request(found.request)
    functions = [tool for tool in parsed.tools if not isinstance(tool, ProviderTool)]
    choice = parsed.choice if functions else None
    parsed = msgspec.structs.replace(parsed, tools=functions, choice=choice)
    provider = PROVIDERS[server]
    dialect = provider.speaking(None)

    sent = dialect.encode(parsed, "m", stream=found.stream, quirks=provider.quirks)

    text = json.dumps(sent.payload)
    assert all(tool.name in text for tool in functions)


@each_capture
def test_claude_code_s_session_is_the_conversation(capture: Captured) -> None:
    user = capture.body.get("metadata", {}).get("user_id")

    expected = json.loads(user)["session_id"] if user else None

    assert capture.read().conversation == expected
