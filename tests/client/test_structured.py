"""Structured answers through the public API."""

import json
import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypedDict

import msgspec
import pydantic
import pytest

import answers
from conftest import Way
from llmring import (
    LLMRequest,
    LLMResponse,
    LLMRing,
    PendingChat,
    ProviderError,
    ProviderRateLimitError,
    SchemaValidationError,
    StreamChunk,
    ValidationError,
)
from loopback import Answer, Loopback, Pause, as_json, as_stream
from rings import MODEL, ring_at

Serve = Callable[..., Loopback]

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "nick": {"type": "string"},
    },
    "required": ["name", "age"],
}
ASKED = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}}
ADA = {"name": "Ada", "age": 36}


def gemini(text: str) -> dict[str, Any]:
    return {
        "candidates": [
            {"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": "STOP"}
        ],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 2},
        "modelVersion": "gemini-2.5-flash",
    }


def gemini_part(text: str) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}}]}


def ollama(text: str, *, done: bool = True) -> dict[str, Any]:
    end = {"done_reason": "stop", "prompt_eval_count": 10, "eval_count": 2} if done else {}
    message = {"role": "assistant", "content": text}
    return {"model": "llama3.3", "message": message, "done": done, **end}


def gemini_stream(*texts: str) -> Answer:
    *first, last = texts
    return as_stream(*(answers.sse(gemini_part(text)) for text in first), answers.sse(gemini(last)))


def ollama_stream(*texts: str) -> Answer:
    pieces = [*(ollama(text, done=False) for text in texts), ollama("")]
    lines = [json.dumps(piece).encode() + b"\n" for piece in pieces]
    return as_stream(*lines, content_type="application/x-ndjson")


@dataclass(frozen=True)
class Vendor:
    """An API, as far as these tests need it."""

    model: str
    url_variable: str
    key_variable: str
    whole: Callable[[str], Answer]
    stream: Callable[..., Answer]


VENDORS = [
    Vendor(
        "openai:gpt-4o-mini",
        "OPENAI_BASE_URL",
        "OPENAI_API_KEY",
        answers.openai,
        answers.openai_stream,
    ),
    Vendor(
        "anthropic:claude-sonnet-4-5",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_API_KEY",
        answers.anthropic,
        answers.anthropic_stream,
    ),
    Vendor(
        "google:gemini-2.5-flash",
        "GOOGLE_GEMINI_BASE_URL",
        "GEMINI_API_KEY",
        lambda text: as_json(gemini(text)),
        gemini_stream,
    ),
    Vendor(
        "ollama:llama3.3",
        "OLLAMA_BASE_URL",
        "OLLAMA_API_KEY",
        lambda text: as_json(ollama(text)),
        ollama_stream,
    ),
]


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.model)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    found: Vendor = request.param
    return found


def ring_of(vendor: Vendor, server: Loopback) -> LLMRing:
    return LLMRing(
        environ={
            "LLMRING_RETRIES": "0",
            vendor.url_variable: server.url,
            vendor.key_variable: "a-key-that-opens-nothing",
        }
    )


def ask(server: Loopback, **fields: Any) -> LLMResponse:
    with ring_at(server) as ring:
        pending: PendingChat = ring.chat(MODEL, "Who?", **fields)
        return pending.result()


def refused(server: Loopback, **fields: Any) -> SchemaValidationError:
    with pytest.raises(SchemaValidationError) as caught:
        ask(server, **fields)
    return caught.value


def stream(server: Loopback, **fields: Any) -> list[StreamChunk]:
    with ring_at(server) as ring:
        return list(ring.chat_stream(MODEL, "Who?", **fields))


# Response formats


@pytest.mark.parametrize(
    "sent",
    [
        {**ASKED, "strict": True},
        {"type": "json_schema", "json_schema": {"name": "p", "schema": PERSON, "strict": True}},
        {"type": "json_schema", "name": "p", "schema": PERSON, "strict": True},
    ],
    ids=["outer", "inner", "flat"],
)
def test_R27_strict_can_be_set_at_either_level(serve: Serve, sent: dict[str, Any]) -> None:
    server = serve(answers.openai(json.dumps({**ADA, "more": 1})), answers.openai(json.dumps(ADA)))

    assert ask(server, response_format=sent).parsed == ADA
    assert len(server.requests) == 2, "the extra property was not repaired"


