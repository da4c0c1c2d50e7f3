"""A chat request in the form that one model is sent."""

import base64

import msgspec
import pytest

from circuits import target
from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import DocumentPart, TextPart
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import StreamChunk
from llmring.exceptions import UnsupportedFeatureError
from llmring.registry.catalog import ModelFacts, Origins
from llmring.routing.selection.prepare import chat
from llmring.routing.stream_resume import StreamProgress
from llmring.routing.targets import Target

REQUEST = parse_request(LLMRequest("fast", "Hi", temperature=0.5))


def body(
    model: Target, progress: StreamProgress | None = None, *, stream: bool = False
) -> dict[str, object]:
    prepared = chat(REQUEST, stream=stream, progress=progress)(model)
    decoded: dict[str, object] = msgspec.json.decode(prepared.http.body)
    return decoded


def test_each_model_is_sent_the_request_under_its_own_name_and_address() -> None:
    prepare = chat(REQUEST, stream=False)

    first, second = prepare(target("openai:a")), prepare(target("anthropic:b"))

    assert msgspec.json.decode(first.http.body)["model"] == "a"
    assert msgspec.json.decode(second.http.body)["model"] == "b"
    assert first.http.url.startswith("https://api.example/v1")
    assert first.http.headers["authorization"] == "Bearer sk-first"
    assert second.http.headers["x-api-key"] == "sk-first"


@pytest.mark.parametrize("stream", [True, False])
def test_a_stream_is_requested_only_where_one_is_wanted(stream: bool) -> None:
    assert body(target("ollama:a"), stream=stream)["stream"] is stream


def test_preparing_for_one_model_leaves_the_request_as_it_was() -> None:
    prepare = chat(REQUEST, stream=False)
    before = prepare(target("openai:a"))

    prepare(target("anthropic:b"))

    assert prepare(target("openai:a")) == before


def shown_so_far(*, resumes: bool) -> StreamProgress:
    progress = StreamProgress()
    progress.take(StreamChunk(delta="Once upon a "))
    progress.resumes = resumes
    return progress


def test_after_an_answer_that_broke_off_the_next_model_is_asked_for_the_rest() -> None:
    messages = body(target("openai:a"), shown_so_far(resumes=True))["messages"]

    assert isinstance(messages, list)
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert messages[1]["content"] == "Once upon a "


def test_a_model_that_continues_its_own_message_is_sent_that_message_last() -> None:
    messages = body(prefilling(target("openai:a")), shown_so_far(resumes=True))["messages"]

    assert isinstance(messages, list)
    assert [message["role"] for message in messages] == ["user", "assistant"]
    assert messages[1]["content"] == "Once upon a"


def prefilling(model: Target) -> Target:
    facts = ModelFacts(
        provider=model.ref.provider,
        name=model.ref.model,
        capabilities=frozenset({"prefill", "temperature"}),
    )
    return msgspec.structs.replace(model, facts=facts)


def test_an_answer_that_is_to_start_over_is_asked_for_from_the_beginning() -> None:
    assert body(target("openai:a"), shown_so_far(resumes=False)) == body(target("openai:a"))


def test_a_parameter_that_the_model_does_not_take_is_left_out_and_reported() -> None:
    facts = ModelFacts(provider="openai", name="a", origins=Origins(capabilities=("vendor",)))
    model = msgspec.structs.replace(target("openai:a"), facts=facts)

    prepared = chat(REQUEST, stream=False)(model)

    assert "temperature" not in msgspec.json.decode(prepared.http.body)
    assert len(prepared.adjusted) == 1
    assert "temperature" in prepared.adjusted[0]


def attached(size: int) -> LLMRequest:
    data = base64.b64encode(b"x" * size).decode()
    part = DocumentPart(data=data, media_type="application/pdf", name="big.pdf")
    return LLMRequest("fast", [Message("user", [TextPart("Read"), part])])


def test_a_file_over_the_limit_of_a_server_is_refused_before_sending() -> None:
    prepare = chat(parse_request(attached(33_000_000)), stream=False)

    with pytest.raises(UnsupportedFeatureError):
        prepare(target("anthropic:a"))


def test_a_file_within_the_limit_of_a_server_is_sent() -> None:
    prepared = chat(parse_request(attached(1_000)), stream=False)(target("anthropic:a"))

    assert b"application/pdf" in prepared.http.body
