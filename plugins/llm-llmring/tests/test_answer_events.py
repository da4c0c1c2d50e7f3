"""The events of answers, and what llm records of them."""

import json
from collections.abc import Iterable

import llm
import pytest
from llm.models import Prompt
from llm.parts import ReasoningPart, StreamEvent, TextPart, ToolCallPart

from llm_llmring.alias_models import AliasModel
from llm_llmring.answer_events import AnswerEvents
from llm_llmring.prompt_request import METADATA
from llm_llmring.users_lockfile import open_ring
from llmring import LLMResponse, Message, StreamChunk, ToolCall, Usage

MODEL = "openai:gpt-6-luna"
CALL: ToolCall = {
    "id": "c1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Rome"}'},
}


def response() -> llm.Response:
    model = AliasModel("llmring/fast", "fast", open_ring())
    return llm.Response(Prompt("Hi", model), model, stream=True)


def end(**fields: object) -> StreamChunk:
    fields = {"message": Message("assistant", ""), "finish_reason": "stop", **fields}
    return StreamChunk(model=MODEL, **fields)  # type: ignore[arg-type]


def events(
    chunks: Iterable[StreamChunk], into: llm.Response, *, hide: bool = False
) -> list[StreamEvent]:
    made = AnswerEvents(into, hide_reasoning=hide)
    return [event for chunk in chunks for event in made.of_chunk(chunk)]


def kinds(found: Iterable[StreamEvent]) -> list[tuple[str, str]]:
    return [(event.type, event.chunk) for event in found]


def test_text_and_reasoning_are_events_of_their_own() -> None:
    chunks = [StreamChunk(reasoning="Hm."), StreamChunk(delta="Yes"), StreamChunk(delta="."), end()]

    assert kinds(events(chunks, response())) == [
        ("reasoning", "Hm."),
        ("text", "Yes"),
        ("text", "."),
    ]
    assert kinds(events(chunks, response(), hide=True)) == [("text", "Yes"), ("text", ".")]


def test_usage_has_what_makes_it_up() -> None:
    into = response()
    usage = Usage(prompt_tokens=9, completion_tokens=7, cached_tokens=4, reasoning_tokens=2)

    found = events([StreamChunk(delta="Yes"), end(usage=usage)], into)

    assert (into.input_tokens, into.output_tokens) == (9, 7)
    assert into.token_details == {"cached_tokens": 4, "reasoning_tokens": 2}
    # The model has reasoned, and does not show it.
    assert found[-1].redacted


def test_a_call_is_recorded_and_kept_with_what_its_vendor_expects_back() -> None:
    into = response()
    message = Message("assistant", None, tool_calls=[{**CALL, "signature": "s"}], origin="openai")

    found = events([end(tool_calls=[CALL], message=message, finish_reason="tool_calls")], into)

    assert kinds(found)[:2] == [
        ("tool_call_name", "weather"),
        ("tool_call_args", '{"city": "Rome"}'),
    ]
    assert into._tool_calls == [llm.ToolCall("weather", {"city": "Rome"}, "c1")]
    [kept] = [each.provider_metadata for each in found if each.provider_metadata]
    assert Message(**kept[METADATA]) == message


@pytest.mark.parametrize("arguments", ["{", "[1]", '"a"'])
def test_arguments_that_can_t_be_read_are_kept_as_text(arguments: str) -> None:
    into = response()
    call: ToolCall = {**CALL, "function": {"name": "weather", "arguments": arguments}}

    events([end(tool_calls=[call])], into)

    assert into._tool_calls[0].arguments == {"_raw": arguments}


def test_an_answer_of_text_alone_is_not_kept_twice() -> None:
    found = events([StreamChunk(delta="Yes"), end(message=Message("assistant", "Yes"))], response())

    assert all(each.provider_metadata is None for each in found)


def test_an_answer_may_start_over_until_text_was_shown() -> None:
    blank = [StreamChunk(delta="\n"), StreamChunk(delta="Yes", restart=True)]
    assert kinds(events(blank, response())) == [("text", "\n"), ("text", "Yes")]

    with pytest.raises(llm.ModelError):
        events([StreamChunk(delta="No"), StreamChunk(delta="Yes", restart=True)], response())


def test_a_refusal_is_the_text_if_there_is_no_other() -> None:
    assert kinds(events([end(refusal="I can't.")], response())) == [("text", "I can't.")]
    assert kinds(events([StreamChunk(delta="Yes"), end(refusal="No")], response())) == [
        ("text", "Yes")
    ]


@pytest.mark.parametrize("content", ['{"a": 1}', 'Here:\n```json\n{"a": 1}\n```'])
def test_structured_data_is_json_alone(content: str) -> None:
    answer = LLMResponse(content=content, model=MODEL, parsed={"a": 1})

    [event] = AnswerEvents(response(), hide_reasoning=False).of_answer(answer)

    assert json.loads(event.chunk) == {"a": 1}


def test_a_whole_answer_has_the_events_of_a_streamed_one() -> None:
    into = response()
    answer = LLMResponse(
        content="Yes", model=MODEL, reasoning="Hm.", tool_calls=[CALL], usage=Usage(prompt_tokens=1)
    )

    found = [*AnswerEvents(into, hide_reasoning=False).of_answer(answer)]

    assert [each.type for each in found[:3]] == ["reasoning", "text", "tool_call_name"]
    assert (into.resolved_model, into.input_tokens) == (MODEL, 1)


def test_llm_makes_parts_of_the_events() -> None:
    into = response()
    message = Message("assistant", "Yes", tool_calls=[CALL])
    chunks = [
        StreamChunk(reasoning="Hm."),
        StreamChunk(delta="Yes"),
        end(tool_calls=[CALL], message=message),
    ]

    for event in events(chunks, into):
        into._process_chunk(event)
    into._done = True

    [made] = into.messages()
    assert [type(part) for part in made.parts] == [
        ReasoningPart,
        TextPart,
        ToolCallPart,
        ReasoningPart,
    ]
