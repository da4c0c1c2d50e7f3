"""Answers of vendors of every API as clients of each API get them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from google.genai.types import GenerateContentResponse
from openai.types.responses import Response

from ledgers import wait_for
from llmring.chat.events import Event, Finished, ReasoningDelta, TextDelta, ToolCallDelta
from loopback import Answer
from raw_calls import PATHS, Asked, ask
from sdk_stage import Stage, scripted, stage
from vendors import APIS, USED

each_api = pytest.mark.parametrize("api", APIS)
either_form = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

QUESTION = [{"role": "user", "content": "What is the weather?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "What is the weather?"}]}]}
QUESTIONS: dict[str, dict[str, Any]] = {
    "chat": {"messages": QUESTION},
    "responses": {"input": QUESTION},
    "messages": {"max_tokens": 500, "messages": QUESTION},
    "gemini": CONTENTS,
    "ollama": {"messages": QUESTION},
}
THOUGHT: list[Event] = [ReasoningDelta("Hm."), ReasoningDelta(signature="c2lnbmVk")]
CALL = ToolCallDelta(0, "call_0", "weather", '{"city": "Ulm"}')


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


# --- The Responses API ---


@pytest.fixture
def client(scene: Stage) -> Iterator[openai.OpenAI]:
    base = f"http://127.0.0.1:{scene.gateway.port}/v1"
    with openai.OpenAI(base_url=base, api_key="none", max_retries=0) as found:
        yield found


def response(client: openai.OpenAI, stream: bool, **asked: Any) -> Response:
    if not stream:
        whole: Response = client.responses.create(**asked)
        return whole
    with client.responses.stream(**asked) as events:
        return events.get_final_response()


@each_api
@either_form
def test_g002_a_response_is_made_of_typed_items(
    scene: Stage, client: openai.OpenAI, api: str, stream: bool
) -> None:
    scene.script(api, scripted(api, *THOUGHT, TextDelta("I look."), CALL, reason="tool_calls"))

    found = response(
        client,
        stream,
        model=f"pair-{api}-0",
        input="What is the weather?",
        tools=[{"type": "function", "name": "weather", "parameters": PARAMETERS, "strict": True}],
        reasoning={"effort": "low", "summary": "auto"},
    )

    Response.model_validate(found.model_dump(warnings="error"), strict=True)
    assert [each.type for each in found.output] == ["reasoning", "message", "function_call"]
    assert (found.status, found.object, found.error) == ("completed", "response", None)
    assert found.output_text == "I look."
    call: Any = found.output[-1]
    assert json.loads(call.arguments) == {"city": "Ulm"}
    ids = [each.id for each in (found, *found.output)]
    assert len(set(ids)) == len(ids) == 4
    assert all(ids)
    assert found.usage is not None
    assert found.usage.total_tokens == found.usage.input_tokens + found.usage.output_tokens


@each_api
@either_form
def test_g002_nothing_is_stored_whatever_the_client_asks(
    scene: Stage, client: openai.OpenAI, api: str, stream: bool
) -> None:
    vendor = scene.script(api, scripted(api, TextDelta("Hi.")))

    found = response(client, stream, model=f"pair-{api}-1", input="Hello", store=True)

    assert found.output_text == "Hi."
    stored = False if api == "openai_responses" else None
    assert vendor.requests[0].json.get("store") is stored
    with pytest.raises(openai.BadRequestError) as raised:
        client.responses.create(model="pair-gemini-1", input="On", previous_response_id=found.id)
    assert raised.value.code == "unsupported_parameter"
    assert raised.value.param == "previous_response_id"


# --- Google's streams ---


def events_of(body: bytes) -> list[Any]:
    """Return the events of a stream, which end with two line ends of Windows."""
    *events, rest = body.split(b"\r\n\r\n")
    assert rest == b""
    assert all(event.startswith(b"data: ") and b"\n" not in event for event in events)
    return [json.loads(event.removeprefix(b"data: ")) for event in events]


def streamed(scene: Stage, api: str, query: str) -> Asked:
    words = [TextDelta(word) for word in ("Once ", "upon ", "a ", "time.")]
    path = "/v1beta/models/{}:streamGenerateContent" + query
    answer = scripted(api, *THOUGHT, *words, CALL, reason="tool_calls")
    return ask(scene, "gemini", api, CONTENTS, answer, path=path, alone=False)


@each_api
def test_g075_google_s_events_are_whole_responses_and_the_last_one_has_the_end(
    scene: Stage, api: str
) -> None:
    asked = streamed(scene, api, "?alt=sse")

    assert asked.reply.headers["content-type"].startswith("text/event-stream")
    check(events_of(asked.reply.body))


@each_api
@pytest.mark.parametrize("query", ["", "?alt=json"])
def test_g075_without_events_the_stream_is_an_array_with_the_same_elements(
    scene: Stage, api: str, query: str
) -> None:
    asked = streamed(scene, api, query)

    assert asked.reply.headers["content-type"].startswith("application/json")
    check(json.loads(asked.reply.body))


def check(responses: list[Any]) -> None:
    found = [GenerateContentResponse.model_validate(each) for each in responses]
    assert len(found) >= 4
    parts = [
        part
        for each in found
        for candidate in each.candidates or ()
        for part in (candidate.content and candidate.content.parts) or ()
    ]
    assert "".join(part.text or "" for part in parts if not part.thought) == "Once upon a time."
    [call] = [part.function_call for part in parts if part.function_call]
    assert (call.name, call.args) == ("weather", {"city": "Ulm"})
    ends = [each for response in responses for each in response["candidates"]]
    assert [each.get("finishReason") for each in ends if "finishReason" in each] == ["STOP"]
    assert ends[-1]["finishReason"] == "STOP"
    assert responses[-1]["usageMetadata"]["totalTokenCount"] == 12
    assert len({(each["responseId"], each["modelVersion"]) for each in responses}) == 1


# --- Reasons for the end ---

# The words of each vendor, by what they mean.
MEANINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "stop": {
        "anthropic": ("end_turn", "stop_sequence", "pause_turn"),
        "gemini": ("STOP",),
        "openai_chat": ("stop",),
        "openai_responses": ("completed",),
        "ollama": ("stop",),
    },
    "length": {
        "anthropic": ("max_tokens", "model_context_window_exceeded"),
        "gemini": ("MAX_TOKENS",),
        "openai_chat": ("length",),
        "openai_responses": ("max_output_tokens",),
        "ollama": ("length",),
    },
    "refusal": {
        "anthropic": ("refusal",),
        "gemini": ("SAFETY", "RECITATION", "PROHIBITED_CONTENT"),
        "openai_chat": ("content_filter",),
        "openai_responses": ("content_filter",),
    },
    "call": {
        "anthropic": ("tool_use",),
        "gemini": ("STOP",),
        "openai_chat": ("tool_calls",),
        "openai_responses": ("completed",),
        "ollama": ("stop",),
    },
    "unknown": {
        "anthropic": ("a_new_word",),
        "gemini": ("A_NEW_WORD",),
        "openai_chat": ("a_new_word",),
        "ollama": ("a_new_word",),
    },
    "failure": {
        "gemini": ("MALFORMED_FUNCTION_CALL", "OTHER"),
        "openai_chat": ("insufficient_system_resource",),
        "openai_responses": ("failed",),
        "ollama": ("load",),
    },
}
CASES = [
    (meaning, api, word)
    for meaning, words in MEANINGS.items()
    for api in words
    for word in words[api]
]
ONE_WORD = {api: words[0] for api, words in MEANINGS["unknown"].items()}
# The words of each client, by what they mean.
WORDS = {
    "chat": {
        "stop": "stop",
        "length": "length",
        "refusal": "content_filter",
        "call": "tool_calls",
        "unknown": "stop",
    },
    "responses": {
        "stop": "completed",
        "length": "max_output_tokens",
        "refusal": "content_filter",
        "call": "completed",
        "unknown": "completed",
    },
    "messages": {
        "stop": "end_turn",
        "length": "max_tokens",
        "refusal": "refusal",
        "call": "tool_use",
        "unknown": "end_turn",
    },
    "gemini": {
        "stop": "STOP",
        "length": "MAX_TOKENS",
        "refusal": "SAFETY",
        "call": "STOP",
        "unknown": "OTHER",
    },
    "ollama": {
        "stop": "stop",
        "length": "length",
        "refusal": "stop",
        "call": "stop",
        "unknown": "stop",
    },
}
DIALECTS = {
    "chat": "openai_chat",
    "responses": "openai_responses",
    "messages": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama",
}


def ends(wire: str, body: bytes) -> set[str]:
    """Return the words for the end in a stream."""
    lines = [line.removeprefix(b"data: ").strip() for line in body.split(b"\n")]
    found = [json.loads(line) for line in lines if line.startswith(b"{")]
    words: dict[str, Callable[[dict[str, Any]], list[str | None]]] = {
        "chat": lambda each: [part.get("finish_reason") for part in each.get("choices", ())],
        "responses": lambda each: [_end_of(each.get("response", {}))],
        "messages": lambda each: [each.get("delta", {}).get("stop_reason")],
        "gemini": lambda each: [part.get("finishReason") for part in each.get("candidates", ())],
        "ollama": lambda each: [each.get("done_reason")],
    }
    return {word for each in found for word in words[wire](each) if word}


def _end_of(response: dict[str, Any]) -> str | None:
    details = response.get("incomplete_details") or {}
    status = response.get("status")
    return details.get("reason") or (status if status == "completed" else None)


def answered(api: str, meaning: str, word: str) -> Answer:
    events: list[Event] = [TextDelta("Once"), *([CALL] if meaning == "call" else [])]
    return APIS[api].answer(*events, USED, Finished("x", word), stream=True)


@pytest.mark.parametrize("wire", PATHS)
@pytest.mark.parametrize(("meaning", "api", "word"), CASES)
def test_g054_the_reason_for_the_end_is_the_client_s_own_word(
    scene: Stage, wire: str, meaning: str, api: str, word: str
) -> None:
    asked = ask(scene, wire, api, QUESTIONS[wire], answered(api, meaning, word))

    found = ends(wire, asked.reply.body)
    if meaning == "failure":
        # An answer that failed never looks complete.
        assert found == set()
        assert b"error" in asked.reply.body
    elif DIALECTS[wire] == api:
        assert found == {word}
    elif (wire, word) == ("gemini", "pause_turn"):
        assert found == {"OTHER"}
    else:
        assert found == {WORDS[wire][meaning]}


@pytest.mark.parametrize("wire", PATHS)
@pytest.mark.parametrize(
    ("api", "word"), [(api, word) for meaning, api, word in CASES if meaning == "failure"]
)
def test_g054_a_reason_that_is_a_failure_is_for_the_next_model(
    scene: Stage, wire: str, api: str, word: str
) -> None:
    answer = answered(api, "failure", word)
    good = APIS["openai_chat"].answer(
        TextDelta(" upon"), USED, Finished("stop", "stop"), stream=True
    )

    asked = ask(scene, wire, api, QUESTIONS[wire], answer, alone=False, then=good)

    assert ends(wire, asked.reply.body) == {WORDS[wire]["stop"]}
    assert b"error" not in asked.reply.body.replace(b'"error":null', b"")


@pytest.mark.parametrize(("api", "word"), [*ONE_WORD.items()])
def test_g054_the_ledger_has_a_vendor_s_new_word(tmp_path: Path, api: str, word: str) -> None:
    with stage(tmp_path) as scene:
        asked = ask(scene, "messages", api, QUESTIONS["messages"], answered(api, "unknown", word))
        [call] = wait_for(tmp_path / "state" / "llmring" / "ledger.sqlite", 1)

    assert asked.reply.status == 200
    assert call.finish_reason == word.lower()
