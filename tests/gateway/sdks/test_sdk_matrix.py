"""Official SDKs of every API, answered by vendors of every API through a real gateway."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from llmring.chat.events import TextDelta, ToolCallDelta
from sdk_stage import Stage, scripted, stage
from sdk_talks import TALKS
from vendors import APIS

each_sdk = pytest.mark.parametrize("sdk", TALKS)
each_api = pytest.mark.parametrize("api", APIS)
either_form = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

IMAGE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c636060f8cfc000000301010018dd8db00000000049454e44ae426082"
)
STOPS = {
    "chat": "stop",
    "responses": "completed",
    "messages": "end_turn",
    "gemini": "STOP",
    "ollama": "stop",
}
CALLS = STOPS | {"chat": "tool_calls", "messages": "tool_use"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


def call(index: int, city: str) -> ToolCallDelta:
    return ToolCallDelta(index, f"call_{index}_{city}", "weather", json.dumps({"city": city}))


@each_sdk
@each_api
@either_form
def test_g064_a_text_is_the_same_in_every_sdk(
    scene: Stage, sdk: str, api: str, stream: bool
) -> None:
    vendor = scene.script(api, scripted(api, TextDelta("Grüß "), TextDelta("Gott 🙂\r\n")))

    talk = scene.talk(sdk, api)
    talk.say("Greet me")
    reply = talk.answer(stream=stream)

    assert reply.text == "Grüß Gott 🙂\r\n"
    assert (reply.finish, reply.tokens) == (STOPS[sdk], (10, 2))
    assert len(vendor.requests) == 1
    assert "Greet me" in vendor.requests[0].body.decode()


@each_sdk
@each_api
@either_form
@pytest.mark.parametrize("cities", [["Ulm"], ["Ulm", "Köln", "Bonn"]], ids=["one", "parallel"])
def test_g064_calls_of_tools_and_their_results_go_round(
    scene: Stage, sdk: str, api: str, stream: bool, cities: list[str]
) -> None:
    calls = [call(at, city) for at, city in enumerate(cities)]
    vendor = scene.script(
        api,
        scripted(api, TextDelta("I look."), *calls, reason="tool_calls"),
        scripted(api, TextDelta("Sunny.")),
    )

    talk = scene.talk(sdk, api, tools=True)
    talk.say("What is the weather?")
    asked = talk.answer(stream=stream)
    talk.give([f"sun in {city}" for city in cities])
    reply = talk.answer(stream=stream)

    assert (asked.text, asked.finish) == ("I look.", CALLS[sdk])
    assert asked.places == [("weather", {"city": city}) for city in cities]
    assert reply.text == "Sunny."
    [_, second] = [json.dumps(each.json, ensure_ascii=False) for each in vendor.requests]
    found = [second.index(f"sun in {city}") for city in cities]
    assert found == sorted(found)


@each_sdk
@each_api
@either_form
def test_g064_a_loop_of_tools_ends(scene: Stage, sdk: str, api: str, stream: bool) -> None:
    cities = ["Ulm", "Bonn", "Jena", "Hof", "Suhl"]
    rounds = [scripted(api, call(0, city), reason="tool_calls") for city in cities]
    vendor = scene.script(api, *rounds, scripted(api, TextDelta("Done.")))

    talk = scene.talk(sdk, api, tools=True)
    talk.say("Look everywhere")
    for city in cities:
        asked = talk.answer(stream=stream)
        assert (asked.places, asked.finish) == ([("weather", {"city": city})], CALLS[sdk])
        talk.give([f"sun in {city}"])
    reply = talk.answer(stream=stream)

    assert (reply.text, reply.finish) == ("Done.", STOPS[sdk])
    last = json.dumps(vendor.requests[-1].json)
    assert len(vendor.requests) == 6
    assert [last.count(f"sun in {city}") for city in cities] == [1] * 5


@each_sdk
@each_api
@either_form
def test_g064_an_answer_has_the_schema_that_was_asked_for(
    scene: Stage, sdk: str, api: str, stream: bool
) -> None:
    vendor = scene.script(api, scripted(api, TextDelta('{"city":'), TextDelta(' "Ulm"}')))

    talk = scene.talk(sdk, api, structured=True)
    talk.say("Name a place")
    reply = talk.answer(stream=stream)

    assert json.loads(reply.text) == {"city": "Ulm"}
    assert "city" in vendor.requests[0].body.decode()


@each_sdk
@each_api
@either_form
def test_g064_an_image_arrives_byte_for_byte(
    scene: Stage, sdk: str, api: str, stream: bool
) -> None:
    vendor = scene.script(api, scripted(api, TextDelta("A dot.")))

    talk = scene.talk(sdk, api)
    talk.say("What is this?", IMAGE)
    reply = talk.answer(stream=stream)

    assert reply.text == "A dot."
    assert base64.b64encode(IMAGE).decode() in vendor.requests[0].body.decode()
