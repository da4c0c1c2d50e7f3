"""The reading of a client's chat."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateways import gateway_of, post
from llmring.dialects.gemini.encode_reply import ARRAY_ENCODING, ENCODING
from llmring.dialects.relay.sealed_signatures import OpenedSeal, SealedItem, seal
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.caller import ANYONE, Caller
from llmring.gateway.chats.read_chat import ReadChat, mark_of, marks, read_chat
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import CHAT, GEMINI, MESSAGES, OLLAMA, Wire
from llmring.ledger.call_origin import CallOrigin
from llmring.routing.account import Account

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
    caller = more.pop("caller", ANYONE)
    request = post("/v1", data, headers=headers or {}, query=more.pop("query", {}), caller=caller)
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


WEB, OPS = Caller(key_id="1", key="web"), Caller(key_id="2", key="ops")


def test_g164_the_same_conversation_is_another_one_with_another_key(gateway: Gateway) -> None:
    headers = {"x-llmring-session": "one"}

    ids = [read(gateway, headers=headers, caller=each).conversation for each in (ANYONE, WEB, OPS)]

    assert len({*ids}) == 3


def thought(gateway: Gateway, caller: Caller) -> str:
    """Return the reasoning of a vendor, sealed for a client."""
    mark = next(mark for mark, name in marks(gateway).items() if name == "openai")
    item = SealedItem({"type": "reasoning", "id": "rs_1", "encrypted_content": "vendor's own"})
    return seal(gateway.seal_key(caller), OpenedSeal("openai_responses", mark, item))


@pytest.mark.parametrize(
    ("sealed_for", "sent_by", "opened"),
    [(WEB, WEB, True), (WEB, OPS, False), (WEB, ANYONE, False), (ANYONE, WEB, False)],
)
def test_g164_reasoning_that_was_sealed_for_one_key_is_opened_for_no_other(
    gateway: Gateway, sealed_for: Caller, sent_by: Caller, opened: bool
) -> None:
    content = [
        {"type": "thinking", "thinking": "", "signature": thought(gateway, sealed_for)},
        {"type": "text", "text": "Hello"},
    ]
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": "Go on"},
    ]
    body = {"model": "fast", "max_tokens": 10, "messages": turns}

    call = read(gateway, MESSAGES, body, caller=sent_by)

    assert ("vendor's own" in repr(call.request.turns)) is opened


def test_g111_the_terms_of_a_key_are_those_of_the_call(gateway: Gateway) -> None:
    account = Account(key="key:1", name="key 'web'", rpm=1, waits=False)
    caller = Caller(key_id="1", key="web", team="t", tags=("a",), accounts=(account,), max_cost=0.1)

    call = read(gateway, headers={"user-agent": "curl/8.5.0"}, caller=caller)

    assert call.wishes.accounts == (account,)
    assert call.wishes.max_cost == 0.1
    assert call.wishes.origin == CallOrigin(key="web", team="t", wire="chat", client="curl/8.5")
    assert (call.request.metadata or {})["tags"] == ["a"]
