"""Requests of Ollama's API, as clients send them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import client_bodies
from llmring.chat.output_format import OutputFormat
from llmring.chat.parsed_request import ParsedRequest, parse_request
from llmring.chat.parts import ImagePart, ReasoningPart, TextPart
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import ProviderTool, Tool, ToolCall
from llmring.dialects.dialect import Quirks
from llmring.dialects.ollama.decode_request import decode
from llmring.dialects.ollama.dialect import DIALECT
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(8)).decode()
HELLO = [{"role": "user", "content": "Hello"}]
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}


def read(body: dict[str, Any]) -> ClientRequest:
    return decode(msgspec.json.encode(body), {})


def chat(**fields: Any) -> ClientRequest:
    return read({"model": "fast", "messages": HELLO, **fields})


def prompted(**fields: Any) -> ClientRequest:
    return read({"model": "fast", "prompt": "Hello", **fields})


def encoded(client: ClientRequest, model: str | None = None) -> dict[str, Any]:
    """The body that a server with the same API is sent."""
    request = msgspec.structs.replace(client.request, extra_params=dict(client.own))
    parsed = parse_request(request)
    name = model or client.model
    return DIALECT.encode(parsed, name, stream=client.stream, quirks=Quirks()).payload


def test_the_dialect_has_the_decoder() -> None:
    assert DIALECT.request_decoding() is decode


@pytest.mark.parametrize("client", [chat(), prompted()])
def test_the_least_request_is_read_and_answered_as_a_stream(client: ClientRequest) -> None:
    assert client == ClientRequest(
        model="fast", request=LLMRequest(messages=[Message("user", "Hello")]), stream=True
    )


@pytest.mark.parametrize(("stream", "streams"), [(None, True), (True, True), (False, False)])
def test_a_reply_is_whole_only_if_asked_for(stream: bool | None, streams: bool) -> None:
    assert chat(stream=stream).stream is streams


def test_the_options_that_all_apis_share_are_read() -> None:
    options = {"temperature": 0, "top_p": 0.5, "num_predict": 10, "stop": ["A"], "seed": 7}

    assert chat(
        options={**options, "num_ctx": 4096, "repeat_penalty": None}, keep_alive="5m", tools=[TOOL]
    ) == ClientRequest(
        model="fast",
        request=LLMRequest(
            messages=[Message("user", "Hello")],
            temperature=0,
            top_p=0.5,
            max_tokens=10,
            stop=["A"],
            seed=7,
            tools=[Tool("look", None, SCHEMA)],
        ),
        stream=True,
        own={"options": {"num_ctx": 4096}, "keep_alive": "5m"},
    )


@pytest.mark.parametrize("limit", [-2, -1, 0])
def test_a_limit_that_is_none_is_left_out(limit: int) -> None:
    assert chat(options={"num_predict": limit}) == chat(options={})


@pytest.mark.parametrize(
    ("form", "output"),
    [
        (None, None),
        ("", None),
        ("json", OutputFormat()),
        (SCHEMA, OutputFormat(SCHEMA, strict=True)),
    ],
)
def test_the_form_of_the_answer_is_read(form: Any, output: OutputFormat | None) -> None:
    assert chat(format=form).request.response_format == output


@pytest.mark.parametrize(
    ("think", "effort"),
    [(None, None), ("", None), (False, "none"), (True, "medium"), ("low", "low"), ("high", "high")],
)
def test_the_amount_of_thinking_is_read(think: Any, effort: str | None) -> None:
    assert chat(think=think).request.reasoning_effort == effort


def test_other_tools_and_further_fields_of_tools_stay_with_the_same_api() -> None:
    search = {"type": "web_search"}
    more = {"type": "function", "function": {"name": "ask", "parameters": None, "x": 1}}
    client = chat(tools=[search, more])

    assert client.request.tools == [ProviderTool(search), Tool("ask")]
    assert client.own == {"tools": [search, more]}
    assert chat(tools=[search, TOOL]).own == {}


def test_a_prompt_is_one_turn_of_the_user() -> None:
    client = prompted(system="Be kind.", images=[PNG], format="json", think=True)

    assert client.request == LLMRequest(
        messages=[
            Message("system", "Be kind."),
            Message("user", [ImagePart(data=PNG, media_type="image/png"), TextPart("Hello")]),
        ],
        response_format=OutputFormat(),
        reasoning_effort="medium",
    )
    assert client.own == {}


@pytest.mark.parametrize(
    "fields", [{}, {"messages": []}, {"prompt": ""}, {"system": "Be kind."}, {"keep_alive": 0}]
)
def test_a_request_without_messages_or_prompt_loads_the_model(fields: dict[str, Any]) -> None:
    client = read({"model": "fast", **fields})

    assert client.request.messages == []
    assert client.own == {name: value for name, value in fields.items() if name == "keep_alive"}


MATTERS: dict[str, Any] = {
    "suffix": " end",
    "template": "{{ .Prompt }}",
    "raw": True,
    "context": [1, 2],
    "logprobs": True,
    "top_logprobs": 3,
    "width": 64,
    "height": 64,
    "steps": 4,
}
USUAL: dict[str, Any] = {
    "suffix": "",
    "template": "",
    "raw": False,
    "context": [],
    "logprobs": False,
    "top_logprobs": 0,
    "truncate": False,
    "keep_alive": -1,
    "new_field": [1],
}


@pytest.mark.parametrize("name", MATTERS)
def test_a_field_that_changes_the_answer_needs_the_same_api(name: str) -> None:
    client = prompted(**{name: MATTERS[name]})

    assert client.own == {name: MATTERS[name]}
    assert client.required_own == (name,)
    assert encoded(client)[name] == MATTERS[name]


@pytest.mark.parametrize("name", USUAL)
def test_a_field_of_the_api_alone_is_kept(name: str) -> None:
    client = prompted(**{name: USUAL[name]})

    assert (client.own, client.required_own) == ({name: USUAL[name]}, ())


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": [5]}, "messages.0"),
        ({"messages": None, "prompt": 5}, "prompt"),
        ({"messages": None, "system": []}, "system"),
        ({"messages": None, "images": ["?"]}, "images.0"),
        ({"stream": "no"}, "stream"),
        ({"options": []}, "options"),
        ({"options": {"temperature": "hot"}}, "options.temperature"),
        ({"options": {"num_predict": 1.5}}, "options.num_predict"),
        ({"options": {"stop": [5]}}, "options.stop"),
        ({"options": {"seed": 2**63}}, "options.seed"),
        ({"format": "xml"}, "format"),
        ({"format": 5}, "format"),
        ({"think": "much"}, "think"),
        ({"think": 1}, "think"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"function": 5}]}, "tools.0.function"),
        ({"tools": [{"function": {}}]}, "tools.0.function.name"),
        ({"tools": [{"function": {"name": "a", "parameters": 5}}]}, "tools.0"),
        ({"tools": [{"function": {"name": "a", "description": 5}}]}, "tools.0"),
        ({"logprobs": 1}, "logprobs"),
        ({"raw": "yes"}, "raw"),
    ],
)
def test_a_field_of_another_form_is_an_error(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        chat(**fields)

    assert caught.value.field == path


# --- There and back ---

CALL: ToolCall = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "look", "arguments": '{"a":1}'},
}
REQUESTS = {
    "text": LLMRequest(messages="Hello"),
    "options": LLMRequest(
        messages="Hello",
        temperature=0.5,
        top_p=0.9,
        max_tokens=10,
        stop=["A"],
        seed=7,
        reasoning_effort="high",
        extra_params={"options": {"num_ctx": 4096}, "keep_alive": "5m"},
    ),
    "tools": LLMRequest(
        messages=[
            Message("system", "Be kind."),
            Message("user", [ImagePart(data=PNG, media_type="image/png"), TextPart("Look")]),
            Message(
                "assistant",
                [ReasoningPart("Hm", dialect="ollama"), TextPart("Let me see.")],
                tool_calls=[CALL, {**CALL, "id": "call_2"}],
            ),
            Message("tool", "x", tool_call_id="call_2"),
            Message("tool", "y", tool_call_id="call_1"),
            Message("assistant", None, tool_calls=[{**CALL, "id": ""}]),
            Message("tool", "z", name="look"),
        ],
        tools=[Tool("look", "Look.", SCHEMA), ProviderTool({"type": "web_search"})],
    ),
    "schema": LLMRequest(messages="Hello", response_format=OutputFormat(SCHEMA, strict=True)),
    "any JSON": LLMRequest(messages="Answer in JSON.", response_format={"type": "json_object"}),
    "no thinking": LLMRequest(messages="Hello", reasoning_effort="none"),
}


def plain(request: ParsedRequest) -> ParsedRequest:
    """The request without the object that it came from."""
    return msgspec.structs.replace(request, given=None, stops=list(request.stops))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_of_the_library_comes_back_as_it_was(name: str, stream: bool) -> None:
    before = parse_request(REQUESTS[name])
    # The thinking of this family has levels.
    outgoing = DIALECT.encode(before, "gpt-oss:20b", stream=stream, quirks=Quirks())
    client = read(outgoing.payload)
    after = msgspec.structs.replace(client.request, extra_params=dict(client.own))

    assert plain(parse_request(after)) == plain(before)
    assert (client.model, client.stream) == ("gpt-oss:20b", stream)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
calls = st.fixed_dictionaries(
    {
        "function": st.fixed_dictionaries(
            {"name": st.sampled_from(["look", "ask"]), "arguments": st.just({"a": [1]})}
        )
    }
)
messages = st.one_of(
    st.fixed_dictionaries(
        {"role": st.just("user"), "content": texts},
        optional={"images": st.lists(st.just(PNG), max_size=2)},
    ),
    st.fixed_dictionaries({"role": st.sampled_from(["system", "developer"]), "content": texts}),
    st.fixed_dictionaries(
        {"role": st.just("assistant")},
        optional={"content": texts, "thinking": texts, "tool_calls": st.lists(calls, max_size=3)},
    ),
    st.fixed_dictionaries(
        {"role": st.just("tool"), "content": texts},
        optional={"tool_name": st.sampled_from(["look", "ask", "see"])},
    ),
)

bodies = st.fixed_dictionaries(
    {"model": st.just("gpt-oss"), "messages": st.lists(messages, max_size=6)},
    optional={
        "stream": st.booleans(),
        "options": st.fixed_dictionaries(
            {},
            optional={
                "temperature": st.floats(0, 2),
                "num_predict": st.integers(-2, 10),
                "num_ctx": st.just(4096),
                "stop": st.lists(st.just("A"), min_size=1, max_size=2),
            },
        ),
        "tools": st.just([TOOL]),
        "think": st.sampled_from([False, "low", "high"]),
        "keep_alive": st.sampled_from([0, "5m"]),
        "logprobs": st.booleans(),
    },
)


@given(bodies)
def test_g194_what_was_read_is_read_the_same_when_it_is_written(body: dict[str, Any]) -> None:
    # Written once, results follow their calls, and late system messages are a user's.
    client = read(encoded(read(body)))

    assert read(encoded(client)) == client


odd = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), texts
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=4,
)


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A body in which one value is another one."""
    body = json.loads(json.dumps(draw(bodies)))
    places: list[tuple[Any, Any]] = []
    open_ = [body]
    while open_:
        table = open_.pop()
        for key, value in [*(table.items() if isinstance(table, dict) else enumerate(table))]:
            places.append((table, key))
            if isinstance(value, dict | list):
                open_.append(value)
    table, key = draw(st.sampled_from(places))
    table[key] = draw(odd)
    return body


