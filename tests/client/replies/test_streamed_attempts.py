"""Streams that break off after some text was shown, and how they continue."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import (
    AllModelsFailedError,
    LLMRing,
    ProviderError,
    ProviderTimeoutError,
    StreamChunk,
)
from loopback import Answer, Close, Loopback, Pause, Reset, as_stream

Serve = Callable[..., Loopback]
Farm = Callable[..., tuple[Loopback, Loopback]]

FIRST = "openai:gpt-4o-mini"
SECOND = "anthropic:claude-sonnet-4-5"
THIRD = "ollama:any"

ENDS = {"reset": [Reset()], "cut": [Close()], "silent end": []}
each_end = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)


def begun(*text: str) -> list[Any]:
    return [answers.ROLE, *(answers.openai_event(content=piece) for piece in text)]


def toml(value: Any) -> str:
    return json.dumps(value).replace('": ', '" = ')


@pytest.fixture
def farm(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Farm:
    """Start the first and the second model of the alias `fast`; further keys are its policy."""

    def start(
        first: Answer, second: Answer, *, model: str = FIRST, **policy: Any
    ) -> tuple[Loopback, Loopback]:
        openai, anthropic = serve(first), serve(second)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{openai.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", anthropic.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
        keys = {"retries": 0, **policy}
        path = tmp_path / "llmring.lock"
        path.write_text(
            "[[profiles.default.bindings]]\n"
            f'alias = "fast"\nmodels = ["{model}", "{SECOND}"]\n'
            + "".join(f"{name} = {toml(value)}\n" for name, value in keys.items())
        )
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
        return openai, anthropic

    return start


def read(chunks: list[StreamChunk]) -> str:
    """Return the text that a reader ends up with, dropping earlier chunks at a restart."""
    text = ""
    for chunk in chunks:
        text = chunk.delta if chunk.restart else text + chunk.delta
    return text


def sent_to(server: Loopback) -> Any:
    return json.loads(server.requests[0].body)


@each_end
def test_the_next_model_continues_where_the_answer_broke_off(
    way: Way, farm: Farm, end: list[Any]
) -> None:
    first, second = as_stream(*begun("Once upon"), *end), answers.anthropic_stream(" a time")
    _, anthropic = farm(first, second)

    chunks = way.stream(LLMRing(), "fast", "Tell a story")

    assert read(chunks) == "Once upon a time"
    assert not any(chunk.restart for chunk in chunks)
    assert chunks[-1].message is not None
    assert chunks[-1].message.text == "Once upon a time"
    assert [(a.model, a.outcome) for a in chunks[-1].attempts] == [
        (FIRST, "failed"),
        (SECOND, "ok"),
    ]
    # The model takes the beginning of its answer, so that no words about the fault are needed.
    assert sent_to(anthropic)["messages"][-1] == {
        "role": "assistant",
        "content": [{"type": "text", "text": "Once upon"}],
    }


def test_a_model_without_prefill_is_asked_to_continue(way: Way, farm: Farm) -> None:
    openai, _ = farm(
        as_stream(*begun("Once upon"), Reset()), answers.anthropic_stream(" x"), retries=1
    )
    openai.answers = [as_stream(*begun("Once upon"), Reset()), answers.openai_stream(" a time")]

    assert read(way.stream(LLMRing(), "fast", "Tell a story")) == "Once upon a time"

    *_, shown, result = json.loads(openai.requests[1].body)["messages"]
    assert shown == {"role": "assistant", "content": "Once upon"}
    assert "Go on exactly where it ends" in result["content"]


def test_text_that_the_next_model_repeats_is_shown_once(way: Way, farm: Farm) -> None:
    text = "The quick brown fox jumps over"
    farm(
        as_stream(*begun(text), Close()),
        answers.anthropic_stream("brown fox ", "jumps over", " the lazy dog"),
    )

    assert read(way.stream(LLMRing(), "fast", "Hi")) == f"{text} the lazy dog"


@each_end
def test_with_restart_a_chunk_marks_the_text_so_far_as_discarded(
    way: Way, farm: Farm, end: list[Any]
) -> None:
    first = as_stream(*begun("Once upon"), *end)
    farm(first, answers.anthropic_stream("It was", " night"), on_stream_failure="restart")

    chunks = way.stream(LLMRing(), "fast", "Tell a story")

    assert [(chunk.delta, chunk.restart) for chunk in chunks if chunk.delta] == [
        ("Once upon", False),
        ("It was", True),
        (" night", False),
    ]
    assert read(chunks) == "It was night"


@each_end
def test_with_raise_a_stream_that_breaks_off_raises_and_never_ends_silently(
    way: Way, farm: Farm, end: list[Any]
) -> None:
    first = as_stream(*begun("Once upon"), *end)
    farm(first, answers.anthropic_stream("x"), on_stream_failure="raise")

    with pytest.raises(ProviderError) as caught:
        way.stream(LLMRing(), "fast", "Tell a story")

    assert [a.model for a in caught.value.attempts] == [FIRST]


def test_if_only_white_space_was_shown_the_next_model_starts_over(way: Way, farm: Farm) -> None:
    farm(as_stream(*begun("\n\n"), Close()), answers.anthropic_stream("Hello"))

    chunks = way.stream(LLMRing(), "fast", "Hi")

    assert read(chunks) == "Hello"
    assert [chunk.restart for chunk in chunks if chunk.delta] == [False, True]


def test_a_structured_answer_starts_over(way: Way, farm: Farm) -> None:
    farm(as_stream(*begun('{"a": '), Close()), answers.anthropic_stream('{"a": 1}'))
    form = {
        "type": "json_schema",
        "json_schema": {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
    }

    chunks = way.stream(LLMRing(), "fast", "Hi", response_format=form)

    assert chunks[-1].parsed == {"a": 1}


def test_a_stall_moves_on(way: Way, farm: Farm) -> None:
    first = as_stream(*begun("Once upon"), Pause(30))
    farm(first, answers.anthropic_stream(" a time"), stall_timeout=0.2)

    chunks = way.stream(LLMRing(), "fast", "Hi")

    assert read(chunks) == "Once upon a time"
    assert "nothing came for 0.2 s" in (chunks[-1].attempts[0].reason or "")


@pytest.fixture(params=["over HTTP", "a scripted model", "a scripted fault"])
def stalling(request: pytest.FixtureRequest, farm: Farm) -> None:
    """Let the first model of `fast` stall in its answer, with a stall limit of 0.2 seconds."""
    over_http = request.param == "over HTTP"
    farm(
        as_stream(*begun("Once upon"), *([Pause(30)] if over_http else answers.OPENAI_END)),
        answers.anthropic_stream(" a time"),
        model="mock:stall?text=one%20two" if request.param == "a scripted model" else FIRST,
        faults=[{"model": FIRST, "stall": 1}] if request.param == "a scripted fault" else [],
        stall_timeout=0.2,
    )


@pytest.mark.usefixtures("stalling")
def test_the_error_of_a_stall_has_its_seconds(way: Way) -> None:
    failures: list[ProviderError] = []
    ring = LLMRing(on_failover=lambda _failed, _next, error: failures.append(error))

    way.stream(ring, "fast", "Hi")

    [failure] = failures
    assert isinstance(failure, ProviderTimeoutError)
    assert failure.stalled_for == 0.2
    assert "nothing came for 0.2 s" in failure.message


def test_the_error_of_a_call_that_took_too_long_has_no_stall(way: Way, farm: Farm) -> None:
    farm(as_stream(*begun("Once upon"), Pause(30)), answers.anthropic_stream("x"))

    with pytest.raises(ProviderTimeoutError) as caught:
        way.stream(LLMRing(), FIRST, "Hi", timeout=0.3)

    assert caught.value.stalled_for is None


def test_an_error_event_moves_on(way: Way, farm: Farm) -> None:
    message = answers.sse({"error": {"message": "overloaded", "code": 503}})
    farm(as_stream(*begun("Once upon"), message), answers.anthropic_stream(" a time"))

    assert read(way.stream(LLMRing(), "fast", "Hi")) == "Once upon a time"


def test_an_unreadable_event_breaks_the_attempt_there(way: Way, farm: Farm) -> None:
    events = [*begun("Once upon"), b"data: {nonsense\n\n", answers.openai_event(content=" lost")]
    farm(as_stream(*events, *answers.OPENAI_END), answers.anthropic_stream(" a time"))

    chunks = way.stream(LLMRing(), "fast", "Hi")

    assert read(chunks) == "Once upon a time"
    assert [attempt.outcome for attempt in chunks[-1].attempts] == ["failed", "ok"]
    assert "can't be read" in (chunks[-1].attempts[0].reason or "")


def call(index: int, **function: str) -> bytes:
    return answers.openai_event(
        tool_calls=[{"index": index, "id": f"c{index}", "function": function}]
    )


def test_half_of_a_tool_call_is_dropped(way: Way, farm: Farm) -> None:
    half = call(0, name="pay", arguments='{"amount": 1')
    farm(as_stream(answers.ROLE, half, Reset()), answers.anthropic_stream("No."))

    chunks = way.stream(LLMRing(), "fast", "Hi", tools=[{"name": "pay"}])

    assert read(chunks) == "No."
    assert all(chunk.tool_calls is None for chunk in chunks)


def test_after_a_whole_tool_call_was_shown_no_other_model_is_asked(way: Way, farm: Farm) -> None:
    whole = call(0, name="pay", arguments='{"amount": 1}')
    half = call(1, name="pay", arguments='{"amount": 2')
    _, anthropic = farm(
        as_stream(answers.ROLE, whole, half, Reset()), answers.anthropic_stream("x")
    )

    with pytest.raises(ProviderError):
        way.stream(LLMRing(), "fast", "Hi", tools=[{"name": "pay"}])

    assert anthropic.requests == []


def test_a_tool_call_with_a_gap_in_its_stream_is_never_made(way: Way, farm: Farm) -> None:
    events = [call(0, name="pay", arguments='{"amount": '), b"data: {nonsense\n\n"]
    rest = answers.openai_event(tool_calls=[{"index": 0, "function": {"arguments": "}"}}])
    farm(
        as_stream(answers.ROLE, *events, rest, *answers.OPENAI_END),
        answers.anthropic_stream("Shall I pay?"),
    )

    chunks = way.stream(LLMRing(), "fast", "Hi", tools=[{"name": "pay"}])

    assert read(chunks) == "Shall I pay?"


def test_if_all_models_break_off_every_attempt_is_reported(way: Way, farm: Farm) -> None:
    second = answers.anthropic_stream(" a time").steps[:3]
    farm(as_stream(*begun("Once upon"), Reset()), as_stream(*second, Reset()))

    with pytest.raises(AllModelsFailedError) as caught:
        way.stream(LLMRing(), "fast", "Hi")

    assert [a.model for a in caught.value.attempts] == [FIRST, SECOND]


def test_a_server_that_drips_single_bytes_has_stalled(way: Way, farm: Farm) -> None:
    event = answers.openai_event(content=" for ever")
    drip = [step for at in range(len(event)) for step in (Pause(0.05), event[at : at + 1])]
    farm(
        as_stream(*begun("Once upon"), *drip),
        answers.anthropic_stream(" a time"),
        stall_timeout=0.3,
    )

    assert read(way.stream(LLMRing(), "fast", "Hi")) == "Once upon a time"
