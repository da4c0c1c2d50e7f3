"""Tests that all dialects must pass.

A dialect takes part through its samples in `tests/wire_samples/<its name>/`, which are replies of
the vendor, written by hand, with the same content for all: `whole.json` and `stream.txt` have
TEXT and REASONING, `tool_whole.json` and `tool_stream.txt` have TOOL_TEXT and CALLS, and
`error_429.json` is the error for too many requests.
"""

import contextlib
import copy
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.chat.events import Event, Failed, Finished, Started
from llmring.chat.parsed_request import parse_request
from llmring.chat.reply import fold
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import LLMResponse
from llmring.chat.tools import Tool
from llmring.dialects.dialect import Dialect, Quirks
from llmring.exceptions import (
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnsupportedFeatureError,
)
from llmring.providers.table import PROVIDERS
from llmring.wire import HttpHead

SAMPLES = Path(__file__).resolve().parents[1] / "wire_samples"
DIALECTS = {dialect.name: dialect for row in PROVIDERS.values() for dialect in row.dialects}
# APIs without stop texts.
WITHOUT_STOPS = {"openai_responses"}

TEXT = "Salut 👋, ça va ?\n\nBien !"
REASONING = "A greeting, in French."
TOOL_TEXT = "Let me look."
CALLS = [("weather", {"city": "Paris", "days": 2}), ("clock", {})]

