"""Requests of Chat Completions there and back: of the library, of clients, damaged ones."""

from __future__ import annotations

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
from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    ProviderPart,
    ReasoningPart,
    TextPart,
)
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import ProviderTool, Tool, ToolCall
from llmring.dialects.call_ids import ANY
from llmring.dialects.dialect import AS_GIVEN, EVERY_FIELD, Quirks
from llmring.dialects.openai_chat.decode_request import decode
from llmring.dialects.openai_chat.dialect import DIALECT
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
NAMED_SCHEMA = {"type": "json_schema", "json_schema": {"name": "point", "schema": SCHEMA}}

# A server that takes all that the API can carry.
QUIRKS = Quirks(
    reasoning_field=AS_GIVEN,
    message_fields=EVERY_FIELD,
    caching="marks",
    any_schema=True,
    signed_calls=True,
    call_ids=ANY,
)


def read(body: dict[str, Any]) -> ClientRequest:
    return decode(msgspec.json.encode(body), {})


def encoded(client: ClientRequest, quirks: Quirks = QUIRKS) -> dict[str, Any]:
    """The body that a server with the same API is sent."""
    request = msgspec.structs.replace(client.request, extra_params=dict(client.own))
    parsed = msgspec.structs.replace(parse_request(request), one_call=client.one_call)
    return DIALECT.encode(parsed, client.model, stream=client.stream, quirks=quirks).payload


CALL: ToolCall = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "look", "arguments": '{"a": 1}'},
}
CUSTOM: ToolCall = {
    "id": "call_2",
    "type": "custom",
    "function": {"name": "patch", "arguments": '"quoted"\r\n\U0001f600'},
}
SIGNED: ToolCall = {
    **CALL,
    "signature": "c2ln",
    "extra_content": {"google": {"thought_signature": "c2ln"}},
}
MARK = {"type": "ephemeral"}
PNG = "iVBORw0KGgo="

REQUESTS = {
    "text": LLMRequest(messages="Hello"),
    "options": LLMRequest(
        messages="Hello",
        temperature=0.5,
        top_p=0.9,
        max_tokens=10,
        stop=["A"],
        seed=7,
        reasoning_effort="low",
        extra_params={"user": "ann", "n": 2},
    ),
    "answers": LLMRequest(
        messages=[
            Message("system", "Be kind.", name="host"),
            Message("user", "Hello", name="ann"),
            Message(
                "assistant",
                [ReasoningPart("Hm", dialect="openai_chat", field="reasoning"), TextPart("Hi")],
            ),
            Message("system", "Be brief."),
            Message("user", "Look"),
            Message(
                "assistant",
                [ReasoningPart("", dialect="openai_chat", field="reasoning_content")],
                tool_calls=[CALL, CUSTOM],
            ),
            Message("tool", "x", tool_call_id="call_1"),
            Message("tool", [TextPart("y"), TextPart("z")], tool_call_id="call_2"),
        ],
        tools=[
            Tool("look", "Look.", SCHEMA, extra={"cache_control": MARK}),
            ProviderTool({"type": "custom", "custom": {"name": "patch"}}),
        ],
        tool_choice="required",
    ),
    "own fields": LLMRequest(
        messages=[
            Message("user", "Hello"),
            Message(
                "assistant",
                [
                    ProviderPart("openai_chat", {"type": "reasoning.encrypted", "data": "x"}),
                    TextPart("No."),
                    ProviderPart(
                        "openai_chat", {"type": "message", "refusal": "No.", "text": "No."}
                    ),
                ],
            ),
            Message("assistant", None, tool_calls=[SIGNED]),
            Message("tool", "", tool_call_id="call_1"),
        ]
    ),
    "media": LLMRequest(
        messages=[
            Message(
                "user",
                [
                    TextPart("Look", MARK),
                    ImagePart(data=PNG, media_type="image/png", detail="low"),
                    ImagePart(url="https://x.org/a.png", cache_control=MARK),
                    AudioPart("AAAA", "audio/mpeg"),
                    DocumentPart(data="JVBERi0=", name="a.pdf"),
                    ProviderPart("openai_chat", {"type": "video_url"}),
                ],
            )
        ]
    ),
    "named tool": LLMRequest(
        messages="Hello", tools=[Tool("look", None, SCHEMA)], tool_choice={"name": "look"}
    ),
    "schema": LLMRequest(
        messages="Hello", response_format=OutputFormat(SCHEMA, "point", "A point", strict=True)
    ),
    "any JSON": LLMRequest(messages="Answer in JSON.", response_format={"type": "json_object"}),
}


