"""A real server of another author, llama.cpp's, called through each of its APIs.

Its model is tiny, so the tests compare forms, counts and what two clients get, never the words.
It knows no tools, so the calls in these conversations are ours.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec import Struct

from llmring import (
    ContextLengthError,
    LLMResponse,
    LLMRing,
    ProviderAuthenticationError,
    ProviderRequestError,
    ProviderResponseError,
    SchemaValidationError,
    StreamChunk,
    UnsupportedFeatureError,
)
from llmring.local.llama import RunningServer

LOCKFILE = """
[providers.chatpeer]
kind = "openai"
base_url = "ROOT/v1"
api_key_env = "PEER_KEY"

[providers.respeer]
kind = "openai"
api = "responses"
base_url = "ROOT/v1"
api_key_env = "PEER_KEY"

[providers.msgpeer]
kind = "anthropic"
base_url = "ROOT"
api_key_env = "PEER_KEY"

[[profiles.default.bindings]]
alias = "chat"
models = ["chatpeer:smollm2-135m"]

[[profiles.default.bindings]]
alias = "responses"
models = ["respeer:smollm2-135m"]

[[profiles.default.bindings]]
alias = "messages"
models = ["msgpeer:smollm2-135m"]
"""

MODEL = "smollm2-135m"
PROVIDERS = {"chat": "chatpeer", "responses": "respeer", "messages": "msgpeer"}

SYSTEM = "You are a helpful AI assistant."
QUESTION = "What is the capital of France?"
TURNS = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
TOO_LONG = "word " * 3000
MOST = 16

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
WHO = "Anna is 34 years old. Give her name and age."
FORM = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}}

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of today",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


class Person(Struct):
    name: str
    age: int


@pytest.fixture(scope="session")
def lockfile(served: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("peer") / "llmring.lock"
    path.write_text(LOCKFILE.replace("ROOT", served.base_url.removesuffix("/v1")))
    return path


@pytest.fixture
def ring(lockfile: Path, served: RunningServer) -> Iterator[LLMRing]:
    with LLMRing(lockfile, environ={"PEER_KEY": served.key, "LLMRING_RETRIES": "0"}) as ring:
        yield ring


@pytest.fixture(params=PROVIDERS)
def api(request: pytest.FixtureRequest) -> str:
    """Return the alias of the server by one of its APIs."""
    return str(request.param)


def ask(ring: LLMRing, alias: str, messages: Any = TURNS, **fields: Any) -> LLMResponse:
    fields = {"temperature": 0, "max_tokens": MOST} | fields
    return ring.chat(alias, messages, **fields).result()


def stream(ring: LLMRing, alias: str, messages: Any = TURNS, **fields: Any) -> list[StreamChunk]:
    fields = {"temperature": 0, "max_tokens": MOST} | fields
    return list(ring.chat_stream(alias, messages, **fields))


# --- Answers ---


def test_an_answer_has_text_usage_a_finish_reason_and_the_models_name(
    ring: LLMRing, api: str
) -> None:
    answer = ask(ring, api)

    assert answer.content
    assert answer.finish_reason == "stop"
    assert answer.model == f"{PROVIDERS[api]}:{MODEL}"
    assert answer.served_model == MODEL
    assert answer.id
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 20
    assert 0 < answer.usage.completion_tokens < MOST


def test_the_pieces_of_a_stream_add_up_to_the_answer(ring: LLMRing, api: str) -> None:
    whole = ask(ring, api)
    chunks = stream(ring, api)

    assert len([chunk for chunk in chunks if chunk.delta]) > 3
    assert "".join(chunk.delta for chunk in chunks) == whole.content
    last = chunks[-1]
    assert last.finish_reason == whole.finish_reason
    assert last.message is not None
    assert last.message.text == whole.content
    assert last.usage is not None
    assert whole.usage is not None
    assert last.usage.prompt_tokens == whole.usage.prompt_tokens
    assert last.usage.completion_tokens == whole.usage.completion_tokens


def test_the_three_apis_count_and_answer_alike(ring: LLMRing) -> None:
    answers = [ask(ring, alias) for alias in PROVIDERS]

    assert len({answer.content for answer in answers}) == 1
    assert len({answer.usage.prompt_tokens for answer in answers if answer.usage}) == 1
    assert len({answer.usage.completion_tokens for answer in answers if answer.usage}) == 1


def test_a_prefix_that_was_sent_before_is_counted_as_cached(ring: LLMRing, api: str) -> None:
    turns = [{"role": "user", "content": f"Hello to {api}"}]
    ask(ring, api, turns, max_tokens=1)
    usage = ask(ring, api, turns, max_tokens=1).usage

    assert usage is not None
    assert 0 < (usage.cached_tokens or 0) < usage.prompt_tokens


# In the Responses API, the server reports "completed" for an answer that it has cut.
@pytest.mark.parametrize("alias", ["chat", "messages"])
def test_an_answer_cut_at_max_tokens_finishes_with_length(ring: LLMRing, alias: str) -> None:
    answer = ask(ring, alias, max_tokens=3)

    assert answer.usage is not None
    assert answer.usage.completion_tokens == 3
    assert answer.finish_reason == "length"


@pytest.mark.parametrize("alias", ["chat", "messages"])
def test_a_stop_text_ends_the_answer(ring: LLMRing, alias: str) -> None:
    whole = ask(ring, alias).content
    word = whole.split()[2]

    answer = ask(ring, alias, stop=word)

    assert whole.startswith(answer.content)
    assert word not in answer.content
    assert answer.finish_reason == "stop"


# --- JSON ---


def test_chat_completions_enforces_a_schema(ring: LLMRing) -> None:
    answer = ask(ring, "chat", WHO, response_format=FORM, max_tokens=60, max_repairs=0)

    assert answer.parsed == json.loads(answer.content)
    assert sorted(answer.parsed) == ["age", "name"]


def test_chat_completions_enforces_a_type(ring: LLMRing) -> None:
    answer = ask(ring, "chat", WHO, response_format=Person, max_tokens=60, max_repairs=0)

    assert isinstance(answer.parsed, Person)


def test_a_stream_shows_the_object_as_it_grows(ring: LLMRing) -> None:
    chunks = stream(ring, "chat", WHO, response_format=FORM, max_tokens=60, max_repairs=0)

    growing = [chunk.parsed for chunk in chunks if chunk.parsed is not None]
    last = chunks[-1].parsed
    assert sorted(last) == ["age", "name"]
    assert all(set(each) <= set(last) for each in growing)
    assert any(set(each) < set(last) for each in growing)


def test_extra_params_reach_the_server(ring: LLMRing) -> None:
    """The server enforces its own field `json_schema`, but not the schema of the Responses API."""
    answer = ask(
        ring,
        "responses",
        WHO,
        response_format=FORM,
        extra_params={"json_schema": PERSON},
        max_tokens=60,
        max_repairs=0,
    )

    assert sorted(answer.parsed) == ["age", "name"]


@pytest.mark.parametrize("alias", ["responses", "messages"])
def test_an_answer_for_which_the_server_ignored_the_schema_is_an_error(
    ring: LLMRing, alias: str
) -> None:
    # The server accepts the schema of these APIs and ignores it.
    with pytest.raises(SchemaValidationError) as caught:
        ask(ring, alias, WHO, response_format=FORM, max_tokens=6, max_repairs=1)

    assert caught.value.problems
    assert caught.value.content


# --- Tools ---


@pytest.mark.parametrize(
    "choice", ["auto", "required", "none", {"type": "function", "function": {"name": "weather"}}]
)
def test_tools_are_accepted(ring: LLMRing, api: str, choice: Any) -> None:
    answer = ask(ring, api, tools=[WEATHER], tool_choice=choice, max_tokens=2)

    assert answer.usage is not None
    assert answer.usage.completion_tokens == 2


# In the Responses API, the server ignores such tools.
@pytest.mark.parametrize("alias", ["chat", "responses"])
def test_invalid_tools_are_refused(ring: LLMRing, alias: str) -> None:
    with pytest.raises(ProviderResponseError, match="tools"):
        ask(ring, alias, extra_params={"tools": "weather"})


def call(id_: str, city: str) -> dict[str, Any]:
    function = {"name": "weather", "arguments": json.dumps({"city": city})}
    return {"id": id_, "type": "function", "function": function}


def with_results(result: str) -> list[dict[str, Any]]:
    return [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": "What is the weather in Paris and in Rome?"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [call("call_1", "Paris"), call("call_2", "Rome")],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": result},
        {"role": "tool", "tool_call_id": "call_2", "content": result},
    ]


def test_the_results_of_calls_reach_the_model(ring: LLMRing, api: str) -> None:
    short = ask(ring, api, with_results("sun"), tools=[WEATHER])
    # Each additional " sun" adds one token to each of the two results.
    long = ask(ring, api, with_results("sun sun sun sun sun"), tools=[WEATHER], max_tokens=1)

    assert short.content
    assert short.usage is not None
    assert long.usage is not None
    assert long.usage.prompt_tokens == short.usage.prompt_tokens + 2 * 4


def test_a_conversation_goes_on_from_the_answers_message(ring: LLMRing, api: str) -> None:
    turns: list[Any] = [*with_results("sunny"), ask(ring, api, with_results("sunny")).message]
    turns.append({"role": "user", "content": "Thanks."})

    answer = ask(ring, api, turns, tools=[WEATHER], max_tokens=2)

    assert answer.usage is not None
    assert answer.usage.completion_tokens == 2


# --- Errors ---


def test_a_prompt_that_is_too_long_is_a_context_length_error(ring: LLMRing, api: str) -> None:
    with pytest.raises(ContextLengthError) as caught:
        ask(ring, api, TOO_LONG)

    assert caught.value.status == 400
    assert caught.value.code == "exceed_context_size_error"


def test_a_stream_of_a_prompt_that_is_too_long_fails_the_same_way(ring: LLMRing, api: str) -> None:
    with pytest.raises(ContextLengthError):
        stream(ring, api, TOO_LONG)


def test_a_wrong_key_is_refused_and_never_shown(lockfile: Path, api: str) -> None:
    key = "sk-wrong-0123456789"
    stranger = LLMRing(lockfile, environ={"PEER_KEY": key})
    with stranger, pytest.raises(ProviderAuthenticationError) as caught:
        ask(stranger, api)

    assert caught.value.status == 401
    assert key not in f"{caught.value}{caught.value!r}"


def test_an_address_that_the_server_does_not_know_is_a_404(
    lockfile: Path, served: RunningServer, api: str
) -> None:
    root = served.base_url.removesuffix("/v1")
    path = lockfile.with_name("elsewhere.lock")
    path.write_text(LOCKFILE.replace("ROOT", f"{root}/elsewhere"))
    lost = LLMRing(path, environ={"PEER_KEY": served.key, "LLMRING_RETRIES": "0"})
    with lost, pytest.raises(ProviderResponseError) as caught:
        ask(lost, api)

    assert caught.value.status == 404


def test_a_parameter_of_the_wrong_type_is_refused_with_the_servers_message(
    ring: LLMRing, api: str
) -> None:
    with pytest.raises(ProviderRequestError, match="temperature"):
        ask(ring, api, extra_params={"temperature": "hot"})


def test_an_image_for_a_model_that_sees_none_is_an_unsupported_feature(
    ring: LLMRing, api: str
) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}

    with pytest.raises(UnsupportedFeatureError, match="image"):
        ask(ring, api, [{"role": "user", "content": [image]}])


# --- More endpoints ---


def test_tokens_are_counted_as_the_answer_counts_them(ring: LLMRing, api: str) -> None:
    count = ring.count_tokens(api, TURNS).result()
    usage = ask(ring, api, max_tokens=1).usage

    assert usage is not None
    assert count.exact
    assert count.tokens == usage.prompt_tokens


def test_the_models_are_listed(ring: LLMRing, api: str) -> None:
    assert [model.id for model in ring.list_models(PROVIDERS[api]).result()] == [MODEL]


def test_a_server_without_embeddings_is_an_unsupported_feature(ring: LLMRing, api: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match="embeddings"):
        ring.embed(f"{PROVIDERS[api]}:{MODEL}", ["Paris"]).result()


# --- The vendors' own clients ---


T = TypeVar("T")


class Heard(Struct):
    """A client's reading of an answer."""

    text: str
    prompt_tokens: int
    completion_tokens: int


