"""The tool loop: calls of Python functions, errors and results."""

import asyncio
import json
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import answers
from llmring import (
    ConfigurationError,
    LLMRequest,
    LLMResponse,
    LLMRing,
    Message,
    PendingTools,
    ProviderConnectionError,
    Tool,
    ToolsResponse,
    TooManyTurnsError,
    ValidationError,
    tool,
)
from loopback import Answer, Loopback, Reset, as_json
from rings import KEY, MODEL, ring_at

Serve = Callable[..., Loopback]


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
async def shout(text: str) -> str:
    """Shout it."""
    await asyncio.sleep(0)
    return text.upper()


def calling(*calls: tuple[str, Any]) -> Answer:
    """Return an answer that asks for these calls, each a name and arguments."""
    made = [
        {
            "id": f"call_{name}_{number}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
            },
        }
        for number, (name, arguments) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": made}
    return answers.openai(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])


def reported(server: Loopback, request: int = -1) -> list[str]:
    """Return the tool results in a request."""
    messages = server.requests[request].json["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


def run(server: Loopback, *args: Any, **fields: Any) -> ToolsResponse:
    with ring_at(server) as ring:
        pending: PendingTools = ring.run_tools(*args, **fields)
        return pending.result()


def test_a_model_s_calls_are_made_and_their_results_given_back(serve: Serve) -> None:
    server = serve(calling(("add", {"a": 1, "b": 2})), answers.openai("It is 3."))

    answer = run(server, MODEL, "What is 1 + 2?", tools=[add])

    assert answer.content == "It is 3."
    [first, second] = server.requests
    assert [each["function"]["name"] for each in first.json["tools"]] == ["add"]
    assert second.json["messages"][1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "call_add_0",
                    "type": "function",
                    "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'},
                }
            ],
        },
        {"role": "tool", "content": "3", "tool_call_id": "call_add_0"},
    ]


def test_chat_with_tools_can_be_awaited(serve: Serve) -> None:
    server = serve(calling(("shout", {"text": "hi"})), answers.openai("done"))

    async def call() -> ToolsResponse:
        async with ring_at(server) as ring:
            return await ring.run_tools(LLMRequest(MODEL, "Go"), tools=[shout])

    assert asyncio.run(call()).content == "done"
    assert reported(server) == ["HI"]


def test_in_synchronous_code_the_answer_is_read_from_the_call(serve: Serve) -> None:
    server = serve(calling(("add", {"a": 1, "b": 2})), answers.openai("It is 3."))

    with ring_at(server) as ring:
        call = ring.run_tools(MODEL, "What is 1 + 2?", tools=[add])
        assert (call.content, len(call.turns), len(call.messages)) == ("It is 3.", 2, 4)


