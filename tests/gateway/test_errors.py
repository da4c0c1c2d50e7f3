"""Errors as answers in the API of the client."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from llmring import (
    AliasNotFoundError,
    AllModelsFailedError,
    Attempt,
    BudgetExceededError,
    ConfigurationError,
    ContentPolicyError,
    ContextLengthError,
    FrozenLockfileError,
    LimitExceededError,
    LLMResponse,
    LLMRingError,
    ModelCapabilityError,
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    RingClosedError,
    SchemaValidationError,
    UnsupportedFeatureError,
    ValidationError,
)
from llmring.chat.events import Started, TextDelta
from llmring.dialects.gemini.encode_reply import ARRAY_ENCODING
from llmring.dialects.reply_encoding import Envelope
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.errors import error_answer, stream_error
from llmring.gateway.http import GatewayAnswer
from llmring.gateway.refusals import (
    ForbiddenError,
    MethodNotAllowedError,
    NoSuchPathError,
    NotReadyError,
    NotSupportedError,
    PayloadTooLargeError,
    RefusedCallError,
    UnauthenticatedError,
    UnknownModelError,
)
from llmring.gateway.wires import WIRES, Wire, WireName
from loopback import Answer, Loopback

anthropic = pytest.importorskip("anthropic")
genai = pytest.importorskip("google.genai")
ollama = pytest.importorskip("ollama")
openai = pytest.importorskip("openai")

KEY = "a-key-that-opens-nothing"
ASKED: Any = [{"role": "user", "content": "Hello"}]
BY_NAME = {wire.name: wire for wire in WIRES}
each_wire = pytest.mark.parametrize("wire", WIRES, ids=[wire.name for wire in WIRES])


def failed(kind: type[ProviderError], status: int | None = None, **facts: Any) -> ProviderError:
    """The error of an alias whose two models fail so."""
    members = [
        kind(f"{status} sorry", provider=provider, model="m", status=status, **facts)
        for provider in ("openai", "groq")
    ]
    error = AllModelsFailedError.of("all models of alias 'fast' failed", members)
    error.attempts = tuple(
        Attempt(model=f"{each.provider}:m", outcome="failed", status=status, ms=120, error=each)
        for each in members
    )
    return error


def too_long() -> ProviderError:
    return failed(ContextLengthError, 400, provider_message="210000 tokens > 200000 maximum")


def over_budget() -> BudgetExceededError:
    spent = (Decimal(5), Decimal("4.99"), Decimal("0.02"))
    return BudgetExceededError("'fast' may spend $5.00 a day", *spent, retry_after=40_000)


class Row(Struct, frozen=True):
    """A row of the table of errors.

    Attributes:
        error: Makes the error.
        statuses: The status by wire; under "" that of the other wires.
        claude: The type in Anthropic's API.
        openai: The code in OpenAI's APIs.
        google: The status in Google's API.
        lasts: True if clients are to be kept from trying again.
        wait: The seconds that they are to wait.
    """

    error: Callable[[], Exception]
    statuses: Mapping[str, int]
    claude: str
    openai: str | None
    google: str
    lasts: bool = False
    wait: int | None = None

    @property
    def responses(self) -> str | None:
        """The code in OpenAI's Responses API, which has its own for a refusal."""
        refused = self.openai == "content_policy_violation"
        return "invalid_prompt" if refused else self.openai

    def status(self, wire: Wire) -> int:
        return self.statuses.get(wire.name, self.statuses[""])


