"""Details of streams that official SDKs put together: blocks, calls, refusals and ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import ollama
import openai
import pytest
from google import genai
from google.genai import types

import answers
from llmring.chat.events import (
    Event,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from loopback import Answer, Pause, Reset, as_stream
from sdk_stage import Stage, scripted, stage
from sdk_talks import TALKS
from vendors import APIS, FALLBACK

each_sdk = pytest.mark.parametrize("sdk", TALKS)
each_api = pytest.mark.parametrize("api", APIS)
either_form = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

USED = UsageReport(Usage(prompt_tokens=33, completion_tokens=7))


OWN = {("chat", "openai_chat"), ("responses", "openai_responses"), ("messages", "anthropic")}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


def cut_after(api: str, mark: str, *events: Event) -> Answer:
    """Return the vendor's answer, cut off after the first piece with this text."""
    sent = [step for step in scripted(api, *events).steps if isinstance(step, bytes)]
    last = next(at for at, piece in enumerate(sent) if mark.encode() in piece)
    content_type = APIS[api].encoding.stream_type
    return as_stream(*sent[: last + 1], Pause(0.02), Reset(), content_type=content_type)


def fallback(*events: Event, reason: str = "stop") -> Answer:
    return FALLBACK.answer(*events, USED, Finished(reason, ""), stream=True)


def blocks(sdk: str, reply: Any) -> list[str]:
    """Return the thoughts apart, where the SDK has them apart."""
    if sdk == "messages":
        return [each.thinking for each in reply.raw.content if each.type == "thinking"]
    if sdk == "responses":
        return [
            "".join(part.text for part in each.summary)
            for each in reply.raw.output
            if each.type == "reasoning"
        ]
    return [text for text in reply.reasoning.split("\n\n") if text]


@each_sdk
@each_api
def test_g080_a_thought_that_breaks_off_is_ended_and_the_next_model_s_begins(
    scene: Stage, sdk: str, api: str
) -> None:
    thoughts: list[Event] = [
        ReasoningDelta("Old th"),
        ReasoningDelta("ought.", "c2lnbmVk"),
        TextDelta("Hi"),
    ]
    scene.script(
        api,
        cut_after(api, "Old th", *thoughts),
        then=fallback(ReasoningDelta("New."), TextDelta("Hello.")),
    )

    talk = scene.talk(sdk, api, thinks=True)
    talk.say("Think")
    first = talk.answer(stream=True)
    talk.say("Go on")
    second = talk.answer(stream=True)

    assert (first.text, second.text) == ("Hello.", "Hello.")
    assert blocks(sdk, first) == (["Old thNew."] if sdk == "gemini" else ["Old th", "New."])
    [_, again] = [each.body.decode() for each in scene.fallback.requests]
    assert "lr1." not in again
    assert "Hello." in again


@each_sdk
@each_api
def test_g079_a_call_that_breaks_off_is_not_seen(scene: Stage, sdk: str, api: str) -> None:
    calls: list[Event] = [
        TextDelta("I look. "),
        ToolCallDelta(0, "call_0", "weather", '{"city": "Ulm'),
        ToolCallDelta(0, None, None, 'burg"}'),
    ]
    scene.script(
        api,
        cut_after(api, "Ulm", *calls),
        then=fallback(
            ToolCallDelta(0, "call_1", "weather", '{"city": "Bonn"}'), reason="tool_calls"
        ),
    )

    talk = scene.talk(sdk, api, tools=True)
    talk.say("What is the weather?")
    reply = talk.answer(stream=True)

    assert reply.text == "I look. "
    assert reply.places == [("weather", {"city": "Bonn"})]
    assert reply.tokens == (33, 7)


@each_sdk
@each_api
@either_form
def test_g077_texts_and_calls_may_alternate(scene: Stage, sdk: str, api: str, stream: bool) -> None:
    scene.script(
        api,
        scripted(
            api,
            ToolCallDelta(0, "call_0", "weather", '{"city": "Ulm"}'),
            TextDelta("And then."),
            ToolCallDelta(1, "call_1", "weather", '{"city": "Bonn"}'),
            reason="tool_calls",
        ),
    )

    talk = scene.talk(sdk, api, tools=True)
    talk.say("What is the weather?")
    reply = talk.answer(stream=stream)

    assert reply.text == "And then."
    assert [each["city"] for _, each in reply.places] == ["Ulm", "Bonn"]


@each_sdk
@each_api
@either_form
def test_g077_arguments_of_several_lines_are_those_of_one_call(
    scene: Stage, sdk: str, api: str, stream: bool
) -> None:
    lines = '{\n  "city": "Ulm",\r\n  "note": "a\\nb"\n}'
    scene.script(
        api, scripted(api, ToolCallDelta(0, "call_0", "weather", lines), reason="tool_calls")
    )

    talk = scene.talk(sdk, api, tools=True)
    talk.say("What is the weather?")
    reply = talk.answer(stream=stream)

    assert reply.places == [("weather", {"city": "Ulm", "note": "a\nb"})]


def mixed(*pieces: tuple[int, str | None, str]) -> Answer:
    """Return an answer by Chat Completions whose pieces of calls come in this order."""
    events = []
    for index, name, arguments in pieces:
        begun = {} if name is None else {"id": f"call_{index}", "type": "function"}
        function = {"arguments": arguments} | ({} if name is None else {"name": name})
        call = {"index": index, **begun, "function": function}
        events.append(answers.openai_event(tool_calls=[call]))
    end = answers.openai_event(finish_reason="tool_calls")
    return as_stream(*events, end, answers.USAGE, answers.DONE)