def test_the_answer_holds_the_conversation_and_the_sums_of_all_turns(serve: Serve) -> None:
    server = serve(calling(("add", {"a": 1, "b": 2})), answers.openai("It is 3."))

    answer = run(server, MODEL, "What is 1 + 2?", tools=[add])

    assert [message.role for message in answer.messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert answer.messages[-1] == answer.message
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (20, 4)
    assert answer.cost == sum((turn.cost or Decimal(0)) for turn in answer.turns) > 0
    assert len(answer.attempts) == 2
    [made] = answer.runs
    assert (made.message.content, made.error) == ("3", None)


def test_an_unknown_cost_of_one_turn_makes_the_total_unknown(serve: Serve) -> None:
    first = calling(("add", {"a": 1, "b": 2}))
    server = serve(first, answers.openai("It is 3.", usage=None))

    answer = run(server, MODEL, "What is 1 + 2?", tools=[add])

    assert (answer.usage, answer.cost) == (None, None)
    assert answer.cost_reason == "turn 2: the provider reported no usage"


def test_calls_of_one_turn_run_at_the_same_time(serve: Serve) -> None:
    everyone = threading.Barrier(3)

    def meet(name: str) -> str:
        everyone.wait(timeout=20)
        return name

    async def meet_too(name: str) -> str:
        await asyncio.to_thread(everyone.wait, 20)
        return name

    calls = [("meet", {"name": "a"}), ("meet_too", {"name": "b"}), ("meet", {"name": "c"})]
    server = serve(calling(*calls), answers.openai())

    run(server, MODEL, "Go", tools=[meet, meet_too])

    assert reported(server) == ["a", "b", "c"]


def test_a_function_that_blocks_leaves_the_loop_free(serve: Serve) -> None:
    server = serve(calling(("wait", {})), answers.openai("done"))

    async def call() -> LLMResponse:
        loop = asyncio.get_running_loop()

        def wait() -> str:
            request = asyncio.run_coroutine_threadsafe(asyncio.sleep(0, "the loop runs"), loop)
            return request.result(timeout=20)

        async with ring_at(server) as ring:
            return await ring.run_tools(LLMRequest(MODEL, "Go", tools=[wait]))

    asyncio.run(call())
    assert reported(server) == ["the loop runs"]


def test_a_function_may_call_the_ring_itself(serve: Serve) -> None:
    server = serve(calling(("ask", {})), answers.openai("done"))
    inner = LLMRing()

    def ask() -> str:
        return inner.chat("mock:echo", "from within").content

    run(server, MODEL, "Go", tools=[ask])

    assert reported(server) == ["from within"]


def boom() -> None:
    raise LookupError(f"no such thing for {KEY}")


def stop() -> None:
    raise StopIteration


async def slow() -> None:
    raise TimeoutError


def strange() -> object:
    return object()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("add", {"a": 1}), "the arguments do not fit add: Object missing required field `b`"),
        (("add", "{"), "the arguments do not fit add: Input data was truncated"),
        (("sub", {}), "unknown tool 'sub'; use one of: add, boom, stop, slow, strange"),
        (("boom", {}), "LookupError: no such thing for ***"),
        (("stop", {}), "RuntimeError: coroutine raised StopIteration"),
        (("slow", {}), "TimeoutError"),
        (
            ("strange", {}),
            "the result can't be given to the model: object can't be written as JSON",
        ),
    ],
)
def test_errors_are_sent_to_the_model_without_keys(
    serve: Serve, call: tuple[str, Any], words: str
) -> None:
    server = serve(calling(call), answers.openai("I see."))

    answer = run(server, MODEL, "Go", tools=[add, boom, stop, slow, strange])

    assert reported(server) == [words]
    assert answer.content == "I see."
    [made] = answer.runs
    assert made.message.metadata == {"is_error": True}
    assert made.error is not None


def test_too_many_turns_are_an_error_with_the_conversation_so_far(serve: Serve) -> None:
    server = serve(calling(("add", {"a": 1, "b": 2})))

    with pytest.raises(TooManyTurnsError, match="after 3 turns") as caught:
        run(server, MODEL, "Go", tools=[add], max_turns=3)

    assert len(server.requests) == 3
    assert [message.role for message in caught.value.messages[-2:]] == ["assistant", "tool"]
    server.answers = [answers.openai("At last.")]
    assert run(server, MODEL, caught.value.messages, tools=[add]).content == "At last."


def test_no_turns_at_all_are_refused(serve: Serve) -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        run(serve(answers.openai()), MODEL, "Go", tools=[add], max_turns=0)


def test_a_failure_between_turns_keeps_the_conversation(serve: Serve) -> None:
    server = serve(calling(("add", {"a": 1, "b": 2})), Answer([Reset()]))

    with pytest.raises(ProviderConnectionError) as caught:
        run(server, MODEL, "Go", tools=[add])

    assert [message.role for message in caught.value.messages] == ["user", "assistant", "tool"]


