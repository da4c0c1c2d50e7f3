import json
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.events import Usage
from llmring.chat.parsed_request import parse_request
from llmring.chat.reply import fold
from llmring.chat.request import LLMRequest
from llmring.chat.response import LLMResponse
from llmring.dialects.dialect import Quirks
from llmring.dialects.openai_chat import dialect as openai_chat
from llmring.exceptions import (
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
)
from llmring.local.mock import names, play
from llmring.transport.script import Chunk, Pause, Reset, Script, Step
from llmring.wire import HttpHead, HttpRequest

DIALECT = openai_chat.DIALECT


def script(model: str, messages: Any = "Say something", *, stream: bool = False) -> Script:
    request = LLMRequest(messages=messages)
    outgoing = DIALECT.encode(parse_request(request), model, stream=stream, quirks=Quirks())
    body = msgspec.json.encode(outgoing.payload)
    return play(HttpRequest("POST", "mock://" + outgoing.path, {}, body))


def head(played: Script) -> HttpHead:
    assert played.head is not None
    return played.head


def data(steps: tuple[Step, ...]) -> bytes:
    return b"".join(step.data for step in steps if isinstance(step, Chunk))


def reply(played: Script) -> LLMResponse:
    """Decode a script with the dialect."""
    assert head(played).status == 200
    if head(played).content_type == "application/json":
        return fold("mock", DIALECT.decode(head(played), data(played.steps)))
    decoder = DIALECT.decoder(head(played))
    events = [
        event
        for step in played.steps
        if isinstance(step, Chunk)
        for event in decoder.feed(step.data)
    ]
    return fold("mock", [*events, *decoder.end()])


def words(steps: tuple[Step, ...]) -> list[str]:
    """Return the text of each event of a stream."""
    return [
        word
        for step in steps
        if isinstance(step, Chunk) and step.data.startswith(b"data: {")
        for choice in json.loads(step.data[6:])["choices"]
        if (word := choice["delta"].get("content"))
    ]


def error(played: Script) -> ProviderError:
    return DIALECT.explain(head(played), data(played.steps))


def test_echo_answers_with_the_last_text_of_the_user() -> None:
    messages = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "an answer"},
        {"role": "user", "content": "second thing"},
    ]

    assert reply(script("echo", messages)).content == "second thing"


def test_echo_joins_the_text_parts_of_a_message() -> None:
    parts = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]

    assert reply(script("echo", [{"role": "user", "content": parts}])).content == "one two"


def test_fixed_answers_with_its_text_percent_decoded() -> None:
    assert reply(script("fixed?text=1+1%20is%202")).content == "1+1 is 2"


def test_tokens_are_counted_as_words() -> None:
    answer = reply(script("fixed?text=a%20b%20c", "two words"))

    assert answer.usage == Usage(prompt_tokens=2, completion_tokens=3)


@given(st.text())
def test_a_stream_adds_up_to_the_whole_answer(text: str) -> None:
    model = f"fixed?text={quote(text, safe='')}"

    assert reply(script(model, stream=True)) == reply(script(model))


def test_a_stream_brings_a_word_at_a_time() -> None:
    played = script("fixed?text=one%20two%20three", stream=True)

    assert words(played.steps) == ["one", " two", " three"]


def test_the_same_request_gets_the_same_bytes() -> None:
    assert script("echo", "again", stream=True) == script("echo", "again", stream=True)


@pytest.mark.parametrize("stream", [False, True])
def test_tool_calls_a_function(stream: bool) -> None:
    arguments = quote('{"city": "São Paulo", "days": 2}')

    answer = reply(script(f"tool?name=weather&arguments={arguments}", stream=stream))

    assert answer.finish_reason == "tool_calls"
    assert answer.tool_calls is not None
    assert [call["function"] for call in answer.tool_calls] == [
        {"name": "weather", "arguments": '{"city": "São Paulo", "days": 2}'}
    ]