@pytest.mark.parametrize(
    "fields",
    [
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json"}},
        {"json_response": True},
    ],
    ids=str,
)
def test_R28_json_without_a_schema_is_parsed(
    way: Way, serve: Serve, vendor: Vendor, fields: dict[str, Any]
) -> None:
    server = serve(vendor.whole('{"a": [1, 2]}'))

    answer = way.chat(ring_of(vendor, server), vendor.model, "Who?", **fields)

    assert answer.parsed == {"a": [1, 2]}
    assert answer.content == '{"a": [1, 2]}'


def test_R28_an_answer_to_a_schema_is_parsed_to_plain_data(
    way: Way, serve: Serve, vendor: Vendor
) -> None:
    server = serve(vendor.whole(json.dumps(ADA)))

    answer = way.chat(ring_of(vendor, server), vendor.model, "Who?", response_format=ASKED)

    assert answer.parsed == ADA


def test_R29_an_answer_that_does_not_fit_is_repaired_once(
    way: Way, serve: Serve, vendor: Vendor
) -> None:
    wrong = json.dumps({"name": "Ada", "age": "old"})
    server = serve(vendor.whole(wrong), vendor.whole(json.dumps(ADA)))

    answer = way.chat(ring_of(vendor, server), vendor.model, "Who?", response_format=ASKED)

    assert answer.parsed == ADA
    first, second = (request.body.decode() for request in server.requests)
    assert "at /age" not in first
    assert "at /age" in second
    assert "old" in second


def test_R29_an_answer_that_never_fits_is_an_error_with_all_that_came(
    way: Way, serve: Serve, vendor: Vendor
) -> None:
    wrong = json.dumps({"name": "Ada", "age": "old"})
    server = serve(vendor.whole(wrong))

    with pytest.raises(SchemaValidationError) as caught:
        way.chat(ring_of(vendor, server), vendor.model, "Who?", response_format=ASKED)

    assert len(server.requests) == 2
    assert caught.value.content == wrong
    assert [problem.place for problem in caught.value.problems] == ["/age"]
    usage = caught.value.response.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (20, 4)


def test_R29_another_model_is_not_asked(serve: Serve, lockfile: Callable[..., Path]) -> None:
    server = serve(answers.openai("{}"))
    path = lockfile(people=[MODEL, "openai:gpt-4o"])

    with (
        ring_at(server, lockfile_path=path) as ring,
        pytest.raises(SchemaValidationError) as caught,
    ):
        ring.chat("people", "Who?", response_format=ASKED, max_repairs=0)

    assert [attempt.model for attempt in caught.value.response.attempts] == [MODEL]
    assert not isinstance(caught.value, ProviderError)
    assert isinstance(caught.value, ValidationError)
    assert "asked as 'people'" in str(caught.value)


@pytest.mark.parametrize("streamed", [False, True])
def test_R30_a_tool_call_is_not_checked_against_the_schema(
    way: Way, serve: Serve, vendor: Vendor, streamed: bool
) -> None:
    folder = Path(__file__).resolve().parents[1] / "wire_samples"
    kind = {"openai": "openai_chat", "google": "gemini"}.get(
        vendor.model.partition(":")[0], vendor.model.partition(":")[0]
    )
    sample = (folder / kind / ("tool_stream.txt" if streamed else "tool_whole.json")).read_bytes()
    lines = "application/x-ndjson" if kind == "ollama" else "text/event-stream"
    answer = (
        as_stream(sample, content_type=lines)
        if streamed
        else Answer([sample], 200, {"content-type": "application/json"})
    )
    server = serve(answer)
    ring = ring_of(vendor, server)
    tools = [{"type": "function", "function": {"name": "any", "parameters": {"type": "object"}}}]
    request = {"response_format": ASKED, "tools": tools}

    found: LLMResponse | StreamChunk
    if streamed:
        *_, found = way.stream(ring, vendor.model, "Who?", **request)
    else:
        found = way.chat(ring, vendor.model, "Who?", **request)

    assert found.tool_calls
    assert found.parsed is None
    assert len(server.requests) == 1


