"""Conversations in which several servers answer, through the public client."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from answers import openai
from llmring import LLMRing, Message
from llmring.chat.response import LLMResponse
from loopback import Answer, Loopback, as_json, as_stream

CALL: dict[str, Any] = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "f", "arguments": "{}"},
}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
FORMS = pytest.mark.parametrize("form", ["whole", "streamed"])

Form = Literal["whole", "streamed"]


def chat_call(form: Form, **fields: Any) -> Answer:
    """A call to `f` as a server with OpenAI's API sends it, with these fields of the message."""
    message = {"role": "assistant", "content": None, "tool_calls": [{**CALL, "index": 0}], **fields}
    whole: dict[str, Any] = {"id": "1", "model": "m"}
    if form == "whole":
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return as_json({**whole, "choices": [choice]})
    deltas = [{key: value} for key, value in message.items() if key != "tool_calls"]
    deltas.append({"tool_calls": message["tool_calls"]})
    steps: list[dict[str, Any]] = [{"delta": delta} for delta in deltas]
    steps.append({"delta": {}, "finish_reason": "tool_calls"})
    chunks = [{**whole, "choices": [{"index": 0, **step}]} for step in steps]
    return as_stream(
        *[f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks], b"data: [DONE]\n\n"
    )


def ring(path: Path, model: str, environ: dict[str, str], table: str = "") -> LLMRing:
    lockfile = path / "llmring.lock"
    lockfile.write_text(
        f'version = "1.0"\ndefault_profile = "default"\n{table}\n'
        "[[profiles.default.bindings]]\n"
        f'alias = "t"\nmodels = ["{model}"]\n'
    )
    return LLMRing(lockfile, environ={"LLMRING_RETRIES": "0", **environ})


def asked(a_ring: LLMRing, form: Form, messages: Any) -> Message:
    """Ask, and return the answer as a message."""
    if form == "whole":
        answer = a_ring.chat("t", messages=messages, tools=[TOOL]).result()
        assert isinstance(answer, LLMResponse)
        return answer.message
    *_, last = a_ring.chat_stream("t", messages=messages, tools=[TOOL])
    assert last.message is not None
    return last.message


def replied(a_ring: LLMRing, answer: Message) -> None:
    """Send the result of the call."""
    result = {"role": "tool", "tool_call_id": answer.calls[0]["id"], "content": "1"}
    messages: list[Any] = [{"role": "user", "content": "q"}, answer, result]
    a_ring.chat("t", messages=messages, tools=[TOOL]).result()


def own(url: str, *, kind: str = "openai", more: str = "") -> str:
    return f'[providers.mine]\nkind = "{kind}"\nbase_url = "{url}"\n{more}\n'


@FORMS
@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("text", ["because", ""])
def test_a_server_of_ones_own_gets_its_reasoning_under_its_name(
    name: str, text: str, form: Form, tmp_path: Path
) -> None:
    with Loopback(chat_call(form, **{name: text}), openai()) as server:
        a_ring = ring(tmp_path, "mine:m", {}, own(f"{server.url}/v1"))
        replied(a_ring, asked(a_ring, form, "q"))

        assert server.requests[1].json["messages"][1][name] == text


def test_a_server_that_sent_reasoning_gets_the_field_in_answers_of_others_too(
    tmp_path: Path,
) -> None:
    with Loopback(chat_call("whole", reasoning_content="because"), openai()) as server:
        a_ring = ring(tmp_path, "mine:m", {}, own(f"{server.url}/v1"))
        answer = asked(a_ring, "whole", "q")
        messages: list[Any] = [
            {"role": "user", "content": "q"},
            answer,
            {"role": "tool", "tool_call_id": "call_1", "content": "1"},
            Message("assistant", "a", origin="other"),
            {"role": "user", "content": "q"},
        ]
        a_ring.chat("t", messages=messages).result()

        assert server.requests[1].json["messages"][3]["reasoning_content"] == ""


@FORMS
def test_other_servers_at_openais_variable_get_back_what_they_sent(
    form: Form, tmp_path: Path
) -> None:
    details = [{"type": "reasoning.text", "text": "because", "signature": "s"}]
    extra = {"google": {"thought_signature": "s"}}
    calls = [{**CALL, "index": 0, "extra_content": extra}]
    answer = chat_call(form, reasoning="because", reasoning_details=details, tool_calls=calls)
    with Loopback(answer, openai()) as server:
        environ = {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "sk-0123456789"}
        a_ring = ring(tmp_path, "openai:some-model", environ)
        replied(a_ring, asked(a_ring, form, "q"))

        sent = server.requests[1].json["messages"][1]
        assert sent["reasoning"] == "because"
        assert sent["reasoning_details"] == details
        assert sent["tool_calls"][0]["extra_content"] == extra