def test_fail_is_a_rate_limit_with_a_retry_after() -> None:
    fault = error(script("fail?status=429&retry_after=2&message=Slow%20down"))

    assert isinstance(fault, ProviderRateLimitError)
    assert fault.retry_after == 2
    assert fault.provider_message == "Slow down"


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ("status=401", ProviderAuthenticationError),
        ("status=404", ProviderModelNotFoundError),
        ("status=400&code=context_length_exceeded", ContextLengthError),
    ],
)
def test_fail_raises_the_error_of_its_status_and_code(
    parameters: str, kind: type[ProviderError]
) -> None:
    assert type(error(script(f"fail?{parameters}"))) is kind


def test_fail_without_parameters_is_a_server_error() -> None:
    assert head(script("fail", stream=True)).status == 500


def test_slow_pauses_before_it_answers() -> None:
    played = script("slow?ms=500&text=late")

    assert played.steps[0] == Pause(0.5)
    assert reply(played).content == "late"


def test_stall_falls_silent_after_a_word_for_longer_than_a_call_waits() -> None:
    steps = script("stall?text=one%20two", stream=True).steps

    silence = next(step for step in steps if isinstance(step, Pause))
    assert silence.seconds > 3600
    assert words(steps[: steps.index(silence)]) == ["one"]


def test_stall_continues_after_a_given_time() -> None:
    assert reply(script("stall?ms=50&text=one%20two", stream=True)).content == "one two"


def test_cut_breaks_a_stream_after_so_many_words() -> None:
    steps = script("cut?after=2&text=one%20two%20three", stream=True).steps

    assert isinstance(steps[-1], Reset)
    assert words(steps) == ["one", " two"]


def test_cut_before_the_first_word_sends_no_text() -> None:
    steps = script("cut?after=0&text=one", stream=True).steps

    assert len(steps) == 2
    assert words(steps) == []


def test_cut_after_the_last_word_still_sends_no_end() -> None:
    steps = script("cut?after=99&text=one", stream=True).steps

    assert isinstance(steps[-1], Reset)
    assert b'finish_reason":"stop' not in data(steps)
    assert words(steps) == ["one"]


def test_cut_breaks_a_whole_answer_in_its_middle() -> None:
    steps = script("cut").steps

    assert isinstance(steps[-1], Reset)
    with pytest.raises(json.JSONDecodeError):
        json.loads(data(steps))


def test_empty_answers_with_no_text() -> None:
    body = json.loads(data(script("empty").steps))

    assert body["choices"][0]["message"]["content"] == ""


def test_malformed_is_an_answer_that_cannot_be_read() -> None:
    with pytest.raises(ProviderError):
        reply(script("malformed"))


def test_a_malformed_stream_is_an_error() -> None:
    with pytest.raises(ProviderError, match="can't be read"):
        reply(script("malformed", stream=True))


def test_malformed_sends_the_body_that_it_is_given() -> None:
    assert data(script("malformed?body=<html>").steps) == b"<html>"


def test_refused_never_answers() -> None:
    played = script("refused")

    assert played.head is None
    assert isinstance(played.steps[-1], Reset)


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        ("ehco", "echo"),
        ("", "fixed"),
        ("fixed?txt=Hello", "text"),
        ("fail?status=200", "from 400 to 599"),
        ("fail?status=soon", "a number"),
        ("echo?text=x", "none"),
    ],
)
def test_an_unknown_mock_is_not_found_and_gets_a_hint(model: str, hint: str) -> None:
    fault = error(script(model))

    assert isinstance(fault, ProviderModelNotFoundError)
    assert hint in (fault.provider_message or "")


def test_a_body_that_is_not_a_chat_request_is_refused() -> None:
    played = play(HttpRequest("POST", "mock://", {}, b"[]"))

    assert head(played).status == 400


@pytest.mark.parametrize("model", names())
@pytest.mark.parametrize("stream", [False, True])
def test_every_model_works_without_parameters(model: str, stream: bool) -> None:
    played = script(model, stream=stream)

    assert played.steps
    assert all(step.data for step in played.steps if isinstance(step, Chunk))
