"""Reasoning of earlier turns that a vendor can't verify: the same model once more without it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from llmring import LLMRing, Message, UnsupportedFeatureError
from llmring.chat.events import Event, Finished, Started, TextDelta
from llmring.chat.parts import ReasoningPart, TextPart
from llmring.chat.tools import ToolCall
from llmring.dialects.reply_encoding import Envelope
from llmring.providers.table import PROVIDERS
from loopback import Answer, Loopback, as_json

Serve = Callable[..., Loopback]

EVENTS: list[Event] = [Started("m", "r"), TextDelta("Hi"), Finished("stop", "stop")]
NOTE = "reasoning of earlier turns left out: the model can't verify it"
SECRET = "c2lnbmF0dXJl"


class Vendor(msgspec.Struct, frozen=True):
    """A vendor, and its words for a signature that is not valid."""

    provider: str
    variables: tuple[str, str]
    tail: str
    refusal: Any
    dialect: str
    api: str | None = None


def openai_words(message: str, code: str | None = None) -> Any:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code}}


VENDORS = {
    "anthropic": Vendor(
        "anthropic",
        ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
        "",
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "messages.1.content.0: Invalid `signature` in `thinking` block",
            },
        },
        "anthropic",
    ),
    "gemini": Vendor(
        "google",
        ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY"),
        "",
        {
            "error": {
                "code": 400,
                "message": "Thought signature is not valid.",
                "status": "INVALID_ARGUMENT",
            }
        },
        "gemini",
    ),
    "openai_responses": Vendor(
        "openai",
        ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
        "/v1",
        openai_words("The encrypted content could not be verified.", "invalid_encrypted_content"),
        "openai_responses",
        "responses",
    ),
}
each_vendor = pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)


def answer_of(vendor: Vendor) -> Answer:
    encoding = PROVIDERS[vendor.provider].speaking(vendor.api).reply_encoding()
    body = encoding.whole(EVENTS, Envelope())
    return Answer([body], 200, {"content-type": "application/json"})


def history(vendor: Vendor) -> list[Message]:
    thought = ReasoningPart("Hm", signature=SECRET, dialect=vendor.dialect, id="rs_1")
    call = ToolCall(id="call_1", type="function", function={"name": "clock", "arguments": "{}"})
    return [
        Message("user", "Hello"),
        Message(
            "assistant",
            [thought, TextPart("Let me see")],
            tool_calls=[call],
            origin=vendor.provider,
        ),
        Message("tool", "12:00", tool_call_id="call_1"),
    ]


@pytest.fixture
def connected(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Start a vendor with these answers, as the only model of the alias `fast`."""

    def start(vendor: Vendor, answers: Sequence[Answer]) -> tuple[LLMRing, Loopback]:
        server = serve(*answers)
        address, key = vendor.variables
        monkeypatch.setenv(address, server.url + vendor.tail)
        monkeypatch.setenv(key, "k-test-0123456789")
        table = f'[providers.{vendor.provider}]\napi = "{vendor.api}"\n' if vendor.api else ""
        path = tmp_path / "llmring.lock"
        path.write_text(
            f'version = "1.0"\n{table}\n[[profiles.default.bindings]]\nalias = "fast"\n'
            f'models = ["{vendor.provider}:any"]\nretries = 0\n'
        )
        return LLMRing(path), server

    return start


@each_vendor
def test_g043_the_same_model_answers_without_the_reasoning(vendor: Vendor, connected: Any) -> None:
    ring, server = connected(vendor, [as_json(vendor.refusal, 400), answer_of(vendor)])

    with ring:
        response = ring.chat("fast", history(vendor)).result()

    assert response.content == "Hi"
    assert [each.outcome for each in response.attempts] == ["failed", "ok"]
    assert response.attempts[1].adjusted == (NOTE,)
    first, second = (json.dumps(each.json) for each in server.requests)
    assert SECRET in first
    assert SECRET not in second
    assert "clock" in second
    assert "12:00" in second