INVALID = ("invalid_request_error", None, "INVALID_ARGUMENT")
ROWS = {
    "g090 a wrong key": Row(
        lambda: UnauthenticatedError("wrong key"),
        {"": 401},
        *("authentication_error", "invalid_api_key", "UNAUTHENTICATED"),
    ),
    "g091 a key that may not": Row(
        lambda: ForbiddenError("not yours"),
        {"": 403},
        *("permission_error", None, "PERMISSION_DENIED"),
    ),
    "g091 a frozen lockfile": Row(
        lambda: FrozenLockfileError("not in the lockfile"),
        {"": 403},
        *("permission_error", None, "PERMISSION_DENIED"),
    ),
    "g092 an unknown name": Row(
        lambda: UnknownModelError("no 'fats'", ["fast"]),
        {"": 404},
        *("not_found_error", "model_not_found", "NOT_FOUND"),
    ),
    "g092 an unknown alias": Row(
        lambda: AliasNotFoundError("no alias 'fats'"),
        {"": 404},
        *("not_found_error", "model_not_found", "NOT_FOUND"),
    ),
    "g092 an unknown model": Row(
        lambda: ProviderModelNotFoundError("404 gone", provider="openai", model="m", status=404),
        {"": 404},
        *("not_found_error", "model_not_found", "NOT_FOUND"),
    ),
    "g092 an unknown provider": Row(
        lambda: ProviderNotFoundError("no provider 'opnai'", provider="opnai", model="m"),
        {"": 404},
        *("not_found_error", "model_not_found", "NOT_FOUND"),
    ),
    "g020 an unknown path": Row(
        lambda: NoSuchPathError("no such path"),
        {"": 404},
        *("not_found_error", "unknown_url", "NOT_FOUND"),
    ),
    "g020 a wrong method": Row(
        lambda: MethodNotAllowedError("no GET", ["POST"]), {"": 405}, *INVALID
    ),
    "g093 a bad field": Row(
        lambda: RequestFormatError("messages.0 is wrong", "messages.0"), {"": 400}, *INVALID
    ),
    "g093 a bad request": Row(lambda: ValidationError("no messages"), {"": 400}, *INVALID),
    "g093 a request that providers refuse": Row(
        lambda: failed(ProviderRequestError, 422), {"": 400}, *INVALID
    ),
    "g093 a model that can't": Row(lambda: ModelCapabilityError("no vision"), {"": 400}, *INVALID),
    "g094 a large body": Row(
        lambda: PayloadTooLargeError("33 MiB"),
        {"": 413},
        *("request_too_large", None, "INVALID_ARGUMENT"),
    ),
    "g095 a long prompt": Row(
        too_long,
        {"": 400},
        *("invalid_request_error", "context_length_exceeded", "INVALID_ARGUMENT"),
    ),
    "g096 a limit": Row(
        lambda: LimitExceededError("rpm = 5", retry_after=11.2),
        {"": 429},
        *("rate_limit_error", "rate_limit_exceeded", "RESOURCE_EXHAUSTED"),
        wait=12,
    ),
    "g097 a spent budget": Row(
        over_budget,
        {"": 402, "responses": 429},
        *("billing_error", "insufficient_quota", "FAILED_PRECONDITION"),
        lasts=True,
    ),
    "g098 limited models": Row(
        lambda: failed(ProviderRateLimitError, 429, retry_after=2.5),
        {"": 429},
        *("rate_limit_error", "rate_limit_exceeded", "RESOURCE_EXHAUSTED"),
        wait=3,
    ),
    "g099 overloaded models": Row(
        lambda: failed(ProviderResponseError, 503, retry_after=1),
        {"": 503, "messages": 529, "ollama": 502},
        *("overloaded_error", None, "UNAVAILABLE"),
        wait=1,
    ),
    "g099 failing models": Row(
        lambda: failed(ProviderResponseError, 500),
        {"": 502, "gemini": 503},
        *("api_error", None, "UNAVAILABLE"),
    ),
    "g099 models out of reach": Row(
        lambda: failed(ProviderConnectionError),
        {"": 502, "gemini": 503},
        *("api_error", None, "UNAVAILABLE"),
    ),
    "g099 retired models": Row(
        lambda: failed(ProviderModelNotFoundError, 410),
        {"": 502, "gemini": 503},
        *("api_error", None, "UNAVAILABLE"),
        lasts=True,
    ),
    "g100 refused keys": Row(
        lambda: failed(ProviderAuthenticationError, 401),
        {"": 502, "gemini": 503},
        *("api_error", None, "UNAVAILABLE"),
        lasts=True,
    ),
    "g101 content policy": Row(
        lambda: failed(ContentPolicyError, 400),
        {"": 400},
        *("invalid_request_error", "content_policy_violation", "INVALID_ARGUMENT"),
    ),
    "g102 not ready": Row(
        lambda: NotReadyError("starting"),
        {"": 503},
        *("overloaded_error", None, "UNAVAILABLE"),
        wait=1,
    ),
    "g102 a closed ring": Row(
        lambda: RingClosedError("closed"),
        {"": 503},
        *("overloaded_error", None, "UNAVAILABLE"),
        wait=1,
    ),
    "g018 not supported": Row(
        lambda: NotSupportedError("no batches"),
        {"": 501},
        *("api_error", None, "UNIMPLEMENTED"),
        lasts=True,
    ),
    "an answer of another form": Row(
        lambda: SchemaValidationError("no", LLMResponse(content="x", model="a:m")),
        {"": 502, "gemini": 503},
        *("api_error", None, "UNAVAILABLE"),
    ),
    "a wrong set-up": Row(
        lambda: ConfigurationError("LLMRING_X is wrong"),
        {"": 500},
        *("api_error", None, "INTERNAL"),
    ),
    "a bug": Row(lambda: ZeroDivisionError("x"), {"": 500}, *("api_error", None, "INTERNAL")),
}
each_row = pytest.mark.parametrize("name", ROWS)


