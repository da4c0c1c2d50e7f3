"""Keys stay out of errors, logs and reprs, wherever a server may echo them."""

import asyncio
import base64
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import pytest

import answers
from conftest import Way
from llmring import AllModelsFailedError, Attempt, LLMRequest, LLMRing, ProviderError
from llmring.chat.parsed_request import parse_request
from llmring.config.settings import read_settings
from llmring.lockfile.document import ModelRef
from llmring.routing.targets import Target
from loopback import Answer, Close, Loopback, as_stream
from rings import MODEL, environ_of

Serve = Callable[..., Loopback]
Lock = Callable[..., Path]

# Of no shape that a vendor's keys have, so that only knowing it can help.
KEY = "q7Zt.distinctive.W9x4.key.5512"
PASSWORD = "s3cret.distinctive.word"
LOGIN = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
SECRETS = (KEY, PASSWORD, LOGIN)
ALL = " ".join(SECRETS)

# The 500 characters that are quoted of a body end in the middle of the key.
CUT = b"x" * 480 + ALL.encode()

ECHOES = {
    "an error's message": answers.openai_error(401, f"bad key {ALL}"),
    "an error's code": answers.openai_error(400, "bad key", KEY),
    "an error's header": answers.openai_error(500, "no", x_request_id=ALL.replace(" ", "_")),
    "an error's page": Answer([f"<html>{ALL}</html>".encode()], 502),
    "a long error's page": Answer([CUT], 502),
    "a page instead of an answer": Answer([f"<html>{ALL}</html>".encode()]),
    "a long page instead of an answer": Answer([CUT]),
    "an answer of another form": Answer([json.dumps({"headers": ALL}).encode()]),
    "an error inside an answer": Answer([json.dumps({"error": {"message": ALL}}).encode()]),
    "no HTTP": Answer([f"{ALL}\r\n\r\n".encode()], framing="raw"),
    "an invalid header": Answer([f"HTTP/1.1 200 OK\r\n{ALL}\r\n\r\n".encode()], framing="raw"),
    "a header that is too long": Answer([], headers={"x-echo": ALL * 500}),
    "a redirect": Answer([], 302, {"location": f"http://127.0.0.1:9/?key={KEY}"}),
    "a cut answer": Answer([f'{{"key": "{ALL}'.encode(), Close()], framing="chunked"),
}
STREAMED_ECHOES = {
    **ECHOES,
    "an error in a stream": as_stream(
        answers.ROLE, answers.sse({"error": {"message": f"bad key {ALL}", "code": KEY}})
    ),
    "an error after text": as_stream(
        answers.openai_event(content="a"), answers.sse({"error": {"message": ALL}})
    ),
    "an event that can't be read": as_stream(f"data: {ALL}\n\n".encode()),
    "an event of another form": as_stream(answers.sse({"choices": ALL})),
}


@pytest.fixture
def ring(serve: Serve, caplog: pytest.LogCaptureFixture) -> Callable[[Answer], LLMRing]:
    """Build a ring whose server knows all secrets and gives one answer; everything is logged."""
    caplog.set_level(logging.DEBUG)
    for name in ("asyncio", "llmring"):
        caplog.set_level(logging.DEBUG, name)

    def start(answer: Answer) -> LLMRing:
        environ = environ_of(serve(answer), KEY)
        environ["OPENAI_BASE_URL"] = environ["OPENAI_BASE_URL"].replace("//", f"//me:{PASSWORD}@")
        environ["ANTHROPIC_API_KEY"] = KEY
        environ["ANTHROPIC_BASE_URL"] = environ["OPENAI_BASE_URL"]
        return LLMRing(environ=environ)

    return start


