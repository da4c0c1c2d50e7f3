"""Requests of clients of Anthropic's API, read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from llmring.chat.caching import Caching
from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Message
from llmring.dialects.anthropic.decode_request import decode_count, decode_request
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks
from llmring.dialects.request_decoding import ClientRequest, RequestFormatError

Json = dict[str, Any]
HI: Json = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
QUIRKS = Quirks(system_turns=True, server="anthropic")


def read(*, headers: dict[str, str] | None = None, **fields: Any) -> ClientRequest:
    return decode_request(json.dumps({**HI, **fields}).encode(), headers or {})


def written_again(found: ClientRequest) -> Json:
    parsed = msgspec.structs.replace(parse_request(found.request), extra_params=dict(found.own))
    payload: Json = DIALECT.encode(parsed, "m", stream=False, quirks=QUIRKS).payload
    return payload


# --- The fields of a body ---


def test_a_body_is_read_into_the_request() -> None:
    found = read(
        max_tokens=100,
        temperature=0.5,
        top_p=1,
        stop_sequences=["END"],
        stream=True,
        system="Be brief.",
        cache_control={"type": "ephemeral", "ttl": "1h"},
    )

    assert found == ClientRequest(
        model="m",
        stream=True,
        request=LLMRequest(
            messages=[Message("system", "Be brief."), Message("user", "Hi")],
            max_tokens=100,
            temperature=0.5,
            top_p=1,
            stop=["END"],
            cache=Caching("1h"),
        ),
    )


def test_the_least_body_has_a_model_a_limit_and_a_message() -> None:
    expected = LLMRequest(messages=[Message("user", "Hi")], max_tokens=9)

    assert read() == ClientRequest(model="m", request=expected)


def test_null_is_as_no_field() -> None:
    names = ["cache_control", "container", "metadata", "output_config", "service_tier", "speed"]
    names += ["stop_sequences", "stream", "system", "temperature", "thinking", "tool_choice"]
    names += ["tools", "top_k", "top_p", "of_tomorrow"]

    assert read(**dict.fromkeys(names)) == read()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("top_k", 40),
        ("metadata", {"user_id": "u"}),
        ("context_management", {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}),
        ("diagnostics", {"previous_message_id": "msg_1"}),
        ("fallbacks", "default"),
        ("fallback_credit_token", "t"),
        ("service_tier", "auto"),
        ("speed", "standard"),
        ("mcp_servers", []),
        ("cache_control", {"type": "of_tomorrow"}),
        ("cache_control", {"type": "ephemeral", "scope": "global"}),
        ("of_tomorrow", {"a": [1]}),
    ],
)
def test_what_other_apis_can_do_without_is_for_this_api_alone(field: str, value: Any) -> None:
    found = read(**{field: value})

    assert (found.own, found.required_own) == ({field: value}, ())
    assert written_again(found)[field] == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("billing_policy", {"type": "billing_policy", "bill_to": "user_profile"}),
        ("compaction", {"type": "of_tomorrow"}),
        ("container", "container_1"),
        ("container", {"skills": [{"type": "anthropic", "skill_id": "pptx"}]}),
        ("inference_geo", "us"),
        ("mcp_servers", [{"type": "url", "name": "a", "url": "https://example.org/sse"}]),
        ("service_tier", "standard_only"),
        ("speed", "fast"),
    ],
)
def test_what_changes_the_meaning_or_the_price_is_required(field: str, value: Any) -> None:
    found = read(**{field: value})

    assert (found.own, found.required_own) == ({field: value}, (field,))
    assert written_again(found)[field] == value


@pytest.mark.parametrize(
    "thread", [{"type": "create"}, {"type": "continue", "previous_message_id": "msg_1"}]
)
def test_g063_a_conversation_that_the_server_would_keep_is_refused(thread: Any) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(thread=thread)

    assert (caught.value.field, caught.value.code) == ("thread", "thread_unsupported_request")
    assert read(thread=None).required_own == ()


def test_a_request_that_only_fills_the_cache_is_for_this_api_alone() -> None:
    found = read(max_tokens=0)

    assert found.required_own == ("max_tokens",)
    assert written_again(found)["max_tokens"] == 0


def test_betas_are_those_of_the_header_and_are_sent_as_one_again() -> None:
    betas = "context-1m-2025-08-07, of-tomorrow-2027-01-01,"
    found = read(headers={"anthropic-beta": betas})

    assert found.own == {"betas": ["context-1m-2025-08-07", "of-tomorrow-2027-01-01"]}
    parsed = msgspec.structs.replace(parse_request(found.request), extra_params=dict(found.own))
    headers = DIALECT.encode(parsed, "m", stream=False, quirks=QUIRKS).headers
    assert headers == {"anthropic-beta": "context-1m-2025-08-07,of-tomorrow-2027-01-01"}


def test_betas_in_the_body_are_added_to_those_of_the_header() -> None:
    found = read(headers={"anthropic-beta": "b-2026-01-01"}, betas=["a-2026-01-01"])

    assert found.own == {"betas": ["a-2026-01-01", "b-2026-01-01"]}


SESSION = "0a1b2c3d-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("user", "conversation"),
    [
        (json.dumps({"device_id": "d", "account_uuid": "", "session_id": SESSION}), SESSION),
        (f"user_0a1b_account_{SESSION}_session_{SESSION}", SESSION),
        (f"user_0a1b_account__session_{SESSION}", SESSION),
        (json.dumps({"device_id": "d"}), None),
        (json.dumps({"session_id": 5}), None),
        (json.dumps({"session_id": ""}), None),
        ("[" * 100_000, None),
        ("alice_session_of_old", None),
        ("", None),
        (None, None),
    ],
    ids=lambda user: str(user)[:40],
)
def test_the_session_of_the_user_is_the_conversation(
    user: str | None, conversation: str | None
) -> None:
    assert read(metadata={"user_id": user}).conversation == conversation


def test_a_count_of_tokens_needs_no_limit() -> None:
    body = {"model": "m", "messages": HI["messages"], "system": "Be brief."}

    found = decode_count(json.dumps(body).encode(), {})

    assert found.request.max_tokens is None
    assert [turn.text for turn in found.request.turns()] == ["Be brief.", "Hi"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 1}, "model"),
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": "0"}, "temperature"),
        ({"top_p": True}, "top_p"),
        ({"stop_sequences": "END"}, "stop_sequences"),
        ({"stop_sequences": [1]}, "stop_sequences"),
        ({"stream": "true"}, "stream"),
        ({"metadata": "u"}, "metadata"),
        ({"metadata": {"user_id": 1}}, "metadata.user_id"),
        ({"cache_control": "ephemeral"}, "cache_control"),
        ({"betas": "a"}, "betas"),
    ],
    ids=str,
)
def test_a_malformed_field_is_an_error_with_its_path(fields: Json, field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(**fields)

    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"Hi"'])
def test_a_body_that_is_no_object_is_an_error(body: bytes) -> None:
    for decode in (decode_request, decode_count):
        with pytest.raises(RequestFormatError, match="the body"):
            decode(body, {})


def test_the_dialect_has_the_decoder() -> None:
    decoding = DIALECT.request_decoding

    assert decoding()(json.dumps(HI).encode(), {}) == read()