async def _chat(client: Any) -> Heard:
    result = {"model": MODEL, "messages": TURNS, "temperature": 0, "max_tokens": MOST}
    reply = await client.chat.completions.create(**result)
    usage = reply.usage
    return Heard(reply.choices[0].message.content, usage.prompt_tokens, usage.completion_tokens)


async def _chat_stream(client: Any) -> Heard:
    result = {"model": MODEL, "messages": TURNS, "temperature": 0, "max_tokens": MOST}
    text, usage = "", None
    async for chunk in await client.chat.completions.create(
        **result, stream=True, stream_options={"include_usage": True}
    ):
        usage = chunk.usage or usage
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
    assert usage is not None
    return Heard(text, usage.prompt_tokens, usage.completion_tokens)


def _of_response(reply: Any) -> Heard:
    return Heard(reply.output_text, reply.usage.input_tokens, reply.usage.output_tokens)


async def _responses(client: Any) -> Heard:
    result = {"model": MODEL, "input": TURNS, "temperature": 0, "max_output_tokens": MOST}
    return _of_response(await client.responses.create(**result))


async def _responses_stream(client: Any) -> Heard:
    result = {"model": MODEL, "input": TURNS, "temperature": 0, "max_output_tokens": MOST}
    text, final = "", None
    async for event in await client.responses.create(**result, stream=True):
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.completed":
            final = _of_response(event.response)
    assert final is not None
    return Heard(text, final.prompt_tokens, final.completion_tokens)