# --- The vendors' own clients ---


class Raised(Struct):
    """What a vendor's client raises."""

    status: int
    code: str | None
    message: str


def ask_chat(url: str) -> None:
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        client.chat.completions.create(model="m", messages=ASKED)


def ask_responses(url: str) -> None:
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        client.responses.create(model="m", input="Hello")


def ask_messages(url: str) -> None:
    with anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0) as client:
        client.messages.create(model="m", max_tokens=9, messages=ASKED)


def ask_gemini(url: str) -> None:
    client = genai.Client(api_key=KEY, http_options=genai.types.HttpOptions(base_url=url))
    try:
        client.models.generate_content(model="m", contents="Hello")
    finally:
        client.close()


def ask_ollama(url: str) -> None:
    with ollama.Client(host=url) as client:
        client.chat(model="m", messages=ASKED)


ASK: Mapping[WireName, Callable[[str], None]] = {
    "chat": ask_chat,
    "responses": ask_responses,
    "messages": ask_messages,
    "gemini": ask_gemini,
    "ollama": ask_ollama,
}


def raised(wire: Wire, answer: GatewayAnswer) -> Raised:
    """The error that the wire's own client raises for an answer."""
    assert isinstance(answer.body, bytes)
    with (
        Loopback(Answer([answer.body], answer.status, dict(answer.headers))) as server,
        pytest.raises(own_class(wire, answer.status)) as caught,
    ):
        ASK[wire.name](server.url)
    error: Any = caught.value
    match wire.name:
        case "chat" | "responses":
            return Raised(error.status_code, error.code, error.body["message"])
        case "messages":
            body = error.body["error"]
            return Raised(error.status_code, body["type"], body["message"])
        case "gemini":
            return Raised(error.code, error.status, error.message)
    return Raised(error.status_code, None, error.error)


def own_class(wire: Wire, status: int) -> type[BaseException]:
    """The class of the wire's own client for a status."""
    kinds: dict[int, Any]
    match wire.name:
        case "chat" | "responses":
            kinds = {
                400: openai.BadRequestError,
                401: openai.AuthenticationError,
                403: openai.PermissionDeniedError,
                404: openai.NotFoundError,
                429: openai.RateLimitError,
            }
            rest = openai.InternalServerError if status >= 500 else openai.APIStatusError
            return kinds.get(status, rest)  # type: ignore[no-any-return]
        case "messages":
            kinds = {
                400: anthropic.BadRequestError,
                401: anthropic.AuthenticationError,
                403: anthropic.PermissionDeniedError,
                404: anthropic.NotFoundError,
                429: anthropic.RateLimitError,
            }
            rest = anthropic.InternalServerError if status >= 500 else anthropic.APIStatusError
            return kinds.get(status, rest)  # type: ignore[no-any-return]
        case "gemini":
            errors = genai.errors
            return errors.ServerError if status >= 500 else errors.ClientError  # type: ignore[no-any-return]
    return ollama.ResponseError  # type: ignore[no-any-return]


def answer_to(error: BaseException, wire: Wire, *, quote: bool = False) -> GatewayAnswer:
    return error_answer(error, wire, request_id="req-1", quote=quote)


def body_of(answer: GatewayAnswer) -> Any:
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body)


def message_of(body: Any, wire: Wire) -> str:
    found = body["error"] if wire.name == "ollama" else body["error"]["message"]
    assert isinstance(found, str)
    return found


