"""The arguments of calls come as the schema of the tool has them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import answers
from conftest import Way
from llmring import LLMRing, Tool, tool
from llmring.chat.tools import ProviderTool, ToolCall
from llmring.client.replies.call_arguments import restorer
from loopback import Answer, Loopback, as_stream
from rings import MODEL, environ_of, ring_at
from traces import collected

Serve = Callable[..., Loopback]

PLACE = {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": "string"}}}
NAMES = {"type": "object", "properties": {"filter[id]": {"type": "string"}, "a": {}}}
LIST = {"type": "array", "items": {"type": "integer"}}


def calling(name: str, arguments: str) -> Answer:
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return answers.openai(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])


def restored(tool_: Tool, arguments: str) -> str:
    call = ToolCall(id="1", type="function", function={"name": tool_.name, "arguments": arguments})
    restore = restorer([tool_, ProviderTool({"type": "web_search"})])
    return (call if restore is None else restore(call))["function"]["arguments"]


@pytest.mark.parametrize(
    ("found", "given_", "expected"),
    [
        (Tool("f", parameters=PLACE, strict=True), '{"city": "x", "zip": null}', '{"city":"x"}'),
        (Tool("f", parameters=PLACE), '{"city": "x", "zip": null}', None),
        (Tool("f", parameters=PLACE, strict=True), '{"city": "x"}', None),
        (Tool("f", parameters=PLACE, strict=True), '{"city": ', None),
        (Tool("f", parameters=LIST), '{"answer": [1]}', "[1]"),
        (Tool("f", parameters=LIST), "[1]", None),
        (Tool("f", parameters={"anyOf": [PLACE]}), '{"answer": [1]}', None),
        (Tool("f"), '{"answer": [1]}', None),
        (Tool("f", parameters=NAMES), '{"filter_id_": "x", "a": 1}', '{"filter[id]":"x","a":1}'),
        (Tool("f", parameters=NAMES), '{"filter[id]": "x"}', None),
        (
            Tool("f", parameters={"anyOf": [NAMES, {"required": ["$top"]}]}),
            '{"_top": 1}',
            '{"$top":1}',
        ),
    ],
)
def test_only_what_an_api_asked_for_is_undone(
    found: Tool, given_: str, expected: str | None
) -> None:
    assert restored(found, given_) == (given_ if expected is None else expected)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["city", "zip", "more"]), st.none() | st.text(max_size=3), max_size=3
    )
)
def test_null_stays_where_the_schema_takes_it_or_does_not_know_the_name(
    arguments: dict[str, str | None],
) -> None:
    found = json.loads(restored(Tool("f", parameters=PLACE, strict=True), json.dumps(arguments)))

    dropped = {name for name in ("city", "zip") if arguments.get(name, "") is None}
    assert found == {name: value for name, value in arguments.items() if name not in dropped}


def test_the_default_of_a_strict_function_applies_for_null(serve: Serve) -> None:
    @tool(strict=True)
    def greet(name: str, greeting: str = "Servus") -> str:
        """Greet."""
        return f"{greeting}, {name}"

    server = serve(calling("greet", '{"name": "Ada", "greeting": null}'), answers.openai("done"))

    answer = ring_at(server).run_tools(MODEL, "Greet", tools=[greet])

    assert [run.message.text for run in answer.result().runs] == ["Servus, Ada"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_trace_has_the_arguments_that_the_caller_gets(
    serve: Serve, way: Way, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = {"id": "c1", "function": {"name": "f", "arguments": '{"city": "x", "zip": null}'}}
    end = [answers.openai_event(finish_reason="tool_calls"), answers.USAGE, answers.DONE]
    made = answers.openai_event(tool_calls=[{"index": 0, **call}])
    whole = calling("f", '{"city": "x", "zip": null}')
    ring = ring_at(
        serve(as_stream(answers.ROLE, made, *end) if stream else whole), telemetry="content"
    )
    place = Tool("f", parameters=PLACE, strict=True)

    with collected(monkeypatch) as seen:
        if stream:
            calls = way.stream(ring, MODEL, "Where?", tools=[place])[-1].tool_calls
        else:
            calls = way.chat(ring, MODEL, "Where?", tools=[place]).tool_calls
        attributes = dict(seen.spans[f"chat {MODEL}"].attributes or {})

    [message] = json.loads(str(attributes["gen_ai.output.messages"]))
    assert calls is not None
    assert calls[0]["function"]["arguments"] == '{"city":"x"}'
    assert message["parts"][-1]["arguments"] == '{"city":"x"}'


# A server that lists one tool with this schema, and returns the arguments of its calls.
SERVER = """
import json, sys

for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    method, params = asked["method"], asked.get("params") or {}
    if method == "initialize":
        result = {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "s", "version": "1"},
        }
    elif method == "tools/list":
        result = {"tools": [{"name": "f", "inputSchema": SCHEMA}]}
    elif method == "tools/call":
        text = json.dumps(params["arguments"])
        result = {"content": [{"type": "text", "text": text}], "isError": False}
    else:
        error = {"code": -32601, "message": "unknown"}
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": error}), flush=True)
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        ({"type": "object"}, {"type": "object", "properties": {}}),
        (
            {
                "type": "object",
                "anyOf": [{"required": ["city"]}, {"required": ["zip"]}],
                "properties": {"city": {"$ref": "#/$defs/T"}, "zip": {"$ref": "#/$defs/T"}},
                "$defs": {"T": {"type": "string"}},
            },
            {
                "type": "object",
                "properties": {"city": {"$ref": "#/$defs/T"}, "zip": {"$ref": "#/$defs/T"}},
                "$defs": {"T": {"type": "string"}},
                "description": "at least one of these: city; zip",
            },
        ),
    ],
)
def test_the_schema_of_an_mcp_tool_is_made_fit(
    serve: Serve, tmp_path: Path, schema: dict[str, Any], sent: dict[str, Any]
) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    program = tmp_path / "server.py"
    program.write_text(SERVER.replace("SCHEMA", repr(schema)))
    server = serve(calling("f", '{"city": "Graz"}'), answers.openai("done"))
    ring = LLMRing(environ=environ_of(server))

    answer = ring.run_tools(MODEL, "Hi", mcp=[f"{sys.executable} {program}"]).result()

    offered = json.loads(server.requests[0].body)["tools"][0]["function"]
    assert offered["parameters"] == sent
    assert answer.runs[0].message.text == '{"city": "Graz"}'