@each_vendor
def test_g043_later_requests_have_their_reasoning_again(vendor: Vendor, connected: Any) -> None:
    answers = [as_json(vendor.refusal, 400), answer_of(vendor), answer_of(vendor)]
    ring, server = connected(vendor, answers)

    with ring:
        for _ in range(2):
            response = ring.chat("fast", history(vendor)).result()

    assert [each.outcome for each in response.attempts] == ["ok"]
    assert response.attempts[0].adjusted == ()
    assert SECRET in json.dumps(server.requests[2].json)


@each_vendor
def test_g043_a_model_that_refuses_it_again_is_not_asked_a_third_time(
    vendor: Vendor, connected: Any
) -> None:
    ring, server = connected(vendor, [as_json(vendor.refusal, 400)])

    with ring, pytest.raises(UnsupportedFeatureError):
        ring.chat("fast", history(vendor)).result()

    assert len(server.requests) == 2


# --- What is sent of other vendors' reasoning and IDs ---


@each_vendor
@pytest.mark.parametrize("origin", [*VENDORS, None])
def test_g042_reasoning_without_a_valid_signature_is_not_sent_as_signed(
    vendor: Vendor, origin: str | None, connected: Any
) -> None:
    """A thought of another API, or one without a signature."""
    if origin == vendor.dialect:
        return
    ring, server = connected(vendor, [answer_of(vendor)])
    signature = None if origin is None else SECRET
    thought = ReasoningPart("Hm", signature=signature, dialect=origin)
    turns = [
        Message("user", "Hello"),
        Message("assistant", [thought, TextPart("Yes")]),
        Message("user", "Go on"),
    ]

    with ring:
        ring.chat("fast", turns).result()

    body = json.dumps(server.requests[0].json)
    assert SECRET not in body
    assert "Hm" not in body
    assert "Yes" in body


LONG = "toolu_" + "x" * 304


@pytest.mark.parametrize("model", ["openai_responses", "anthropic"])
def test_g039_ids_that_do_not_fit_stay_apart_and_lead_to_their_results(
    model: str, connected: Any
) -> None:
    vendor = VENDORS[model]
    ring, server = connected(vendor, [answer_of(vendor)])
    ids = [LONG + "a", LONG + "b", "call:1", "call/1", "call_1"]
    calls = [
        ToolCall(id=each, type="function", function={"name": "clock", "arguments": "{}"})
        for each in ids
    ]
    results = [Message("tool", f"result of {at}", tool_call_id=each) for at, each in enumerate(ids)]

    with ring:
        turns = [Message("user", "Hello"), Message("assistant", tool_calls=calls), *results]
        ring.chat("fast", turns).result()
        # The caller's own IDs are what they were.
        assert [call["id"] for call in turns[1].calls] == ids

    body = server.requests[0].json
    asked, answered = pairs(body)
    assert len(set(asked)) == len(ids)
    assert all(len(each) <= 64 or model == "anthropic" for each in asked)
    assert answered == {id_: f"result of {at}" for at, id_ in enumerate(asked)}


def pairs(body: Any) -> tuple[list[str], dict[str, str]]:
    """Return the IDs of the calls in a request, and the text of the result for each."""
    if "input" in body:
        items = body["input"]
        asked = [each["call_id"] for each in items if each.get("type") == "function_call"]
        return asked, {
            each["call_id"]: each["output"]
            for each in items
            if each.get("type") == "function_call_output"
        }
    blocks = [
        block
        for message in body["messages"]
        if isinstance(message["content"], list)
        for block in message["content"]
    ]
    asked = [each["id"] for each in blocks if each["type"] == "tool_use"]
    return asked, {
        each["tool_use_id"]: each["content"][0]["text"]
        for each in blocks
        if each["type"] == "tool_result"
    }
