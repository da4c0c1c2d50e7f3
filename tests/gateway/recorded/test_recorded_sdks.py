"""Recorded replies read by official SDKs: through the gateway as directly, and in any other API."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from google.genai import types

from llmring import LLMResponse
from recorded_replies import recorded, recordings
from sdk_stage import Stage, stage
from sdk_talks import TALKS
from vendors import APIS

either_form = pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])

# The SDK of each API.
OWN = {
    "anthropic": "messages",
    "gemini": "gemini",
    "ollama": "ollama",
    "openai_chat": "chat",
    "openai_responses": "responses",
}
PAIRS = [(sdk, api) for sdk in TALKS for api in APIS if OWN[api] != sdk]
HELLO: Any = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


def chat(client: Any, model: str, stream: bool) -> Any:
    more: Any = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    return client.chat.completions.create(model=model, messages=HELLO, **more)


def responses(client: Any, model: str, stream: bool) -> Any:
    return client.responses.create(model=model, input="Hello", stream=stream)


def messages(client: Any, model: str, stream: bool) -> Any:
    return client.messages.create(model=model, messages=HELLO, max_tokens=500, stream=stream)


def gemini(client: Any, model: str, stream: bool) -> Any:
    config = types.GenerateContentConfig(
        thinking_config=types.ThinkingConfig(include_thoughts=True)
    )
    models = client.models
    ask = models.generate_content_stream if stream else models.generate_content
    return ask(model=model, contents="Hello", config=config)


def ollama(client: Any, model: str, stream: bool) -> Any:
    return client.chat(model=model, messages=HELLO, think=True, stream=stream)


ASK: dict[str, Callable[[Any, str, bool], Any]] = {
    "anthropic": messages,
    "gemini": gemini,
    "ollama": ollama,
    "openai_chat": chat,
    "openai_responses": responses,
}


def values(api: str, client: Any, model: str, stream: bool) -> Any:
    """Return all that an SDK reads, as plain values, or the class of its error."""
    try:
        found = ASK[api](client, model, stream)
        parts = [*found] if stream else [found]
    except (
        json.JSONDecodeError,
        openai.OpenAIError,
        anthropic.AnthropicError,
        ValueError,
    ) as error:
        return type(error)
    return [each.model_dump(exclude={"sdk_http_response"}, warnings=False) for each in parts]


@recorded
@pytest.mark.parametrize("api", APIS)
@either_form
def test_g193_an_sdk_reads_the_same_through_the_gateway_as_directly(
    scene: Stage, api: Any, is_stream: bool
) -> None:
    vendor = scene.vendors[api]
    connect = TALKS[OWN[api]].connect
    prefix = vendor.url + APIS[api].path.removesuffix("/v1")
    ours, direct = connect(f"http://127.0.0.1:{scene.gateway.port}", 30), connect(prefix, 30)

    wrong, tried = [], 0
    for number, each in enumerate(recordings(api, is_stream=is_stream, one_of=6)):
        scene.script(api, each.answer())
        alias = f"alone-{api}-{number % 200}"
        expected = values(api, direct, "any", is_stream)
        found = values(api, ours, alias, is_stream)
        tried += isinstance(expected, list)
        if found != expected:
            wrong.append((each.id, expected, found))
    for client in (ours, direct):
        getattr(client, "_client", client).close()

    assert wrong == []
    assert tried >= 2


def tokens(sdk: str, usage: Any) -> tuple[int, int]:
    """Return the tokens as an SDK has to show what the library counts."""
    match sdk:
        case "messages":
            cached = usage.cached_tokens + usage.cache_write_tokens
            return usage.prompt_tokens - cached, usage.completion_tokens
        case "gemini":
            return usage.prompt_tokens, usage.completion_tokens - usage.reasoning_tokens
    return usage.prompt_tokens, usage.completion_tokens


def is_plain(reading: LLMResponse | None) -> bool:
    """Return False for a reply that some SDK has another form for than that of an answer."""
    if (
        reading is None
        or reading.usage is None
        or reading.finish_reason not in ("stop", "tool_calls")
    ):
        return False
    try:
        arguments = [json.loads(each["function"]["arguments"]) for each in reading.tool_calls or ()]
    except (KeyError, TypeError, ValueError):
        return False
    return all(isinstance(each, dict) for each in arguments) and bool(
        reading.content or reading.tool_calls
    )


def calls_of(reading: LLMResponse) -> list[tuple[str, Any]]:
    return [
        (each["function"]["name"], json.loads(each["function"]["arguments"]))
        for each in reading.tool_calls or ()
    ]


@recorded
@pytest.mark.parametrize(("sdk", "api"), PAIRS)
@either_form
def test_g193_an_sdk_of_another_api_reads_what_the_library_reads(
    scene: Stage, sdk: str, api: Any, is_stream: bool
) -> None:
    wrong, tried = [], 0
    both = [recordings(api, is_stream=kind, one_of=12) for kind in (False, True)]
    for each in itertools.chain(*both):
        reading = each.read()
        if not is_plain(reading):
            continue
        assert reading is not None
        scene.script(api, each.answer())
        talk = scene.talk(sdk, api, alone=True, tools=True)
        talk.say("Hello")
        reply = talk.answer(stream=is_stream)
        expected = (reading.content, calls_of(reading), tokens(sdk, reading.usage))
        found = (reply.text, reply.places, reply.tokens)
        tried += 1
        if found != expected:
            wrong.append((each.id, expected, found))

    assert wrong == []
    assert tried >= 1