def plain(request: ParsedRequest) -> ParsedRequest:
    """The request without the object that it came from."""
    return msgspec.structs.replace(request, given=None, stops=list(request.stops))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_of_the_library_comes_back_as_it_was(name: str, stream: bool) -> None:
    before = parse_request(REQUESTS[name])
    client = read(DIALECT.encode(before, "fast", stream=stream, quirks=QUIRKS).payload)
    after = msgspec.structs.replace(client.request, extra_params=dict(client.own))

    assert plain(parse_request(after)) == plain(before)
    assert (client.model, client.stream, client.include_usage) == ("fast", stream, True)


@pytest.mark.parametrize(
    ("quirks", "fields"),
    [
        (Quirks(caching="keys"), {"cache": {"key": "c1", "ttl": "24h"}}),
        (Quirks(caching="keys"), {"cache": {"key": "c1", "ttl": "30m"}}),
        (Quirks(reasoning="object"), {"reasoning_tokens": 2000, "max_tokens": 10}),
        (Quirks(max_tokens_field="max_completion_tokens"), {"max_tokens": 10}),
    ],
)
def test_what_servers_take_in_different_forms_comes_back(
    quirks: Quirks, fields: dict[str, Any]
) -> None:
    before = parse_request(LLMRequest(messages="Hello", **fields))
    client = read(DIALECT.encode(before, "fast", stream=False, quirks=quirks).payload)

    assert plain(parse_request(client.request)) == plain(before)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
cache_marks = st.sampled_from([{}, {"cache_control": MARK}])
text_parts = st.builds(
    lambda text, mark: {"type": "text", "text": text, **mark}, texts, cache_marks
)
user_parts = st.one_of(
    text_parts,
    st.just({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}),
    st.just({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
    st.just({"type": "video_url", "video_url": {"url": "https://x.org"}}),
)
contents = st.one_of(texts, st.lists(text_parts, max_size=3))
answers = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": st.one_of(st.none(), contents)},
    optional={
        "reasoning_content": texts,
        "reasoning": texts,
        "reasoning_details": st.just([{"type": "reasoning.encrypted", "data": "x"}]),
        "refusal": texts,
        "annotations": st.just([{"type": "url_citation", "url_citation": {"url": "https://x"}}]),
        "audio": st.just({"id": "audio_1"}),
        "name": texts,
    },
)


@st.composite
def tool_rounds(draw: st.DrawFn) -> list[dict[str, Any]]:
    calls = draw(
        st.lists(
            st.sampled_from(
                [
                    {"type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}},
                    {"type": "custom", "custom": {"name": "patch", "input": "a\r\n"}},
                    {
                        "type": "function",
                        "function": {"name": "look", "arguments": "{}"},
                        "extra_content": {"google": {"thought_signature": "s"}},
                    },
                ]
            ),
            min_size=1,
            max_size=3,
        )
    )
    named = [{**each, "id": f"call_{at}"} for at, each in enumerate(calls)]
    answer = {**draw(answers), "tool_calls": named}
    results = [
        {"role": "tool", "tool_call_id": each["id"], "content": draw(contents)} for each in named
    ]
    older = {"role": "assistant", "function_call": {"name": "look", "arguments": "{}"}}
    result = {"role": "function", "name": "look", "content": draw(texts)}
    return draw(st.sampled_from([[answer, *results], [older, result]]))


rounds = st.one_of(
    st.builds(
        lambda content: [{"role": "user", "content": content}], st.lists(user_parts, max_size=3)
    ),
    st.builds(lambda answer: [answer], answers),
    st.builds(
        lambda role, content: [{"role": role, "content": content}],
        st.sampled_from(["system", "developer", "user"]),
        contents,
    ),
    tool_rounds(),
)
EXAMPLES = {"type": "function", "function": {"name": "ask", "parameters": SCHEMA, "examples": [1]}}

bodies = st.fixed_dictionaries(
    {
        "model": texts,
        "messages": st.lists(rounds, min_size=1, max_size=4).map(
            lambda each: [message for one in each for message in one]
        ),
    },
    optional={
        "temperature": st.floats(0, 2),
        "max_tokens": st.integers(1, 100),
        "max_completion_tokens": st.integers(1, 100),
        "stop": st.one_of(texts, st.lists(texts, min_size=1, max_size=2)),
        "stream": st.booleans(),
        "stream_options": st.just({"include_usage": True, "include_obfuscation": False}),
        "tools": st.lists(st.just(EXAMPLES), max_size=1).map(
            lambda more: [TOOL, {"type": "custom", "custom": {"name": "patch"}}, *more]
        ),
        "tool_choice": st.sampled_from(
            [
                "auto",
                {"type": "function", "function": {"name": "look"}},
                {"type": "custom", "custom": {"name": "patch"}},
                {"type": "web_search"},
                {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TOOL]}},
            ]
        ),
        "response_format": st.sampled_from([NAMED_SCHEMA, {"type": "text"}, {"type": "grammar"}]),
        "reasoning_effort": st.sampled_from(["none", "high"]),
        "n": st.integers(1, 3),
        "new_field": texts,
    },
).map(lambda body: {"tools": [TOOL], **body} if "tool_choice" in body else body)


