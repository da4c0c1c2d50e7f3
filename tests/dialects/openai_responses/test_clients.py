"""The requests of real clients of the Responses API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import TextPart
from llmring.chat.tools import Tool
from llmring.dialects.anthropic.dialect import DIALECT as ANTHROPIC
from llmring.dialects.dialect import Dialect, Quirks
from llmring.dialects.foreign.tool_names import foreign_tools
from llmring.dialects.gemini.dialect import DIALECT as GEMINI
from llmring.dialects.ollama.dialect import DIALECT as OLLAMA
from llmring.dialects.openai_chat.dialect import DIALECT as OPENAI_CHAT
from responses_requests import plain, read, sent_again

OTHERS = [ANTHROPIC, GEMINI, OLLAMA, OPENAI_CHAT]
CAPTURES = Path(__file__).resolve().parents[3].parent / "shared/captures"


def expanded(value: Any) -> Any:
    """Put filler in place of texts that are given by their length."""
    if isinstance(value, dict):
        return {name: expanded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [expanded(each) for each in value]
    if isinstance(value, str) and (length := re.fullmatch(r"text\((\d+)\)", value)):
        return ("filler " * (int(length[1]) // 7 + 1))[: int(length[1])]
    return value


def captured() -> Iterator[Any]:
    """Yield the bodies of all recorded requests."""
    for path in sorted(CAPTURES.glob("*.json")):
        for at, exchange in enumerate(json.loads(path.read_text())):
            if exchange.get("path", "").startswith("/v1/responses") and exchange.get("body"):
                yield pytest.param(exchange["body"], id=f"{path.stem}-{at}")


CLIENTS = list(captured())
NONE = pytest.param(None, marks=pytest.mark.skip("no captures next to the repository"))


@pytest.mark.parametrize("body", CLIENTS or [NONE])
def test_the_request_of_a_real_client_keeps_all_that_it_has(body: dict[str, Any]) -> None:
    body = expanded(body)

    found = read(body)

    assert found.required_own == ()
    assert found.conversation == body["prompt_cache_key"]
    again = sent_again(found)
    assert kept(again["input"]) == kept(body["input"])
    assert [known(tool) for tool in again["tools"]] == [known(tool) for tool in body["tools"]]
    for name in body.keys() - {"input", "tools"}:
        assert again[name] == body[name], name
    assert plain(read(again)) == plain(found)


@pytest.mark.parametrize("dialect", OTHERS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("body", CLIENTS or [NONE])
def test_the_request_of_a_real_client_reaches_other_apis(
    body: dict[str, Any], dialect: Dialect
) -> None:
    request = parse_request(read(expanded(body)).request)
    # A search of the server's own is a tool of its API.
    tools = [
        tool
        for tool in request.tools
        if isinstance(tool, Tool) or tool.definition["type"] != "web_search"
    ]
    functions = {tool.name for tool in tools if isinstance(tool, Tool)} | foreign_tools(
        tools
    ).keys()

    sent = dialect.encode(
        msgspec.structs.replace(request, tools=tools), "m", stream=True, quirks=Quirks()
    ).payload

    assert set(names_in(sent["tools"])) == functions
    conversation = json.dumps(sent.get("messages") or sent["contents"])
    for turn in request.turns:
        for call in turn.calls:
            assert f'"name": "{call["function"]["name"]}"' in conversation
        for part in turn.parts:
            assert not isinstance(part, TextPart) or part.text in json.dumps(sent)


def names_in(tools: list[dict[str, Any]]) -> Iterator[str]:
    for tool in tools:
        for function in tool.get("functionDeclarations", [tool.get("function", tool)]):
            yield function["name"]


def known(tool: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tool.items() if name != "strict" or value}


def kept(conversation: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items in one form, without what refers to stored ones and what is not public."""
    found = []
    for sent in conversation:
        unnamed = sent.get("type", "message") != "reasoning"
        item = {
            key: value
            for key, value in sent.items()
            if value is not None
            and not key.startswith("internal_")
            and not (unnamed and key in ("id", "status"))
        }
        content = item.get("content")
        if isinstance(content, list) and len(content) == 1:
            item["content"] = content[0]["text"]
        if item.get("role") == "developer":
            item["role"] = "system"
        found.append({"type": "message", **item})
    return found