def test_R31_the_pieces_of_a_stream_add_up_to_the_json_and_each_shows_what_there_is(
    way: Way, serve: Serve, vendor: Vendor
) -> None:
    server = serve(vendor.stream('{"name": "A', 'da", "age"', ": 36}"))

    *chunks, last = way.stream(ring_of(vendor, server), vendor.model, "Who?", response_format=ASKED)

    with_text = [chunk for chunk in [*chunks, last] if chunk.delta]
    assert json.loads("".join(chunk.delta for chunk in with_text)) == ADA
    assert [chunk.parsed for chunk in with_text][:2] == [{"name": "A"}, {"name": "Ada"}]
    assert last.parsed == ADA


def test_R32_null_for_an_optional_field_is_dropped(way: Way, serve: Serve, vendor: Vendor) -> None:
    server = serve(vendor.whole(json.dumps({**ADA, "nick": None})))

    answer = way.chat(
        ring_of(vendor, server), vendor.model, "Who?", response_format={**ASKED, "strict": True}
    )

    assert answer.parsed == ADA
    assert len(server.requests) == 1


@pytest.mark.parametrize("content", ["[1, 2]", '{"answer": [1, 2]}'])
def test_R33_an_answer_may_be_an_array_wrapped_or_not(
    way: Way, serve: Serve, vendor: Vendor, content: str
) -> None:
    server = serve(vendor.whole(content))
    schema = {"type": "array", "items": {"type": "integer"}}
    request = {"type": "json_schema", "json_schema": {"name": "numbers", "schema": schema}}

    answer = way.chat(ring_of(vendor, server), vendor.model, "Who?", response_format=request)

    assert answer.parsed == [1, 2]


# Types


@dataclass
class DataPerson:
    name: str
    age: int
    nick: str = "none"


class DictPerson(TypedDict):
    name: str
    age: int


class StructPerson(msgspec.Struct):
    name: str
    age: int
    friends: list["StructPerson"] = []


class PydanticPerson(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0)
    kind: Literal["human", "machine"] = "human"


@dataclass
class Group:
    people: list[PydanticPerson] = field(default_factory=list)


@pytest.mark.parametrize(
    ("kind", "message", "meant"),
    [
        (DataPerson, ADA, DataPerson("Ada", 36)),
        (DataPerson, {**ADA, "nick": None}, DataPerson("Ada", 36)),
        (DictPerson, ADA, ADA),
        (StructPerson, ADA, StructPerson("Ada", 36)),
        (PydanticPerson, ADA, PydanticPerson(name="Ada", age=36)),
        (PydanticPerson, {**ADA, "kind": None}, PydanticPerson(name="Ada", age=36)),
        (list[StructPerson], {"answer": [ADA]}, [StructPerson("Ada", 36)]),
        (list[PydanticPerson], [ADA], [PydanticPerson(name="Ada", age=36)]),
        (Group, {"people": [ADA]}, Group([PydanticPerson(name="Ada", age=36)])),
        (StructPerson | None, {"answer": None}, None),
        (dict[str, int], {"answer": 5}, {"answer": 5}),
        (int, {"answer": 5}, 5),
        (int | str, '"five"', "five"),
    ],
    ids=str,
)
def test_an_answer_becomes_an_instance_of_the_type(
    serve: Serve, kind: Any, message: Any, meant: Any
) -> None:
    server = serve(answers.openai(message if isinstance(message, str) else json.dumps(message)))

    answer = ask(server, response_format=kind)

    assert answer.parsed == meant
    assert type(answer.parsed) is type(meant)
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", [DataPerson, DictPerson, StructPerson, PydanticPerson])
def test_every_misfit_of_a_type_is_reported_with_its_place(serve: Serve, kind: Any) -> None:
    server = serve(answers.openai('{"name": 5, "age": "old"}'))

    error = refused(server, response_format=kind)

    assert sorted(problem.place for problem in error.problems) == ["/age", "/name"]


def test_errors_that_only_the_type_itself_raises_are_reported(serve: Serve) -> None:
    @dataclass
    class Adult:
        age: int

        def __post_init__(self) -> None:
            if self.age < 18:
                raise ValueError("not of age")

    error = refused(serve(answers.openai('{"age": 5}')), response_format=Adult)

    assert "not of age" in str(error.problems[0])


def test_a_field_that_pydantic_s_validator_refuses_is_repaired(serve: Serve) -> None:
    server = serve(answers.openai('{"name": "Ada", "age": -1}'), answers.openai(json.dumps(ADA)))

    assert ask(server, response_format=PydanticPerson).parsed.age == 36
    assert "at /age: Input should be greater" in server.requests[1].body.decode()


# Other things that models write


