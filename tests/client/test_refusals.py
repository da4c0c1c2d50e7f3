"""Refused parameters, histories and accounts, through the public door and over each API."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

import answers
from conftest import Way
from llmring import (
    AllModelsFailedError,
    Attempt,
    LLMRequest,
    LLMResponse,
    LLMRing,
    ProviderRateLimitError,
    ProviderRequestError,
    StreamChunk,
    UnsupportedFeatureError,
)
from llmring.chat.events import Event, Finished, Started, TextDelta, Usage, UsageReport
from llmring.dialects.reply_encoding import Envelope
from llmring.providers.table import PROVIDERS
from loopback import Answer, Loopback, Pause, as_json, as_stream

Serve = Callable[..., Loopback]

EVENTS: list[Event] = [
    Started("m", "1"),
    TextDelta("Hi"),
    UsageReport(Usage(prompt_tokens=10, completion_tokens=2)),
    Finished("stop", ""),
]


class Api(Struct, frozen=True):
    """An API, and a parameter that its model refuses.

    Attributes:
        provider: The provider that speaks it.
        variables: Its address and key.
        tail: The path of the address.
        refusal: The body of the error.
        request: The request's settings.
        path: Where the parameter is in the body.
        note: The remark on the attempt.
        table: More of the lockfile.
    """

    provider: str
    variables: tuple[str, str]
    tail: str
    refusal: Any
    request: Mapping[str, Any]
    path: tuple[str, ...]
    note: str
    table: str = ""
    dialect: str = ""

    def answer(self, *, stream: bool) -> Answer:
        row = PROVIDERS[self.provider]
        encoding = row.speaking(self.dialect or None).reply_encoding()
        if stream:
            kind = "application/x-ndjson" if self.provider == "ollama" else "text/event-stream"
            return as_stream(*encoding.stream(EVENTS, Envelope()), content_type=kind)
        return Answer(
            [encoding.whole(EVENTS, Envelope())], 200, {"content-type": "application/json"}
        )

    def start(self, serve: Serve, patch: pytest.MonkeyPatch, *given: Answer) -> Loopback:
        server = serve(*given)
        address, key = self.variables
        patch.setenv(address, server.url + self.tail)
        if key:
            patch.setenv(key, "k-test-0123456789")
        return server

    def sent(self, body: Any) -> Any:
        """Return the parameter in a request; None if it is not there."""
        for name in self.path:
            body = body.get(name, {})
        return body or None


def openai_error(message: str, code: str | None = None, param: str | None = None) -> Any:
    fields = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return {"error": fields}


NO_TEMPERATURE = openai_error(
    "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) "
    "value is supported.",
    "unsupported_value",
    "temperature",
)

APIS = {
    "openai_chat": Api(
        "openai",
        ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
        "/v1",
        NO_TEMPERATURE,
        {"temperature": 0.5},
        ("temperature",),
        "temperature left out: the model refuses it",
    ),
    "openai_responses": Api(
        "openai",
        ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
        "/v1",
        openai_error(
            "Your organization must be verified to generate reasoning summaries.",
            "unsupported_value",
            "reasoning.summary",
        ),
        {"reasoning_effort": "low"},
        ("reasoning", "summary"),
        "reasoning.summary left out: the model refuses it",
        '[providers.openai]\napi = "responses"\n',
        "responses",
    ),
    "anthropic": Api(
        "anthropic",
        ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
        "",
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "`temperature` is deprecated for this model.",
            },
        },
        {"temperature": 0.5},
        ("temperature",),
        "temperature left out: the model refuses it",
    ),
    "gemini": Api(
        "google",
        ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY"),
        "",
        {
            "error": {
                "code": 400,
                "message": "Penalty is not enabled for this model",
                "status": "INVALID_ARGUMENT",
            }
        },
        {"extra_params": {"presence_penalty": 0.5}},
        ("generationConfig", "presencePenalty"),
        "presencePenalty left out: the model refuses it",
    ),
    "ollama": Api(
        "ollama",
        ("OLLAMA_BASE_URL", ""),
        "",
        {"error": '"any" does not support thinking'},
        {"reasoning_effort": "low"},
        ("think",),
        "reasoning left out: the model refuses it",
    ),
}
each_api = pytest.mark.parametrize("api", APIS.values(), ids=APIS)
each_form = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write a lockfile with the alias `fast`."""

    def write(*models: str, table: str = "", policy: str = "retries = 0") -> None:
        path = tmp_path / "llmring.lock"
        path.write_text(
            f'version = "1.0"\n{table}\n[[profiles.default.bindings]]\nalias = "fast"\n'
            f"models = {json.dumps(models)}\n{policy}\n"
        )
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))

    return write