@given(damaged())
def test_a_damaged_body_is_read_or_an_error_of_its_form(body: Any) -> None:
    try:
        client = decode(json.dumps(body).encode(), {})
    except RequestFormatError:
        return

    parse_request(client.request)


# --- Real clients ---


@pytest.mark.parametrize("body", client_bodies.sent_to("/api/chat", "/api/generate"))
def test_the_request_of_a_real_client_is_kept_whole(body: dict[str, Any]) -> None:
    client = read(body)
    turns = client.request.turns()

    assert client.required_own == ()
    assert [turn.text for turn in turns] == [each.get("content") or "" for each in body["messages"]]
    assert [tool["function"]["name"] for tool in body.get("tools", [])] == [
        each.name for each in client.request.toolset() if isinstance(each, Tool)
    ]
    sent = encoded(client)
    for before, after in zip(body["messages"], sent["messages"], strict=True):
        assert (after["role"], after["content"]) == (before["role"], before.get("content") or "")
        assert after.get("tool_calls") == before.get("tool_calls")
    assert sent.get("options", {}) == body.get("options", {})
    assert sent["stream"] == body.get("stream", True)
    assert sent.get("tools", []) == body.get("tools", [])


RECORDINGS = Path(__file__).resolve().parents[3].parent / "shared/recordings/ollama.jsonl"


@pytest.mark.skipif(not RECORDINGS.is_file(), reason="needs the recordings next to the repository")
def test_every_recorded_request_is_read() -> None:
    with RECORDINGS.open("rb") as lines:
        for line in lines:
            body = json.loads(line)["request"]["json"]
            client = read(body)

            roles = [each["role"] for each in encoded(client)["messages"]]

            assert client.required_own == ()
            # The library asks for JSON in words too.
            assert roles[-len(body["messages"]) :] == [each["role"] for each in body["messages"]]
            assert len(client.request.toolset()) == len(body.get("tools") or [])
