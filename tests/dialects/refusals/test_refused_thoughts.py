"""Requests without the reasoning that a server can't verify."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmring.dialects.anthropic.dialect import DIALECT as ANTHROPIC
from llmring.dialects.dialect import Dialect
from llmring.dialects.gemini.dialect import DIALECT as GEMINI
from llmring.dialects.openai_chat.dialect import DIALECT as CHAT
from llmring.dialects.openai_responses.dialect import DIALECT as RESPONSES
from llmring.dialects.refusals.refused_thoughts import LeaveOutThoughts
from llmring.dialects.request_changes import changed_request
from llmring.dialects.thought_signatures import UNSIGNED
from llmring.exceptions import UnsupportedFeatureError
from llmring.wire import HttpHead, HttpRequest

Json = dict[str, Any]

NOTE = "reasoning of earlier turns left out: the model can't verify it"
ASKED: Json = {"role": "user", "content": "Hi"}


def without(body: Json) -> Json:
    """The body that is sent again; the same one if nothing changes."""
    sent = HttpRequest("POST", "http://x", {}, json.dumps(body).encode())
    changed = changed_request(sent, [LeaveOutThoughts()])
    if changed is None:
        return body
    assert changed.notes == (NOTE,)
    # Later requests have other reasoning.
    assert changed.changes == ()
    found: Json = json.loads(changed.http.body)
    assert changed_request(changed.http, [LeaveOutThoughts()]) is None
    return found


# --- The words ---


@pytest.mark.parametrize("dialect", [ANTHROPIC, CHAT])
@pytest.mark.parametrize(
    "message",
    [
        "messages.1.content.0: Invalid `signature` in `thinking` block",
        "messages.1.content.0: Invalid `data` in `redacted_thinking` block",
        "messages.3.content.0.thinking.signature: Field required",
        "messages.9.content.15: `thinking` or `redacted_thinking` blocks in the latest assistant "
        "message cannot be modified. These blocks must remain as they were.",
    ],
)
def test_g043_the_words_of_anthropic_are_known(dialect: Dialect, message: str) -> None:
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    error = dialect.explain(HttpHead(400, {}), json.dumps(body).encode())

    assert isinstance(error, UnsupportedFeatureError)
    assert list(error.changes) == [LeaveOutThoughts()]


@pytest.mark.parametrize("dialect", [RESPONSES, CHAT])
@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("No.", "invalid_encrypted_content"),
        (
            "The encrypted content for item rs_1 could not be verified. Reason: Encrypted content "
            "could not be decrypted or parsed.",
            None,
        ),
        (
            "Item 'fc_1' of type 'function_call' was provided without its required 'reasoning' "
            "item: 'rs_1'.",
            None,
        ),
    ],
)
def test_g043_the_words_of_openai_are_known(
    dialect: Dialect, message: str, code: str | None
) -> None:
    body = {"error": {"message": message, "type": "invalid_request_error", "code": code}}
    error = dialect.explain(HttpHead(400, {}), json.dumps(body).encode())

    assert isinstance(error, UnsupportedFeatureError)
    assert list(error.changes) == [LeaveOutThoughts()]


@pytest.mark.parametrize("dialect", [GEMINI, CHAT])
@pytest.mark.parametrize(
    "message",
    [
        "Function call is missing a thought_signature in functionCall parts. This is required.",
        "Unable to submit request because Thought signature is not valid.",
        "Corrupted thought signature.",
    ],
)
def test_g043_the_words_of_google_are_known(dialect: Dialect, message: str) -> None:
    body = {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}
    error = dialect.explain(HttpHead(400, {}), json.dumps(body).encode())

    assert isinstance(error, UnsupportedFeatureError)
    assert list(error.changes) == [LeaveOutThoughts()]


# --- Anthropic's Messages ---

THOUGHT: Json = {"type": "thinking", "thinking": "Hm", "signature": "s"}
HIDDEN: Json = {"type": "redacted_thinking", "data": "d"}
CALL: Json = {"type": "tool_use", "id": "t1", "name": "clock", "input": {}}
RESULT: Json = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1"}]}


def test_thinking_is_left_out_of_answers_alone() -> None:
    spoken = {"type": "text", "text": "Yes"}
    body = {
        "messages": [ASKED, {"role": "assistant", "content": [THOUGHT, HIDDEN, spoken, CALL]}],
        "thinking": {"type": "adaptive"},
    }

    assert without(body) == {
        "messages": [ASKED, {"role": "assistant", "content": [spoken, CALL]}],
        "thinking": {"type": "adaptive"},
    }


def test_an_answer_of_thinking_alone_is_left_out() -> None:
    body = {"messages": [ASKED, {"role": "assistant", "content": [THOUGHT]}, ASKED]}

    assert without(body) == {"messages": [ASKED, ASKED]}


def test_a_budget_for_thinking_goes_with_the_thinking_before_the_last_call() -> None:
    edits = [{"type": "clear_thinking_20251015"}, {"type": "clear_tool_uses_20250919"}]
    body = {
        "messages": [ASKED, {"role": "assistant", "content": [THOUGHT, CALL]}, RESULT],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "context_management": {"edits": edits},
    }

    assert without(body) == {
        "messages": [ASKED, {"role": "assistant", "content": [CALL]}, RESULT],
        "context_management": {"edits": edits[1:]},
    }


def test_a_budget_stays_where_no_call_waits() -> None:
    spoken = {"role": "assistant", "content": [THOUGHT, {"type": "text", "text": "Yes"}]}
    thinking = {"type": "enabled", "budget_tokens": 1024}

    assert without({"messages": [spoken, ASKED], "thinking": thinking})["thinking"] == thinking


# --- Chat Completions ---


def test_signed_details_and_calls_are_left_out_of_chat_completions() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    signed = {**call, "extra_content": {"google": {"thought_signature": "s", "a": 1}, "b": 2}}
    answer = {
        "role": "assistant",
        "content": "Yes",
        "reasoning_details": [{"type": "reasoning.encrypted", "data": "d"}],
        "tool_calls": [signed, call],
    }
    stand_in = {"google": {"thought_signature": UNSIGNED, "a": 1}, "b": 2}

    assert without({"messages": [ASKED, answer]})["messages"][1] == {
        "role": "assistant",
        "content": "Yes",
        "tool_calls": [{**call, "extra_content": stand_in}, call],
    }


# --- Responses ---


def test_encrypted_reasoning_is_left_out_with_the_ids_that_lead_to_it() -> None:
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e"}
    call = {"type": "function_call", "call_id": "c", "name": "clock", "arguments": "{}"}
    search = {"type": "web_search_call", "id": "ws_1"}
    body = {"input": [ASKED, reasoning, {**call, "id": "fc_1"}, search]}

    assert without(body) == {"input": [ASKED, call, search]}


# --- Gemini ---


def test_signatures_are_left_out_and_those_of_calls_replaced() -> None:
    call = {"functionCall": {"name": "clock", "args": {}}}
    parts = [
        {"text": "Hm", "thought": True, "thoughtSignature": "s"},
        {"text": "", "thoughtSignature": "s"},
        {**call, "thoughtSignature": "s"},
        call,
    ]
    body = {"contents": [{"role": "user", "parts": []}, {"role": "model", "parts": parts}]}

    assert without(body)["contents"][1]["parts"] == [
        {"text": "Hm", "thought": True},
        {**call, "thoughtSignature": UNSIGNED},
        call,
    ]


def test_a_call_without_a_signature_gets_one() -> None:
    call = {"function_call": {"name": "clock", "args": {}}}
    body = {"contents": [{"role": "model", "parts": [call, call]}]}

    assert without(body)["contents"][0]["parts"] == [{**call, "thoughtSignature": UNSIGNED}, call]


# --- All ---


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [ASKED, {"role": "assistant", "content": "Yes"}]},
        {"input": "Hi"},
        {"input": [ASKED]},
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}, {"role": "model"}]},
        {"model": "m"},
    ],
)
def test_a_request_without_reasoning_stays_as_it_is(body: Json) -> None:
    assert without(body) == body