def family(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error, and every other error that it refers to."""
    if error is None:
        return
    yield error
    yield from family(error.__cause__)
    yield from family(error.__context__)
    if isinstance(error, ExceptionGroup):
        for member in error.exceptions:
            yield from family(member)


def everything(error: ProviderError) -> str:
    message = ["".join(traceback.format_exception(error))]
    for one in family(error):
        message += [str(one), repr(one), repr(one.args), repr(vars(one))]
    return "\n".join(message + [repr(attempt) for attempt in error.attempts])


def leaked(*texts: str) -> list[str]:
    pieces = [secret[: len(secret) // 2] for secret in SECRETS]
    return [piece for piece in pieces for text in texts if piece in text]


@pytest.mark.parametrize("answer", ECHOES.values(), ids=ECHOES.keys())
def test_a_key_that_the_server_sends_back_is_not_shown(
    way: Way, ring: Callable[[Answer], LLMRing], caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    with pytest.raises(ProviderError) as caught:
        way.chat(ring(answer), MODEL, "Hello")

    assert leaked(everything(caught.value), caplog.text) == []


@pytest.mark.parametrize("answer", STREAMED_ECHOES.values(), ids=STREAMED_ECHOES.keys())
def test_a_key_that_comes_back_in_a_stream_is_not_shown(
    way: Way, ring: Callable[[Answer], LLMRing], caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    with pytest.raises(ProviderError) as caught:
        way.stream(ring(answer), MODEL, "Hello")

    assert leaked(everything(caught.value), caplog.text) == []


@pytest.mark.parametrize("answer", ECHOES.values(), ids=ECHOES.keys())
def test_a_key_is_in_no_part_of_the_error_of_all_models(
    way: Way,
    ring: Callable[[Answer], LLMRing],
    lockfile: Lock,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
) -> None:
    path = lockfile(fast=[MODEL, "openai:gpt-4o", "anthropic:claude-sonnet-4-5"])
    monkeypatch.chdir(path.parent)

    with pytest.raises(ProviderError) as caught:
        way.chat(ring(answer), "fast", "Hello")

    assert leaked(everything(caught.value)) == []


def frames_of_llmring(link: TracebackType | None) -> Iterator[str]:
    """Return the local variables of llmring's frames, as a debugging tool shows them."""
    while link is not None:
        if Path(link.tb_frame.f_code.co_filename).parent.parent.name == "llmring":
            yield from map(repr, link.tb_frame.f_locals.values())
        link = link.tb_next


@pytest.mark.parametrize("answer", [answers.openai_error(500), Answer([Close()])])
def test_a_key_is_in_no_local_variable_that_a_traceback_may_show(
    way: Way, ring: Callable[[Answer], LLMRing], answer: Answer
) -> None:
    with pytest.raises(ProviderError) as caught:
        way.chat(ring(answer), MODEL, "Hello")

    shown = list(frames_of_llmring(caught.value.__traceback__))
    assert len(shown) > 10
    assert leaked(*shown) == []


def test_a_key_is_in_no_attempt_that_an_observer_gets(serve: Serve) -> None:
    seen: list[Attempt] = []
    environ = environ_of(serve(answers.openai_error(500, f"key {KEY}")), KEY)

    with pytest.raises(ProviderError):
        LLMRing(environ=environ, on_attempt=seen.append).chat(MODEL, "Hello")

    assert seen[0].reason == "500 server_error key ***"
    assert leaked(repr(seen)) == []


def test_a_key_is_in_no_repr_of_the_parts_of_a_call(ring: Callable[[Answer], LLMRing]) -> None:
    made = ring(answers.openai())
    settings = read_settings({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"http://me:{PASSWORD}@h"})
    endpoint = settings.endpoints["openai"]
    target = Target(ModelRef.parse(MODEL), endpoint, endpoint.provider.dialect)
    request = target.encode(parse_request(LLMRequest(model=MODEL, messages="Hello")), stream=False)
    pending = made.chat(LLMRequest(model=MODEL, messages="Hello"))
    pending.close()

    things = [made, settings, target, request, pending, made.chat_stream(MODEL, "Hello")]
    assert leaked(*map(repr, things)) == []


def test_a_key_is_in_no_rich_repr(ring: Callable[[Answer], LLMRing]) -> None:
    endpoint = read_settings({"OPENAI_API_KEY": KEY}).endpoints["openai"]
    target = Target(ModelRef.parse(MODEL), endpoint, endpoint.provider.dialect)
    request = target.encode(parse_request(LLMRequest(model=MODEL, messages="Hello")), stream=False)

    assert leaked(repr(endpoint.__rich_repr__()), repr(request.__rich_repr__())) == []


def test_a_key_is_in_no_debug_log_of_a_call_that_succeeds(
    ring: Callable[[Answer], LLMRing], caplog: pytest.LogCaptureFixture
) -> None:
    made = ring(answers.openai("Hi"))

    async def call() -> None:
        async with made:
            await made.chat(MODEL, "Hello")

    asyncio.run(call(), debug=True)

    assert leaked(caplog.text) == []


def test_a_short_key_is_not_masked_in_messages(way: Way, serve: Serve) -> None:
    environ = environ_of(serve(answers.openai_error(500, "no model is loaded")), "no")

    with pytest.raises(ProviderError, match="no model is loaded"):
        way.chat(LLMRing(environ=environ), MODEL, "Hello")


def test_the_error_of_all_models_can_be_caught_as_one(
    ring: Callable[[Answer], LLMRing], lockfile: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lockfile(fast=[MODEL, "openai:gpt-4o"]).parent)

    with pytest.raises(AllModelsFailedError) as caught:
        ring(answers.openai_error(500, ALL)).chat("fast", "Hello")

    assert leaked(str(caught.value)) == []


def test_a_key_that_a_server_echoes_is_in_no_circuit(
    way: Way, serve: Serve, lockfile: Lock, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(answers.openai_error(500, f"overloaded, {ALL}"))
    ring = LLMRing(lockfile(fast=[MODEL, "mock:echo"]), environ=environ_of(server, KEY))
    with caplog.at_level(logging.DEBUG):
        for _ in range(8):
            ring.chat("fast", "Hi").result()

        answer = way.chat(ring, "fast", "Hi")

    assert "circuit open" in str(answer.attempts[0].reason)
    shown = [answer.to_dict(), ring.status().to_dict(), ring.explain("fast").to_dict()]
    assert KEY not in json.dumps(shown)
    assert KEY not in caplog.text