@each_wire
@each_row
def test_g103_the_client_s_own_sdk_raises_its_own_class(name: str, wire: Wire) -> None:
    row = ROWS[name]
    answer = answer_to(row.error(), wire)
    found = raised(wire, answer)

    assert found.status == row.status(wire)
    assert found.message == message_of(body_of(answer), wire)
    codes = {"chat": row.openai, "responses": row.responses, "messages": row.claude}
    assert found.code == {**codes, "gemini": row.google}.get(wire.name)


@each_wire
@each_row
def test_g099_headers_tell_when_to_try_again_and_when_not_to(name: str, wire: Wire) -> None:
    row = ROWS[name]
    headers = answer_to(row.error(), wire).headers

    assert headers.get("x-should-retry") == ("false" if row.lasts else None)
    assert headers.get("retry-after") == (None if row.wait is None else str(row.wait))


@each_wire
def test_g103_the_id_of_the_request_is_in_the_headers_and_in_anthropic_s_body(wire: Wire) -> None:
    answer = answer_to(ForbiddenError("no"), wire)
    own = "req-1" if wire.name == "messages" else None

    assert answer.headers["x-request-id"] == "req-1"
    assert answer.headers.get("request-id") == own
    assert body_of(answer).get("request_id") == own


# --- Messages ---


@each_wire
def test_g092_an_unknown_name_is_a_404_that_names_the_nearest(wire: Wire) -> None:
    bare = answer_to(UnknownModelError("no 'fats'", ["fast", "best"]), wire)
    named = answer_to(UnknownModelError("no 'fats'; is it fast?", ["fast"]), wire)

    assert message_of(body_of(bare), wire) == "no 'fats'; similar names: fast, best"
    assert message_of(body_of(named), wire) == "no 'fats'; is it fast?"


@each_wire
def test_g093_a_bad_field_is_named(wire: Wire) -> None:
    error = RequestFormatError("no", "messages.0.role", "unsupported_value")
    body = body_of(answer_to(error, wire))

    match wire.name:
        case "chat" | "responses":
            assert body["error"]["param"] == "messages.0.role"
            assert body["error"]["code"] == "unsupported_value"
        case "gemini":
            [detail] = body["error"]["details"]
            assert detail["fieldViolations"][0]["field"] == "messages.0.role"
            assert body["error"]["status"] == "INVALID_ARGUMENT"
        case "messages":
            assert body["error"]["type"] == "invalid_request_error"


@each_wire
def test_g095_a_prompt_that_is_too_long_has_the_words_that_clients_know(wire: Wire) -> None:
    message = message_of(body_of(answer_to(too_long(), wire)), wire)

    assert "210000" in message
    assert "200000" in message
    if wire.name == "messages":
        assert message == "prompt is too long: 210000 tokens > 200000 maximum"


def test_g096_a_limit_shows_in_the_headers_of_the_wire() -> None:
    limit = LimitExceededError("rpm = 5", retry_after=11.2)
    chat = answer_to(limit, BY_NAME["chat"]).headers
    claude = answer_to(limit, BY_NAME["messages"]).headers

    assert chat["x-ratelimit-remaining-requests"] == "0"
    assert chat["x-ratelimit-reset-requests"] == "12s"
    assert claude["anthropic-ratelimit-requests-remaining"] == "0"
    assert claude["anthropic-ratelimit-requests-reset"].endswith("Z")


@each_wire
def test_g100_a_refused_key_of_the_gateway_is_named_as_such(wire: Wire) -> None:
    answer = answer_to(failed(ProviderAuthenticationError, 402), wire)

    assert answer.status in (502, 503)
    assert "the gateway's key for openai was refused" in message_of(body_of(answer), wire)


@each_wire
def test_g103_the_message_has_each_model_and_the_providers_texts_only_if_shown(wire: Wire) -> None:
    error = failed(ProviderResponseError, 500, provider_message="boom " * 200)
    hidden = message_of(body_of(answer_to(error, wire)), wire)
    shown = message_of(body_of(answer_to(error, wire, quote=True)), wire)

    assert hidden == "no model could answer: openai:m failed (500); groq:m failed (500)"
    assert "boom" in shown
    assert shown.count("boom") <= 2 * 300 / len("boom ")


@each_wire
def test_settings_of_the_gateway_are_shown_only_with_the_providers_texts(wire: Wire) -> None:
    for error in (
        over_budget(),
        ConfigurationError("LLMRING_X is wrong"),
        FrozenLockfileError("no 42"),
    ):
        hidden = message_of(body_of(answer_to(error, wire)), wire)
        shown = message_of(body_of(answer_to(error, wire, quote=True)), wire)

        assert error.message not in hidden
        assert error.message in shown


