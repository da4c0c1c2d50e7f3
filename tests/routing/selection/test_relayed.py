"""The request of a client's program, passed on to a server with the same API."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import target
from client_bodies import CAPTURES, sent_to
from llmring.chat.parsed_request import ParsedRequest, VerbatimBody
from llmring.chat.response import StreamChunk
from llmring.dialects.relay.body_splice import members_of
from llmring.providers.dialects import DialectName, dialect_named
from llmring.registry.catalog import ModelFacts
from llmring.routing.selection.fit import fit
from llmring.routing.selection.own_parts import for_api
from llmring.routing.selection.prepare import Prepared, chat
from llmring.routing.selection.relayed import relayed
from llmring.routing.stream_resume import StreamProgress
from llmring.routing.targets import Target

VENDORS: dict[DialectName, str] = {
    "anthropic": "anthropic:claude",
    "gemini": "google:gemini",
    "ollama": "ollama:llama",
    "openai_chat": "openai:gpt",
    "openai_responses": "openai:gpt",
}
CAPABLE = frozenset({"tools", "vision", "documents", "temperature", "reasoning", "json_schema"})


def request(
    name: DialectName, body: bytes, headers: dict[str, str] | None = None
) -> tuple[ParsedRequest, bool]:
    """Return the request that a body is, and whether it asks for a stream."""
    headers = headers or {}
    decode = dialect_named(name).request_decoding
    asked = decode()(body, headers)
    verbatim = VerbatimBody(dialect=name, body=body, members=members_of(body), headers=headers)
    return msgspec.structs.replace(asked.parsed(name), verbatim=verbatim), asked.stream


def vendor(name: DialectName, ref: str | None = None, **facts: Any) -> Target:
    known = None
    if facts:
        known = ModelFacts(provider="p", name="m", **({"capabilities": CAPABLE} | facts))
    found = target(ref or VENDORS[name])
    return msgspec.structs.replace(found, dialect=dialect_named(name), facts=known)


def sent(
    name: DialectName,
    body: bytes | dict[str, Any],
    headers: dict[str, str] | None = None,
    to: Target | None = None,
    stream: bool | None = None,
    progress: StreamProgress | None = None,
) -> Prepared:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    parsed, streams = request(name, data, headers)
    wanted = streams if stream is None else stream
    return chat(parsed, stream=wanted, progress=progress)(to or vendor(name))


def rest(body: bytes) -> str:
    """Return the hash of a body without the value of its model."""
    for member in members_of(body):
        if member.key == "model":
            body = body[: member.value_begin] + body[member.end :]
    return hashlib.sha256(body).hexdigest()


HI_ALONE: list[dict[str, Any]] = [{"role": "user", "content": "Hi"}]
HI: dict[str, Any] = {"model": "fast", "messages": HI_ALONE}
MESSAGE = {**HI, "max_tokens": 100}


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("anthropic", ("/v1/messages", "/v1/messages?beta=true")),
        ("openai_responses", ("/v1/responses",)),
        ("ollama", ("/api/chat",)),
    ],
)
def test_g065_the_bodies_of_real_programs_stay_except_for_the_model(
    name: DialectName, paths: tuple[str, ...]
) -> None:
    if not CAPTURES.is_dir():
        pytest.skip("needs the captures next to the repository")
    captured = sent_to(*paths)
    for each in captured:
        # The filler of captured IDs has spaces, which no API takes.
        body = json.dumps(each.values[0]).replace(" w", "_w").replace(" and more ", "_").encode()

        prepared = sent(name, body, to=vendor(name, system_turns=True))

        assert prepared.relay == "verbatim", each.id
        assert rest(prepared.http.body) == rest(body)
        assert json.loads(prepared.http.body)["model"] == vendor(name).ref.model
    assert len(captured) >= 3


@pytest.mark.parametrize(
    "body",
    sent_to(
        "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        "/v1beta/models/fast:streamGenerateContent?alt=sse",
    ),
)
def test_g065_a_body_of_gemini_stays_as_a_whole(body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()

    prepared = sent("gemini", data, stream=True)

    assert (prepared.relay, prepared.http.body) == ("verbatim", data)
    assert "/models/gemini:streamGenerateContent" in prepared.http.url


@pytest.mark.parametrize("body", sent_to("/v1/chat/completions"))
def test_g065_a_body_of_chat_completions_keeps_its_messages_and_tools(
    body: dict[str, Any],
) -> None:
    prepared = sent("openai_chat", body)

    assert prepared.relay in ("verbatim", "adapted")
    got = json.loads(prepared.http.body)
    assert (got["messages"], got.get("tools")) == (body["messages"], body.get("tools"))
    if prepared.relay == "verbatim":
        assert rest(prepared.http.body) == rest(json.dumps(body).encode())


def calling(*ids: str, results: tuple[str, ...] = ()) -> dict[str, Any]:
    uses = [{"type": "tool_use", "id": id_, "name": "f", "input": {}} for id_ in ids]
    found = [{"type": "tool_result", "tool_use_id": id_, "content": "1"} for id_ in results]
    thought = {"type": "thinking", "thinking": "Hm", "signature": "c2ln"}
    turns = [*HI_ALONE, {"role": "assistant", "content": [thought, *uses]}]
    turns += [{"role": "user", "content": found}] if found else []
    tools = [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
    return {**MESSAGE, "messages": turns, "tools": tools}


def chat_calling(id_: str) -> dict[str, Any]:
    function = {"name": "f", "arguments": "{}"}
    call = {"id": id_, "type": "function", "function": function, "extra_content": {"a": 1}}
    schema = {"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}]}}}
    result = {"role": "tool", "tool_call_id": id_, "content": "1"}
    return {
        **HI,
        "messages": [*HI_ALONE, {"role": "assistant", "tool_calls": [call]}, result],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}],
        "max_tokens": 10,
        "user": "me",
    }


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("anthropic", calling("toolu_1", "toolu_2", results=("toolu_1", "toolu_2"))),
        ("anthropic", calling("bad id", results=("bad id",))),
        ("anthropic", calling("toolu_1", "toolu_1", results=("toolu_1",))),
        ("anthropic", calling("toolu_1", results=("toolu_9",))),
        ("anthropic", {**MESSAGE, "messages": [*HI_ALONE, {"role": "system", "content": "Be."}]}),
        ("anthropic", {**MESSAGE, "metadata": {"user_id": "me"}, "thinking": {"type": "adaptive"}}),
        ("openai_chat", HI),
        ("openai_chat", chat_calling("call_1")),
        ("openai_chat", chat_calling("c" * 50)),
        ("openai_responses", {"model": "fast", "input": "Hi", "store": False, "user": "me"}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_stays_does_not_depend_on_how_it_is_found_out(
    name: DialectName, body: dict[str, Any], stream: bool
) -> None:
    parsed, _ = request(name, json.dumps(body).encode())
    others = ("deepseek:m", "groq:m", "mistral:m") if name == "openai_chat" else ()
    for at in (vendor(name), vendor(name, system_turns=True), *map(target, others)):
        own, _ = for_api(parsed, at.dialect, at.quirks)
        fitted = fit(own, at).request
        found = relayed(parsed, fitted, at, stream=stream, is_as_asked=fitted == own)

        assert found == relayed(parsed, fitted, at, stream=stream)


def functions_called(act: Callable[[], object]) -> int:
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    act()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("to", [None, target("openai:gpt")], ids=["relayed", "translated"])
def test_the_work_on_a_body_grows_in_proportion_to_it(to: Target | None) -> None:
    def work(size: int) -> int:
        ids = [f"toolu_{n}" for n in range(size)]
        body = calling(*ids, results=(*ids,))
        body["tools"] = [{**body["tools"][0], "name": f"f{n}"} for n in range(size)]
        body["messages"] += HI_ALONE * size
        return functions_called(lambda: sent("anthropic", body, to=to))

    assert work(200) < 2.2 * work(100)


def test_g065_spaces_escapes_order_and_big_numbers_are_kept() -> None:
    body = (
        b'{ "zeta" : 123456789012345678901234567890 ,"max_tokens":100,\n'
        b' "model":"fast","tools":[{"name":"f","input_schema":{"type":"object","properties":'
        b'{"model":{"type":"string"}}}}],\t"messages":[{"role":"user","content":"\\u0048i\\/"}]}'
    )

    prepared = sent("anthropic", body)

    assert prepared.http.body == body.replace(b'"fast"', b'"claude"')
    assert prepared.relay == "verbatim"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text('aü\n"{}[],:'),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("model"), inner),
        max_leaves=6,
    )
)
def test_g065_any_field_that_is_not_known_stays(value: Any) -> None:
    body = json.dumps({"new_field": value, **MESSAGE}).encode()

    prepared = sent("anthropic", body)

    assert prepared.http.body == body.replace(b'"fast"', b'"claude"')


def test_g047_a_limit_that_the_model_does_not_have_is_spliced() -> None:
    prepared = sent("anthropic", MESSAGE, to=vendor("anthropic", max_output=50))

    expected = json.dumps(MESSAGE).replace('"fast"', '"claude"').replace("100", "50")
    assert (prepared.relay, prepared.http.body.decode()) == ("adapted", expected)
    assert prepared.adjusted


def test_g048_a_temperature_that_the_model_refuses_is_cut_out() -> None:
    body = {"temperature": 0.5, **MESSAGE}

    prepared = sent(
        "anthropic", body, to=vendor("anthropic", capabilities=CAPABLE - {"temperature"})
    )

    expected = json.dumps(MESSAGE).replace('"fast"', '"claude"')
    assert (prepared.relay, prepared.http.body.decode()) == ("adapted", expected)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({}, {"stream_options": {"include_usage": True}}),
        (
            {"stream_options": {"include_usage": False, "x": 1}},
            {"stream_options": {"include_usage": True, "x": 1}},
        ),
    ],
)
def test_g065_a_stream_of_chat_completions_is_asked_for_its_tokens(
    given_: dict[str, Any], expected: dict[str, Any]
) -> None:
    prepared = sent("openai_chat", {**HI, "stream": True, **given_})

    assert prepared.relay == "adapted"
    assert json.loads(prepared.http.body) == {**HI, "model": "gpt", "stream": True, **expected}


@pytest.mark.parametrize(
    ("given_", "relay", "notes"),
    [
        ({"store": False}, "verbatim", ()),
        ({}, "adapted", ()),
        ({"store": None}, "adapted", ()),
        ({"store": True}, "adapted", ("store set to false: the gateway allows nothing else",)),
    ],
)
def test_g002_a_response_is_never_stored(
    given_: dict[str, Any], relay: str, notes: tuple[str, ...]
) -> None:
    prepared = sent("openai_responses", {"model": "fast", "input": "Hi", **given_})

    assert json.loads(prepared.http.body) == {"model": "gpt", "input": "Hi", "store": False}
    assert (prepared.relay, prepared.adjusted) == (relay, notes)


def test_a_server_that_knows_the_limit_by_another_name_gets_that_name_alone() -> None:
    body = {**HI, "max_completion_tokens": 7}

    prepared = sent("openai_chat", body, to=vendor("openai_chat", "deepseek:chat"))

    assert prepared.relay == "adapted"
    assert json.loads(prepared.http.body) == {**HI, "model": "chat", "max_tokens": 7}


def test_fields_about_the_person_reach_the_api_s_vendor_alone() -> None:
    body = {**HI, "safety_identifier": "p-1"}

    other = sent("openai_chat", body, to=vendor("openai_chat", "deepseek:chat"))

    assert json.loads(sent("openai_chat", body).http.body)["safety_identifier"] == "p-1"
    assert json.loads(other.http.body) == {**HI, "model": "chat"}
    assert other.relay == "adapted"


def test_a_whole_answer_that_is_asked_as_a_stream_changes_one_word() -> None:
    prepared = sent("anthropic", {**MESSAGE, "stream": False}, stream=True)

    assert prepared.relay == "adapted"
    assert json.loads(prepared.http.body) == {**MESSAGE, "model": "claude", "stream": True}


def test_a_message_that_the_model_does_not_take_is_written_anew() -> None:
    body = {**MESSAGE, "messages": [*HI_ALONE, {"role": "system", "content": "Be brief."}]}

    assert sent("anthropic", body).relay == "translated"
    assert sent("anthropic", body, to=vendor("anthropic", system_turns=True)).relay == "verbatim"


def test_g042_thinking_without_a_signature_does_not_reach_servers_that_refuse_it() -> None:
    thought = {"type": "thinking", "thinking": "So.", "signature": ""}
    turns = [*HI_ALONE, {"role": "assistant", "content": [thought, {"type": "text", "text": "A"}]}]

    prepared = sent("anthropic", {**MESSAGE, "messages": [*turns, *HI_ALONE]})

    assert prepared.relay == "translated"
    assert b"thinking" not in prepared.http.body


def test_another_api_gets_no_bytes_of_the_client() -> None:
    prepared = sent("anthropic", MESSAGE, to=vendor("openai_chat"))

    assert prepared.relay == "translated"
    assert "anthropic-version" not in prepared.http.headers


def test_an_answer_that_goes_on_is_asked_for_with_what_was_shown() -> None:
    progress = StreamProgress()
    progress.take(StreamChunk(delta="Once upon a "))
    progress.resumes = True

    prepared = sent("anthropic", MESSAGE, progress=progress)

    assert prepared.relay == "translated"
    assert b"Once upon a" in prepared.http.body


def test_of_repeated_fields_a_server_sees_the_one_that_counts_here() -> None:
    body = b'{"top_k":1,"top_k":2,' + json.dumps(MESSAGE).encode()[1:]

    prepared = sent("anthropic", body)

    assert prepared.relay == "translated"
    assert prepared.http.body.count(b"top_k") == 1


HEADERS = {
    "anthropic-version": "2030-01-01",
    "anthropic-beta": "context-1m-2025-08-07,not-yet-known-2031-01-01",
    "authorization": "Bearer client",
    "cookie": "a=b",
    # One of the client's would be the same for several attempts, and no vendor documents it.
    "idempotency-key": "k-1",
    "openai-beta": "x=v1",
    "user-agent": "claude-cli/2.1",
    "x-api-key": "client-key",
    "x-forwarded-for": "1.2.3.4",
    "x-goog-api-client": "genai/3",
    "x-llmring-profile": "default",
}


def test_g068_the_headers_of_the_client_s_api_go_out_and_no_others() -> None:
    headers = dict(sent("anthropic", MESSAGE, HEADERS).http.headers)

    assert headers.pop("x-api-key") == "sk-first"
    assert headers == {
        "content-type": "application/json",
        "anthropic-version": "2030-01-01",
        "anthropic-beta": "context-1m-2025-08-07,not-yet-known-2031-01-01",
        "user-agent": "llmring claude-cli/2.1",
    }


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("openai_chat", "openai-beta"),
        ("openai_responses", "openai-beta"),
        ("gemini", "x-goog-api-client"),
    ],
)
def test_g068_each_api_has_its_own_headers(name: DialectName, header: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "openai_chat": HI,
        "openai_responses": {"model": "fast", "input": "Hi"},
        "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
    }
    ours = {"authorization", "content-type", "x-goog-api-key", "user-agent"}

    headers = sent(name, bodies[name], HEADERS).http.headers

    assert set(headers) - ours == {header}
    assert "client" not in headers.get("authorization", "").replace("client-key", "client")


def test_g068_the_headers_go_out_with_a_new_body_too() -> None:
    body = b'{"top_k":1,"top_k":2,' + json.dumps(MESSAGE).encode()[1:]

    prepared = sent("anthropic", body, HEADERS)

    assert prepared.relay == "translated"
    assert prepared.http.headers["anthropic-version"] == "2030-01-01"
    assert prepared.http.headers["user-agent"] == "llmring claude-cli/2.1"
    assert "idempotency-key" not in prepared.http.headers


def test_g068_a_header_with_other_characters_stays_behind() -> None:
    headers = sent("anthropic", MESSAGE, {"user-agent": "a\r\nx-evil: 1"}).http.headers

    assert "user-agent" not in headers


def test_g051_a_server_gets_the_betas_that_it_is_known_to_take() -> None:
    known = vendor("anthropic")
    quirks = msgspec.structs.replace(known.quirks, betas=frozenset({"a-1"}))
    row = msgspec.structs.replace(known.endpoint.provider, quirks=quirks)
    to = msgspec.structs.replace(
        known, endpoint=msgspec.structs.replace(known.endpoint, provider=row)
    )

    prepared = sent("anthropic", MESSAGE, {"anthropic-beta": "a-1, b-2"}, to=to)

    assert prepared.http.headers["anthropic-beta"] == "a-1"
    assert prepared.relay == "verbatim"
    assert prepared.adjusted == ("beta b-2 left out: the server does not take it",)


def test_g051_no_other_api_gets_betas() -> None:
    parsed, _ = request("anthropic", json.dumps(MESSAGE).encode(), {"anthropic-beta": "a-1"})

    prepared = chat(parsed, stream=False)(vendor("openai_chat"))

    assert "a-1" not in f"{prepared.http.headers} {prepared.http.body!r}"