@FORMS
def test_what_one_server_sent_goes_to_no_other(form: Form, tmp_path: Path) -> None:
    extra = {"google": {"thought_signature": "s"}}
    details = [{"type": "reasoning.text", "text": "because", "signature": "s"}]
    calls = [{**CALL, "index": 0, "extra_content": extra}]
    first = chat_call(form, reasoning="because", reasoning_details=details, tool_calls=calls)
    with Loopback(first) as one, Loopback(openai()) as other:
        a_ring = ring(tmp_path, "mine:m", {}, own(f"{one.url}/v1"))
        answer = asked(a_ring, form, "q")
        environ = {"OPENAI_BASE_URL": f"{other.url}/v1", "OPENAI_API_KEY": "sk-0123456789"}
        replied(ring(tmp_path, "openai:some-model", environ), answer)

        assert other.requests[0].json["messages"][1] == {
            "role": "assistant",
            "content": None,
            "tool_calls": [CALL],
        }


@pytest.mark.parametrize("text", ["because", None])
def test_the_lockfile_names_the_field_in_which_every_answer_has_reasoning(
    text: str | None, tmp_path: Path
) -> None:
    messages: list[Any] = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a", "reasoning_content": text},
        {"role": "user", "content": "q"},
    ]
    with Loopback(openai()) as server:
        table = own(f"{server.url}/v1", more='reasoning_field = "thoughts"')
        ring(tmp_path, "mine:m", {}, table).chat("t", messages=messages).result()

        assert server.requests[0].json["messages"][1] == {
            "role": "assistant",
            "content": "a",
            "thoughts": text or "",
        }


@FORMS
def test_the_lockfile_turns_the_return_of_reasoning_off(form: Form, tmp_path: Path) -> None:
    with Loopback(chat_call(form, reasoning="because"), openai()) as server:
        table = own(f"{server.url}/v1", more='reasoning_field = "none"')
        a_ring = ring(tmp_path, "mine:m", {}, table)
        replied(a_ring, asked(a_ring, form, "q"))

        assert "reasoning" not in server.requests[1].json["messages"][1]


@pytest.mark.parametrize("row", ["deepseek", "moonshot"])
def test_an_answer_of_another_vendor_gets_the_field_that_this_one_demands(
    row: str, tmp_path: Path
) -> None:
    messages: list[Any] = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "1"},
    ]
    with Loopback(openai()) as server:
        environ = {
            f"{row.upper()}_BASE_URL": f"{server.url}/v1",
            f"{row.upper()}_API_KEY": "sk-0123456789",
        }
        ring(tmp_path, f"{row}:some-model", environ).chat("t", messages=messages).result()

        assert server.requests[0].json["messages"][1]["reasoning_content"] == ""


DETAILS = [{"type": "reasoning.text", "text": "because", "index": 0}]


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_details": DETAILS},
        {"reasoning_details": DETAILS, "reasoning_content": ""},
        {
            "reasoning_content": "because",
            "thinking_blocks": [{"type": "redacted_thinking", "data": "x"}],
        },
    ],
)
@pytest.mark.parametrize("row", ["deepseek", "moonshot"])
def test_the_reasoning_of_a_dictionary_is_in_the_field_that_a_vendor_demands(
    row: str, fields: dict[str, Any], tmp_path: Path
) -> None:
    messages: list[Any] = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [CALL], **fields},
        {"role": "tool", "tool_call_id": "call_1", "content": "1"},
    ]
    with Loopback(openai()) as server:
        environ = {
            f"{row.upper()}_BASE_URL": f"{server.url}/v1",
            f"{row.upper()}_API_KEY": "sk-0123456789",
        }
        ring(tmp_path, f"{row}:some-model", environ).chat("t", messages=messages).result()

        assert server.requests[0].json["messages"][1]["reasoning_content"] == "because"


def test_details_in_a_dictionary_go_as_they_are_to_the_server_that_takes_them(
    tmp_path: Path,
) -> None:
    messages: list[Any] = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a", "reasoning_details": DETAILS},
        {"role": "user", "content": "q"},
    ]
    with Loopback(openai()) as server:
        environ = {
            "OPENROUTER_BASE_URL": f"{server.url}/v1",
            "OPENROUTER_API_KEY": "sk-0123456789",
        }
        ring(tmp_path, "openrouter:some-model", environ).chat("t", messages=messages).result()

        assert server.requests[0].json["messages"][1] == messages[1]


# --- Anthropic's API ---

THOUGHT = {"type": "thinking", "thinking": "because", "signature": ""}
USE = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}


def anthropic_answer(form: Form, *blocks: dict[str, Any]) -> Answer:
    usage = {"input_tokens": 5, "output_tokens": 2}
    head = {"id": "m", "type": "message", "role": "assistant", "model": "m", "usage": usage}
    if form == "whole":
        return as_json({**head, "content": blocks, "stop_reason": "tool_use"})
    events: list[dict[str, Any]] = [{"type": "message_start", "message": {**head, "content": []}}]
    for index, block in enumerate(blocks):
        begun = {**block, "thinking": "", "signature": ""} if block["type"] == "thinking" else block
        events.append({"type": "content_block_start", "index": index, "content_block": begun})
        if block["type"] == "thinking":
            delta = {"type": "thinking_delta", "thinking": block["thinking"]}
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
            if block["signature"]:
                delta = {"type": "signature_delta", "signature": block["signature"]}
                events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": {"stop_reason": "tool_use"}})
    events.append({"type": "message_stop"})
    return as_stream(
        *[f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in events]
    )