def test_g104_an_error_has_the_attempts_in_its_headers() -> None:
    headers = answer_to(failed(ProviderResponseError, 503), BY_NAME["chat"]).headers

    assert headers["x-llmring-attempts"] == "openai:m 503 120ms; groq:m 503 120ms"


def test_g020_a_wrong_method_has_the_right_ones_in_its_headers() -> None:
    error = MethodNotAllowedError("no", ["GET", "POST"])

    assert answer_to(error, BY_NAME["chat"]).headers["allow"] == "GET, POST"


@each_wire
def test_a_refusal_of_another_class_has_its_own_status(wire: Wire) -> None:
    class UpgradeError(RefusedCallError):
        status = 426

    assert answer_to(UpgradeError("use HTTP"), wire).status == 426


def test_an_error_is_an_element_where_the_client_expects_an_array() -> None:
    gemini = BY_NAME["gemini"]
    error = UnknownModelError("no")
    answer = error_answer(error, gemini, request_id="r", quote=False, encoding=ARRAY_ENCODING)

    assert [each["error"]["code"] for each in body_of(answer)] == [404]


@each_wire
def test_a_bug_shows_no_detail_and_is_logged_with_the_request_s_id(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "sk-" + "0123456789abcdef" * 2
    with pytest.raises(RuntimeError) as caught:
        raise RuntimeError(f"/home/me \x1b[31m {secret}")
    with caplog.at_level(logging.ERROR, "llmring"):
        answer = answer_to(caught.value, wire, quote=True)

    assert isinstance(answer.body, bytes)
    assert answer.status == 500
    assert b"RuntimeError" not in answer.body
    assert b"/home/me" not in answer.body
    assert "req-1" in message_of(body_of(answer), wire)
    assert "req-1" in caplog.text
    assert "Traceback" in caplog.text
    assert "\x1b" not in caplog.text
    assert secret not in caplog.text


# --- The end of a stream ---


@each_row
@each_wire
def test_g082_an_error_in_a_stream_has_the_form_of_the_wire(name: str, wire: Wire) -> None:
    row = ROWS[name]
    encoder = wire.dialect.reply_encoding().encoder(Envelope())
    pieces = [p for event in (Started("m", "1"), TextDelta("Hel")) for p in encoder.encode(event)]
    error = stream_error(row.error(), wire, request_id="req-1", quote=False)
    pieces = encoder.fail(error)
    last = json.loads(pieces[-1].strip().split(b"\n")[-1].removeprefix(b"data: "))

    match wire.name:
        case "chat":
            assert last["error"]["code"] == row.openai
            assert b"[DONE]" not in b"".join(pieces)
        case "responses":
            assert last["type"] == "response.failed"
            assert row.responses in (None, last["response"]["error"]["code"])
        case "messages":
            assert last["error"]["type"] == row.claude
            assert last["request_id"] == "req-1"
        case "gemini":
            assert (last["error"]["code"], last["error"]["status"]) == (
                row.status(wire),
                row.google,
            )
        case "ollama":
            assert last == {"error": error.message}


def test_g098_the_end_of_a_stream_says_when_to_come_back() -> None:
    error = failed(ProviderRateLimitError, 429, retry_after=11.2)
    ended = stream_error(error, BY_NAME["responses"], request_id="r", quote=False)

    # Codex reads it there.
    assert ended.message.endswith("try again in 12s")


# --- Any error ---

SECRET = "sk-planted-0123456789abcdefXYZ"
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from([SECRET, f"Bearer {SECRET}", "x " * 145 + SECRET, "a\r\nx-evil: 1", "\ud800"]),
)
PROVIDER_CLASSES: tuple[type[ProviderError], ...] = (
    ProviderError,
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderModelNotFoundError,
    ProviderNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    ContentPolicyError,
    ContextLengthError,
    UnsupportedFeatureError,
)
WAITS = st.one_of(st.none(), st.floats(), st.integers(-5, 10**7))


