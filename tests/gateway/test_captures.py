"""The requests of real client programs, replayed through the gateway to a vendor of each API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, repeat
from pathlib import Path
from typing import Any

import pytest

from client_bodies import CAPTURES
from client_turns import is_of_model, turn_of, with_turn
from llmring.chat.events import Event, ReasoningDelta, TextDelta, ToolCallDelta
from llmring.chat.output_format import OutputFormat
from llmring.chat.parts import TextPart
from llmring.chat.request import Message
from llmring.chat.tools import ProviderTool, Tool
from llmring.dialects.request_decoding import ClientRequest
from llmring.gateway.routes import find_route, read_path
from llmring.gateway.wires import MESSAGES, WIRES, Wire
from llmring.lockfile.gateway_table import GatewayTable
from loopback import Answer, Loopback, Request, as_json
from served_gateway import Reply, ServedGateway, parsed, request
from vendor_rules import (
    check_anthropic,
    check_chat,
    check_gemini,
    check_ollama,
    check_responses,
)
from vendors import APIS, Api, Pair, ended

Json = dict[str, Any]

BILLING = "x-anthropic-billing-header: cc_version=2.1.197; cch=0a1b2;"
# What tells one installation of a client from all others.
DEVICE = "a" * 64
USER_FIELDS = ("device_id", "user_id", "x-codex-installation-id", "x-codex-turn-metadata")

FILES = sorted(CAPTURES.glob("*.json")) if CAPTURES.is_dir() else []
NAMES: list[Any] = [each.stem for each in FILES] or [
    pytest.param("", marks=pytest.mark.skip(reason="needs the captures next to the repository"))
]
each_capture = pytest.mark.parametrize("capture", NAMES)
each_api = pytest.mark.parametrize("name", APIS)

# The profile that some of the requests name.
PROFILE = """
[[profiles.prod.bindings]]
alias = "t"
models = ["{}"]
"""

# Providers whose servers can't search the web for a model.
NO_SEARCH = ("deepseek", "ollama")

SIGNATURE = "c2lnbmF0dXJl"
ANSWER = '{"title": "Hello"}'

_LONG = re.compile(r"text\((\d+)\)")


class Vendor(Loopback):
    """A server of an API that counts tokens, and answers chats with the events that are set."""

    def __init__(self, api: Api) -> None:
        super().__init__()
        self.api = api
        self.events: Sequence[Event] = ()
        self.chats: list[Request] = []

    def _answer(self, request: Request) -> Answer:
        if request.path.endswith("count_tokens"):
            return as_json({"input_tokens": 12})
        if request.path.endswith("countTokens"):
            return as_json({"totalTokens": 12})
        if request.path.endswith("input_tokens"):
            return as_json({"input_tokens": 12, "object": "response.input_tokens"})
        self.chats.append(request)
        return self.api.answer(*self.events, stream=wants_stream(request))


def wants_stream(request: Request) -> bool:
    """Return True if a vendor is asked for a stream."""
    if ":" in request.path:
        return ":streamGenerateContent" in request.path
    return bool(request.json.get("stream", request.path.startswith("/api/")))


class Exchange:
    """A request of a capture, and the answer that its client got, as the next request shows it."""

    def __init__(self, recorded: Json, later: Sequence[Json]) -> None:
        self.method: str = recorded["method"]
        self.path: str = recorded["path"]
        self.is_websocket = bool(recorded["websocket_upgrade"])
        self.headers = {name.lower(): value for name, value in recorded["headers"]}
        for name in ("host", "content-length", "connection", "transfer-encoding"):
            self.headers.pop(name, None)
        self.body: Json | None = recorded["body"]
        self.next = next((each for each in later if _continues(recorded, each)), None)

    @property
    def wire(self) -> Wire | None:
        """The API of a chat; None for other requests."""
        path, _, _ = self.path.partition("?")
        route = find_route(self.method, read_path(path).path, self.headers)
        return route.wire if route.handler == "endpoints.chat:answer_chat" else None

    def filled(self) -> Json:
        """Return the body with texts of the lengths that were sent, each one unlike the others."""
        assert self.body is not None
        body: Json = _filled(self.body, count(1))
        if self.headers.get("user-agent", "").startswith("claude-cli/") and "system" in body:
            body["system"][0] = {"type": "text", "text": BILLING}
        return body

    def read(self, wire: Wire, body: Json) -> ClientRequest:
        decode = wire.dialect.request_decoding
        return decode()(json.dumps(body).encode(), self.headers)


def exchanges(name: str) -> Iterator[Exchange]:
    recorded = json.loads((CAPTURES / f"{name}.json").read_text(encoding="utf-8"))
    # Other entries are cuts, and frames of a WebSocket.
    requests = [each for each in recorded if each.get("path")]
    for at, each in enumerate(requests):
        yield Exchange(each, requests[at + 1 :])


def _items(recorded: Json) -> list[Json]:
    body = recorded["body"] if isinstance(recorded["body"], dict) else {}
    for field in ("messages", "input", "contents"):
        if field in body:
            items: list[Json] = _without_marks(body[field])
            return items
    return []


def _without_marks(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_marks(each) for k, each in value.items() if k != "cache_control"}
    return [_without_marks(each) for each in value] if isinstance(value, list) else value


def _continues(first: Json, second: Json) -> bool:
    """Return True if a request goes on where another was answered with calls."""
    begun, whole = _items(first), _items(second)
    return (
        0 < len(begun) < len(whole)
        and whole[: len(begun)] == begun
        and is_of_model(whole[len(begun)])
        and first["path"] == second["path"]
    )


def _filled(value: Any, numbers: Iterator[int]) -> Any:
    if isinstance(value, dict):
        return {
            # The same ID stands in a call and in its result.
            name: _filled(each, repeat(0) if name in ("id", "tool_use_id") else numbers)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_filled(each, numbers) for each in value]
    if isinstance(value, str) and (match := _LONG.fullmatch(value)):
        length = int(match[1])
        return (f"{next(numbers)}-of-{length}-" * length)[:length]
    return value


class Replay:
    """A gateway before a vendor, and a client that sends what was captured."""

    def __init__(self, gateway: ServedGateway, vendor: Vendor) -> None:
        self.gateway = gateway
        self.vendor = vendor

    def send(self, exchange: Exchange, body: Json | None) -> Reply:
        data = None if body is None else json.dumps(body).encode()
        sent = request(exchange.method, exchange.path, data, connection="close", **exchange.headers)
        if "content-type" not in exchange.headers:
            sent = sent.replace(b"content-type: application/json\r\n", b"")
        return parsed(self.gateway.raw(sent))

    def chat(self, exchange: Exchange, wire: Wire, body: Json) -> Reply:
        """Send a chat, and check what the vendor gets."""
        del self.vendor.chats[:]
        reply = self.send(exchange, body)
        if self._must_search(body) and self.vendor.api.provider in NO_SEARCH:
            assert reply.status == 400, reply.body
            assert self.vendor.chats == []
            return reply
        assert reply.status == 200, reply.body
        [sent] = self.vendor.chats
        check_sent(exchange.read(wire, body), wire, sent, self.vendor.api)
        return reply

    @staticmethod
    def _must_search(body: Json) -> bool:
        choice = body.get("tool_choice")
        return isinstance(choice, dict) and choice.get("name") == "web_search"


@pytest.fixture
def replay(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Replay]]:
    opened: list[Any] = []

    def start(name: str) -> Replay:
        api = APIS[name]
        vendor = Vendor(api)
        opened.append(vendor)
        monkeypatch.setenv(api.url, vendor.url + api.path)
        monkeypatch.setenv(api.key, "sk-0123456789abcdef")
        # It takes instructions in the middle of a conversation.
        model = "anthropic:claude-haiku-5-5" if name == "anthropic" else api.model
        pair.lock(model, lockfile=api.lockfile + PROFILE.format(model))
        # Captured clients call models by many names.
        gateway = ServedGateway(table=GatewayTable(names={"*": "t"}))
        opened.append(gateway)
        return Replay(gateway, vendor)

    yield start
    for each in reversed(opened):
        each.close()


@pytest.fixture
def pair(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


# --- What a vendor gets ---


def check_sent(asked: ClientRequest, wire: Wire, sent: Request, api: Api) -> None:
    body = sent.json
    target = next(each for each in WIRES if each.dialect.name == DIALECTS[api.provider])
    check_rules(body, sent, target)
    decode = target.dialect.request_decoding
    got = decode()(sent.body, sent.headers)
    check_texts(asked, got)
    assert calls(got) == calls(asked)
    assert results(got) == results(asked)
    check_tools(asked, body, got)
    if target is not wire:
        everything = json.dumps(body) + json.dumps(sent.headers)
        assert DEVICE not in everything
        assert not [name for name in USER_FIELDS if name in everything]
        assert "anthropic-beta" not in sent.headers
    if target is not MESSAGES:
        assert BILLING not in json.dumps(body)
    assert "KEY" not in sent.headers.values()


DIALECTS = {
    "anthropic": "anthropic",
    "google": "gemini",
    "ollama": "ollama",
    "deepseek": "openai_chat",
    "openai": "openai_responses",
}


def check_rules(body: Json, sent: Request, target: Wire) -> None:
    match target.name:
        case "chat":
            check_chat(body["messages"], ".{1,40}")
        case "responses":
            check_responses(body["input"])
        case "messages":
            check_anthropic(body["messages"])
            if any(message["role"] == "system" for message in body["messages"]):
                assert "mid-conversation-system" in sent.headers["anthropic-beta"]
        case "gemini":
            check_gemini(body["contents"])
        case "ollama":
            check_ollama(body["messages"])


def check_texts(asked: ClientRequest, got: ClientRequest) -> None:
    """Check that all texts are there in their order, and nothing else but marks and a schema."""
    rest = "".join(turn.text or "" for turn in _turns(got) if turn.role != "tool")
    more = ""
    for turn in _turns(asked):
        for part in turn.parts if turn.role != "tool" else ():
            if isinstance(part, TextPart):
                before, found, rest = rest.partition(part.text)
                assert found == part.text
                more += before
    assert ADDED.sub("", more + rest).strip() == ""


# Around instructions that an API does not take there, and before the schema for a server that does
# not hold its model to one.
ADDED = re.compile(r"</?system_message>|Answer with JSON of this schema.*\n\{.*\}")


def _turns(request: ClientRequest) -> list[Message]:
    return [*request.request.turns()]


def calls(request: ClientRequest) -> list[tuple[str, Any]]:
    functions = [call["function"] for turn in _turns(request) for call in turn.tool_calls or ()]
    return [(each["name"], json.loads(each["arguments"])) for each in functions]


def results(request: ClientRequest) -> list[str]:
    return [turn.text or "" for turn in _turns(request) if turn.role == "tool"]


def check_tools(asked: ClientRequest, body: Json, got: ClientRequest) -> None:
    wanted = [tool for tool in asked.request.toolset() if isinstance(tool, Tool)]
    found = {tool.name: tool for tool in got.request.toolset() if isinstance(tool, Tool)}
    for tool in wanted:
        assert found[tool.name].description == tool.description
        properties = (tool.parameters or {}).get("properties", {})
        assert {*(found[tool.name].parameters or {}).get("properties", {})} >= {*properties}
    shown = json.dumps(body)
    for own in asked.request.toolset():
        if isinstance(own, ProviderTool):
            for inner in own.definition.get("tools", ()):
                assert inner["name"] in shown


# --- The replay ---

# By the vendor: the APIs whose clients give its signatures back.
SIGNED = {
    "anthropic": ("messages", "responses", "gemini"),
    "google": ("messages", "responses", "gemini", "chat"),
    "openai": ("messages", "responses", "gemini"),
}


def sample(schema: Mapping[str, Any]) -> object:
    """Return a value that fits a schema of the captures."""
    if schema["type"] == "object":
        return {name: sample(each) for name, each in schema.get("properties", {}).items()}
    return {"string": ANSWER, "integer": 1, "array": []}[schema["type"]]


def text_for(asked: ClientRequest) -> str:
    """Return the text of a model's answer, in the form that a request asks for."""
    output = asked.request.response_format
    if isinstance(output, OutputFormat) and output.schema is not None:
        return json.dumps(sample(output.schema))
    return ANSWER