def _messages_told() -> dict[str, Any]:
    return {
        "model": MODEL,
        "system": SYSTEM,
        "messages": TURNS[1:],
        "max_tokens": MOST,
        "extra_body": {"temperature": 0},
    }


def _of_message(reply: Any, text: str) -> Heard:
    usage = reply.usage
    prompt = usage.input_tokens + (usage.cache_read_input_tokens or 0)
    return Heard(text, prompt, usage.output_tokens)


async def _messages(client: Any) -> Heard:
    reply = await client.messages.create(**_messages_told())
    return _of_message(reply, "".join(block.text for block in reply.content))


async def _messages_stream(client: Any) -> Heard:
    async with client.messages.stream(**_messages_told()) as events:
        text = "".join([piece async for piece in events.text_stream])
        return _of_message(await events.get_final_message(), text)


THEIRS = {
    "chat": ("openai", _chat, _chat_stream),
    "responses": ("openai", _responses, _responses_stream),
    "messages": ("anthropic", _messages, _messages_stream),
}


def by_their_client(ring: LLMRing, alias: str, question: Callable[[Any], Awaitable[T]]) -> T:
    async def request() -> T:
        async with ring.get_provider(PROVIDERS[alias]).client as client:
            return await question(client)

    return asyncio.run(request())