@FORMS
@pytest.mark.parametrize("signature", ["", "s"])
def test_thinking_goes_back_to_the_server_that_sent_it(
    signature: str, form: Form, tmp_path: Path
) -> None:
    thought = {**THOUGHT, "signature": signature}
    answer = anthropic_answer(form, thought, USE)
    with Loopback(answer, anthropic_answer("whole", USE)) as server:
        a_ring = ring(tmp_path, "mine:m", {}, own(server.url, kind="anthropic"))
        replied(a_ring, asked(a_ring, form, "q"))

        assert server.requests[1].json["messages"][1]["content"] == [thought, USE]


@FORMS
@pytest.mark.parametrize("signature", ["", "s"])
def test_anthropic_gets_no_thinking_of_another_server_with_its_api(
    signature: str, form: Form, tmp_path: Path
) -> None:
    first = anthropic_answer(form, {**THOUGHT, "signature": signature}, USE)
    with Loopback(first) as one, Loopback(anthropic_answer("whole", USE)) as other:
        a_ring = ring(tmp_path, "mine:m", {}, own(one.url, kind="anthropic"))
        answer = asked(a_ring, form, "q")
        environ = {"ANTHROPIC_BASE_URL": other.url, "ANTHROPIC_API_KEY": "sk-0123456789"}
        replied(ring(tmp_path, "anthropic:some-model", environ), answer)

        assert other.requests[0].json["messages"][1]["content"] == [USE]


def test_each_answer_begins_with_thinking_where_the_lockfile_demands_it(tmp_path: Path) -> None:
    messages: list[Any] = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "1"},
    ]
    with Loopback(anthropic_answer("whole", USE)) as server:
        table = own(server.url, kind="anthropic", more='reasoning_field = "thinking"')
        ring(tmp_path, "mine:m", {}, table).chat("t", messages=messages).result()

        blocks = server.requests[0].json["messages"][1]["content"]
        assert blocks == [{**THOUGHT, "thinking": ""}, {**USE, "id": "call_1"}]


@pytest.mark.parametrize(("signed", "thinks"), [(False, False), (True, True)])
def test_anthropic_is_asked_without_a_budget_if_another_model_made_the_last_call(
    signed: bool, thinks: bool, tmp_path: Path
) -> None:
    thought = [{**THOUGHT, "signature": "s"}] if signed else []
    messages: list[Any] = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": thought, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "1"},
    ]
    with Loopback(anthropic_answer("whole", USE)) as server:
        environ = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "sk-0123456789"}
        a_ring = ring(tmp_path, "anthropic:some-model", environ)
        a_ring.chat("t", messages=messages, reasoning_tokens=2000, max_tokens=9000).result()

        assert ("thinking" in server.requests[0].json) == thinks


# --- The Responses API ---


@pytest.mark.parametrize("origin", ["openai", None, "azure"])
def test_encrypted_reasoning_goes_only_to_the_server_that_sent_it(
    origin: str | None, tmp_path: Path
) -> None:
    item = {"part": "reasoning", "text": "", "signature": "ENC", "dialect": "openai_responses"}
    messages: list[Any] = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": [item, "a"], "origin": origin},
        {"role": "user", "content": "q"},
    ]
    output = [{"type": "message", "content": [{"type": "output_text", "text": "a"}]}]
    answer = as_json({"id": "r", "status": "completed", "model": "m", "output": output})
    with Loopback(answer) as server:
        environ = {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "sk-0123456789"}
        table = '[providers.openai]\napi = "responses"\n'
        ring(tmp_path, "openai:some-model", environ, table).chat("t", messages=messages).result()

        kinds = [item["type"] for item in server.requests[0].json["input"]]
        assert ("reasoning" in kinds) == (origin != "azure")


def test_system_messages_follow_all_results_of_parallel_calls(tmp_path: Path) -> None:
    messages: list[Any] = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "call_2"}]},
        {"role": "system", "content": "First rule."},
        {"role": "tool", "tool_call_id": "call_1", "content": "One."},
        {"role": "system", "content": "Second rule."},
        {"role": "tool", "tool_call_id": "call_2", "content": "Two."},
    ]
    with Loopback(anthropic_answer("whole", USE)) as server:
        environ = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "k-0123456789"}
        # A model that takes system messages after the results.
        a_ring = ring(tmp_path, "anthropic:claude-sonnet-5-5", environ)
        a_ring.chat("t", messages=messages).result()
        results, rules = server.requests[0].json["messages"][2:]

    assert [block["tool_use_id"] for block in results["content"]] == ["call_1", "call_2"]
    assert (rules["role"], [block["text"] for block in rules["content"]]) == (
        "system",
        ["First rule.", "Second rule."],
    )
