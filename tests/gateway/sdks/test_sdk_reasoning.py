"""Signed reasoning over several turns, kept by official SDKs and returned to its own vendor."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import answers
from llmring.chat.events import Event, ReasoningDelta, TextDelta, ToolCallDelta
from loopback import Answer
from sdk_stage import Stage, scripted, stage
from sdk_talks import TALKS
from vendors import APIS

each_sdk = pytest.mark.parametrize("sdk", TALKS)
each_api = pytest.mark.parametrize("api", APIS)
either_form = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

# In base64 of both alphabets, where they differ.
SIGNATURES = ["+/+/c2lnbmF0dXJlIDE=", "/++/c2lnbmF0dXJlIDI="]
CALLED = ToolCallDelta(0, "call_1", "weather", '{"city": "Ulm"}')

# The signatures that reach their vendor again, by the turn that they were made in. Chat Completions
# has a place for those of calls alone, Ollama's API has none.
SIGNED = ("anthropic", "gemini", "openai_responses")
KEPT = {
    **{(sdk, api): [0, 1] for sdk in ("responses", "messages", "gemini") for api in SIGNED},
    ("chat", "gemini"): [0],
    ("ollama", "gemini"): [0],
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


def thinking(api: str, turn: int, *content: Event) -> list[Event]:
    """Return an answer with the thoughts before it, signed as the vendor does."""
    text, signature = f"Thought {turn}.", SIGNATURES[turn]
    if api == "gemini":
        first, *rest = content
        if isinstance(first, ToolCallDelta):
            call = ToolCallDelta(first.index, first.id, first.name, first.arguments, signature)
            return [ReasoningDelta(text), call, *rest]
        return [ReasoningDelta(text), *content, ReasoningDelta("", signature)]
    if api in SIGNED:
        return [ReasoningDelta(text, signature, id=f"rs_{turn}"), *content]
    return [ReasoningDelta(text), *content]


def turns(api: str) -> list[Answer]:
    return [
        scripted(api, *thinking(api, 0, CALLED), reason="tool_calls"),
        scripted(api, *thinking(api, 1, TextDelta("Sunny."))),
        scripted(api, TextDelta("You are welcome.")),
    ]


def sent(body: bytes) -> str:
    # Google's SDK writes bytes in the alphabet of addresses.
    return body.decode().replace("-", "+").replace("_", "/")


@each_sdk
@each_api
@either_form
def test_g040_signatures_come_back_to_their_vendor(
    scene: Stage, sdk: str, api: str, stream: bool
) -> None:
    vendor = scene.script(api, *turns(api))

    talk = scene.talk(sdk, api, tools=True, thinks=True)
    talk.say("What is the weather?")
    first = talk.answer(stream=stream)
    talk.give(["sun"])
    second = talk.answer(stream=stream)
    talk.say("Thanks")
    third = talk.answer(stream=stream)

    assert [each.reasoning for each in (first, second, third)] == ["Thought 0.", "Thought 1.", ""]
    assert [each.text for each in (first, second, third)] == ["", "Sunny.", "You are welcome."]
    assert first.places == [("weather", {"city": "Ulm"})]
    bodies = [sent(each.body) for each in vendor.requests]
    found = [[s in body for s in SIGNATURES] for body in bodies]
    kept = KEPT.get((sdk, api), [])
    assert found == [[False] * 2, [0 in kept, False], [0 in kept, 1 in kept]]
    assert not any("lr1." in body for body in bodies)


@each_sdk
@each_api
@either_form
def test_g040_signatures_reach_no_other_vendor(
    scene: Stage, sdk: str, api: str, stream: bool
) -> None:
    begun = turns(api)[0]
    failed = Answer([b'{"error": {"message": "down"}}'], 500)
    scene.script(api, begun, failed, then=answers.openai_stream("Cloudy."))

    talk = scene.talk(sdk, api, tools=True, thinks=True)
    talk.say("What is the weather?")
    talk.answer(stream=stream)
    talk.give(["sun"])
    second = talk.answer(stream=stream)
    talk.say("Thanks")
    third = talk.answer(stream=stream)

    assert [each.text for each in (second, third)] == ["Cloudy.", "Cloudy."]
    bodies = [each.body.decode() for each in scene.fallback.requests]
    assert len(bodies) == 2
    for body in bodies:
        assert not any(s in body or s in sent(body.encode()) for s in SIGNATURES)
        assert "lr1." not in body
        assert "sun" in body


@each_sdk
@either_form
def test_g041_the_signature_of_parallel_calls_is_on_the_first(
    scene: Stage, sdk: str, stream: bool
) -> None:
    calls = [
        ToolCallDelta(0, "call_1", "weather", '{"city": "Ulm"}', SIGNATURES[0]),
        ToolCallDelta(1, "call_2", "weather", '{"city": "Bonn"}'),
    ]
    vendor = scene.script(
        "gemini",
        scripted("gemini", *calls, reason="tool_calls"),
        scripted("gemini", TextDelta("Sunny.")),
    )

    talk = scene.talk(sdk, "gemini", tools=True)
    talk.say("What is the weather?")
    asked = talk.answer(stream=stream)
    talk.give(["sun", "rain"])
    reply = talk.answer(stream=stream)

    assert [each["city"] for _, each in asked.places] == ["Ulm", "Bonn"]
    assert reply.text == "Sunny."
    turns_of_model = [
        turn["parts"] for turn in vendor.requests[1].json["contents"] if turn["role"] == "model"
    ]
    called = [part for parts in turns_of_model for part in parts]
    own = [part for part in called if "functionCall" in part]
    found = [sent(json.dumps(part.get("thoughtSignature")).encode()) for part in own]
    assert found == [f'"{SIGNATURES[0]}"', "null"]