TOOLS = [
    Tool(
        "weather",
        "The weather of the next days",
        {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    ),
    Tool("clock", "The time"),
]

OK = HttpHead(200, {"content-type": "application/json"})


@pytest.fixture(params=list(DIALECTS.values()), ids=list(DIALECTS))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    found: Dialect = request.param
    return found


def sample(dialect: Dialect, name: str) -> bytes:
    return (SAMPLES / dialect.name / name).read_bytes()


def streamed(dialect: Dialect, pieces: Iterable[bytes]) -> list[Event]:
    decoder = dialect.decoder(HttpHead(200, {}))
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


def cut(body: bytes, places: Iterable[int]) -> Iterator[bytes]:
    last = 0
    for place in sorted(place % (len(body) + 1) for place in places):
        yield body[last:place]
        last = place
    yield body[last:]


def whole_reply(dialect: Dialect, name: str) -> LLMResponse:
    return fold("a:model", dialect.decode(OK, sample(dialect, name)))


def calls_of(reply: LLMResponse) -> list[tuple[str, Any]]:
    functions = [call["function"] for call in reply.tool_calls or ()]
    return [(function["name"], json.loads(function["arguments"])) for function in functions]


# --- Replies ---


def test_a_whole_reply_has_its_text_and_finish_reason(dialect: Dialect) -> None:
    reply = whole_reply(dialect, "whole.json")

    assert (reply.content, reply.reasoning, reply.finish_reason) == (TEXT, REASONING, "stop")


def test_a_whole_reply_has_its_tool_calls(dialect: Dialect) -> None:
    reply = whole_reply(dialect, "tool_whole.json")

    assert (reply.content, reply.finish_reason) == (TOOL_TEXT, "tool_calls")
    assert calls_of(reply) == CALLS


@pytest.mark.parametrize("kind", ["", "tool_"])
def test_a_streamed_reply_adds_up_to_the_whole_one(dialect: Dialect, kind: str) -> None:
    reply = fold("a:model", streamed(dialect, [sample(dialect, f"{kind}stream.txt")]))

    assert reply == whole_reply(dialect, f"{kind}whole.json")


def test_usage_includes_all_input_and_output_tokens(dialect: Dialect) -> None:
    usage = whole_reply(dialect, "whole.json").usage

    assert usage is not None
    assert usage.prompt_tokens > usage.cached_tokens + usage.cache_write_tokens
    assert usage.completion_tokens > usage.reasoning_tokens


def test_every_call_has_a_unique_id(dialect: Dialect) -> None:
    calls = whole_reply(dialect, "tool_whole.json").tool_calls or []

    assert len({call["id"] for call in calls} - {""}) == len(CALLS)


@pytest.mark.parametrize("kind", ["", "tool_"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_stream_fed_byte_by_byte_gives_the_same_reply(
    dialect: Dialect, kind: str, line_end: bytes
) -> None:
    body = sample(dialect, f"{kind}stream.txt").replace(b"\n", line_end)
    pieces = [body[at : at + 1] for at in range(len(body))]

    assert streamed(dialect, pieces) == streamed(dialect, [body])


@pytest.mark.parametrize("name", DIALECTS)
@given(places=st.lists(st.integers(0, 10_000), max_size=30), kind=st.sampled_from(["", "tool_"]))
@settings(max_examples=60, deadline=None)
def test_a_stream_cut_anywhere_gives_the_same_reply(
    name: str, places: list[int], kind: str
) -> None:
    body = sample(DIALECTS[name], f"{kind}stream.txt")

    assert streamed(DIALECTS[name], cut(body, places)) == streamed(DIALECTS[name], [body])


def test_a_cut_off_stream_gives_a_part_of_the_whole_reply(dialect: Dialect) -> None:
    body = sample(dialect, "stream.txt")
    for length in range(0, len(body), 7):
        events = [e for e in streamed(dialect, [body[:length]]) if not isinstance(e, Failed)]

        assert TEXT.startswith(fold("a:model", events).content)


def test_a_stream_without_its_end_is_not_finished(dialect: Dialect) -> None:
    body = sample(dialect, "stream.txt")
    upto = body.index(b"Salut")

    assert not [e for e in streamed(dialect, [body[:upto]]) if isinstance(e, Finished)]


def test_a_stream_finishes_once(dialect: Dialect) -> None:
    events = streamed(dialect, [sample(dialect, "stream.txt")])

    assert len([event for event in events if isinstance(event, Finished)]) == 1


def test_the_first_event_of_a_reply_is_its_start(dialect: Dialect) -> None:
    for events in (
        streamed(dialect, [sample(dialect, "stream.txt")]),
        dialect.decode(OK, sample(dialect, "whole.json")),
    ):
        assert isinstance(events[0], Started)


# --- Invalid replies ---

NO_ANSWERS = [b"", b" \n", b"{}", b"[]", b"null", b'"hello"', b"<html>busy</html>", b"[" * 5000]


@pytest.mark.parametrize("body", NO_ANSWERS)
def test_a_2xx_without_an_answer_is_an_error(dialect: Dialect, body: bytes) -> None:
    with pytest.raises(ProviderResponseError):
        dialect.decode(OK, body)


def test_a_whole_reply_that_is_cut_is_an_error(dialect: Dialect) -> None:
    with pytest.raises(ProviderResponseError):
        dialect.decode(OK, sample(dialect, "whole.json")[:-20])


@pytest.mark.parametrize("body", NO_ANSWERS)
def test_a_stream_without_an_answer_does_not_finish(dialect: Dialect, body: bytes) -> None:
    assert not [e for e in streamed(dialect, [body]) if isinstance(e, Finished)]


@pytest.mark.parametrize("name", DIALECTS)
@given(body=st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_random_bytes_raise_at_most_a_provider_error(name: str, body: bytes) -> None:
    streamed(DIALECTS[name], [body, b"\n\n", b"data: ", body])
    DIALECTS[name].explain(HttpHead(500, {}), body)
    with pytest.raises(ProviderError):
        DIALECTS[name].decode(OK, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    if isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield from places_in(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


@pytest.mark.parametrize("name", DIALECTS)
@given(data=st.data(), kind=st.sampled_from(["whole.json", "tool_whole.json", "error_429.json"]))
@settings(max_examples=100, deadline=None)
def test_a_reply_with_a_wrong_value_raises_at_most_a_provider_error(
    name: str, data: st.DataObject, kind: str
) -> None:
    dialect = DIALECTS[name]
    right = json.loads(sample(dialect, kind))
    path = data.draw(st.sampled_from(list(places_in(right))))
    wrong = json.dumps(replaced(right, path, data.draw(JSON))).encode()

    dialect.explain(HttpHead(429, {}), wrong)
    streamed(dialect, [b"data: " + wrong + b"\n\n", wrong, b"\n"])
    with contextlib.suppress(ProviderError):
        dialect.decode(OK, wrong)


# --- Errors ---

STATUSES = {
    400: ProviderRequestError,
    401: ProviderAuthenticationError,
    403: ProviderAuthenticationError,
    404: ProviderModelNotFoundError,
    408: ProviderTimeoutError,
    410: ProviderModelNotFoundError,
    413: ProviderRequestError,
    415: ProviderRequestError,
    418: ProviderResponseError,
    422: ProviderRequestError,
    429: ProviderRateLimitError,
    500: ProviderResponseError,
    502: ProviderResponseError,
    503: ProviderResponseError,
    504: ProviderTimeoutError,
    529: ProviderResponseError,
}


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"{}", b'{"error": null}'])
@pytest.mark.parametrize("status", STATUSES)
def test_a_status_alone_determines_the_error(dialect: Dialect, status: int, body: bytes) -> None:
    error = dialect.explain(HttpHead(status, {}), body)

    assert (type(error), error.status) == (STATUSES[status], status)


def test_the_vendors_error_message_is_read(dialect: Dialect) -> None:
    head = HttpHead(429, {"retry-after": "7", "x-request-id": "req-1"})
    error = dialect.explain(head, sample(dialect, "error_429.json"))

    assert isinstance(error, ProviderRateLimitError)
    assert error.retry_after == 7
    assert error.request_id is not None
    assert error.provider_message is not None
    assert error.provider_message in sample(dialect, "error_429.json").decode()


def test_an_error_that_is_not_json_is_quoted(dialect: Dialect) -> None:
    error = dialect.explain(HttpHead(502, {}), b"<h1>upstream is away</h1>")

    assert "upstream is away" in str(error)


def test_an_error_shows_no_key(dialect: Dialect) -> None:
    key = "sk-proj-0123456789abcdefghijkl"
    body = json.dumps({"error": {"message": f"the key {key} is wrong", "code": 401}}).encode()

    assert key not in str(dialect.explain(HttpHead(401, {}), body))


# --- Requests ---


def conversation(**fields: Any) -> LLMRequest:
    return LLMRequest(
        messages=[
            Message("system", "First rule."),
            Message("system", "Second rule."),
            Message("user", "Hello?"),
            Message("assistant", "Hello."),
            Message("user", "And now?"),
        ],
        **fields,
    )


def sent(dialect: Dialect, request: LLMRequest, *, stream: bool = False) -> str:
    outgoing = dialect.encode(parse_request(request), "the-model", stream=stream, quirks=Quirks())
    return outgoing.path + json.dumps(outgoing.payload, ensure_ascii=False)


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_names_its_model(dialect: Dialect, stream: bool) -> None:
    assert "the-model" in sent(dialect, conversation(), stream=stream)


def test_every_message_is_sent_in_order(dialect: Dialect) -> None:
    payload = sent(dialect, conversation())
    rules = [payload.index(text) for text in ("First rule.", "Second rule.")]
    turns = [payload.index(text) for text in ("Hello?", "Hello.", "And now?")]

    assert (rules, turns) == (sorted(rules), sorted(turns))


def test_whole_and_streamed_requests_differ(dialect: Dialect) -> None:
    assert sent(dialect, conversation()) != sent(dialect, conversation(), stream=True)


def test_encoding_does_not_change_the_request(dialect: Dialect) -> None:
    request = conversation(tools=TOOLS, extra_params={"options": {"x": 1}})
    before = copy.deepcopy(request)
    sent(dialect, request)

    assert request == before


def test_fields_that_are_not_set_are_not_sent(dialect: Dialect) -> None:
    assert "null" not in sent(dialect, conversation(tools=TOOLS), stream=True)


def test_extra_parameters_are_sent_unchanged(dialect: Dialect) -> None:
    request = conversation(temperature=0.25, extra_params={"novelty": {"deep": [1, "two"]}})

    assert '"novelty": {"deep": [1, "two"]}' in sent(dialect, request)


def test_sampling_parameters_are_sent(dialect: Dialect) -> None:
    payload = sent(dialect, conversation(temperature=0.25, top_p=0.75, max_tokens=321))

    assert all(value in payload for value in ("0.25", "0.75", "321"))


def test_a_stop_text_is_sent_or_refused(dialect: Dialect) -> None:
    request = conversation(stop="END")
    if dialect.name in WITHOUT_STOPS:
        with pytest.raises(UnsupportedFeatureError, match="stop"):
            sent(dialect, request)
    else:
        assert '"END"' in sent(dialect, request)


def test_an_image_is_sent_as_bytes(dialect: Dialect) -> None:
    url = "data:image/png;base64,iVBORw0KGgo="
    image = {"type": "image_url", "image_url": {"url": url}}
    request = LLMRequest(messages=[Message("user", ["What is it?", image])])

    assert "iVBORw0KGgo=" in sent(dialect, request)


def test_tool_calls_and_results_can_be_sent_back(dialect: Dialect) -> None:
    reply = whole_reply(dialect, "tool_whole.json")
    calls = reply.tool_calls or []
    request = LLMRequest(
        messages=[
            Message("user", "How is Paris?"),
            Message("assistant", reply.content, tool_calls=calls),
            *[
                Message("tool", json.dumps({"answer": answer}), tool_call_id=call["id"])
                for call, answer in zip(calls, ("12 degrees", "9:41"), strict=True)
            ],
        ],
        tools=TOOLS,
    )
    payload = sent(dialect, request)
    message = ("How is Paris?", TOOL_TEXT, "weather", "Paris", "clock", "12 degrees", "9:41")
    turns = payload[payload.index("How is Paris?") :]

    assert [text for text in message if text not in turns] == []
    assert turns.index("12 degrees") < turns.index("9:41")
    assert "The weather of the next days" in payload


def test_the_key_is_sent_in_a_header(dialect: Dialect) -> None:
    headers = {**dialect.headers, **dialect.authorize("the-key")}

    assert [name for name in headers if name != name.lower()] == []
    assert [value for value in headers.values() if "the-key" in value] != []