@pytest.mark.parametrize(
    "content",
    [
        '```json\n{"name": "Ada", "age": 36}\n```',
        'Here it is [1]:\n\n```\n{"name": "Ada", "age": 36}\n```\nAnything else?',
        'Sure! {"name": "Ada", "age": 36}',
        '\ufeff\n{"name": "Ada", "age": 36}\n\n',
    ],
)
def test_text_around_the_json_is_ignored(serve: Serve, content: str) -> None:
    answer = ask(serve(answers.openai(content)), response_format=ASKED)

    assert answer.parsed == ADA
    assert answer.content == content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the text is empty"),
        ("I can't say.", "not JSON"),
        ('{"name": "Ada", "age": 36} or {"name": "Eve", "age": 3}', "more than one"),
        ('{"name": {"name": "Ada", "age": 36}, oops}', "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("42", "is not of type"),
    ],
    ids=range(6),
)
def test_an_answer_that_is_not_json_is_reported_as_such(
    serve: Serve, content: str, reason: str
) -> None:
    error = refused(serve(answers.openai(content)), response_format=ASKED, allow_empty=True)

    assert reason in str(error.problems[0])
    assert error.content == content


def test_an_empty_answer_is_not_put_into_the_conversation(serve: Serve) -> None:
    server = serve(answers.openai(""), answers.openai(json.dumps(ADA)))

    ask(server, response_format=ASKED, allow_empty=True)

    assert [each["role"] for each in server.requests[1].json["messages"]] == ["user", "user"]


def test_a_text_without_a_schema_must_be_an_object_or_an_array(serve: Serve) -> None:
    error = refused(serve(answers.openai("42")), json_response=True)

    assert "neither a JSON object nor an array" in str(error)


def openai_ended(reason: str, **message: Any) -> Answer:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    return answers.openai(choices=[choice])


@pytest.mark.parametrize(
    "answer",
    [
        openai_ended("stop", content=None, refusal="I won't."),
        openai_ended("content_filter", content='{"na'),
    ],
    ids=["refusal", "filter"],
)
def test_R30_a_refusal_is_not_checked_against_the_schema(serve: Serve, answer: Answer) -> None:
    server = serve(answer)

    found = ask(server, response_format=ASKED)

    assert found.parsed is None
    assert len(server.requests) == 1


def test_R30_a_refusal_in_a_stream_is_not_checked_against_the_schema(serve: Serve) -> None:
    message = answers.openai_event(refusal="I won't.")
    *_, last = stream(
        serve(as_stream(answers.ROLE, message, *answers.OPENAI_END)), response_format=ASKED
    )

    assert (last.parsed, last.refusal) == (None, "I won't.")


def test_an_answer_that_was_cut_off_is_not_repaired(serve: Serve) -> None:
    server = serve(openai_ended("length", content='{"name": "Ada", "a'))

    error = refused(server, response_format=ASKED, max_tokens=9)

    assert len(server.requests) == 1
    assert "cut off" in str(error)
    assert "max_tokens: 9" in str(error)


def test_an_answer_that_was_cut_off_after_its_json_is_accepted(serve: Serve) -> None:
    answer = ask(serve(openai_ended("length", content=json.dumps(ADA))), response_format=ASKED)

    assert answer.parsed == ADA


# Repairs


def test_all_rounds_are_counted(serve: Serve) -> None:
    outcomes: list[str] = []
    server = serve(answers.openai("{}"), answers.openai("{}"), answers.openai(json.dumps(ADA)))

    with ring_at(server, on_attempt=lambda attempt: outcomes.append(attempt.outcome)) as ring:
        answer = ring.chat(MODEL, "Who?", response_format=ASKED, max_repairs=2)
        one = ring.chat(MODEL, "Who?")

    assert answer.usage is not None
    assert one.cost is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (30, 6)
    assert answer.cost == 3 * one.cost
    assert [attempt.outcome for attempt in answer.attempts] == ["ok"] * 3
    assert outcomes == ["ok"] * 4


def test_one_unknown_cost_makes_the_total_unknown(serve: Serve) -> None:
    server = serve(answers.openai("{}", usage=None), answers.openai(json.dumps(ADA)))

    answer = ask(server, response_format=ASKED)

    assert (answer.usage, answer.cost) == (None, None)
    assert answer.cost_reason == "the provider reported no usage"


