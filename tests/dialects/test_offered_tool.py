"""Tools as each API is offered them, by the requests that a ring sends."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmring import LLMResponse, LLMRing, StreamChunk, ValidationError
from llmring.chat.events import Event, Finished, Started, TextDelta, ToolCallDelta
from llmring.dialects.reply_encoding import Envelope
from llmring.providers.table import PROVIDERS
from loopback import Answer, Loopback, as_stream

Serve = Callable[..., Loopback]
Schema = dict[str, Any]


class Api:
    """An API of a provider: its model, its lockfile and its replies."""

    def __init__(self, model: str, address: str, key: str, tail: str, api: str | None = None):
        self.model, self.address, self.key, self.tail = model, address, key, tail
        row = PROVIDERS[model.partition(":")[0]]
        self.encoding = row.speaking(api).reply_encoding()
        self.settings = f'[providers.openai]\napi = "{api}"\n' if api else ""

    def ring(self, server: Loopback, folder: Path) -> LLMRing:
        path = folder / "llmring.lock"
        path.write_text(
            f'{self.settings}[[profiles.default.bindings]]\nalias = "a"\n'
            f'models = ["{self.model}"]\n'
        )
        environ = {self.address: server.url + self.tail, self.key: "k" * 20, "LLMRING_RETRIES": "0"}
        return LLMRing(path, environ=environ)

    def whole(self, *events: Event) -> Answer:
        body = self.encoding.whole([Started("m", "id-1"), *events], Envelope(created=1))
        return Answer([body], 200, {"content-type": "application/json"})

    def stream(self, *events: Event) -> Answer:
        steps = self.encoding.stream([Started("m", "id-1"), *events], Envelope(created=1))
        kind = "application/x-ndjson" if self.model.startswith("ollama") else "text/event-stream"
        return as_stream(*steps, content_type=kind)


APIS = {
    "chat": Api("openai:gpt-4.1", "OPENAI_BASE_URL", "OPENAI_API_KEY", "/v1", "chat"),
    "responses": Api("openai:gpt-4.1", "OPENAI_BASE_URL", "OPENAI_API_KEY", "/v1", "responses"),
    "anthropic": Api("anthropic:claude-sonnet-5", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", ""),
    "gemini": Api("google:gemini-2.5-flash", "GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY", ""),
    "ollama": Api("ollama:llama3.3", "OLLAMA_BASE_URL", "OLLAMA_API_KEY", ""),
}
DONE = (TextDelta("ok"), Finished("stop", ""))


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> Api:
    return APIS[request.param]


def offered(server: Loopback) -> Schema:
    """Return the first tool that the server was offered, in one form for all APIs."""
    found: Schema = json.loads(server.requests[-1].body)["tools"][0]
    found = found.get("functionDeclarations", [found])[0]
    found = found.get("function", found)
    schemas = ("parameters", "input_schema", "parametersJsonSchema")
    return {**found, "schema": next(found[name] for name in schemas if name in found)}


def ask(
    api: Api, serve: Serve, folder: Path, *tools: Any, streams: bool = False
) -> tuple[LLMResponse | StreamChunk, Schema]:
    server = serve(api.stream(*DONE) if streams else api.whole(*DONE))
    with api.ring(server, folder) as ring:
        answer: LLMResponse | StreamChunk
        if streams:
            *_, answer = ring.chat_stream("a", messages="Hi", tools=list(tools))
        else:
            answer = ring.chat("a", messages="Hi", tools=list(tools)).result()
    return answer, offered(server)


def tool(schema: Any, **more: Any) -> Schema:
    return {
        "type": "function",
        "function": {"name": "f", "description": "Does.", "parameters": schema, **more},
    }


def branch(name: str) -> Schema:
    return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"properties": {}},
        {"type": ["object", "null"], "required": None},
        {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"},
    ],
)
def test_a_function_without_arguments_gets_an_object_with_properties(
    api: Api, serve: Serve, tmp_path: Path, schema: Schema, streams: bool
) -> None:
    _, sent = ask(api, serve, tmp_path, tool(schema), streams=streams)

    assert sent["schema"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_a_choice_at_the_root_is_merged_and_told(
    api: Api, serve: Serve, tmp_path: Path, keyword: str
) -> None:
    schema = {"type": "object", keyword: [branch("content"), branch("url")]}

    _, sent = ask(api, serve, tmp_path, tool(schema))

    assert keyword not in sent["schema"]
    assert sent["schema"]["properties"].keys() == {"content", "url"}
    assert "of these: content; url" in sent["description"]
    assert sent["description"].startswith("Does.")
    assert "of these: content; url" in sent["schema"]["description"]


def test_all_parts_at_the_root_are_merged(api: Api, serve: Serve, tmp_path: Path) -> None:
    schema = {"allOf": [branch("a"), {"$ref": "#/$defs/B"}], "$defs": {"B": branch("b")}}

    _, sent = ask(api, serve, tmp_path, tool(schema))

    assert sent["schema"]["properties"].keys() == {"a", "b"}
    assert sent["schema"]["required"] == ["a", "b"]


@pytest.mark.parametrize("ref", ["#/definitions/Node", "#node"])
def test_a_reference_at_the_root_is_resolved_with_its_definitions(
    api: Api, serve: Serve, tmp_path: Path, ref: str
) -> None:
    node = {"type": "object", "properties": {"next": {"$ref": ref}}, "$anchor": "node"}

    _, sent = ask(api, serve, tmp_path, tool({"$ref": ref, "definitions": {"Node": node}}))

    assert sent["schema"]["properties"] == {"next": {"$ref": "#/$defs/Node"}}
    assert sent["schema"]["$defs"]["Node"]["properties"] == sent["schema"]["properties"]


@pytest.mark.parametrize(
    "given",
    [
        {"type": "function", "name": "f", "parameters": branch("a")},
        {"type": "function", "function": {"name": "f", "parameters": branch("a")}},
        {"name": "f", "input_schema": branch("a")},
        {"type": "custom", "name": "f", "input_schema": branch("a")},
        {"name": "f", "inputSchema": branch("a")},
        {"toolSpec": {"name": "f", "inputSchema": {"json": branch("a")}}},
        {"name": "f", "parametersJsonSchema": branch("a")},
        {
            "functionDeclarations": [
                {
                    "name": "f",
                    "parameters": {
                        "type": "OBJECT",
                        "properties": {"a": {"type": "STRING"}},
                        "required": ["a"],
                    },
                }
            ]
        },
    ],
    ids=["responses", "chat", "anthropic", "custom", "mcp", "converse", "gemini", "declarations"],
)
def test_a_tool_may_come_in_the_format_of_any_vendor(
    api: Api, serve: Serve, tmp_path: Path, given: Schema
) -> None:
    _, sent = ask(api, serve, tmp_path, given)

    assert (sent["name"], sent["schema"]) == ("f", branch("a"))


def test_a_list_of_googles_declarations_is_several_tools(serve: Serve, tmp_path: Path) -> None:
    api = APIS["gemini"]
    server = serve(api.whole(*DONE))
    both = {"function_declarations": [{"name": "f"}, {"name": "g"}], "google_search": {}}

    api.ring(server, tmp_path).chat("a", messages="Hi", tools=[both]).result()

    sent = json.loads(server.requests[0].body)["tools"]
    assert [each["name"] for each in sent[0]["functionDeclarations"]] == ["f", "g"]
    assert sent[1] == {"google_search": {}}


OPEN = {
    "type": "object",
    "properties": {"scores": {"type": "object", "additionalProperties": {"type": "number"}}},
    "required": ["scores"],
}


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", ["chat", "responses", "anthropic"])
def test_an_open_dictionary_is_sent_without_strict_and_noted(
    name: str, serve: Serve, tmp_path: Path, streams: bool
) -> None:
    answer, sent = ask(APIS[name], serve, tmp_path, tool(OPEN, strict=True), streams=streams)

    assert (sent["strict"], sent["schema"]) == (False, OPEN)
    [note] = answer.attempts[-1].adjusted
    assert "the tool 'f'" in note
    assert "/properties/scores" in note


def test_a_tool_that_can_be_strict_is_sent_so_without_a_note(
    api: Api, serve: Serve, tmp_path: Path
) -> None:
    answer, sent = ask(api, serve, tmp_path, tool(branch("a"), strict=True))

    assert sent["schema"]["properties"] == {"a": {"type": "string"}}
    assert answer.attempts[-1].adjusted == ()


def test_a_choice_under_strict_needs_no_wrapper(serve: Serve, tmp_path: Path) -> None:
    schema = {"anyOf": [branch("content"), branch("url")]}

    _, sent = ask(APIS["chat"], serve, tmp_path, tool(schema, strict=True))

    assert sent["strict"] is True
    assert sent["schema"]["required"] == ["content", "url"]
    assert sent["schema"]["properties"]["url"] == {"type": ["string", "null"]}


def test_a_tool_with_an_ambiguous_reference_is_refused_by_name_and_place(
    api: Api, serve: Serve, tmp_path: Path
) -> None:
    part = {"$dynamicAnchor": "n", "type": "string"}
    schema = {"properties": {"a": {"$dynamicRef": "#n"}}, "$defs": {"A": part, "B": part}}

    with pytest.raises(ValidationError, match=r"'f' .*dynamicRef '#n' at /properties/a"):
        ask(api, serve, tmp_path, tool(schema))


# --- What comes back ---


def call(arguments: Any) -> tuple[Event, ...]:
    text = json.dumps(arguments)
    return ToolCallDelta(0, "call_1", "f", text), Finished("tool_calls", "")


def arguments_of(api: Api, server: Loopback, folder: Path, given: Schema, way: str) -> Any:
    with api.ring(server, folder) as ring:
        if way == "whole":
            answer = ring.chat("a", messages="Hi", tools=[given]).result()
            calls, message = answer.tool_calls, answer.message
        elif way == "async":
            answer = asyncio.run(_asked(ring, given))
            calls, message = answer.tool_calls, answer.message
        else:
            *_, last = ring.chat_stream("a", messages="Hi", tools=[given])
            assert last.message is not None
            calls, message = last.tool_calls, last.message
    assert calls is not None
    assert list(message.calls) == calls
    return json.loads(calls[0]["function"]["arguments"])


async def _asked(ring: LLMRing, given: Schema) -> LLMResponse:
    return await ring.chat("a", messages="Hi", tools=[given])


@pytest.mark.parametrize("way", ["whole", "async", "stream"])
@pytest.mark.parametrize("name", ["chat", "responses", "anthropic", "gemini"])
def test_null_for_a_left_out_argument_of_a_strict_tool_is_dropped(
    name: str, serve: Serve, tmp_path: Path, way: str
) -> None:
    api = APIS[name]
    schema = {"properties": {"a": {"type": "string"}, "b": {"type": ["string", "null"]}}}
    reply = call({"a": None, "b": None})
    server = serve(api.stream(*reply) if way == "stream" else api.whole(*reply))

    found = arguments_of(api, server, tmp_path, tool(schema, strict=True), way)

    assert found == {"b": None}


@pytest.mark.parametrize("way", ["whole", "async", "stream"])
def test_arguments_that_are_an_array_come_out_of_their_object(
    api: Api, serve: Serve, tmp_path: Path, way: str
) -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    reply = call({"answer": [1, 2]})
    server = serve(api.stream(*reply) if way == "stream" else api.whole(*reply))

    assert arguments_of(api, server, tmp_path, tool(schema), way) == [1, 2]
    assert offered(server)["schema"]["properties"] == {"answer": schema}


@pytest.mark.parametrize("way", ["whole", "async", "stream"])
def test_a_name_that_anthropic_refuses_is_replaced_and_put_back(
    serve: Serve, tmp_path: Path, way: str
) -> None:
    api = APIS["anthropic"]
    schema = {"type": "object", "properties": {"$top": {"type": "integer"}}, "required": ["$top"]}
    reply = call({"_top": 3})
    server = serve(api.stream(*reply) if way == "stream" else api.whole(*reply))

    assert arguments_of(api, server, tmp_path, tool(schema), way) == {"$top": 3}
    assert offered(server)["schema"]["required"] == ["_top"]


def test_a_claude_without_structured_outputs_is_offered_no_strict_tool(
    serve: Serve, tmp_path: Path
) -> None:
    api = APIS["anthropic"]
    older = Api("anthropic:claude-opus-4", api.address, api.key, api.tail)

    answer, sent = ask(older, serve, tmp_path, tool(branch("a"), strict=True))

    assert "strict" not in sent
    assert "without strict" in answer.attempts[-1].adjusted[0]