def same_meaning(client: ClientRequest) -> Any:
    """The request with two spellings of one meaning made alike: a stop text, and a list of it."""
    request = client.request
    return msgspec.structs.replace(
        client, request=msgspec.structs.replace(request, stop=request.stops())
    )


@given(bodies)
def test_g194_what_was_read_is_read_the_same_when_it_is_written(body: dict[str, Any]) -> None:
    client = read(body)
    if client.stream:
        # A stream from a server always has the tokens.
        client = msgspec.structs.replace(client, include_usage=True)

    assert same_meaning(read(encoded(client))) == same_meaning(client)


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


@pytest.mark.parametrize("body", client_bodies.sent_to("/v1/chat/completions"))
def test_the_request_of_a_real_client_is_kept_whole(body: dict[str, Any]) -> None:
    client = read(body)
    turns = client.request.turns()

    assert client.model == "fast"
    assert client.required_own == ()
    assert [turn.text for turn in turns] == [each.get("content") or "" for each in body["messages"]]
    assert [tool["function"]["name"] for tool in body.get("tools", [])] == [
        each.name for each in client.request.toolset() if isinstance(each, Tool)
    ]
    sent = encoded(client, Quirks(any_schema=True, reasoning_field=AS_GIVEN, call_ids=ANY))
    for before, after in zip(body["messages"], sent["messages"], strict=True):
        assert {**after, "content": after["content"] or ""} == {
            **before,
            "content": before.get("content") or "",
        }
    kept = ("temperature", "max_tokens", "tool_choice", "response_format")
    assert {name: sent[name] for name in kept if name in body} == {
        name: body[name] for name in kept if name in body
    }
    assert len(sent.get("tools", [])) == len(body.get("tools", []))


RECORDINGS = Path(__file__).resolve().parents[3].parent / "shared/recordings/openai_chat.jsonl"


@pytest.mark.skipif(not RECORDINGS.is_file(), reason="needs the recordings next to the repository")
def test_every_recorded_request_that_was_answered_is_read() -> None:
    read_ = 0
    with RECORDINGS.open("rb") as lines:
        for line in lines:
            exchange = json.loads(line)
            body = exchange["request"]["json"]
            if exchange["response"]["status"] < 400 and "model" in body:
                client = read(body)
                sent = encoded(client)
                read_ += 1

                assert len(client.request.turns()) == len(body["messages"])
                assert len(sent["messages"]) == len(body["messages"])
                given_tools = body.get("tools") or body.get("functions") or []
                assert len(sent.get("tools", [])) == len(given_tools)

    assert read_ > 250