def answered(asked: ClientRequest, following: ClientRequest | None, api: Api) -> list[Event]:
    """Return what a vendor answers, so that the client goes on with its next request."""
    made = [] if following is None else calls(following)[-1:]
    if not made:
        return [TextDelta(text_for(asked)), *ended("stop")]
    [(tool, arguments)] = made
    thought: list[Event] = []
    signature = None
    match api.provider:
        case "anthropic":
            thought = [ReasoningDelta("Hm."), ReasoningDelta("", SIGNATURE)]
        case "openai":
            thought = [ReasoningDelta("Hm.", None, "rs_1"), ReasoningDelta("", SIGNATURE, "rs_1")]
        case "google":
            thought, signature = [ReasoningDelta("Hm.")], SIGNATURE
        case _:
            thought = [ReasoningDelta("Hm.")]
    call = ToolCallDelta(0, "call_1", tool, json.dumps(arguments), signature)
    return [*thought, call, *ended("tool_calls")]


def wants_thoughts(wire: Wire, body: Json) -> bool:
    if wire.name == "messages":
        return "thinking" in body
    return wire.name != "gemini" or "thinkingConfig" in body["generationConfig"]


def play(session: Replay, exchange: Exchange, wire: Wire) -> None:
    """Send a chat, and where the client went on, the next turn with the answer that it got."""
    api = session.vendor.api
    body = exchange.filled()
    following = None if exchange.next is None else Exchange(exchange.next, ())
    next_body = {} if following is None else following.filled()
    read = None if following is None else following.read(wire, next_body)
    session.vendor.events = answered(exchange.read(wire, body), read, api)
    reply = session.chat(exchange, wire, body)
    if following is None:
        return
    turn = turn_of(wire.name, reply.body)
    second = with_turn(wire.name, next_body, len(_items({"body": body})), turn)
    session.vendor.events = answered(following.read(wire, second), None, api)
    session.chat(following, wire, second)
    if wire.name in SIGNED.get(api.provider, ()) and wants_thoughts(wire, body):
        assert SIGNATURE.encode() in session.vendor.chats[0].body


@each_capture
@each_api
def test_g030_g032_g034_g036_g052_g190_captured_requests_reach_a_vendor_of_each_api_whole(
    replay: Callable[[str], Replay], capture: str, name: str
) -> None:
    session = replay(name)
    for exchange in exchanges(capture):
        wire = exchange.wire
        if exchange.is_websocket:
            assert session.send(exchange, None).status == 426
        elif wire is not None:
            play(session, exchange, wire)
        else:
            body = None if exchange.body is None else exchange.filled()
            assert session.send(exchange, body).status == 200