def ask(
    way: Way, ring: LLMRing, request: LLMRequest, *, stream: bool
) -> tuple[str, tuple[Attempt, ...]]:
    """Return the text and the attempts of a call."""
    if stream:
        chunks: list[StreamChunk] = way.stream(ring, request)
        return "".join(chunk.delta for chunk in chunks), tuple(chunks[-1].attempts or ())
    response: LLMResponse = way.chat(ring, request)
    return response.content, tuple(response.attempts)


def outcomes(attempts: tuple[Attempt, ...]) -> list[tuple[str, str]]:
    return [(attempt.model.partition(":")[0], attempt.outcome) for attempt in attempts]


@each_api
@each_form
def test_a_refused_parameter_is_left_out_and_the_same_model_answers(
    way: Way,
    api: Api,
    stream: bool,
    serve: Serve,
    lock: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = api.start(serve, monkeypatch, as_json(api.refusal, 400), api.answer(stream=stream))
    lock(f"{api.provider}:any", table=api.table)
    request = LLMRequest(model="fast", messages="Hello", **api.request)

    text, attempts = ask(way, LLMRing(), request, stream=stream)

    assert text == "Hi"
    assert outcomes(attempts) == [(api.provider, "failed"), (api.provider, "ok")]
    assert attempts[1].adjusted == (api.note,)
    first, second = (api.sent(each.json) for each in server.requests)
    assert (first is not None, second) == (True, None)


@each_api
def test_the_next_call_of_the_ring_leaves_it_out_at_once(
    api: Api, serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = api.start(serve, monkeypatch, as_json(api.refusal, 400), api.answer(stream=False))
    lock(f"{api.provider}:any", table=api.table)
    request = LLMRequest(model="fast", messages="Hello", **api.request)

    with LLMRing() as ring:
        ring.chat(request).result()
        again = ring.chat(request).result()

    assert outcomes(tuple(again.attempts)) == [(api.provider, "ok")]
    assert again.attempts[0].adjusted == (api.note,)
    assert len(server.requests) == 3
    assert api.sent(server.requests[2].json) is None


@each_form
def test_a_model_that_still_refuses_gives_way_to_the_next(
    way: Way,
    stream: bool,
    serve: Serve,
    lock: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chat, anthropic = APIS["openai_chat"], APIS["anthropic"]
    server = chat.start(serve, monkeypatch, as_json(NO_TEMPERATURE, 400))
    anthropic.start(serve, monkeypatch, anthropic.answer(stream=stream))
    lock("openai:any", "anthropic:any")
    request = LLMRequest(model="fast", messages="Hello", temperature=0.5)

    ring = LLMRing()
    _, attempts = ask(way, ring, request, stream=stream)

    assert outcomes(attempts) == [("openai", "failed"), ("openai", "failed"), ("anthropic", "ok")]
    assert len(server.requests) == 2


def test_what_did_not_help_is_not_left_out_later(
    serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = APIS["openai_chat"]
    server = chat.start(serve, monkeypatch, as_json(NO_TEMPERATURE, 400))
    lock("openai:any")

    with LLMRing() as ring:
        for _ in range(2):
            with pytest.raises(UnsupportedFeatureError):
                ring.chat("fast", "Hello", temperature=0.5).result()

    assert "temperature" in server.requests[2].json


def test_parameters_that_are_refused_one_by_one_are_all_left_out(
    serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = APIS["openai_chat"]
    refusals = [
        as_json(openai_error("No.", "unsupported_parameter", name), 400)
        for name in ("temperature", "top_p", "seed")
    ]
    server = chat.start(serve, monkeypatch, *refusals, chat.answer(stream=False))
    lock("openai:any")

    with LLMRing() as ring:
        for _ in range(2):
            response = ring.chat("fast", "Hello", temperature=0.5, top_p=0.5, seed=1).result()

    assert response.attempts[0].outcome == "ok"
    assert len(response.attempts[0].adjusted) == 3
    assert len(server.requests) == 5


def test_a_parameter_without_which_the_answer_is_another_goes_to_the_next_model(
    serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, anthropic = APIS["openai_chat"], APIS["anthropic"]
    refusal = openai_error("No.", "unsupported_parameter", "logprobs")
    server = chat.start(serve, monkeypatch, as_json(refusal, 400))
    anthropic.start(serve, monkeypatch, anthropic.answer(stream=False))
    lock("openai:any", "anthropic:any")

    with LLMRing() as ring:
        response = ring.chat("fast", "Hello").result()

    assert outcomes(tuple(response.attempts)) == [("openai", "failed"), ("anthropic", "ok")]
    assert len(server.requests) == 1


OUT_OF_RANGE: dict[str, tuple[Any, tuple[str, ...]]] = {
    "openai_chat": (
        openai_error(
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 1, but got "
            "1.5 instead.",
            "decimal_above_max_value",
            "temperature",
        ),
        ("temperature",),
    ),
    "anthropic": (
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "temperature: range: 0..1"},
        },
        ("temperature",),
    ),
    "gemini": (
        {
            "error": {
                "code": 400,
                "message": "temperature must be in the range [0.0, 1.0].",
                "status": "INVALID_ARGUMENT",
            }
        },
        ("generationConfig", "temperature"),
    ),
    "ollama": ({"error": "temperature must be at most 1"}, ("options", "temperature")),
}


@pytest.mark.parametrize("name", OUT_OF_RANGE)
@each_form
def test_a_number_out_of_the_models_range_is_moved_into_it(
    way: Way,
    name: str,
    stream: bool,
    serve: Serve,
    lock: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api, (refusal, path) = APIS[name], OUT_OF_RANGE[name]
    server = api.start(serve, monkeypatch, as_json(refusal, 400), api.answer(stream=stream))
    lock(f"{api.provider}:any")
    request = LLMRequest(model="fast", messages="Hello", temperature=1.5)

    _, attempts = ask(way, LLMRing(), request, stream=stream)

    assert outcomes(attempts) == [(api.provider, "failed"), (api.provider, "ok")]
    assert attempts[1].adjusted == ("temperature 1 for 1.5: the model takes no other",)
    value = server.requests[1].json
    for key in path:
        value = value[key]
    assert value == 1


def test_a_number_out_of_a_range_that_is_not_given_goes_to_the_next_model(
    serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, anthropic = APIS["openai_chat"], APIS["anthropic"]
    refusal = openai_error("`temperature` must be > 0.0 and < 1.0")
    server = chat.start(serve, monkeypatch, as_json(refusal, 422))
    anthropic.start(serve, monkeypatch, anthropic.answer(stream=False))
    lock("openai:any", "anthropic:any")

    with LLMRing() as ring:
        response = ring.chat("fast", "Hello", temperature=1).result()

    assert outcomes(tuple(response.attempts)) == [("openai", "failed"), ("anthropic", "ok")]
    assert len(server.requests) == 1


GOOGLE_STOP = {
    "error": {
        "code": 400,
        "message": "Unknown name \"stopSequences\" at 'generation_config': Cannot find field.",
        "status": "INVALID_ARGUMENT",
    }
}
OPENAI_STOP = openai_error(
    "Unsupported parameter: 'stop' is not supported with this model.",
    "unsupported_parameter",
    "stop",
)


@pytest.mark.parametrize(
    ("name", "refusal"), [("openai_chat", OPENAI_STOP), ("gemini", GOOGLE_STOP)]
)
@each_form
def test_no_answer_goes_past_the_stop_text_that_a_model_refuses(
    way: Way,
    name: str,
    refusal: Any,
    stream: bool,
    serve: Serve,
    lock: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api, anthropic = APIS[name], APIS["anthropic"]
    server = api.start(serve, monkeypatch, as_json(refusal, 400), api.answer(stream=stream))
    other = anthropic.start(serve, monkeypatch, anthropic.answer(stream=stream))
    lock(f"{api.provider}:any", "anthropic:any")
    request = LLMRequest(model="fast", messages="Hello", stop=["END"])

    _, attempts = ask(way, LLMRing(), request, stream=stream)

    assert outcomes(attempts) == [(api.provider, "failed"), ("anthropic", "ok")]
    assert len(server.requests) == 1
    assert other.requests[0].json["stop_sequences"] == ["END"]


def test_a_request_that_may_have_acted_is_not_sent_again(
    serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = APIS["openai_chat"]
    event = b"data: " + json.dumps(NO_TEMPERATURE).encode() + b"\n\n"
    server = chat.start(serve, monkeypatch, as_stream(event), chat.answer(stream=True))
    lock("openai:any")
    acting = {"type": "mcp", "server_url": "http://example.org", "server_label": "x"}

    with LLMRing() as ring, pytest.raises(UnsupportedFeatureError):
        list(ring.chat_stream("fast", "Hello", temperature=0.5, tools=[acting]))

    assert len(server.requests) == 1


def test_a_resend_needs_time_that_is_left(
    serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = APIS["openai_chat"]
    slow = chat.answer(stream=False)
    server = chat.start(
        serve,
        monkeypatch,
        as_json(NO_TEMPERATURE, 400),
        Answer([Pause(5.0), *slow.steps], slow.status, slow.headers),
    )
    lock("openai:any")

    with LLMRing(timeout=0.7) as ring, pytest.raises(Exception, match=r"(?i)tim") as caught:
        ring.chat("fast", "Hello", temperature=0.5).result()

    assert len(server.requests) == 2
    assert isinstance(caught.value, AllModelsFailedError)


def test_a_resend_counts_towards_the_limit_of_requests(
    serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmring import LimitExceededError

    chat = APIS["openai_chat"]
    server = chat.start(serve, monkeypatch, as_json(NO_TEMPERATURE, 400), chat.answer(stream=False))
    lock("openai:any", policy="retries = 0\nrpm = 1")

    with LLMRing(timeout=1) as ring, pytest.raises(LimitExceededError):
        ring.chat("fast", "Hello", temperature=0.5).result()

    assert len(server.requests) == 1


HISTORY = [
    openai_error("The `reasoning_content` in the thinking mode must be passed back to the API."),
    {"object": "error", "message": "Tool call id was c but must be a-z, with a length of 9."},
    openai_error("Function call is missing a thought_signature in functionCall parts."),
    openai_error("Organization has been restricted.", "organization_restricted"),
]


@pytest.mark.parametrize("body", HISTORY)
@each_form
def test_a_history_or_an_account_that_is_refused_goes_to_the_next_model(
    way: Way,
    body: Any,
    stream: bool,
    serve: Serve,
    lock: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chat, anthropic = APIS["openai_chat"], APIS["anthropic"]
    server = chat.start(serve, monkeypatch, as_json(body, 400))
    anthropic.start(serve, monkeypatch, anthropic.answer(stream=stream))
    lock("openai:any", "anthropic:any", policy="")
    request = LLMRequest(model="fast", messages="Hello")

    text, attempts = ask(way, LLMRing(), request, stream=stream)

    assert text == "Hi"
    assert outcomes(attempts) == [("openai", "failed"), ("anthropic", "ok")]
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 413, 415, 422, 431])
def test_a_wrong_request_ends_the_call(
    status: int, serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, anthropic = APIS["openai_chat"], APIS["anthropic"]
    chat.start(serve, monkeypatch, as_json(openai_error("No."), status))
    other = anthropic.start(serve, monkeypatch, anthropic.answer(stream=False))
    lock("openai:any", "anthropic:any")

    with LLMRing() as ring, pytest.raises(ProviderRequestError):
        ring.chat("fast", "Hello").result()

    assert not other.requests


@pytest.mark.parametrize("status", [405, 412, 418, 424, 451, 498, 529])
def test_another_status_goes_to_the_next_model(
    status: int, serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, anthropic = APIS["openai_chat"], APIS["anthropic"]
    chat.start(serve, monkeypatch, as_json(openai_error("No."), status))
    anthropic.start(serve, monkeypatch, anthropic.answer(stream=False))
    lock("openai:any", "anthropic:any")

    with LLMRing() as ring:
        assert ring.chat("fast", "Hello").result().content == "Hi"


@pytest.mark.parametrize(
    ("answer", "requests"),
    [
        (as_json(openai_error("No."), 500, x_should_retry="false"), 1),
        (as_json(openai_error("No."), 429, x_should_retry="false"), 1),
        (as_json(openai_error("Quota.", "insufficient_quota"), 429), 1),
        (as_json(openai_error("No."), 501, x_should_retry="true"), 2),
        (as_json(openai_error("No."), 400, x_should_retry="true"), 2),
    ],
)
def test_what_the_vendor_says_about_retries_is_heeded(
    answer: Answer,
    requests: int,
    serve: Serve,
    lock: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chat = APIS["openai_chat"]
    server = chat.start(serve, monkeypatch, answer)
    lock("openai:any", policy="retries = 1")

    with LLMRing(timeout=20) as ring, pytest.raises(AllModelsFailedError):
        ring.chat("fast", "Hello").result()

    assert len(server.requests) == requests


def test_a_used_up_quota_keeps_later_calls_from_the_model(
    serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, anthropic = APIS["openai_chat"], APIS["anthropic"]
    server = chat.start(serve, monkeypatch, as_json(openai_error("Q", "insufficient_quota"), 429))
    anthropic.start(serve, monkeypatch, anthropic.answer(stream=False))
    lock("openai:any", "anthropic:any")

    with LLMRing() as ring:
        first = ring.chat("fast", "Hello").result()
        second = ring.chat("fast", "Hello").result()
        circuits = ring.status().circuits

    assert isinstance(first.attempts[0].error, ProviderRateLimitError)
    assert second.attempts[0].outcome == "skipped"
    assert len(server.requests) == 1
    assert circuits[0].seconds > 100


def test_a_refusal_while_a_second_model_is_asked_is_sent_again_too(
    serve: Serve, lock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, anthropic = APIS["openai_chat"], APIS["anthropic"]
    refusal, slow = as_json(NO_TEMPERATURE, 400), anthropic.answer(stream=False)
    late = Answer([Pause(0.3), *refusal.steps], refusal.status, refusal.headers)
    server = chat.start(serve, monkeypatch, late, answers.openai("Hi"))
    anthropic.start(
        serve, monkeypatch, Answer([Pause(3.0), *slow.steps], slow.status, slow.headers)
    )
    lock("openai:any", "anthropic:any", policy="hedge_after = 0.05")

    with LLMRing() as ring:
        response = ring.chat("fast", "Hello", temperature=0.5).result()

    assert response.model == "openai:any"
    assert len(server.requests) == 2