def test_the_model_that_answered_is_the_one_that_repairs(
    serve: Serve, lockfile: Callable[..., Path]
) -> None:
    server = serve(answers.openai_error(500), answers.openai("{}"), answers.openai(json.dumps(ADA)))
    path = lockfile(people=["openai:gpt-4o", MODEL])

    with ring_at(server, lockfile_path=path) as ring:
        answer = ring.chat("people", "Who?", response_format=ASKED)

    sent = [request.json["model"] for request in server.requests]
    assert sent == ["gpt-4o", "gpt-4o-mini", "gpt-4o-mini"]
    assert [attempt.outcome for attempt in answer.attempts] == ["failed", "ok", "ok"]


def test_the_answer_and_what_is_wrong_with_it_go_back_to_the_model(serve: Serve) -> None:
    server = serve(answers.openai("{}"), answers.openai(json.dumps(ADA)))
    request = LLMRequest(MODEL, "Who?", response_format=ASKED)

    with ring_at(server) as ring:
        ring.chat(request).result()

    *before, answer, correction = server.requests[1].json["messages"]
    assert before == server.requests[0].json["messages"]
    assert (answer["role"], answer["content"]) == ("assistant", "{}")
    assert '"name" is a required property' in correction["content"]
    assert [message.text for message in request.turns()] == ["Who?"]


def test_a_model_that_fails_during_a_repair_leaves_the_first_error(
    serve: Serve, lockfile: Callable[..., Path]
) -> None:
    server = serve(answers.openai("{}"), answers.openai_error(429, "slow down"))
    path = lockfile(people=[MODEL, "openai:gpt-4o"])

    with (
        ring_at(server, lockfile_path=path) as ring,
        pytest.raises(SchemaValidationError) as caught,
    ):
        ring.chat("people", "Who?", response_format=ASKED)

    assert "slow down" in str(caught.value)
    assert isinstance(caught.value.__cause__, ProviderRateLimitError)
    first, *others = caught.value.response.attempts
    assert first.outcome == "ok"
    assert {attempt.outcome for attempt in others} == {"failed"}
    assert {request.json["model"] for request in server.requests} == {"gpt-4o-mini"}


def test_repairs_stay_within_the_time_of_the_call(serve: Serve) -> None:
    late = Answer([Pause(20), b"{}"], 200, {"content-type": "application/json"})
    server = serve(answers.openai("{}"), late)

    error = refused(server, response_format=ASKED, timeout=0.4)

    assert isinstance(error.__cause__, ProviderError)
    assert server.received(2)


# Streams


def test_a_streamed_answer_that_does_not_fit_is_an_error_after_its_last_chunk(
    way: Way, serve: Serve, vendor: Vendor
) -> None:
    server = serve(vendor.stream('{"name": "Ada"', "}"))
    chunks: list[StreamChunk] = []

    with ring_of(vendor, server) as ring, pytest.raises(SchemaValidationError) as caught:
        chunks.extend(ring.chat_stream(vendor.model, "Who?", response_format=ASKED))

    assert len(server.requests) == 1
    assert caught.value.content == '{"name": "Ada"}'
    assert caught.value.response.usage is not None
    assert "".join(chunk.delta for chunk in chunks) == '{"name": "Ada"}'
    assert chunks[-1].message is not None
    assert chunks[-1].parsed is None


def test_the_last_chunk_has_an_instance_of_the_type(serve: Serve) -> None:
    *_, last = stream(
        serve(answers.openai_stream("```json\n", '{"name": "Ada", ', '"age": 36}', "\n```")),
        response_format=PydanticPerson,
    )

    assert last.parsed == PydanticPerson(name="Ada", age=36)


def test_the_object_around_a_wrapped_array_is_not_shown(serve: Serve) -> None:
    *chunks, last = stream(
        serve(answers.openai_stream('{"answer": [1', ", 2", "]}")), response_format=list[int]
    )

    assert [chunk.parsed for chunk in chunks if chunk.delta] == [[1], [1, 2], [1, 2]]
    assert last.parsed == [1, 2]


def test_a_stream_that_breaks_is_the_provider_s_error(serve: Serve) -> None:
    broken = as_stream(answers.ROLE, answers.openai_event(content='{"name'))

    with pytest.raises(ProviderError):
        stream(serve(broken), response_format=ASKED)


