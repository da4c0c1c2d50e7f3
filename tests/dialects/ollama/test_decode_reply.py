import json
from typing import Any

import pytest

from llmring.chat.events import (
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.reply import fold
from llmring.dialects.ollama.dialect import DIALECT
from llmring.exceptions import (
    ContextLengthError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderResponseError,
    UnsupportedFeatureError,
)
from llmring.wire import HttpHead

OK = HttpHead(200, {"content-type": "application/x-ndjson"})
FIRST = "2026-10-09T08:00:00Z"


def line(message: dict[str, Any] | None = None, **rest: Any) -> bytes:
    return json.dumps({"model": "m", "created_at": FIRST, "message": message, **rest}).encode()


def decode(message: dict[str, Any], **rest: Any) -> list[Event]:
    return DIALECT.decode(OK, line(message, done=True, **rest))


def streamed(*lines: bytes) -> list[Event]:
    decoder = DIALECT.decoder(OK)
    events = [event for each in lines for event in decoder.feed(each + b"\n")]
    return events + decoder.end()


def test_thinking_precedes_the_text() -> None:
    events = decode({"content": "Yes.", "thinking": "Hm."}, done_reason="stop")

    assert events == [
        Started("m", FIRST),
        ReasoningDelta("Hm."),
        TextDelta("Yes."),
        Finished("stop", "stop"),
    ]


def test_the_time_of_the_first_line_is_the_id() -> None:
    events = streamed(line({"content": "a"}), line({"content": "b"}, created_at="later"))

    assert [event for event in events if isinstance(event, Started)] == [Started("m", FIRST)]


def test_calls_are_numbered_across_lines() -> None:
    def call(name: str, arguments: Any) -> dict[str, Any]:
        return {"tool_calls": [{"function": {"index": 0, "name": name, "arguments": arguments}}]}

    events = streamed(line(call("add", {"x": 1, "y": 2})), line(call("clock", None)))

    assert events[1:] == [
        ToolCallDelta(0, None, "add", '{"x":1,"y":2}'),
        ToolCallDelta(1, None, "clock", ""),
    ]


def test_the_same_call_in_another_reply_has_another_id() -> None:
    def id_of(time: str) -> str:
        message = {"tool_calls": [{"function": {"name": "clock", "arguments": {}}}]}
        reply = fold("m", DIALECT.decode(OK, line(message, done=True, created_at=time)))
        return "".join(call["id"] for call in reply.tool_calls or ())

    assert id_of("08:00") != id_of("09:00")
    assert id_of("08:00") == id_of("08:00")


def test_tokens_are_counted() -> None:
    events = decode({"content": "Hi"}, prompt_eval_count=12, eval_count=3)

    assert UsageReport(Usage(prompt_tokens=12, completion_tokens=3)) in events


def test_an_omitted_count_is_zero() -> None:
    events = decode({"content": "Hi"}, eval_count=3)

    assert UsageReport(Usage(prompt_tokens=0, completion_tokens=3)) in events


def test_without_counts_usage_is_not_reported() -> None:
    assert fold("m", decode({"content": "Hi"})).usage is None


@pytest.mark.parametrize("native", ["stop", "length"])
def test_the_finish_reason_is_ollamas(native: str) -> None:
    assert decode({"content": "Hi"}, done_reason=native)[-1] == Finished(native, native)


@pytest.mark.parametrize("native", ["load", "unload"])
def test_a_model_that_was_only_loaded_has_failed_to_answer(native: str) -> None:
    assert decode({"content": ""}, done_reason=native)[-1] == Finished("error", native)


def test_a_missing_finish_reason_is_stop() -> None:
    assert decode({"content": "Hi"})[-1] == Finished("stop", "stop")


def test_nothing_is_read_after_the_last_line() -> None:
    last = line({"content": ""}, done=True)

    assert streamed(last, line({"content": "more"})) == [
        Started("m", FIRST),
        Finished("stop", "stop"),
    ]


def test_the_decoder_is_done_when_ollama_sends_done() -> None:
    decoder = DIALECT.decoder(OK)
    decoder.feed(line({"content": "Hi"}) + b"\n")
    before = decoder.done
    decoder.feed(line({"content": ""}, done=True) + b"\n")

    assert (before, decoder.done) == (False, True)


def test_the_last_line_may_lack_its_end() -> None:
    decoder = DIALECT.decoder(OK)

    assert decoder.feed(line({"content": "Hi"}, done=True)) == []
    assert decoder.end()[-1] == Finished("stop", "stop")


def test_a_stream_cut_in_its_last_line_gives_the_lines_before() -> None:
    decoder = DIALECT.decoder(OK)
    events = decoder.feed(line({"content": "Hi"}) + b'\n{"model":"m","mess')

    assert events + decoder.end() == [Started("m", FIRST), TextDelta("Hi")]


def error_of(events: list[Event]) -> ProviderError:
    last = events[-1]
    assert isinstance(last, Failed)
    return last.error


def test_an_error_in_a_line_ends_the_stream() -> None:
    message = "an error was encountered while running the model"
    error = error_of(streamed(line({"content": "Hi"}), json.dumps({"error": message}).encode()))

    assert (type(error), error.provider_message) == (ProviderResponseError, message)


def test_a_line_that_is_not_json_ends_the_stream() -> None:
    assert "oops" in str(error_of(streamed(line({"content": "Hi"}), b"oops")))


def test_a_page_instead_of_lines_is_an_error() -> None:
    assert "<html>" in str(error_of(streamed(b"<html>", b"Welcome</html>")))


def test_an_empty_stream_is_an_error() -> None:
    assert "empty" in str(error_of(streamed()))


def test_an_error_instead_of_an_answer_is_raised() -> None:
    with pytest.raises(ProviderResponseError, match="out of memory"):
        DIALECT.decode(OK, b'{"error": "out of memory"}')


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (404, "model 'nope:latest' not found", ProviderModelNotFoundError),
        (
            400,
            "registry.ollama.ai/library/gemma:2b does not support tools",
            UnsupportedFeatureError,
        ),
        (400, "prompt too long; exceeded max context length by 3 tokens", ContextLengthError),
        (500, "the input length exceeds the context length", ContextLengthError),
        (400, "invalid model name", ProviderModelNotFoundError),
        (500, "model requires more system memory (5.6 GiB)", ProviderResponseError),
    ],
)
def test_an_error_is_classified_by_its_message(
    status: int, words: str, kind: type[ProviderError]
) -> None:
    error = DIALECT.explain(HttpHead(status, {}), json.dumps({"error": words}).encode())

    assert (type(error), error.provider_message) == (kind, words)
