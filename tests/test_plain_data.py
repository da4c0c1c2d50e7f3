"""Public values as plain data, through all doors that lead there."""

import dataclasses
import enum
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pydantic
import pytest
from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

import llmring
from llmring import (
    Attempt,
    AudioPart,
    Cost,
    DocumentPart,
    EmbeddingResponse,
    ImagePart,
    LLMResponse,
    LLMRing,
    Message,
    ProviderPart,
    ProviderRateLimitError,
    ReasoningPart,
    TextPart,
    ToolRun,
    ToolsResponse,
    UploadedPart,
    Usage,
)

FAILURE = ProviderRateLimitError("slow down", status=429, retry_after=2.5)
ATTEMPTS = (
    Attempt(model="a:one", outcome="failed", reason="slow down", status=429, error=FAILURE),
    Attempt(model="b:two", outcome="ok", status=200, cost=Cost(*[Decimal("0.001")] * 4)),
)
ANSWER = LLMResponse(
    content="Hi",
    model="b:two",
    usage=Usage(prompt_tokens=3, completion_tokens=1, service_tier="flex"),
    cost=Cost(*[Decimal("0.001")] * 4),
    tool_calls=[{"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
    attempts=ATTEMPTS,
    parts=(ReasoningPart("hm", "sig"), TextPart("Hi")),
)
PARTS = [
    TextPart("Hi"),
    ImagePart(url="https://example.org/a.png"),
    DocumentPart(data="JVBERg==", name="a.pdf"),
    AudioPart("UklGRg==", "audio/wav"),
    UploadedPart("file-1", "application/pdf"),
    ReasoningPart("hm", "sig", "r1", "anthropic"),
    ProviderPart("anthropic", {"type": "server_tool_use", "id": "x"}),
]


@pytest.fixture(scope="module")
def received() -> Iterator[dict[str, Any]]:
    """What a ring gives, each under the method that gives it."""
    with LLMRing() as ring:
        last = [*ring.chat_stream("mock:echo", "Hi")][-1]
        yield {
            "chat": ring.chat("mock:echo", "Hi").result(),
            "chat_stream": last,
            "run_tools": ring.run_tools("mock:echo", "Hi").result(),
            "count_tokens": ring.count_tokens("mock:echo", "Hi").result(),
            "explain": ring.explain("openai:gpt-4o-mini", "Hi", max_tokens=5),
            "status": ring.status().result(),
            "list_models": ring.list_models("mock").result()[0],
            "by hand": ANSWER,
        }


METHODS = ["chat", "chat_stream", "run_tools", "count_tokens", "explain", "status", "list_models"]
each_value = pytest.mark.parametrize("method", [*METHODS, "by hand"])


def is_plain(value: Any) -> bool:
    """Whether a value is made of nothing but what JSON has."""
    match value:
        case dict():
            return all(type(key) is str and is_plain(each) for key, each in value.items())
        case list():
            return all(map(is_plain, value))
    return value is None or type(value) in (str, int, float, bool)


@each_value
def test_all_doors_lead_to_the_same_plain_data(received: dict[str, Any], method: str) -> None:
    value = received[method]
    data = value.to_dict()

    assert is_plain(data)
    assert json.loads(json.dumps(data)) == data
    assert json.loads(value.to_json()) == data
    assert dict(value) == data
    assert jsonable_encoder(value) == data


@each_value
def test_msgspec_writes_the_same_without_further_ado(received: dict[str, Any], method: str) -> None:
    value = received[method]

    written = json.loads(msgspec.json.encode(value))

    assert written == json.loads(json.dumps(msgspec.to_builtins(value)))
    assert written == of_fields(value.to_dict())


def of_fields(data: Any) -> Any:
    """Plain data without what is no field, and without the rates that a model does not have."""
    match data:
        case dict():
            rates = "cached_input" in data
            return {
                name: of_fields(each)
                for name, each in data.items()
                if name != "total_tokens" and not (rates and each is None)
            }
        case list():
            return [of_fields(each) for each in data]
    return data


def test_the_data_of_an_answer_has_the_names_of_its_fields() -> None:
    data = ANSWER.to_dict()

    assert tuple(data) == LLMResponse.__struct_fields__
    assert data["usage"]["total_tokens"] == 4
    assert data["attempts"][0]["error"]["status"] == 429
    assert data["parts"][0] == {
        "part": "reasoning",
        "text": "hm",
        "signature": "sig",
        "id": None,
        "dialect": None,
        "field": None,
    }


def test_an_answer_without_errors_is_read_back_by_msgspec_as_it_was() -> None:
    answer = msgspec.structs.replace(ANSWER, attempts=ATTEMPTS[1:])

    assert msgspec.json.decode(answer.to_json(), type=LLMResponse) == answer
    assert msgspec.convert(answer.to_dict(), LLMResponse) == answer


@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_a_message_made_of_its_data_is_the_same_message(part: Any) -> None:
    message = Message("user", [part, "more"])

    assert Message(**message.to_dict()) == message
    assert Message(**json.loads(message.to_json())) == message


def test_a_part_whose_data_can_not_be_read_is_an_error() -> None:
    with pytest.raises(llmring.ValidationError, match=r"part 'text' can't be read: .*`text`"):
        Message("user", [{"part": "text"}])


def test_a_tool_s_own_exception_is_written_with_its_keys_masked() -> None:
    call = ANSWER.tool_calls[0] if ANSWER.tool_calls else None
    assert call is not None
    failure = KeyError("sk-proj-0123456789abcdefghij")
    run = ToolRun(call, Message("tool", "it failed", tool_call_id="c"), failure)
    answer = ToolsResponse(content="", model="a:b", messages=[], turns=(), runs=(run,))

    [data] = answer.to_dict()["runs"]

    assert data["error"] == {"type": "KeyError", "message": "'***'"}
    assert data["call"] == call


def test_fastapi_takes_an_answer_annotated_or_not() -> None:
    app = FastAPI()

    @app.get("/annotated")
    async def annotated() -> LLMResponse:
        return ANSWER

    @app.get("/bare", response_model=None)
    async def bare() -> Any:
        return ANSWER

    with TestClient(app) as client:
        assert client.get("/annotated").json() == ANSWER.to_dict()
        assert client.get("/bare").json() == ANSWER.to_dict()
        assert client.get("/openapi.json").status_code == 200


def test_a_field_of_a_pydantic_model_can_be_an_answer() -> None:
    class Kept(pydantic.BaseModel):
        answer: LLMResponse

    kept = Kept(answer=ANSWER)

    assert kept.answer is ANSWER
    assert json.loads(kept.model_dump_json()) == {"answer": ANSWER.to_dict()}
    assert Kept.model_json_schema()["properties"]["answer"]["type"] == "object"


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: Decimal
    tags: tuple[str, ...] = ()


class Person(pydantic.BaseModel):
    born: date


class Renamed(msgspec.Struct, rename="camel"):
    first_name: str
    last_name: str | msgspec.UnsetType = msgspec.UNSET


@pytest.mark.parametrize(
    ("parsed", "data"),
    [
        (b"\x00\xff", "AP8="),
        (date(2026, 5, 1), "2026-05-01"),
        (datetime(2026, 5, 1, 12, tzinfo=UTC), "2026-05-01T12:00:00Z"),
        (Decimal("0.10"), "0.10"),
        ({"b", "a"}, ["a", "b"]),
        (frozenset({2, 1}), [1, 2]),
        ((1, 2.5), [1, 2.5]),
        (float("nan"), None),
        (float("-inf"), None),
        (Path("a/b"), "a/b"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.RED, "red"),
        (Point(Decimal(1), ("a",)), {"x": "1", "tags": ["a"]}),
        (Person(born=date(2000, 1, 2)), {"born": "2000-01-02"}),
        ([Person(born=date(2000, 1, 2))], [{"born": "2000-01-02"}]),
        (Renamed("Ada"), {"firstName": "Ada"}),
        ({1: {"a"}}, {"1": ["a"]}),
    ],
    ids=str,
)
def test_what_an_answer_was_parsed_into_becomes_plain(parsed: Any, data: Any) -> None:
    assert LLMResponse(content="", model="a:b", parsed=parsed).to_dict()["parsed"] == data


def test_a_type_without_a_plain_form_is_an_error_and_is_named() -> None:
    with pytest.raises(TypeError, match="object can't be turned into plain data"):
        LLMResponse(content="", model="a:b", parsed=[object()]).to_dict()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_plain_data_stays_as_it_is(value: Any) -> None:
    answer = LLMResponse(content="", model="a:b", parsed=value)

    assert answer.to_dict()["parsed"] == json.loads(answer.to_json())["parsed"] == value


@given(st.lists(st.lists(st.floats(-1, 1), min_size=1)), st.none() | st.text())
def test_vectors_and_texts_survive_the_way_through_json(
    vectors: list[list[float]], reason: str | None
) -> None:
    response = EmbeddingResponse(vectors=vectors, model="a:b", cost_reason=reason)

    assert msgspec.json.decode(response.to_json(), type=EmbeddingResponse) == response


def test_the_data_of_a_plan_has_prices_as_texts_and_null_for_what_is_not_known(
    received: dict[str, Any],
) -> None:
    plan = received["explain"]
    [step] = plan.to_dict()["steps"]

    assert isinstance(step["cost"], str)
    assert Decimal(step["cost"]) == plan.steps[0].cost
    assert step["rates"]["image"] is None
    with LLMRing() as ring:
        [unknown] = ring.explain("mock:echo", "Hi").to_dict()["steps"]
    assert (unknown["cost"], unknown["rates"]) == (None, None)


def test_the_status_of_a_ring_shows_no_key() -> None:
    key = "sk-very-secret-0123456789"
    environ: Mapping[str, str] = {
        "OPENAI_API_KEY": key,
        "OPENAI_BASE_URL": f"https://user:{key}@example.org/v1",
    }
    with LLMRing(environ=environ) as ring:
        assert key not in ring.status().to_json()
