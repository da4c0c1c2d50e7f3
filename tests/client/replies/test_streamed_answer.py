"""Streamed answers as a whole: the same as answers that come whole."""

from pathlib import Path

import pytest

from llmring import LLMResponse, LLMRing, SchemaValidationError
from llmring.chat.citation import Citation
from llmring.chat.events import Cited, CommentaryDelta, Event, Finished, ReasoningDelta, TextDelta
from vendors import APIS, USED, Pair, Serve, each_api

# An API leaves out what it can't carry.
EVENTS: tuple[Event, ...] = (
    ReasoningDelta("Hm."),
    CommentaryDelta("Let me see."),
    TextDelta("Text."),
    Cited((Citation(url="https://a.example", title="A", start=0, end=4),)),
    USED,
    Finished("stop", ""),
)


@pytest.fixture
def pair(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


def start(pair: Pair, name: str, *, stream: bool) -> None:
    api = APIS[name]
    pair.lock(api.model, lockfile=api.lockfile)
    pair.start(api, api.answer(*EVENTS, stream=stream))


def fields(answer: LLMResponse) -> dict[str, object]:
    """Return what an answer has apart from the attempts, which take their time."""
    names = set(LLMResponse.__struct_fields__) - {"attempts"}
    return {name: getattr(answer, name) for name in names}


@each_api
def test_the_response_of_a_stream_with_tools_is_that_of_the_whole_answer(
    pair: Pair, name: str
) -> None:
    start(pair, name, stream=False)
    whole = LLMRing().run_tools("t", "Hello", tools=[]).result()
    start(pair, name, stream=True)
    stream = LLMRing().stream_tools("t", "Hello", tools=[])
    list(stream)

    assert fields(stream.response) == fields(whole)
    assert list(map(fields, stream.response.turns)) == list(map(fields, whole.turns))
    assert whole.id
    assert whole.native_finish_reason


def test_the_response_has_the_sources_and_the_commentary_of_its_stream(pair: Pair) -> None:
    start(pair, "openai_responses", stream=True)
    stream = LLMRing().stream_tools("t", "Hello", tools=[])
    list(stream)

    assert [each.url for each in stream.response.citations] == ["https://a.example"]
    assert stream.response.commentary == "Let me see."


@each_api
def test_an_answer_that_does_not_fit_its_schema_is_that_of_the_whole_answer(
    pair: Pair, name: str
) -> None:
    form = {"type": "json_object"}
    start(pair, name, stream=False)
    with pytest.raises(SchemaValidationError) as whole:
        LLMRing().chat("t", "Hello", response_format=form, max_repairs=0)
    start(pair, name, stream=True)
    with pytest.raises(SchemaValidationError) as streamed:
        list(LLMRing().chat_stream("t", "Hello", response_format=form))

    assert fields(streamed.value.response) == fields(whole.value.response)
