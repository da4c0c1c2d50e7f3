"""The reading of a client's chat."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateways import gateway_of, post
from llmring.dialects.gemini.encode_reply import ARRAY_ENCODING, ENCODING
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.chats.read_chat import ReadChat, mark_of, marks, read_chat
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import CHAT, GEMINI, MESSAGES, OLLAMA, Wire

Read = Callable[..., ReadChat]

LOCKFILE = """
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5"]
"""
QUESTION: dict[str, Any] = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    path = tmp_path / "llmring.lock"
    path.write_text(LOCKFILE)
    return gateway_of(ServedRing(path))


def read(
    gateway: Gateway,
    wire: Wire = CHAT,
    body: Any = None,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> ReadChat:
    data = json.dumps(QUESTION if body is None else body).encode()
    request = post("/v1", data, headers=headers or {}, query=more.pop("query", {}))
    return read_chat(gateway, wire, request, **{"model": None, "stream": None, **more})


def test_a_chat_is_read_with_the_name_that_it_calls(gateway: Gateway) -> None:
    call = read(gateway)

    assert (call.request.model, call.called.profile) == ("fast", "default")
    assert call.request.turns[0].text == "Hi"
    assert call.envelope.id.startswith("chatcmpl-")


def test_g058_the_first_message_of_a_stream_has_an_estimate_of_the_prompt(
    gateway: Gateway,
) -> None:
    call = read(gateway, MESSAGES, {**QUESTION, "max_tokens": 10})

    assert call.envelope.estimate is not None
    assert 0 < call.envelope.estimate().prompt_tokens < 10


@pytest.mark.parametrize(("query", "encoding"), [({"alt": "sse"}, ENCODING), ({}, ARRAY_ENCODING)])
def test_g007_gemini_streams_are_events_or_an_array(
    gateway: Gateway, query: dict[str, str], encoding: object
) -> None:
    body = {"contents": [{"parts": [{"text": "Hi"}]}]}

    call = read(gateway, GEMINI, body, model="fast", stream=True, query=query)

    assert call.encoding is encoding
    assert call.asked.stream


def test_g028_the_wishes_of_the_headers_are_those_of_the_call(gateway: Gateway) -> None:
    headers = {"x-llmring-tags": "a,b", "x-llmring-timeout": "3", "x-llmring-max-cost": "0.5"}

    call = read(gateway, headers=headers)

    assert call.request.metadata == {"tags": ["a", "b"]}
    assert (call.request.timeout, call.wishes.max_cost) == (3.0, 0.5)


def test_g025_a_conversation_prefers_the_model_that_answered_it(gateway: Gateway) -> None:
    headers = {"x-llmring-session": "s1"}
    gateway.affinity.answered(read(gateway, headers=headers).conversation, "openai:gpt-4o-mini")

    assert read(gateway, headers=headers).wishes.prefer == "openai:gpt-4o-mini"
    assert read(gateway, headers={"x-llmring-session": "s2"}).wishes.prefer is None


def test_the_fields_of_the_client_s_api_go_with_the_call(gateway: Gateway) -> None:
    call = read(gateway, body={**QUESTION, "logit_bias": {"1": 2}})

    assert call.request.own is not None
    assert call.request.own.dialect == "openai_chat"
    assert call.request.own.fields["logit_bias"] == {"1": 2}


def test_an_endpoint_is_found_by_its_mark(gateway: Gateway) -> None:
    openai = gateway.ring.endpoints["openai"]

    assert marks(gateway)[mark_of(gateway.secret, openai)] == "openai"
    assert mark_of(gateway.secret, openai) != mark_of(b"another", openai)


def test_a_body_that_is_no_request_is_an_error(gateway: Gateway) -> None:
    with pytest.raises(RequestFormatError):
        read(gateway, body=[])


def test_g038_a_call_that_was_interrupted_gets_a_result(gateway: Gateway) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "user", "content": "Go on."},
    ]

    found = read(gateway, CHAT, {"model": "fast", "messages": turns})

    assert [turn.role for turn in found.request.turns] == ["user", "assistant", "tool", "user"]


@pytest.mark.parametrize("name", ["model", "max_tokens", "stream"])
def test_g160_a_repeated_field_that_decides_is_refused(gateway: Gateway, name: str) -> None:
    value = {"model": '"fast"', "max_tokens": "10", "stream": "true"}[name]
    body = f'{{"{name}":{value},"{name}":{value},' + json.dumps(
        {**QUESTION, "max_tokens": 10}
    ).removeprefix("{")

    with pytest.raises(RequestFormatError) as caught:
        read_chat(gateway, MESSAGES, post("/v1", body.encode()), model=None, stream=None)

    assert caught.value.field == name


def test_g065_the_bytes_of_a_request_are_kept_for_servers_of_its_api(gateway: Gateway) -> None:
    call = read(gateway, headers={"openai-beta": "a"})

    assert call.request.verbatim is not None
    assert call.request.verbatim.body == json.dumps(QUESTION).encode()
    assert call.request.verbatim.headers["openai-beta"] == "a"
    assert call.request.verbatim.shows


def test_a_prompt_of_ollama_is_no_chat_that_a_server_could_get(gateway: Gateway) -> None:
    body = json.dumps({"model": "fast", "prompt": "Hi"}).encode()

    call = read_chat(gateway, OLLAMA, post("/api/generate", body), model=None, stream=None)

    assert call.request.verbatim is None


def test_a_client_that_wants_an_array_gets_no_bytes_of_events(gateway: Gateway) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}

    shown = [
        read(gateway, GEMINI, body, model="fast", stream=True, query=query).request.verbatim
        for query in ({"alt": "sse"}, {})
    ]

    assert [each and each.shows for each in shown] == [True, False]


def test_an_opened_signature_keeps_the_bytes_of_the_request_back(gateway: Gateway) -> None:
    sealed = {"type": "thinking", "thinking": "So.", "signature": "lr1.a.b.c"}
    turns = [*QUESTION["messages"], {"role": "assistant", "content": [sealed]}]

    call = read(gateway, MESSAGES, {**QUESTION, "max_tokens": 10, "messages": turns})

    assert call.request.verbatim is None