@each_sdk
@either_form
@pytest.mark.parametrize("alone", [False, True], ids=["held", "at-once"])
def test_g077_calls_whose_pieces_are_mixed_come_one_after_the_other(
    scene: Stage, sdk: str, stream: bool, alone: bool
) -> None:
    if sdk == "chat" and alone and not stream:
        pytest.skip("an only model with the client's API is asked for a whole answer")
    scene.script(
        "openai_chat",
        mixed(
            (0, "weather", ""),
            (1, "weather", '{"ci'),
            (0, None, '{"city"'),
            (1, None, 'ty": "Bonn"}'),
            (2, "weather", '{"city": "Jena"}'),
            (0, None, ': "Ulm"}'),
        ),
    )

    talk = scene.talk(sdk, "openai_chat", alone=alone, tools=True)
    talk.say("What is the weather?")
    reply = talk.answer(stream=stream)

    assert [each["city"] for _, each in reply.places] == ["Ulm", "Bonn", "Jena"]


@each_sdk
@pytest.mark.parametrize("api", ["openai_chat", "openai_responses", "anthropic"])
@either_form
def test_g055_a_refusal_is_one_in_every_sdk(scene: Stage, sdk: str, api: str, stream: bool) -> None:
    reason = "content_filter" if api == "anthropic" else "stop"
    # The only model is asked for a whole answer if it has the client's API.
    whole = not stream and (sdk, api) in OWN
    end = Finished(reason, "")
    scene.script(api, APIS[api].answer(RefusalDelta("I won't."), USED, end, stream=not whole))

    talk = scene.talk(sdk, api, alone=True)
    talk.say("Do it")
    if sdk == "chat" and stream and reason == "content_filter":
        # The SDK raises it for OpenAI's own streams too.
        with pytest.raises(openai.ContentFilterFinishReasonError):
            talk.answer(stream=stream)
        return
    reply = talk.answer(stream=stream)

    if sdk in ("chat", "responses"):
        assert (reply.refusal, reply.text) == ("I won't.", "")
    elif sdk == "messages":
        assert reply.finish == "refusal"
        assert reply.raw.stop_details.explanation == "I won't."
    else:
        assert reply.text == "I won't."


@each_sdk
@each_api
@either_form
def test_g078_an_empty_answer_is_that_of_the_next_model(
    scene: Stage, sdk: str, api: str, stream: bool
) -> None:
    scene.script(api, scripted(api), then=fallback(TextDelta("Hello.")))

    talk = scene.talk(sdk, api)
    talk.say("Hi")
    reply = talk.answer(stream=stream)

    assert (reply.text, reply.tokens) == ("Hello.", (33, 7))


CUT_SHORT = {
    "chat": "length",
    "responses": "incomplete",
    "messages": "max_tokens",
    "gemini": "MAX_TOKENS",
    "ollama": "length",
}


@each_sdk
@each_api
@either_form
def test_g054_an_answer_of_the_greatest_length_says_so(
    scene: Stage, sdk: str, api: str, stream: bool
) -> None:
    scene.script(api, scripted(api, TextDelta("Once upon"), reason="length"))

    talk = scene.talk(sdk, api)
    talk.say("A story")
    if sdk == "chat" and stream:
        # The SDK raises it for OpenAI's own streams too.
        with pytest.raises(openai.LengthFinishReasonError):
            talk.answer(stream=stream)
        return
    reply = talk.answer(stream=stream)

    assert (reply.text, reply.finish) == ("Once upon", CUT_SHORT[sdk])


@each_sdk
@each_api
@either_form
def test_g057_cached_and_reasoning_tokens_are_counted_as_each_api_does(
    scene: Stage, sdk: str, api: str, stream: bool
) -> None:
    used = Usage(prompt_tokens=100, completion_tokens=20, cached_tokens=60)
    answer = APIS[api].answer(TextDelta("Hi"), UsageReport(used), Finished("stop", ""), stream=True)
    scene.script(api, answer)

    talk = scene.talk(sdk, api)
    talk.say("Hello")
    reply = talk.answer(stream=stream)

    # Ollama's API does not report cached tokens; Anthropic's counts them apart.
    uncached = sdk == "messages" and api != "ollama"
    assert reply.tokens == (40 if uncached else 100, 20)
    assert json.dumps(60) in str(reply.raw) or "ollama" in (sdk, api)


REPORT = {"x-llmring-report": "1"}


def asking_for_reports(sdk: str, client: Any, base: str) -> Any:
    if sdk == "gemini":
        options = types.HttpOptions(base_url=base, headers=REPORT)
        return genai.Client(api_key="none", http_options=options)
    if sdk == "ollama":
        return ollama.Client(host=base, headers=REPORT)
    return client.with_options(default_headers=REPORT)


@each_sdk
@each_api
def test_g106_a_report_disturbs_no_sdk(scene: Stage, sdk: str, api: str) -> None:
    scene.script(api, scripted(api, TextDelta("Hello "), TextDelta("you")))
    talk: Any = scene.talk(sdk, api, alone=True)
    shared = talk.client
    talk.client = asking_for_reports(sdk, shared, f"http://127.0.0.1:{scene.gateway.port}")

    talk.say("Hi")
    reply = talk.answer(stream=True)
    if sdk in ("gemini", "ollama"):
        getattr(talk.client, "_client", talk.client).close()

    assert (reply.text, reply.tokens) == ("Hello you", (10, 2))