def test_another_model_takes_over_between_turns(
    serve: Serve, lockfile: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = serve(calling(("add", {"a": 1, "b": 2})), answers.openai_error(500))
    second = serve(answers.anthropic("It is 3."))
    monkeypatch.setenv("ANTHROPIC_BASE_URL", second.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{first.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    path = lockfile(adder=[MODEL, "anthropic:claude-sonnet-4-5"])

    answer = LLMRing(path).run_tools("adder", "What is 1 + 2?", tools=[add]).result()

    assert [attempt.outcome for attempt in answer.attempts] == ["ok", "failed", "ok"]
    [request] = second.requests
    assert [message["role"] for message in request.json["messages"]] == [
        "user",
        "assistant",
        "user",
    ]
    assert "3" in json.dumps(request.json["messages"][-1])


def test_calls_of_tools_without_a_function_are_left_to_the_caller(serve: Serve) -> None:
    server = serve(calling(("add", {"a": 1, "b": 2}), ("confirm", {"text": "pay"})))
    confirm = {"type": "function", "function": {"name": "confirm", "parameters": {}}}

    answer = run(server, MODEL, "Go", tools=[add, confirm])

    assert [call["function"]["name"] for call in answer.tool_calls or ()] == ["confirm"]
    assert [message.role for message in answer.messages] == ["user", "assistant", "tool"]
    assert len(answer.message.tool_calls or ()) == 2
    server.answers = [answers.openai("Paid.")]
    result = Message("tool", "yes", tool_call_id=(answer.tool_calls or [])[0]["id"])
    on = run(server, MODEL, [*answer.messages, result], tools=[add, confirm])
    assert on.content == "Paid."
    assert reported(server) == ["3", "yes"]


def test_custom_tools_of_the_provider_are_left_to_the_caller(serve: Serve) -> None:
    server = serve(calling(("shell", {})))
    shell = {"type": "custom", "custom": {"name": "shell"}}

    answer = run(server, MODEL, "Go", tools=[add, shell])

    assert len(answer.tool_calls or ()) == 1
    assert answer.runs == ()


def test_a_forced_call_is_forced_once(serve: Serve) -> None:
    server = serve(calling(("add", {"a": 1, "b": 2})), answers.openai())

    run(server, MODEL, "Go", tools=[add], tool_choice="required")

    first, second = server.requests
    assert first.json["tool_choice"] == "required"
    assert "tool_choice" not in second.json


def test_the_response_format_is_sent_in_every_turn(serve: Serve) -> None:
    server = serve(calling(("add", {"a": 1, "b": 2})), answers.openai('{"sum": 3}'))

    answer = run(server, MODEL, "Go", tools=[add], json_response=True)

    assert answer.content == '{"sum": 3}'
    assert all("response_format" in request.json for request in server.requests)


def test_the_request_is_not_changed(serve: Serve) -> None:
    server = serve(calling(("add", {"a": 1, "b": 2})), answers.openai())
    request = LLMRequest(MODEL, "Go", tools=[add], tool_choice="required")

    run(server, request, tools=[shout])

    assert (len(request.messages), request.tools, request.tool_choice) == (1, [add], "required")


def test_two_tools_of_one_name_are_refused(serve: Serve) -> None:
    with pytest.raises(ValidationError, match="two tools are called 'add'"):
        run(serve(answers.openai()), MODEL, "Go", tools=[add, Tool("add")])


def test_signatures_are_sent_back_with_the_calls(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = {
        "functionCall": {"name": "add", "args": {"a": 1, "b": 2}},
        "thoughtSignature": "c2lnbmVk",
    }
    message = {
        "content": {"role": "model", "parts": [{"text": "It is 3."}]},
        "finishReason": "STOP",
    }
    request = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}
    server = serve(as_json({"candidates": [request]}), as_json({"candidates": [message]}))
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url)
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)

    LLMRing().run_tools("google:gemini-2.5-flash", "What is 1 + 2?", tools=[add]).result()

    sent = server.requests[-1].json["contents"][1]["parts"]
    assert sent[0]["thoughtSignature"] == "c2lnbmVk"


def paused(text: str) -> dict[str, Any]:
    """Return an answer that the provider has paused, to continue it when it is sent back."""
    searched = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": text}, searched],
        "stop_reason": "pause_turn",
        "usage": {"input_tokens": 10, "output_tokens": 2},
    }


SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def test_a_paused_answer_is_continued(serve: Serve) -> None:
    server = serve(as_json(paused("I look.")), answers.anthropic("Found."))
    environ = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": KEY}

    with LLMRing(environ=environ) as ring:
        answer = ring.run_tools(
            "anthropic:claude", "Search", tools=[add, SEARCH], tool_choice="required"
        ).result()

    assert (answer.content, len(answer.turns)) == ("Found.", 2)
    first, second = (request.json for request in server.requests)
    assert second["messages"] == [
        *first["messages"],
        {"role": "assistant", "content": paused("I look.")["content"]},
    ]
    # No function was called yet, so the tool choice is still sent.
    assert second["tool_choice"] == first["tool_choice"] == {"type": "any"}


def test_an_answer_that_only_pauses_ends_with_the_turns(serve: Serve) -> None:
    server = serve(*(as_json(paused("I look.")) for _ in range(2)))
    environ = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": KEY}

    with LLMRing(environ=environ) as ring, pytest.raises(TooManyTurnsError) as caught:
        ring.run_tools("anthropic:claude", "Search", tools=[SEARCH], max_turns=2).result()

    assert len(server.requests) == 2
    assert [message.role for message in caught.value.messages] == ["user", *["assistant"] * 2]