def received(text: str, usage: Any) -> Heard:
    return Heard(text, usage.prompt_tokens, usage.completion_tokens)


def test_the_vendors_client_gets_the_same_answer_and_usage(ring: LLMRing, api: str) -> None:
    extra, question, _ = THEIRS[api]
    pytest.importorskip(extra)

    answer = ask(ring, api)

    assert received(answer.content, answer.usage) == by_their_client(ring, api, question)


def test_the_vendors_client_gets_the_same_stream(ring: LLMRing, api: str) -> None:
    extra, _, question = THEIRS[api]
    pytest.importorskip(extra)

    chunks = stream(ring, api)

    ours = received("".join(chunk.delta for chunk in chunks), chunks[-1].usage)
    assert ours == by_their_client(ring, api, question)


def test_the_vendors_client_gets_the_same_error_message(lockfile: Path, api: str) -> None:
    extra, question, _ = THEIRS[api]
    sdk = pytest.importorskip(extra)

    async def refused(client: Any) -> Any:
        with pytest.raises(sdk.AuthenticationError) as caught:
            await question(client)
        return caught.value

    with LLMRing(lockfile, environ={"PEER_KEY": "another"}) as stranger:
        theirs = by_their_client(stranger, api, refused)
        with pytest.raises(ProviderAuthenticationError) as ours:
            ask(stranger, api)

    assert ours.value.status == theirs.status_code
    assert ours.value.provider_message
    assert ours.value.provider_message in str(theirs)