def test_leaving_a_stream_early_closes_its_connection(serve: Serve) -> None:
    piece = answers.openai_event(content='{"name": "A')
    server = serve(as_stream(answers.ROLE, piece, Pause(20)))

    with ring_at(server) as ring:
        with ring.chat_stream(MODEL, "Who?", response_format=ASKED) as chunks:
            next(iter(chunks))
        assert server.left_alone()


# Before anything is sent


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "objekt"}, "can't be used"),
        ({"$ref": "#/$defs/nothing"}, "does not exist"),
        ({"properties": {"a": {"pattern": "(?<"}}}, "at /properties/a/pattern"),
        ({"enum": [object()]}, "not JSON"),
    ],
    ids=["type", "ref", "pattern", "value"],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_an_invalid_schema_is_an_error_before_anything_is_sent(
    serve: Serve, schema: dict[str, Any], reason: str, streamed: bool
) -> None:
    server = serve(answers.openai("{}"))
    call = stream if streamed else ask

    with pytest.raises(ValidationError, match=reason):
        call(server, response_format={"type": "json_schema", "schema": schema})

    assert server.requests == []


def test_a_schema_elsewhere_is_never_fetched(serve: Serve) -> None:
    elsewhere, server = serve(as_json({"type": "object"})), serve(answers.openai("{}"))
    schema = {"type": "object", "properties": {"a": {"$ref": f"{elsewhere.url}/schema.json"}}}

    with pytest.raises(ValidationError, match="fetches no schemas"):
        ask(server, response_format={"type": "json_schema", "schema": schema})

    assert elsewhere.connections == 0


def test_threads_can_use_one_schema_at_once(serve: Serve) -> None:
    server = serve(answers.openai(json.dumps(ADA)))
    found: list[Any] = []

    with ring_at(server) as ring:
        calls = [
            threading.Thread(
                target=lambda: found.append(ring.chat(MODEL, "Who?", response_format=ASKED).parsed)
            )
            for _ in range(8)
        ]
        for call in calls:
            call.start()
        for call in calls:
            call.join()

    assert found == [ADA] * 8


def test_the_error_survives_pickling(serve: Serve) -> None:
    error = refused(serve(answers.openai("{}")), response_format=ASKED)

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own

    assert (str(copy), copy.content, copy.problems) == (str(error), "{}", error.problems)
    assert copy.response.cost == error.response.cost != Decimal(0)


NOTHING_NEEDED = {"type": "object", "properties": {"nick": {"type": "string"}}}


def _empty_object(way: Way, serve: Serve, stop_reason: str, *, streams: bool) -> Any:
    """Ask Anthropic for an object that may be empty, which it is; return the parsed answer."""
    call = {"type": "tool_use", "id": "a", "name": "llmring_answer", "input": {}}
    end = {"stop_reason": stop_reason, "stop_sequence": None}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "x", "content": [call]}
    steps = [
        {"type": "message_start", "message": {**message, "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": call},
        {"type": "message_delta", "delta": end},
        {"type": "message_stop"},
    ]
    server = serve(as_stream(*map(answers.sse, steps)) if streams else as_json({**message, **end}))
    ring, model = ring_of(VENDORS[1], server), VENDORS[1].model
    asked = {"type": "json_schema", "json_schema": {"name": "any", "schema": NOTHING_NEEDED}}
    if streams:
        return way.stream(ring, model, "Hi", response_format=asked)[-1].parsed
    return way.chat(ring, model, "Hi", response_format=asked).parsed


@pytest.mark.parametrize("stop_reason", ["tool_use", "end_turn"])
@pytest.mark.parametrize("streams", [False, True])
def test_an_empty_object_by_the_answer_tool_is_an_answer(
    serve: Serve, way: Way, streams: bool, stop_reason: str
) -> None:
    assert _empty_object(way, serve, stop_reason, streams=streams) == {}


@pytest.mark.parametrize("streams", [False, True])
def test_an_answer_tool_without_input_that_was_cut_off_is_no_empty_object(
    serve: Serve, way: Way, streams: bool
) -> None:
    with pytest.raises(SchemaValidationError):
        _empty_object(way, serve, "max_tokens", streams=streams)


@pytest.mark.parametrize("streams", [False, True])
def test_an_answer_tool_without_input_that_failed_is_no_empty_object(
    serve: Serve, way: Way, streams: bool
) -> None:
    with pytest.raises(ProviderError):
        _empty_object(way, serve, "error", streams=streams)