@st.composite
def provider_errors(draw: st.DrawFn) -> ProviderError:
    error = draw(st.sampled_from(PROVIDER_CLASSES))(
        draw(TEXTS),
        provider=draw(st.sampled_from(["openai", "groq", None])),
        model=draw(st.sampled_from(["m", "é\r\nn", None])),
        status=draw(
            st.one_of(st.none(), st.sampled_from([200, 401, 404, 413, 429, 500, 503, 529]))
        ),
        code=draw(st.one_of(st.none(), TEXTS)),
        provider_message=draw(st.one_of(st.none(), TEXTS)),
        retry_after=draw(WAITS),
    )
    error.should_retry = draw(st.sampled_from([None, True, False]))
    return error


@st.composite
def groups(draw: st.DrawFn) -> ProviderError:
    members = draw(st.lists(provider_errors(), min_size=1, max_size=4))
    error = AllModelsFailedError.of(draw(TEXTS), members)
    if draw(st.booleans()):
        error = AllModelsFailedError(draw(TEXTS), [error, *draw(st.lists(provider_errors()))])
    error.attempts = tuple(
        Attempt(
            model=f"{each.provider}:{each.model}",
            outcome=draw(st.sampled_from(["failed", "skipped", "dropped"])),
            status=each.status,
            error=draw(st.sampled_from([each, None])),
        )
        for each in draw(st.sampled_from([members, []]))
    )
    return error


def other_errors() -> st.SearchStrategy[BaseException]:
    return st.one_of(
        TEXTS.map(ValidationError),
        TEXTS.map(ConfigurationError),
        TEXTS.map(AliasNotFoundError),
        TEXTS.map(ValueError),
        TEXTS.map(KeyboardInterrupt),
        st.builds(LLMRingError),
        st.builds(RequestFormatError, TEXTS, TEXTS, st.sampled_from([None, "unsupported_value"])),
        st.builds(UnknownModelError, TEXTS, st.lists(TEXTS, max_size=3)),
        st.builds(MethodNotAllowedError, TEXTS, st.lists(st.sampled_from(["GET", "PUT"]))),
        st.builds(lambda text, wait: LimitExceededError(text, retry_after=wait), TEXTS, WAITS),
    )


def errors() -> st.SearchStrategy[BaseException]:
    return st.one_of(provider_errors(), groups(), other_errors())


def assert_is_of_the_wire(body: Any, wire: Wire, status: int) -> None:
    match wire.name:
        case "chat" | "responses":
            assert body.keys() == {"error"}
            assert body["error"].keys() == {"message", "type", "param", "code"}
        case "messages":
            assert body.keys() == {"type", "error", "request_id"}
            assert body["type"] == "error"
            assert body["error"].keys() - {"details"} == {"type", "message"}
            assert body["error"].get("details", {"error_code": ""}).keys() == {"error_code"}
            assert isinstance(body["error"]["type"], str)
        case "gemini":
            assert body.keys() == {"error"}
            assert body["error"].keys() - {"details"} == {"code", "message", "status"}
            assert body["error"]["code"] == status
        case "ollama":
            assert body.keys() == {"error"}


def texts_of(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield from (key, *texts_of(inner))
        case list():
            for inner in value:
                yield from texts_of(inner)


@given(error=errors(), request_id=TEXTS, quote=st.booleans(), wire=st.sampled_from(WIRES))
@settings(max_examples=400, deadline=None)
def test_g103_any_error_has_the_form_of_the_client_s_wire_and_shows_no_key(
    error: BaseException, request_id: str, quote: bool, wire: Wire
) -> None:
    answer = error_answer(error, wire, request_id=request_id.replace(SECRET, ""), quote=quote)
    body = body_of(answer)

    assert 400 <= answer.status < 600
    assert_is_of_the_wire(body, wire, answer.status)
    for text in (*texts_of(body), *answer.headers.values()):
        assert SECRET not in text
        assert text.isprintable()
    for value in answer.headers.values():
        assert value.isascii()
        assert len(value) <= 2048
    if isinstance(error, ProviderError):
        assert answer.status not in (401, 403)


@given(error=errors(), wire=st.sampled_from(WIRES))
@settings(deadline=None)
def test_g082_any_error_can_end_a_stream(error: BaseException, wire: Wire) -> None:
    encoder = wire.dialect.reply_encoding().encoder(Envelope())
    pieces = encoder.encode(TextDelta("Hel"))
    pieces += encoder.fail(stream_error(error, wire, request_id="r", quote=True))

    assert SECRET.encode() not in b"".join(pieces)
