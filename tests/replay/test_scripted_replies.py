"""Answers that a test scripts, read as the vendors' answers are."""

import asyncio
import json

import pytest

from llmring.chat.events import Event
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.exceptions import ConfigurationError
from llmring.replay.scripted_replies import Replies
from llmring.routing.targets import Target
from llmring.wire import HttpRequest
from loopback import Loopback
from replay.interceptor_calls import asking, target_at

MODELS = [
    "openai:gpt-4o-mini",
    "openai:gpt-5-pro",
    "anthropic:claude-sonnet-4-5",
    "google:gemini-2.5-flash",
    "ollama:llama3",
]


@pytest.fixture(params=MODELS)
def target(request: pytest.FixtureRequest) -> Target:
    with Loopback() as server:
        found = target_at(server, request.param)
    if request.param.endswith("pro"):
        import msgspec

        return msgspec.structs.replace(found, dialect=found.endpoint.provider.speaking("responses"))
    return found


def request_for(replies: Replies, target: Target, *, stream: bool) -> LLMResponse:
    """Read the answer as a ring does."""

    async def call() -> LLMResponse:
        request = asking(target, "How are you?", stream=stream)
        exchange = await replies.open(str(target.ref), target.dialect.name, request)
        if not stream:
            events = target.dialect.decode(exchange.head, await exchange.read())
        else:
            decoder, events = target.dialect.decoder(exchange.head), list[Event]()
            while not decoder.done and (data := await exchange.chunk()):
                events += decoder.feed(data)
            events += decoder.end()
        return fold(str(target.ref), events, target.dialect.name)

    return asyncio.run(call())


STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@STREAM
@pytest.mark.parametrize("text", ["Paris.", "Two  words\n", "", "Grüße 👋"])
def test_a_text_is_answered_in_the_words_of_every_api(
    target: Target, text: str, stream: bool
) -> None:
    replies = Replies()
    replies.add(text)

    found = request_for(replies, target, stream=stream)

    assert (found.content, found.finish_reason) == (text, "stop")
    assert found.usage is not None


@STREAM
def test_calls_of_tools_are_answered_in_the_words_of_every_api(
    target: Target, stream: bool
) -> None:
    replies = Replies()
    replies.add("Well.", tool_calls=[("weather", {"city": "Paris"}), ("time", {})])

    found = request_for(replies, target, stream=stream)

    calls = found.tool_calls or []
    message = [
        (call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls
    ]
    assert message == [("weather", {"city": "Paris"}), ("time", {})]
    assert len({call["id"] for call in calls}) == 2
    assert (found.content, found.finish_reason) == ("Well.", "tool_calls")


def test_data_is_answered_as_json(target: Target) -> None:
    replies = Replies()
    replies.add({"city": "Paris"})

    assert request_for(replies, target, stream=False).content == '{"city":"Paris"}'


def test_answers_are_given_in_order_for_their_models_and_number_of_times(
    target: Target,
) -> None:
    replies = Replies()
    replies.add("not for you", model="nobody:*")
    replies.add("a", times=2)
    replies.add("b", model=f"{target.ref.provider}:*", times=None)

    message = [request_for(replies, target, stream=False).content for _ in range(4)]

    assert message == ["a", "a", "b", "b"]


def test_the_requests_are_kept_as_they_were_sent(target: Target) -> None:
    replies = Replies()
    replies.add("a")
    request_for(replies, target, stream=False)

    [sent] = replies.sent
    assert sent.model == str(target.ref)
    assert "How are you?" in str(sent.body)


def test_when_no_answer_is_left_the_error_shows_how_to_add_one(target: Target) -> None:
    replies = Replies()
    replies.add("a")
    request_for(replies, target, stream=False)

    with pytest.raises(ConfigurationError, match=rf"left for {target.ref} \(request 2 of .*add"):
        request_for(replies, target, stream=False)


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/files", "/v1/messages/count_tokens"])
def test_a_request_that_is_not_a_chat_is_not_answered(target: Target, path: str) -> None:
    replies = Replies()
    replies.add("a")
    request = HttpRequest("POST", f"http://h{path}", {}, b'{"input": []}')

    with pytest.raises(ConfigurationError, match="llmring_recordings"):
        asyncio.run(replies.open(str(target.ref), target.dialect.name, request))
